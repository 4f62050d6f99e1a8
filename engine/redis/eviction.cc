// Keeping memory within its limit: maxmemory and its policies.
//
// What counts is what the arena has charged and what structured values hold, together. A command that
// finds it exceeded makes room before it begins (relieve): freed pages go back to the kernel, sparsely used
// ones are emptied, and then keys go, by the policy:
//   allkeys-*    whatever S3-FIFO (engine/lru.h) has at the end of its lists, page by page; item by item where
//                no page can be had
//   volatile-*   of a few sampled keys with a time to live, the one that ends first, was used longest ago,
//                was used least, or any
//   noeviction   none: a command that may take memory is refused
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "engine/redis/redis_engine.h"

namespace larder::redis {

namespace {

constexpr int kRoundsMax = 64;             // of making room, for one command
constexpr int kVictimsPerRound = 64;       // volatile policies
constexpr std::size_t kBucketsLooked = 512;
constexpr std::int64_t kRefusalHoldsMs = 1;

bool evicts_all(EvictionPolicy policy) {
  return policy == EvictionPolicy::allkeys_lru || policy == EvictionPolicy::allkeys_lfu ||
         policy == EvictionPolicy::allkeys_random;
}

std::size_t machine_bytes() {
  return static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

std::size_t RedisEngine::used_bytes() {
  std::size_t items = 0;
  for (std::size_t i = 0; i < keyspace().stripe_count(); ++i) {
    Stripe& each = keyspace().stripe(i);
    std::lock_guard lock(each.lock);
    items += each.item_bytes + each.table.memory_bytes();
  }
  heap::fold();
  return items + static_cast<std::size_t>(std::max<std::int64_t>(heap::total_bytes(), 0));
}

std::size_t RedisEngine::peak_bytes(std::size_t now) {
  std::size_t peak = peak_bytes_.load(std::memory_order_relaxed);
  while (now > peak && !peak_bytes_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  return std::max(now, peak);
}

// --- the limit ---

void RedisEngine::apply_memory_settings() {
  const auto wanted = static_cast<std::size_t>(settings_.maxmemory);
  memory_limit_ = wanted != 0 ? wanted : std::max(config().memory_bytes, machine_bytes());
  reclaimer().set_evictions(evicts_all(settings_.maxmemory_policy) && wanted != 0);
  measure_memory();
  note_pressure();
}

// What is left for values after what the arena holds, and for the arena after what values hold.
void RedisEngine::measure_memory() {
  const auto limit = static_cast<std::int64_t>(memory_limit_.load(std::memory_order_relaxed));
  slab::Arena& arena = keyspace().arena();
  // The total lags behind by what threads have not folded yet, so it may be below nothing.
  const std::int64_t values = std::max<std::int64_t>(heap::total_bytes(), 0);
  arena.set_limit(static_cast<std::size_t>(std::max<std::int64_t>(limit - values, 0)));
  heap_allowance_.store(std::max<std::int64_t>(limit - static_cast<std::int64_t>(arena.charged()), 0),
                        std::memory_order_relaxed);
}

bool RedisEngine::within_limit() {
  measure_memory();
  return keyspace().arena().charged() <= keyspace().arena().limit();
}

// --- making room ---

bool RedisEngine::relieve(WorkerState& state) {
  // Looking for room where there is none is dear: a refusal stands for a moment.
  if (state.now_ms < refused_until_ms_.load(std::memory_order_relaxed)) return false;
  const EvictionPolicy policy = settings_.maxmemory_policy;
  for (int round = 0; round < kRoundsMax; ++round) {
    heap::fold();
    if (within_limit()) {
      pressure_.store(false, std::memory_order_relaxed);
      return true;
    }
    if (reclaimer().shed(state.worker)) continue;
    if (policy == EvictionPolicy::noeviction) break;
    if (evicts_all(policy)) {
      if (!evict_tails(state)) break;
      continue;
    }
    int victims = 0;
    while (victims < kVictimsPerRound && evict_volatile(state)) ++victims;
    if (victims == 0) break;
  }
  // What was evicted last may wait for the lazy-free thread.
  const bool on_its_way = policy != EvictionPolicy::noeviction && lazy_free_.pending() != 0;
  if (within_limit() || on_its_way) return true;
  refused_until_ms_.store(engine::read_unix_ms() + kRefusalHoldsMs, std::memory_order_relaxed);
  return false;
}

// Whether `candidate` should go rather than `chosen`.
bool RedisEngine::goes_first(const Item& candidate, const Item& chosen) const {
  switch (settings_.maxmemory_policy) {
    case EvictionPolicy::volatile_ttl: return deadline_of(candidate) < deadline_of(chosen);
    case EvictionPolicy::volatile_lfu:
      if (candidate.uses() != chosen.uses()) return candidate.uses() < chosen.uses();
      return candidate.accessed_s < chosen.accessed_s;
    case EvictionPolicy::volatile_lru: return candidate.accessed_s < chosen.accessed_s;
    default: return false;
  }
}

// Evicts the item of each class that is next to go in one stripe: for when it is values that take the room, so
// that emptying pages of items gains little. False: there is nothing left.
bool RedisEngine::evict_tails(WorkerState& state) {
  const std::size_t stripes = keyspace().stripe_count();
  const std::size_t first = state.random_u64() % stripes;
  for (std::size_t i = 0; i < stripes; ++i) {
    Stripe& stripe = keyspace().stripe((first + i) % stripes);
    std::lock_guard lock(stripe.lock);
    bool evicted = false;
    for (std::size_t class_id = 1; class_id <= keyspace().classes().count(); ++class_id) {
      if (keyspace().shared_lru(class_id)) continue;
      const Ref chunk = reclaimer().evict_in_stripe(state.worker, stripe, class_id, {.more_than = 0});
      if (chunk == 0) continue;
      keyspace().slabs().free(state.worker.magazines, chunk);
      evicted = true;
    }
    if (evicted) return true;
  }
  return false;
}

// Removes one key with a time to live; false: there is none.
bool RedisEngine::evict_volatile(WorkerState& state) {
  const std::size_t stripes = keyspace().stripe_count();
  const std::size_t first = state.random_u64() % stripes;
  for (std::size_t i = 0; i < stripes; ++i) {
    Stripe& stripe = keyspace().stripe((first + i) % stripes);
    std::lock_guard lock(stripe.lock);
    if (stripe.deadline_count == 0) continue;
    const std::size_t buckets = stripe.table.bucket_count();
    std::size_t bucket = state.random_u64() % buckets;
    std::int64_t left = settings_.maxmemory_samples;
    Ref victim = 0;
    for (std::size_t looked = 0; looked < std::max(buckets, kBucketsLooked) && left > 0; ++looked) {
      stripe.table.for_bucket(bucket, [&](Ref ref) {
        const Item& item = keyspace().item(ref);
        if (deadline_of(item) == 0 || item.pins() != 0) return;
        --left;
        if (victim == 0 || goes_first(item, keyspace().item(victim))) victim = ref;
      });
      bucket = (bucket + 1) % buckets;
      if (victim != 0 && looked >= kBucketsLooked) break;
    }
    if (victim == 0) continue;
    state.worker.count(engine::Counter::evictions);
    keyspace().remove(state.worker, stripe, keyspace().hash_of(victim), victim);
    return true;
  }
  return false;
}

}  // namespace larder::redis
