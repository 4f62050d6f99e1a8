// A stream: entries of fields and values under ascending ids, kept in nodes (stream_node.h) that are
// ordered by the id of their first entry, and groups of consumers that read it.
//
// Deleted entries are only marked; a node goes when its last live entry does.
//
// Invariants
//  1. Nodes are in the order of their ids and do not overlap; none is empty.
//  2. length() is the number of live entries; first_id is that of the first (0-0 if there is none).
//  3. last_id is at least the id of any entry, dead or alive.
//
// Locking: the owner's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/redis/types/stream_group.h"
#include "engine/redis/types/stream_nodes.h"
#include "engine/redis/types/value.h"

namespace larder::redis {

class Stream final : public CountedValue {
 public:
  static constexpr Type kType = Type::kStream;
  struct NodeLimits {
    std::uint64_t bytes = 4096;    // 0: no limit but the format's
    std::uint64_t entries = 100;   // 0: no limit
  };
  /// Elements of one entry, all together, at most.
  static constexpr std::size_t kEntryBytesMax = std::size_t{1} << 30;

  struct Trim {
    enum class By : std::uint8_t { kNothing, kLength, kId };
    By by = By::kNothing;
    bool approximate = false;      // only whole nodes
    std::uint64_t limit = 0;       // entries, at most; 0: no limit
    std::uint64_t length = 0;      // kLength: entries to keep
    StreamId id;                   // kId: the first id to keep
  };

  Stream() : CountedValue(kType) {}

  Encoding encoding() const override { return Encoding::kStream; }
  Stream* clone() const override;
  std::size_t free_effort() const override;
  void check_integrity() const override;

  std::uint64_t length() const { return length_; }
  std::size_t node_count() const { return nodes_.size(); }
  StreamId first_id() const { return first_id_; }
  StreamId last_id() const { return last_id_; }
  StreamId max_deleted_id() const { return max_deleted_id_; }
  std::uint64_t entries_added() const { return entries_added_; }
  void set_last_id(StreamId id) { last_id_ = id; }
  void set_max_deleted_id(StreamId id) { max_deleted_id_ = id; }
  void set_entries_added(std::uint64_t count) { entries_added_ = count; }

  /// Requires: id > last_id(); the fields are not empty and at most kEntryBytesMax bytes long.
  void append(StreamId id, FieldsAndValues fields, const NodeLimits& limits);
  /// False if there is no such live entry.
  bool erase(StreamId id);
  /// Returns the number of entries removed.
  std::uint64_t trim(const Trim& trim);

  bool contains(StreamId id) const;
  /// The id of the last live entry; 0-0 if there is none.
  StreamId last_live_id() const;
  /// visit(const StreamEntry&) for the live entries of [from, to], from the end if `descending`, until
  /// it returns false. It does not change the entries; groups it may.
  template <typename Visit>
  void visit(StreamId from, StreamId to, bool descending, Visit&& visit) const;

  using Groups = NameMap<std::unique_ptr<ConsumerGroup>>;
  const Groups& groups() const { return groups_; }
  ConsumerGroup* group(std::string_view name);
  const ConsumerGroup* group(std::string_view name) const;
  /// Null if there is one of that name.
  ConsumerGroup* add_group(std::string_view name, StreamId last_delivered, std::int64_t entries_read);
  bool delete_group(std::string_view name);
  /// Notes that the group was given the entry: its last id, and its count as far as that can be known.
  void note_delivered(ConsumerGroup& group, StreamId id) const;
  /// Sets the count of a group whose last id alone is known, as far as that can be told.
  void estimate_progress(ConsumerGroup& group) const;
  /// Entries that the group was not given yet; nothing if that cannot be known.
  std::optional<std::int64_t> lag(const ConsumerGroup& group) const;

  /// visit(const StreamNode&) in order, for serialising.
  template <typename Visit>
  void visit_nodes(Visit&& visit) const {
    for (const StreamNode& node : nodes_) visit(node);
  }
  /// Adds a node behind all others, for loading (one without live entries is left out); false if it
  /// does not come behind them.
  bool append_node(StreamNode node);
  /// Sets what append_node does not know, for loading; false if it does not fit the entries.
  bool finish_loading(std::uint64_t length, StreamId last_id, StreamId max_deleted_id,
                      std::uint64_t entries_added);

 private:
  StreamId find_first_id() const;
  StreamNodes::Iterator node_of(StreamId id) const;
  template <typename Visit>
  bool visit_ascending(const StreamNode& node, StreamId from, StreamId to, Visit& visit) const;
  template <typename Visit>
  bool visit_descending(const StreamNode& node, StreamId from, StreamId to, Visit& visit) const;
  std::uint64_t trim_first_node(const Trim& trim);
  bool has_deleted_from(StreamId id) const;
  std::int64_t estimated_entries_read(StreamId id) const;

  StreamNodes nodes_;
  std::uint64_t length_ = 0;
  StreamId first_id_;
  StreamId last_id_;
  StreamId max_deleted_id_;
  std::uint64_t entries_added_ = 0;
  Groups groups_;
};

template <typename Visit>
bool Stream::visit_ascending(const StreamNode& node, StreamId from, StreamId to, Visit& visit) const {
  for (std::optional<StreamEntry> entry = node.first(); entry; entry = node.next(*entry)) {
    if (entry->id() > to) return false;
    if (entry->id() < from || entry->deleted()) continue;
    if (!visit(*entry)) return false;
  }
  return true;
}

template <typename Visit>
bool Stream::visit_descending(const StreamNode& node, StreamId from, StreamId to, Visit& visit) const {
  for (std::optional<StreamEntry> entry = node.last(); entry; entry = node.previous(*entry)) {
    if (entry->id() < from) return false;
    if (entry->id() > to || entry->deleted()) continue;
    if (!visit(*entry)) return false;
  }
  return true;
}

template <typename Visit>
void Stream::visit(StreamId from, StreamId to, bool descending, Visit&& visit) const {
  if (from > to || nodes_.empty()) return;
  if (!descending) {
    for (auto node = node_of(from); node != nodes_.end(); ++node) {
      if (!visit_ascending(*node, from, to, visit)) return;
    }
    return;
  }
  for (auto behind = nodes_.upper_bound(to); behind != nodes_.begin();) {
    --behind;
    if (!visit_descending(*behind, from, to, visit)) return;
  }
}

}  // namespace larder::redis
