// Makes room: eviction from LRU tails, and pages moved from one slab class to another.
//
// Two levels.
//  1. Inside a stripe (evict_in_stripe): a SET that finds no free chunk takes the chunk of its own
//     stripe's oldest item of that class. Bounded work, no other lock.
//  2. Across stripes and classes (make_room): when level 1 has nothing, called with no stripe lock
//     held: purge freed memory, evict elsewhere in the class, or empty a page (or an extent) of
//     the class whose oldest item is the oldest. As long as anything evictable is held, one of them
//     succeeds, so a store is never refused for lack of memory unless evictions are off.
//
// Emptying a page (drain): its free chunks are withdrawn, those in magazines pulled back, each
// linked item moved to a free chunk of its class or to that of the oldest item of its stripe, else evicted. A chunk that is
// owned (being filled) or pinned (being sent) makes the page busy: it stays, another is tried.
//
// Locking: drains are serialised by drain_mutex_, taken with no other lock but a gate held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "engine/keyspace.h"
#include "engine/rebalancer.h"

namespace larder::engine {

class Reclaimer {
 public:
  Reclaimer(Keyspace& keyspace, GateSet& gates, const Config& config, const Clock& clock);

  /// How an eviction is done. Where a stripe has few items of a class, the oldest of them may be the
  /// newest of all: `more_than` items must be there. `counts`: as demand of the class, for the
  /// rebalancer.
  struct InStripe {
    std::size_t more_than = 0;
    bool counts = true;
  };
  static constexpr std::size_t kFewItems = 4;
  /// The chunk of an item evicted from this stripe's Lru of the class; 0 when there is none to be
  /// had. Requires: stripe lock held, the class has no shared Lru.
  Ref evict_in_stripe(Worker&, Stripe&, std::size_t class_id, InStripe how);

  /// Puts at least one chunk of the class into this worker's magazine. False: nothing can be
  /// evicted. Requires: no stripe lock held.
  bool make_room(Worker&, std::size_t class_id);
  /// Takes an extent, evicting what has to go for it; nullptr: that is not possible. Requires: no
  /// stripe lock held.
  char* obtain_extent(Worker&, std::size_t bytes);

  /// The chunk of a dead or expired item at an end of this stripe's Lru of the class; 0 when there is
  /// none. Requires: stripe lock held, the class has no shared Lru.
  Ref reclaim_in_stripe(Worker&, Stripe&, std::size_t class_id);

  /// Frees some of a stripe's dead items, and, if `also_expired`, expired ones at the ends of its lists.
  void reclaim_tails(Worker&, Stripe&, bool also_expired);

  /// Items of each Lru that a walk may still look at.
  using WalkBudget = std::array<std::uint64_t, slab::kClassCountMax>;
  /// Frees expired items in `buckets` buckets of a stripe, from `bucket` on, and takes what it looked at
  /// off `budget`; returns the bucket to go on with (0 after the last).
  std::size_t crawl(Worker&, Stripe&, std::size_t bucket, std::size_t buckets, WalkBudget& budget);

  /// Frees some of the dead items of a stripe, and of the shared lists; false when none are left.
  bool free_dead(Worker&, Stripe&);
  bool free_shared_dead(Worker&);

  /// Empties one page of a class and gives it to `to_class` (0: into the pool); false when none can
  /// be emptied. `evict` allows items to be lost, else they are only moved.
  bool drain_page(Worker&, std::size_t class_id, bool evict, std::size_t to_class = 0);

  /// Moves one page to the class that turns its memory over fastest, if the policy (rebalancer.h)
  /// says so; false when nothing was moved. Maintainer thread only.
  bool rebalance(Worker&, const Rebalancer::Settings&);
  void rebalance_tick() { rebalancer_.tick(loads()); }

  /// Brings charged memory down to the limit (after it was lowered), some pages a call. True: done.
  bool shed(Worker&);

  /// Looks at an item that has expired before it is removed: one that had earned its place is remembered,
  /// so that it need not do so again when it is stored anew.
  void remember_expired(Stripe& stripe, std::uint64_t hash, const Item& each) const {
    if (!policy_.segmented || !earned_its_place(each)) return;
    stripe.ghost.remember(stripe.ghost_set(hash), hash);
  }

