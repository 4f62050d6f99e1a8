// The segmented LRU of one slab class: lists and policy, no memory management.
//
// Segments, as memcached names them in `stats items`:
//   HOT   new items, on probation (a FIFO)
//   WARM  items that were used at least twice on probation, or came back soon after it (a FIFO in
//         which a used item goes round again)
//   COLD  everything, when not segmented (`lru mode flat`)
//   TEMP  items with a short TTL, if enabled: not evicted while anything else can be
// plus `dead`: items killed by flush_all that are still in memory; they go first.
//
// The policy is S3-FIFO (Yang et al., FIFO queues are all you need for cache eviction, SOSP 2023),
// a class at a time. Reading an item only counts its uses, up to three, in the item itself; lists
// change when something is stored, so reads write no shared line. When room is needed, the tail is
// taken of HOT while HOT holds more than its share, else of WARM: one that earned its place moves to
// WARM, one of WARM with uses left goes round again with one use fewer, any other is evicted. So an
// item nobody asks for again, or only at once, passes through a twentieth of the memory and leaves the
// rest alone. What leaves HOT is remembered for a while by name (ghost.h).
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
  std::uint32_t hot_percent = 5;    // HOT's share of the memory; shared out by rebalancer.h
  std::uint32_t warm_percent = 40;  // WARM's: it never gives way while it holds less
  bool segmented = true;            // false: one COLD list, used tails go round again
};
/// Uses on probation that make an item worth keeping: one may be an echo of the request that stored
/// it, two are not.
inline constexpr unsigned kUsesToStay = 2;

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
  /// As kill_all(), for the items for which `dies(item)` holds.
  template <typename Dies>
  void kill_if(const slab::Arena& arena, Dies&& dies) {
    for (List& list : lists_) {
      for (Ref ref = list.head; ref != 0;) {
        const Ref next = item(arena, ref).lru_next;
        if (dies(item(arena, ref))) {
          remove(arena, list, ref);
          push(arena, dead_, ref);
        }
        ref = next;
      }
    }
  }
  const List& dead() const { return dead_; }
  /// Requires: `ref` was found through dead().
  void unlink_dead(const slab::Arena& arena, Ref ref) { remove(arena, dead_, ref); }

  /// The tail to look at for eviction; 0 if all lists are empty. `hot_permille`: HOT's share of this list.
  Ref candidate(const LruPolicy& policy, std::uint32_t hot_permille) const;

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
