// The segmented LRU of one slab class: lists and policy, no memory management.
//
// Segments, as memcached names them in `stats items`:
//   HOT   new items, on probation (a FIFO)
//   WARM  items read at least twice
//   COLD  candidates for eviction
//   TEMP  items with a short TTL, if enabled: never bumped, not evicted while anything else can be
// plus `dead`: items killed by flush_all that are still in memory; they go first.
//
// Flow: new -> HOT (or TEMP). A HOT tail goes to WARM if active, else to COLD, once HOT holds more
// than its share of the class. A WARM tail is renewed if active, else goes to COLD. A COLD tail is
// evicted, unless active: then it goes to WARM. Reading an item only sets flags in the item
// (kFetched, then kActive); lists change when something is stored, so reads write no shared line.
// The same scheme as memcached's doc/new_lru.txt, with counts instead of bytes: chunks of a class
// are equal.
//
// Locking: one Lru is guarded by its stripe's lock, or for classes of large chunks, which have one
// Lru for all stripes, by a lock of rank lru (keyspace.h). An item's links are guarded with its list.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "slab/arena.h"
#include "slab/item.h"

namespace larder::engine {

enum class Segment : std::uint8_t { hot, warm, cold, temp };
inline constexpr std::size_t kSegmentCount = 4;

/// Settings of the policy; may be changed at run time (`lru tune`).
struct LruPolicy {
  std::uint32_t hot_percent = 20;
  std::uint32_t warm_percent = 40;
  bool segmented = true;   // false: one COLD list, active tails go round again
};

class Lru {
 public:
  using Ref = slab::Ref;
  struct List {
    Ref head = 0;
    Ref tail = 0;
    std::uint64_t count = 0;
  };

  const List& list(Segment segment) const { return lists_[static_cast<std::size_t>(segment)]; }
  std::uint64_t count() const {
    std::uint64_t total = 0;
    for (const List& each : lists_) total += each.count;
    return total;
  }
  bool empty() const { return count() == 0 && dead_.count == 0; }

  void link(const slab::Arena& arena, Ref ref, Segment segment);
  void unlink(const slab::Arena& arena, Ref ref);
  /// Puts an item at the head of a segment (its own or another).
  void move(const slab::Arena& arena, Ref ref, Segment segment);
  /// Exchanges an item for another that takes its place (same segment).
  void replace(const slab::Arena& arena, Ref old_ref, Ref new_ref);

  /// flush_all: everything becomes dead, in constant time but for the splice of five lists.
  void kill_all(const slab::Arena& arena);
  const List& dead() const { return dead_; }
  /// Requires: `ref` was found through dead().
  void unlink_dead(const slab::Arena& arena, Ref ref) { remove(arena, dead_, ref); }

  /// The segment that holds more than its share and has a tail to move, if any.
  bool overfull(const LruPolicy& policy, Segment* segment) const;
  /// Where a tail that `overfull` named goes.
  static Segment destination(bool active) { return active ? Segment::warm : Segment::cold; }
  /// The tail to look at for eviction: COLD, then HOT, WARM, TEMP; 0 if all are empty.
  Ref candidate() const;

  /// Bytes the items asked for (mem_requested), kept by the owner of the list.
  std::uint64_t requested_bytes = 0;

  /// Walks every list; stops the process when links, segments or counts disagree.
  void check_integrity(const slab::Arena& arena) const;

 private:
  void push(const slab::Arena& arena, List& list, Ref ref);
  void remove(const slab::Arena& arena, List& list, Ref ref);
  static slab::Item& item(const slab::Arena& arena, Ref ref) {
    return *reinterpret_cast<slab::Item*>(arena.at(ref));
  }

  std::array<List, kSegmentCount> lists_;
  List dead_;
};

}  // namespace larder::engine
