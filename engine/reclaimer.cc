#include "engine/reclaimer.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace larder::engine {

namespace {
// Tails looked at before an active one is evicted all the same. Each look at an active one is paid
// for by the reads that made it so; the bound keeps a single store short.
constexpr int kTailTries = 64;
constexpr int kRoomTries = 64;       // rounds of make_room before giving up against other threads
constexpr std::size_t kDeadPerCrawl = 64;
constexpr std::size_t kTailsPerHold = 256;  // expired items that are freed at a time
constexpr int kPatience = 50;         // times a refused make_room looks again
constexpr auto kPause = std::chrono::milliseconds(1);

/// Says that something goes on, while it lives.
class Running {
 public:
  explicit Running(std::atomic<bool>& flag) : flag_(flag) { flag_.store(true, std::memory_order_relaxed); }
  ~Running() { flag_.store(false, std::memory_order_relaxed); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::atomic<bool>& flag_;
};
}  // namespace

Reclaimer::Reclaimer(Keyspace& keyspace, GateSet& gates, const Config& config, const Clock& clock)
    : keyspace_(keyspace),
      gates_(gates),
      clock_(clock),
      policy_(config.lru),
      temporary_ttl_s_(config.temporary_ttl_s),
      evictions_(config.evictions),
      rebalancer_(keyspace.arena().page_bytes()) {}

// --- level 1: one list ---

// Takes an item killed by flush_all. A pinned one is left to its last reader.
Reclaimer::Verdict Reclaimer::take_dead(Worker& worker, Stripe& stripe, Lru& lru, std::size_t lru_index,
                                        Ref* chunk) {
  const Ref ref = lru.dead().tail;
  if (ref == 0) return Verdict::none;
  Item& dead = keyspace_.item(ref);
  keyspace_.unlink_dead(stripe, lru, ref);
  count_reclaimed(worker, dead, lru_index);
  dead.change(0, slab::kLinked);
  if (dead.pins() != 0) return Verdict::again;
  if (dead.has(slab::kExtent)) {
    keyspace_.free(worker, ref);
    *chunk = 0;
  } else {
    keyspace_.release_heap(dead);
    *chunk = ref;
  }
  return Verdict::taken;
}

// An expired or flushed item whose memory was wanted, or that was met at the end of its list.
void Reclaimer::count_reclaimed(Worker& worker, const Item& gone, std::size_t lru_index) {
  worker.count(Counter::reclaimed);
  worker.count(lru_index, ClassCounter::reclaimed);
  if (gone.has(slab::kFetched)) return;
  worker.count(Counter::expired_unfetched);
  worker.count(lru_index, ClassCounter::expired_unfetched);
}

void Reclaimer::count_victim(Worker& worker, const Item& victim, std::size_t lru_index,
                             bool was_expired) {
  if (was_expired) {
    worker.count(Counter::expired_at_tails);
    return count_reclaimed(worker, victim, lru_index);
  }
  const bool unfetched = !victim.has(slab::kFetched);
  worker.count(Counter::evictions);
  worker.count(lru_index, ClassCounter::evicted);
  if (victim.has(slab::kAnyDeadline)) worker.count(lru_index, ClassCounter::evicted_nonzero);
  if (unfetched) {
    worker.count(Counter::evicted_unfetched);
    worker.count(lru_index, ClassCounter::evicted_unfetched);
  }
  if (victim.uses() != 0) {
    worker.count(Counter::evicted_active);
    worker.count(lru_index, ClassCounter::evicted_active);
  }
  evicted_age_s_[lru_index].store(clock_.now() - victim.accessed_s, std::memory_order_relaxed);
  if (worker.events.wants(stream::kEvictions)) [[unlikely]] tell_evicted(worker, victim, lru_index);
}

void Reclaimer::tell_evicted(Worker& worker, const Item& victim, std::size_t lru_index) {
  const Deadline deadline{victim.deadline()};
  EvictionEvent event;
  event.fetched = victim.has(slab::kFetched);
  event.class_id = static_cast<std::uint8_t>(lru_index);
  if (deadline != Deadline::never()) event.ttl_s = static_cast<std::int32_t>(deadline.seconds() - clock_.now());
  event.idle_s = clock_.now() - victim.accessed_s;
  event.value_bytes = victim.value_bytes();
  worker.events.write(event, victim.key());
}

// Gives a tail that was used another life, if the policy (lru.h) says so.
bool Reclaimer::spare(Worker& worker, Lru& lru, std::size_t lru_index, Ref ref) {
  Item& tail = keyspace_.item(ref);
  const auto segment = static_cast<Segment>(tail.segment());
  const bool goes_round = segment == Segment::warm || !policy_.segmented;
  const unsigned price = goes_round ? 1 : kUsesToStay;
  if (segment == Segment::temp || tail.uses() < price) return false;
  tail.set_uses(tail.uses() - price);
  lru.move(keyspace_.arena(), ref, policy_.segmented ? Segment::warm : Segment::cold);
  worker.count(goes_round ? Counter::moves_within_lru : Counter::moves_to_warm);
  worker.count(lru_index, goes_round ? ClassCounter::moves_within_lru : ClassCounter::moves_to_warm);
  return true;
}

// One look at the list: takes a dead item or the tail, or gives the tail another life.
Reclaimer::Verdict Reclaimer::evict_step(Worker& worker, Stripe& stripe, Lru& lru,
                                         std::size_t lru_index, Eviction how, Ref* chunk) {
  const Verdict dead = take_dead(worker, stripe, lru, lru_index, chunk);
  if (dead != Verdict::none) return dead;
  const Ref ref = lru.candidate(policy_, hot_permille(lru_index));
  if (ref == 0) return Verdict::none;
  Item& tail = keyspace_.item(ref);
  const bool tail_expired = expired(tail);
  if (!tail_expired && !evictions_) return Verdict::none;
  if (tail.pins() != 0) {
    worker.count(Counter::lrutail_reflocked);
    worker.count(lru_index, ClassCounter::lrutail_reflocked);
    lru.move(keyspace_.arena(), ref, static_cast<Segment>(tail.segment()));
    return how.last_try ? Verdict::none : Verdict::again;
  }
  const bool on_probation = tail.segment() == static_cast<unsigned>(Segment::hot);
  const std::size_t bytes =
      tail.has(slab::kExtent) ? tail.value_bytes() : keyspace_.classes().chunk_bytes(lru_index);
  if (!tail_expired && how.counts && on_probation) worker.left_hot(lru_index, bytes);
  if (!tail_expired && !how.last_try && spare(worker, lru, lru_index, ref)) return Verdict::again;
  count_victim(worker, tail, lru_index, tail_expired);
  if (!tail_expired && how.counts && !on_probation) worker.evicted(lru_index, bytes);
  *chunk = unlink_victim(worker, stripe, lru, ref, tail_expired ? earned_its_place(tail) : on_probation);
  return Verdict::taken;
}

// As Keyspace::remove_for_reuse, for a list whose lock is already held.
Ref Reclaimer::unlink_victim(Worker& worker, Stripe& stripe, Lru& lru, Ref ref, bool remember) {
  const std::uint64_t hash = keyspace_.hash_of(ref);
  Item& victim = keyspace_.item(ref);
  const std::size_t bytes = Keyspace::item_total(victim);
  stripe.item_bytes -= bytes;
  lru.requested_bytes -= bytes;
  if (victim.has(slab::kAnyDeadline)) --stripe.deadline_count;
  lru.unlink(keyspace_.arena(), ref);
  stripe.table.erase(hash, ref);
  if (remember) stripe.ghost.remember(stripe.ghost_set(hash), hash);
  victim.change(0, slab::kLinked);
  if (!victim.has(slab::kExtent)) {
    keyspace_.release_heap(victim);
    return ref;
  }
  keyspace_.free(worker, ref);
  return 0;
}

Ref Reclaimer::evict_in_stripe(Worker& worker, Stripe& stripe, std::size_t class_id, InStripe how) {
  Lru* lru = keyspace_.stripe_lru_if_any(stripe, class_id);
  if (lru == nullptr) return 0;
  if (lru->dead().tail == 0 && lru->count() <= how.more_than) return 0;
  for (int tries = kTailTries; tries-- > 0;) {
    Ref chunk = 0;
    switch (evict_step(worker, stripe, *lru, class_id, {tries == 0, how.counts}, &chunk)) {
      case Verdict::none: return 0;
      case Verdict::again: break;
      case Verdict::taken: {
        worker.count(Counter::direct_reclaims);
        worker.count(class_id, ClassCounter::direct_reclaims);
        return chunk;
      }
    }
  }
  return 0;
}

// The tail of a shared list belongs to any stripe: it is found under the list's lock, then looked
// at again under its stripe's lock and the list's, in that order.
bool Reclaimer::evict_shared(Worker& worker, std::size_t lru_index, bool counts) {
  Keyspace::SharedLru& shared = keyspace_.shared(lru_index);
  for (int tries = kRoomTries; tries-- > 0;) {
    const auto oldest = [&] {
      const Ref dead = shared.lru.dead().tail;
      return dead != 0 ? dead : shared.lru.candidate(policy_, hot_permille(lru_index));
    };
    Ref ref = 0;
    std::size_t owner = 0;
    {
      std::lock_guard lock(shared.lock);
      ref = oldest();
      if (ref == 0) return false;
      owner = keyspace_.item(ref).stripe();
    }
    Stripe& stripe = keyspace_.stripe(owner);
    std::lock_guard stripe_lock(stripe.lock);
    Ref chunk = 0;
    {
      std::lock_guard lock(shared.lock);
      if (oldest() != ref || keyspace_.item(ref).stripe() != owner) continue;
      const Verdict verdict =
          evict_step(worker, stripe, shared.lru, lru_index, {tries < kRoomTries / 2, counts}, &chunk);
      if (verdict == Verdict::none) return false;
      if (verdict == Verdict::again) continue;
    }
    if (chunk != 0) keyspace_.slabs().free(worker.magazines, chunk);
    return true;
  }
  return false;
}

// --- level 2: other stripes, other classes ---

bool Reclaimer::evict_elsewhere(Worker& worker, std::size_t class_id) {
  if (keyspace_.shared_lru(class_id)) return evict_shared(worker, class_id);
  const std::size_t stripes = keyspace_.stripe_count();
  const std::size_t first = next_stripe_.fetch_add(1, std::memory_order_relaxed);
  for (const std::size_t more_than : {kFewItems, std::size_t{0}}) {
    for (std::size_t i = 0; i < stripes; ++i) {
      Stripe& stripe = keyspace_.stripe((first + i) % stripes);
      std::lock_guard lock(stripe.lock);
      const Ref chunk = evict_in_stripe(worker, stripe, class_id, {.more_than = more_than});
      if (chunk == 0) continue;
      keyspace_.slabs().free(worker.magazines, chunk);
      return true;
    }
  }
  return false;
}

// A class that holds less than a few chunks a stripe, and less memory than its even share, grows
// at the cost of others rather than by evicting its own few items.
bool Reclaimer::class_is_poor(std::size_t class_id) const {
  const slab::SlabAllocator& slabs = keyspace_.slabs();
  const std::size_t pages = slabs.page_count(class_id);
  if (pages == 0) return true;
  std::size_t total = 0;
  std::size_t active = 0;
  for (std::size_t id = 1; id <= keyspace_.classes().count(); ++id) {
    total += slabs.page_count(id);
    active += slabs.page_count(id) != 0 ? 1 : 0;
  }
  const std::size_t chunks = pages * (keyspace_.arena().page_bytes() / keyspace_.classes().chunk_bytes(class_id));
  return chunks < 4 * keyspace_.stripe_count() && 2 * pages * active < total;
}

std::size_t Reclaimer::richest_class(std::size_t except) const {
  std::size_t richest = 0;
  std::uint32_t most = 0;
  for (std::size_t id = 1; id <= keyspace_.classes().count(); ++id) {
    const std::uint32_t pages = keyspace_.slabs().page_count(id);
    if (id == except || pages <= most) continue;
    most = pages;
    richest = id;
  }
  return richest;
}

// Seconds since the tail of a list was read last; for a class with a list per stripe, of one stripe.
std::uint32_t Reclaimer::tail_age_s(std::size_t lru_index) {
  const std::size_t stripes = keyspace_.stripe_count();
  for (std::size_t i = 0; i < stripes; ++i) {
    Stripe& stripe = keyspace_.stripe((next_stripe_.load(std::memory_order_relaxed) + i) % stripes);
    std::lock_guard lock(stripe.lock);
    std::uint32_t age = 0;
    const bool found = keyspace_.with_lru(stripe, lru_index, [&](Lru& lru) {
      const Ref ref = lru.candidate(policy_, hot_permille(lru_index));
      // The list's lock keeps the item in place; its access time belongs to its own stripe and is
      // written with an atomic store.
      if (ref == 0) return lru.dead().tail != 0;
      age = clock_.now() - __atomic_load_n(&keyspace_.item(ref).accessed_s, __ATOMIC_RELAXED);
      return true;
    });
    if (found) return age;
    if (keyspace_.shared_lru(lru_index)) break;
  }
  return 0;
}

// Gives a class (0: the pool) a page at the cost of another class or of large values.
bool Reclaimer::steal_page(Worker& worker, std::size_t for_class) {
  slab::Arena& arena = keyspace_.arena();
  const std::size_t donor = richest_class(for_class);
  const std::size_t donor_bytes = donor == 0 ? 0 : keyspace_.slabs().page_count(donor) * arena.page_bytes();
  if (arena.extent_bytes() > donor_bytes) {
    while (!arena.purge(arena.page_bytes())) {
      if (!evict_shared(worker, kExtentLru)) break;
    }
    if (arena.purge(arena.page_bytes())) return true;
  }
  if (donor != 0 && drain_page(worker, donor, true, for_class)) return true;
  for (std::size_t id = 1; id <= keyspace_.classes().count(); ++id) {
    if (id != for_class && id != donor && drain_page(worker, id, true, for_class)) return true;
  }
  return evict_shared(worker, kExtentLru) && arena.purge(arena.page_bytes());
}

bool Reclaimer::try_make_room(Worker& worker, std::size_t class_id) {
  slab::SlabAllocator& slabs = keyspace_.slabs();
  const auto stocked = [&] { return slabs.stock(worker.magazines, class_id); };
  if (stocked()) return true;
  if (keyspace_.arena().purge(keyspace_.arena().page_bytes()) && stocked()) return true;
  if (!evictions_) return evict_elsewhere(worker, class_id) && stocked();
  if (class_is_poor(class_id) && steal_page(worker, class_id) && stocked()) return true;
  if (evict_elsewhere(worker, class_id) && stocked()) return true;
  return steal_page(worker, class_id) && stocked();
}

// Bounded: every round takes the extent, frees a page or an extent, or ends the loop.
char* Reclaimer::try_obtain_extent(Worker& worker, std::size_t bytes) {
  slab::Arena& arena = keyspace_.arena();
  const slab::Arena::Claim claim(arena, bytes);
  const std::size_t rounds = 2 * arena.limit() / arena.page_bytes() + kRoomTries;
  for (std::size_t round = 0; round < rounds; ++round) {
    if (arena.purge(bytes, &claim)) {
      if (char* extent = arena.take_extent(bytes, &claim)) return extent;
    }
    if (!evictions_) return nullptr;
    const std::size_t donor = richest_class(0);
    const std::uint32_t pages = donor == 0 ? 0 : keyspace_.slabs().page_count(donor);
    const bool have_extents = arena.extent_bytes() != 0;
    const bool extent_older = have_extents && (pages == 0 || tail_age_s(kExtentLru) > tail_age_s(donor) ||
                                               arena.extent_bytes() > pages * arena.page_bytes());
    if (extent_older && evict_shared(worker, kExtentLru)) continue;
    if (pages > 1 && drain_page(worker, donor, true)) continue;
    if (evict_shared(worker, kExtentLru)) continue;
    if (!steal_page(worker, 0)) return nullptr;
  }
  return nullptr;
}

// Everything evictable may be in other threads' hands for a moment: being filled, sent or moved. They
// finish without us, so a refusal is only final after some time has gone by.
template <typename Try>
auto Reclaimer::persist(Try&& attempt) {
  for (int tries = kPatience;; --tries) {
    auto result = attempt();
    if (result || !evictions_ || tries == 0) return result;
    std::this_thread::sleep_for(kPause);
  }
}

bool Reclaimer::make_room(Worker& worker, std::size_t class_id) {
  return persist([&] { return try_make_room(worker, class_id); });
}

char* Reclaimer::obtain_extent(Worker& worker, std::size_t bytes) {
  slab::Arena& arena = keyspace_.arena();
  if (char* extent = arena.take_extent(bytes)) return extent;
  bytes = (bytes + 4095) / 4096 * 4096;
  if (bytes > arena.limit()) return nullptr;
  return persist([&] { return try_obtain_extent(worker, bytes); });
}

// --- crawling ---

// Frees some dead items of the stripe's own lists. True: some are left. Requires: the stripe's lock.
bool Reclaimer::free_dead_of(Worker& worker, Stripe& stripe) {
  bool more = false;
  for (std::size_t index = 1; index < slab::kClassCountMax; ++index) {
    Lru* lru = keyspace_.shared_lru(index) ? nullptr : keyspace_.stripe_lru_if_any(stripe, index);
    if (lru == nullptr) continue;
    for (std::size_t i = 0; i < kDeadPerCrawl && lru->dead().tail != 0; ++i) {
      Ref chunk = 0;
      if (take_dead(worker, stripe, *lru, index, &chunk) == Verdict::taken && chunk != 0) {
        keyspace_.slabs().free(worker.magazines, chunk);
      }
    }
    more = more || lru->dead().tail != 0;
  }
  return more;
}

bool Reclaimer::free_dead(Worker& worker, Stripe& stripe) {
  bool more = false;
  {
    std::lock_guard lock(stripe.lock);
    more = free_dead_of(worker, stripe);
  }
  return free_shared_dead(worker) || more;
}

bool Reclaimer::free_shared_dead(Worker& worker) {
  bool more = false;
  for (std::size_t index = 1; index < slab::kClassCountMax; ++index) {
    if (!keyspace_.shared_lru(index)) continue;
    const auto any_dead = [&] {
      std::lock_guard lock(keyspace_.shared(index).lock);
      return keyspace_.shared(index).lru.dead().tail != 0;
    };
    // Evicting takes dead items first.
    for (std::size_t i = 0; i < kDeadPerCrawl && any_dead(); ++i) evict_shared(worker, index, false);
    more = more || any_dead();
  }
  return more;
}

// The expired item at the end of a segment's list, if it is of this stripe; 0: there is none.
Ref Reclaimer::expired_tail(Stripe& stripe, std::size_t lru_index, Segment segment) {
  if (!keyspace_.shared_lru(lru_index) && keyspace_.stripe_lru_if_any(stripe, lru_index) == nullptr) return 0;
  return keyspace_.with_lru(stripe, lru_index, [&](Lru& lru) -> Ref {
    const Ref tail = lru.list(segment).tail;
    if (tail == 0 || keyspace_.item(tail).stripe() != stripe.index) return 0;
    return expired(keyspace_.item(tail)) ? tail : 0;
  });
}

Ref Reclaimer::reclaim_in_stripe(Worker& worker, Stripe& stripe, std::size_t class_id) {
  Lru* lru = keyspace_.stripe_lru_if_any(stripe, class_id);
  if (lru == nullptr) return 0;
  Ref chunk = 0;
  if (take_dead(worker, stripe, *lru, class_id, &chunk) == Verdict::taken && chunk != 0) return chunk;
  const Ref tail = lru->candidate(policy_, hot_permille(class_id));
  if (tail == 0 || !expired(keyspace_.item(tail))) return 0;
  const std::uint64_t hash = keyspace_.hash_of(tail);
  count_reclaimed(worker, keyspace_.item(tail), class_id);
  remember_expired(stripe, hash, keyspace_.item(tail));
  return keyspace_.remove_for_reuse(worker, stripe, hash, tail);
}

void Reclaimer::reclaim_tails(Worker& worker, Stripe& stripe, bool also_expired) {
  std::unique_ptr<Table> names;  // goes after the lock: that unmaps memory
  std::lock_guard lock(stripe.lock);
  free_dead_of(worker, stripe);
  if (stripe.flushed != nullptr && stripe.flushed->size() == 0) names = std::move(stripe.flushed);
  if (!also_expired || stripe.deadline_count == 0) return;
  std::size_t left = kTailsPerHold;
  for (std::size_t index = 1; index < slab::kClassCountMax; ++index) {
    for (const Segment segment : {Segment::hot, Segment::warm, Segment::cold, Segment::temp}) {
      for (; left != 0; --left) {
        const Ref tail = expired_tail(stripe, index, segment);
        if (tail == 0) break;
        const std::uint64_t hash = keyspace_.hash_of(tail);
        worker.count(Counter::expired_at_tails);
        count_reclaimed(worker, keyspace_.item(tail), index);
        remember_expired(stripe, hash, keyspace_.item(tail));
        keyspace_.remove(worker, stripe, hash, tail);
      }
    }
  }
}

std::size_t Reclaimer::crawl(Worker& worker, Stripe& stripe, std::size_t bucket, std::size_t buckets,
                             WalkBudget& budget) {
  std::lock_guard lock(stripe.lock);
  if (stripe.deadline_count == 0) return 0;
  const std::size_t stop = std::min(bucket + buckets, stripe.table.bucket_count());
  std::vector<Ref> found;
  for (; bucket < stop; ++bucket) {
    found.clear();
    stripe.table.for_bucket(bucket, [&](Ref ref) {
      const Item& each = keyspace_.item(ref);
      const std::size_t index = keyspace_.lru_index(each);
      if (budget[index] == 0) return;
      --budget[index];
      worker.count(Counter::crawler_items_checked);
      worker.count(index, ClassCounter::crawler_items_checked);
      if (expired(each)) found.push_back(ref);
    });
    for (const Ref ref : found) {
      const Item& each = keyspace_.item(ref);
      const std::size_t index = keyspace_.lru_index(each);
      worker.count(Counter::crawler_reclaimed);
      worker.count(index, ClassCounter::crawler_reclaimed);
      if (!each.has(slab::kFetched)) {
        worker.count(Counter::expired_unfetched);
        worker.count(index, ClassCounter::expired_unfetched);
      }
      const std::uint64_t hash = keyspace_.hash_of(ref);
      remember_expired(stripe, hash, each);
      keyspace_.remove(worker, stripe, hash, ref);
    }
  }
  return stop == stripe.table.bucket_count() ? 0 : stop;
}

// --- draining ---

// Moves an item into `room`, a chunk of its class.
void Reclaimer::relocate(Worker& worker, Stripe& stripe, std::uint64_t hash, Ref ref, Ref room) {
  Item& from = keyspace_.item(ref);
  Item& to = keyspace_.item(room);
  // All but ctl and the links: those of a shared list are written under its lock alone (replace copies them).
  constexpr std::size_t kFrom = offsetof(Item, accessed_s);
  std::memcpy(to.base() + kFrom, from.base() + kFrom, from.chunk_bytes() - kFrom);
  to.ctl.store(from.ctl.load(std::memory_order_relaxed), std::memory_order_relaxed);
  keyspace_.with_lru(stripe, keyspace_.lru_index(from),
                     [&](Lru& lru) { lru.replace(keyspace_.arena(), ref, room); });
  stripe.table.replace(hash, ref, room);
  from.change(0, slab::kLinked);
  keyspace_.slabs().free(worker.magazines, ref);
  moves_.rescues.fetch_add(1, std::memory_order_relaxed);
}

// A chunk outside the draining page for an item of it: free, or of the oldest item of the same
// stripe, so that a page costs its class the oldest items and not those that happen to lie in it.
// 0: the item itself went (it was the oldest), or there is none.
Ref Reclaimer::room_for(Worker& worker, Stripe& stripe, const slab::SlabAllocator::Drain& drain,
                        Ref ref, bool evict) {
  const Ref free_chunk =
      keyspace_.slabs().allocate_from_pages(worker.magazines, drain.class_id);
  if (free_chunk != 0 || !evict || keyspace_.shared_lru(drain.class_id)) return free_chunk;
  for (int tries = kTailTries; tries-- > 0;) {
    const Ref chunk = evict_in_stripe(worker, stripe, drain.class_id, {.more_than = 1, .counts = false});
    if (chunk == 0) return 0;
    if (keyspace_.arena().page_of(chunk) != drain.page) return chunk;
    keyspace_.slabs().free(worker.magazines, chunk);
    moves_.inline_reclaims.fetch_add(1, std::memory_order_relaxed);
    if (chunk == ref) return 0;
  }
  return 0;
}

// A chunk that cannot be emptied, and memcached's word for the reason.
bool Reclaimer::busy(const char* why) {
  moves_.busy_items.fetch_add(1, std::memory_order_relaxed);
  moves_.last_busy.store(why, std::memory_order_relaxed);
  return false;
}

void Reclaimer::reset_moves() {
  for (auto* count : {&moves_.pages, &moves_.rescues, &moves_.inline_reclaims, &moves_.busy_items,
                      &moves_.busy_no_memory}) {
    count->store(0, std::memory_order_relaxed);
  }
  moves_.last_busy.store("none", std::memory_order_relaxed);
}

// Empties one chunk of a draining page; false when it is busy (or would have to be evicted).
bool Reclaimer::empty_chunk(Worker& worker, const slab::SlabAllocator::Drain& drain,
                            std::uint32_t index, bool evict) {
  const Ref ref = keyspace_.slabs().chunk_of(drain, index);
  Item& each = keyspace_.item(ref);
  if (each.ctl.load(std::memory_order_relaxed) == slab::kFreeChunk) return true;
  // The oldest of a shared list may belong to any stripe: it goes before this one is locked.
  if (evict && keyspace_.shared_lru(drain.class_id)) evict_shared(worker, drain.class_id, false);
  const std::uint32_t seen = each.ctl.load(std::memory_order_relaxed);
  if (seen == slab::kFreeChunk) return true;
  if ((seen & slab::kLinked) == 0) return busy("busy_floating");
  Stripe& stripe = keyspace_.stripe(seen >> slab::kStripeShift);
  std::lock_guard lock(stripe.lock);
  const std::uint32_t now = each.ctl.load(std::memory_order_relaxed);
  if (now == slab::kFreeChunk) return true;
  if ((now & slab::kLinked) == 0 || now >> slab::kStripeShift != stripe.index) return busy("busy_floating");
  if (each.pins() != 0) return busy("busy_active");
  const std::size_t lru_index = keyspace_.lru_index(each);
  const std::uint64_t hash = keyspace_.hash_of(ref);
  if (stripe.table.find(hash, [ref](Ref other) { return other == ref; }) == 0) {
    keyspace_.with_lru(stripe, lru_index, [&](Lru& lru) { keyspace_.unlink_dead(stripe, lru, ref); });
    each.change(0, slab::kLinked);
    keyspace_.free(worker, ref);
    return true;
  }
  const bool gone = expired(each);
  if (!gone) {
    const Ref room = room_for(worker, stripe, drain, ref, evict);
    if (room != 0) {
      relocate(worker, stripe, hash, ref, room);
      return true;
    }
    if (each.ctl.load(std::memory_order_relaxed) == slab::kFreeChunk) return true;
    if (!evict) {
      moves_.busy_no_memory.fetch_add(1, std::memory_order_relaxed);
      return busy("from_lru");
    }
  }
  count_victim(worker, each, lru_index, gone);
  keyspace_.remove(worker, stripe, hash, ref);
  return true;
}

bool Reclaimer::drain_page(Worker& worker, std::size_t class_id, bool evict, std::size_t to_class) {
  std::lock_guard lock(drain_mutex_);
  const Running running(moves_.running);
  slab::SlabAllocator& slabs = keyspace_.slabs();
  // Busy pages are passed over; a class with that many of them is left alone.
  constexpr std::size_t kCandidatesMax = 8;
  for (std::size_t skip = 0; skip < kCandidatesMax; ++skip) {
    const auto drain = slabs.begin_drain(class_id, skip);
    if (!drain) return false;
    const auto pull_back = [&] {
      gates_.for_each([&](Worker& each) { slabs.pull_back(each.magazines, drain); });
    };
    pull_back();
    bool busy = false;
    for (std::uint32_t i = 0; i < drain.carved && !busy; ++i) {
      busy = !empty_chunk(worker, drain, i, evict);
    }
    pull_back();  // chunks freed meanwhile went into magazines
    if (slabs.end_drain(drain, to_class)) {
      moves_.pages.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
  }
  return false;
}

std::array<Rebalancer::Load, slab::kClassCountMax> Reclaimer::loads() {
  std::array<Rebalancer::Load, slab::kClassCountMax> loads{};
  for (std::size_t id = 1; id <= keyspace_.classes().count(); ++id) {
    loads[id].held_bytes = std::size_t{keyspace_.slabs().page_count(id)} * keyspace_.arena().page_bytes();
    loads[id].item_bytes = keyspace_.classes().chunk_bytes(id);
  }
  loads[kExtentLru].item_bytes = 2 * keyspace_.classes().chunk_bytes(keyspace_.classes().count());
  loads[kExtentLru].held_bytes = keyspace_.arena().extent_bytes();
  constexpr auto kStored = static_cast<std::size_t>(ClassCounter::cmd_set);
  gates_.for_each([&](const Worker& each) {
    for (std::size_t i = 1; i < loads.size(); ++i) {
      loads[i].left_hot_bytes += each.turnover[i].left_hot.load(std::memory_order_relaxed);
      loads[i].evicted_bytes += each.turnover[i].evicted.load(std::memory_order_relaxed);
      loads[i].stored_count += each.class_counters[i].read(kStored);
    }
  });
  return loads;
}

bool Reclaimer::rebalance(Worker& worker, const Rebalancer::Settings& settings) {
  rebalancer_.configure(settings);
  const Rebalancer::Move move = rebalancer_.decide(loads(), policy_.hot_percent);
  for (std::size_t i = 1; i < hot_permille_.size(); ++i) {
    hot_permille_[i].store(rebalancer_.hot_permille(i), std::memory_order_relaxed);
  }
  if (!move) return false;
  const bool moved = carry_out(worker, move);
  if (worker.events.wants(stream::kSystem)) [[unlikely]] {
    worker.events.write(PageMoveEvent{.moved = moved,
                                      .from = static_cast<std::int32_t>(move.from),
                                      .to = static_cast<std::int32_t>(move.to)});
  }
  return moved;
}

bool Reclaimer::carry_out(Worker& worker, const Rebalancer::Move& move) {
  slab::Arena& arena = keyspace_.arena();
  // Extents take what they need out of the pool when they need it.
  const std::size_t heir = move.to == kExtentLru ? 0 : move.to;
  if (move.from != kExtentLru) return drain_page(worker, move.from, true, heir);
  while (!arena.purge(arena.page_bytes())) {
    if (!evict_shared(worker, kExtentLru, false)) return false;
  }
  moves_.pages.fetch_add(1, std::memory_order_relaxed);
  return heir == 0 || keyspace_.slabs().grow(heir);
}

bool Reclaimer::shed(Worker& worker) {
  slab::Arena& arena = keyspace_.arena();
  constexpr int kPagesPerCall = 16;
  for (int i = 0; i < kPagesPerCall; ++i) {
    if (arena.charged() <= arena.limit() || arena.purge(0)) return true;  // claims are no overrun
    const std::size_t donor = richest_class(0);
    const std::size_t donor_bytes = donor == 0 ? 0 : keyspace_.slabs().page_count(donor) * arena.page_bytes();
    if (arena.extent_bytes() > donor_bytes && evict_shared(worker, kExtentLru)) continue;
    if (donor == 0 || !drain_page(worker, donor, evictions_)) return false;
  }
  return arena.purge(0);
}

}  // namespace larder::engine