  bool evictions_enabled() const { return evictions_; }
  /// Requires: an exclusive section, or that no other thread uses the engine yet.
  void set_evictions(bool enabled) { evictions_ = enabled; }
  [[gnu::always_inline]] bool expired(const Item& each) const {
    if (!each.has(slab::kAnyDeadline)) return false;
    if (each.deadline() != 0) return clock_.reached({each.deadline()});
    const std::int64_t deadline_ms = each.deadline_ms();
    return deadline_ms != 0 && deadline_ms <= clock_.unix_ms();
  }
  /// Settings change at run time by administrative commands only, in an exclusive section.
  LruPolicy& policy() { return policy_; }
  const LruPolicy& policy() const { return policy_; }
  std::int64_t temporary_ttl_s() const { return temporary_ttl_s_; }
  void set_temporary_ttl_s(std::int64_t seconds) { temporary_ttl_s_ = seconds; }
  /// What moving pages has come to.
  struct Moves {
    std::atomic<std::uint64_t> pages{0};
    std::atomic<std::uint64_t> rescues{0};         // items that went on living in another page
    std::atomic<std::uint64_t> inline_reclaims{0}; // chunks of the page itself, met when looking for room
    std::atomic<std::uint64_t> busy_items{0};      // chunks for which a page was left as it is
    std::atomic<std::uint64_t> busy_no_memory{0};  // of these, for want of room
    std::atomic<const char*> last_busy{"none"};    // in memcached's words
    std::atomic<bool> running{false};
  };
  const Moves& moves() const { return moves_; }
  /// `stats reset`.
  void reset_moves();
  /// Age in seconds of the item a class evicted last.
  std::uint32_t evicted_age_s(std::size_t lru_index) const {
    return evicted_age_s_[lru_index].load(std::memory_order_relaxed);
  }

 private:
  /// HOT's share of a list.
  std::uint32_t hot_permille(std::size_t lru_index) const {
    const std::uint32_t own = hot_permille_[lru_index].load(std::memory_order_relaxed);
    return own != 0 ? own : policy_.hot_percent * 10;
  }
  static bool earned_its_place(const Item& each) {
    return each.segment() == static_cast<unsigned>(Segment::warm) || each.uses() >= kUsesToStay;
  }
  enum class Verdict : std::uint8_t { none, again, taken };
  struct Eviction {
    bool last_try;  // take even an active tail
    bool counts;    // as demand, for the rebalancer
  };
  Verdict evict_step(Worker&, Stripe&, Lru&, std::size_t lru_index, Eviction how, Ref* chunk);
  Verdict take_dead(Worker&, Stripe&, Lru&, std::size_t lru_index, Ref* chunk);
  bool free_dead_of(Worker&, Stripe&);
  bool spare(Worker&, Lru&, std::size_t lru_index, Ref ref);
  Ref unlink_victim(Worker&, Stripe&, Lru&, Ref ref, bool remember);
  void count_victim(Worker&, const Item& victim, std::size_t lru_index, bool was_expired);
  void count_reclaimed(Worker&, const Item& gone, std::size_t lru_index);
  Ref expired_tail(Stripe&, std::size_t lru_index, Segment);
  void tell_evicted(Worker&, const Item& victim, std::size_t lru_index);
  bool evict_shared(Worker&, std::size_t lru_index, bool counts = true);
  bool try_make_room(Worker&, std::size_t class_id);
  char* try_obtain_extent(Worker&, std::size_t bytes);
  template <typename Try>
  auto persist(Try&& attempt);
  bool evict_elsewhere(Worker&, std::size_t class_id);
  bool class_is_poor(std::size_t class_id) const;
  std::size_t richest_class(std::size_t except) const;
  std::uint32_t tail_age_s(std::size_t lru_index);
  bool steal_page(Worker&, std::size_t for_class);
  bool empty_chunk(Worker&, const slab::SlabAllocator::Drain&, std::uint32_t index, bool evict);
  bool busy(const char* why);
  void relocate(Worker&, Stripe&, std::uint64_t hash, Ref ref, Ref room);
  Ref room_for(Worker&, Stripe&, const slab::SlabAllocator::Drain&, Ref ref, bool evict);
  bool carry_out(Worker&, const Rebalancer::Move&);
  std::array<Rebalancer::Load, slab::kClassCountMax> loads();

  Keyspace& keyspace_;
  GateSet& gates_;
  const Clock& clock_;
  LruPolicy policy_;
  std::int64_t temporary_ttl_s_;  // below: TEMP segment; negative: off
  bool evictions_;  // changes in exclusive sections only
  std::mutex drain_mutex_;
  Rebalancer rebalancer_;  // maintainer thread
  std::atomic<std::size_t> next_stripe_{0};  // where evict_elsewhere looks first
  Moves moves_;
  std::array<std::atomic<std::uint32_t>, slab::kClassCountMax> evicted_age_s_{};
  std::array<std::atomic<std::uint16_t>, slab::kClassCountMax> hot_permille_{};  // 0: as policy_ says
};

}  // namespace larder::engine
