// A node of a stream: up to some hundred entries in one listpack, in Redis' format, so that DUMP
// payloads and RDB files carry nodes as they are.
//
//   master:  count | deleted | fields | name ... name | 0
//   entry:   flags | ms | seq | [fields] | [name] value ... | pieces
//
// `count` entries are alive, `deleted` ones are only marked so. ids are differences to the node's own
// id (kept beside the listpack), which is that of its first entry. An entry whose names are the
// master's (flag 2) stores values only. Flag 1: deleted. `pieces` is the number of listpack elements of
// the entry before it, by which one walks back; after the master it is 0.
//
// Invariants: ids of entries ascend strictly; all numbers fit what they count.
//
// Locking: the owner's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/redis/types/listpack.h"
#include "engine/redis/types/stream_id.h"

namespace larder::redis {

/// Names and values in turn.
using FieldsAndValues = std::span<const std::string_view>;

/// An entry as it lies in its node; a change of the node ends it.
class StreamEntry {
 public:
  using Position = ListpackView::Position;

  StreamId id() const { return id_; }
  bool deleted() const { return (flags_ & kDeleted) != 0; }
  std::size_t field_count() const { return fields_; }
  /// visit(name, value) for each field; the views live until the next call.
  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    IntegerText name_room;
    IntegerText value_room;
    Position name_at = same_names() ? master_names_ : data_;
    Position value_at = data_;
    for (std::size_t i = 0; i < fields_; ++i) {
      if (!same_names()) value_at = pack_->next(name_at);
      visit(pack_->at(name_at).text(name_room), pack_->at(value_at).text(value_room));
      if (i + 1 == fields_) break;
      if (same_names()) {
        name_at = pack_->next(name_at);
        value_at = pack_->next(value_at);
      } else {
        name_at = pack_->next(value_at);
      }
    }
  }

 private:
  friend class StreamNode;
  static constexpr std::int64_t kDeleted = 1;
  static constexpr std::int64_t kSameNames = 2;
  bool same_names() const { return (flags_ & kSameNames) != 0; }

  const ListpackView* pack_ = nullptr;
  StreamId id_;
  std::int64_t flags_ = 0;
  std::size_t fields_ = 0;
  Position at_ = 0;            // of the flags
  Position data_ = 0;          // of the first name or value
  Position master_names_ = 0;
  std::size_t master_fields_ = 0;
};

class StreamNode {
 public:
  /// A node whose first entry has these fields. Requires: they are not empty.
  StreamNode(StreamId id, FieldsAndValues fields);
  /// Takes untrusted bytes of a node of that id; nothing if they break an invariant.
  static std::optional<StreamNode> from_bytes(StreamId id, std::string_view bytes);
  StreamNode copy() const { return StreamNode(id_, Listpack(pack_.bytes())); }

  StreamId id() const { return id_; }
  std::size_t byte_count() const { return pack_.byte_count(); }
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(pack_.bytes().data()), pack_.byte_count()};
  }
  std::size_t live_count() const { return static_cast<std::size_t>(number_at(pack_.first())); }
  std::size_t deleted_count() const {
    return static_cast<std::size_t>(number_at(pack_.next(pack_.first())));
  }

  /// Requires: the id comes after those of all entries.
  void append(StreamId id, FieldsAndValues fields);
  /// The first or last entry, deleted ones included. There always is one.
  StreamEntry first() const;
  StreamEntry last() const;
  std::optional<StreamEntry> next(const StreamEntry& entry) const;
  std::optional<StreamEntry> previous(const StreamEntry& entry) const;
  /// Marks a live entry of this node as deleted.
  void mark_deleted(const StreamEntry& entry);
  /// Marks live entries from the first on as deleted while `goes(entry)` holds; returns how many.
  template <typename Goes>
  std::size_t delete_while(Goes&& goes);

  void check_integrity() const;

 private:
  using Position = ListpackView::Position;
  struct Master {
    std::size_t fields;
    Position names;
    Position end;  // the 0 behind the names
  };
  StreamNode(StreamId id, Listpack pack) : id_(id), pack_(std::move(pack)) {}
  std::int64_t number_at(Position at) const;
  Master master() const;
  /// The same, as an entry of the node remembers it.
  static Master master_of(const StreamEntry& entry) {
    return {entry.master_fields_, entry.master_names_, ListpackView::kNone};
  }
  StreamEntry read(const Master& master, Position at) const;
  Position end_of(const StreamEntry& entry) const;
  bool has_master_names(const Master& master, FieldsAndValues fields) const;
  void set_flags(const StreamEntry& entry, std::int64_t flags) { pack_.replace(entry.at_, flags); }
  void count_deleted(std::size_t entries);
  void put_entry(StreamId id, FieldsAndValues fields, bool same_names);
  static bool sound(StreamId id, const Listpack& pack);

  StreamId id_;
  Listpack pack_;
};

template <typename Goes>
std::size_t StreamNode::delete_while(Goes&& goes) {
  std::size_t marked = 0;
  // Flags are one byte wide, whatever they are: positions hold until the counts change.
  for (std::optional<StreamEntry> entry = first(); entry; entry = next(*entry)) {
    if (entry->deleted()) continue;
    if (!goes(*entry)) break;
    set_flags(*entry, entry->flags_ | StreamEntry::kDeleted);
    ++marked;
  }
  if (marked > 0) count_deleted(marked);
  return marked;
}

}  // namespace larder::redis
