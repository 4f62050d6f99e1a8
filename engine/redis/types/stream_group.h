// A consumer group of a stream: who was given which entries, and has not acknowledged them yet.
//
// A pending entry lies once in the group's list (by id) and is pointed to from its consumer's list.
//
// Invariants
//  1. Each pending entry has a consumer of this group, in whose list it is.
//  2. A consumer's list holds nothing else.
//
// Locking: the owner's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/redis/types/heap.h"
#include "engine/redis/types/stream_id.h"

namespace larder::redis {

using HeapString = std::basic_string<char, std::char_traits<char>, heap::Allocator<char>>;
/// Lets maps of HeapString be searched by views.
struct NameLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a < b; }
};
template <typename Value>
using NameMap = std::map<HeapString, Value, NameLess, heap::Allocator<std::pair<const HeapString, Value>>>;
template <typename Value>
using IdMap = std::map<StreamId, Value, std::less<>, heap::Allocator<std::pair<const StreamId, Value>>>;

struct StreamConsumer;

struct PendingEntry {
  std::int64_t delivered_ms = 0;   // Unix time of the last delivery
  std::uint64_t deliveries = 0;
  StreamConsumer* consumer = nullptr;
};

struct StreamConsumer {
  const HeapString* name = nullptr;  // the key of its map
  std::int64_t seen_ms = 0;        // Unix time of its last command
  IdMap<PendingEntry*> pending;
};

class ConsumerGroup {
 public:
  static constexpr std::int64_t kUnknown = -1;
  using Consumers = NameMap<StreamConsumer>;

  StreamId last_delivered;
  std::int64_t entries_read = kUnknown;

  const IdMap<PendingEntry>& pending() const { return pending_; }
  const Consumers& consumers() const { return consumers_; }

  PendingEntry* find(StreamId id);
  /// Null if there is none of that name.
  StreamConsumer* consumer(std::string_view name);
  const StreamConsumer* consumer(std::string_view name) const;
  /// The consumer, made if need be (`made` says so), and seen now.
  StreamConsumer& see_consumer(std::string_view name, std::int64_t now_ms, bool* made = nullptr);
  /// Deletes a consumer with what it has pending and says how much that was.
  std::size_t delete_consumer(std::string_view name);

  /// Gives an entry to a consumer: a new pending entry, or that of another one with a fresh count.
  PendingEntry& deliver(StreamId id, StreamConsumer& to, std::int64_t now_ms);
  /// Moves a pending entry, or makes one with no deliveries, to a consumer; times and counts stay.
  PendingEntry& assign(StreamId id, StreamConsumer& to);
  /// A pending entry with no consumer yet, for loading: assign() is to follow. Nothing if it is there.
  PendingEntry* add_unassigned(StreamId id);
  /// False if the entry was not pending.
  bool acknowledge(StreamId id);

  void copy_to(ConsumerGroup& other) const;
  void check_integrity() const;

  static void* operator new(std::size_t bytes) { return heap::allocate(bytes); }
  static void operator delete(void* memory) { heap::release(memory); }

 private:
  IdMap<PendingEntry> pending_;
  Consumers consumers_;
};

}  // namespace larder::redis
