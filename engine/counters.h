// Counters of one worker, listed once: the enum, the stats name and the sum cannot drift apart.
// Each counter has one writer (its worker), so counting is a plain load, add and store; readers sum
// over all workers and may see a sum that is a few requests old.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder::engine {

// clang-format off
#define LARDER_COUNTERS(X)                                                                       \
  X(cmd_get) X(cmd_set) X(cmd_flush) X(cmd_touch) X(cmd_meta)                                    \
  X(get_hits) X(get_misses) X(get_expired) X(get_flushed)                                        \
  X(delete_misses) X(delete_hits) X(incr_misses) X(incr_hits) X(decr_misses) X(decr_hits)        \
  X(cas_misses) X(cas_hits) X(cas_badval) X(touch_hits) X(touch_misses)                          \
  X(store_too_large) X(store_no_memory) X(auth_cmds) X(auth_errors)                              \
  X(total_items) X(malloc_fails)                                                                 \
  X(expired_unfetched) X(evicted_unfetched) X(evicted_active) X(evictions) X(reclaimed)          \
  X(crawler_reclaimed) X(crawler_items_checked) X(lrutail_reflocked)                             \
  X(moves_to_cold) X(moves_to_warm) X(moves_within_lru) X(direct_reclaims) X(lru_bumps_dropped)  \
  X(expired_at_tails)

// Per slab class. The first row is what `stats slabs` shows, in its order.
#define LARDER_CLASS_COUNTERS(X)                                                                 \
  X(get_hits) X(cmd_set) X(delete_hits) X(incr_hits) X(decr_hits) X(cas_hits) X(cas_badval)      \
  X(touch_hits)                                                                                  \
  X(evicted) X(evicted_nonzero) X(outofmemory) X(reclaimed) X(expired_unfetched)                 \
  X(evicted_unfetched) X(evicted_active) X(crawler_reclaimed) X(crawler_items_checked)           \
  X(lrutail_reflocked) X(moves_to_cold) X(moves_to_warm) X(moves_within_lru) X(direct_reclaims)  \
  X(hits_to_hot) X(hits_to_warm) X(hits_to_cold) X(hits_to_temp)
// clang-format on

#define LARDER_ENUMERATOR(name) name,
enum class Counter : std::uint8_t { LARDER_COUNTERS(LARDER_ENUMERATOR) count_ };
enum class ClassCounter : std::uint8_t { LARDER_CLASS_COUNTERS(LARDER_ENUMERATOR) count_ };
#undef LARDER_ENUMERATOR

#define LARDER_NAME(name) #name,
inline constexpr std::string_view kCounterNames[] = {LARDER_COUNTERS(LARDER_NAME)};
inline constexpr std::string_view kClassCounterNames[] = {LARDER_CLASS_COUNTERS(LARDER_NAME)};
#undef LARDER_NAME

inline constexpr std::size_t kCounterCount = static_cast<std::size_t>(Counter::count_);
inline constexpr std::size_t kClassCounterCount = static_cast<std::size_t>(ClassCounter::count_);

/// A set of single-writer counters indexed by an enum.
template <typename Enum, std::size_t Count>
class CounterSet {
 public:
  void add(Enum counter, std::uint64_t n = 1) {
    auto& cell = cells_[static_cast<std::size_t>(counter)];
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t read(std::size_t index) const {
    return cells_[index].load(std::memory_order_relaxed);
  }
  void reset() {
    for (auto& cell : cells_) cell.store(0, std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, Count> cells_{};
};
using Counters = CounterSet<Counter, kCounterCount>;
using ClassCounters = CounterSet<ClassCounter, kClassCounterCount>;

}  // namespace larder::engine
