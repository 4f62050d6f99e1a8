#include "engine/rebalancer.h"

#include <limits>

namespace larder::engine {

void Rebalancer::tick(std::span<const Load> loads) {
  for (std::size_t i = 1; i < loads.size(); ++i) {
    quiet_ticks_[i] = loads[i].stored_count == stored_seen_[i] ? quiet_ticks_[i] + 1 : 0;
    stored_seen_[i] = loads[i].stored_count;
  }
}

void Rebalancer::fade(std::span<const Load> loads) {
  double evicted = 0;
  double held = 0;
  for (std::size_t i = 1; i < loads.size(); ++i) {
    const std::uint64_t fresh = loads[i].evicted_bytes - seen_[i];
    evicting_[i] = fresh != 0;
    recent_[i] += static_cast<double>(fresh);
    seen_[i] = loads[i].evicted_bytes;
    evicted += recent_[i];
    held += static_cast<double>(loads[i].held_bytes);
  }
  if (evicted * 4 < held) return;
  for (double& each : recent_) each /= 2;
}

// The class that turns over fastest among those that evict now; 0: none.
std::size_t Rebalancer::receiver(std::span<const Load> loads, double* turnover) const {
  std::size_t fastest = 0;
  *turnover = 0;
  for (std::size_t i = 1; i < loads.size(); ++i) {
    // Less than half a page says nothing yet.
    if (!evicting_[i] || loads[i].held_bytes == 0 || recent_[i] < page() / 2) continue;
    const double each = recent_[i] / static_cast<double>(loads[i].held_bytes);
    if (each <= *turnover) continue;
    *turnover = each;
    fastest = i;
  }
  return fastest;
}

Rebalancer::Move Rebalancer::decide(std::span<const Load> loads) {
  fade(loads);
  double fastest = 0;
  const std::size_t to = receiver(loads, &fastest);
  if (to == 0) return {};
  std::size_t from = 0;
  double slowest = std::numeric_limits<double>::max();
  for (std::size_t i = 1; i < loads.size(); ++i) {
    if (i == to || loads[i].held_bytes < page_bytes_) continue;
    // As it would be with a page less, so that a page does not come straight back.
    const double left = static_cast<double>(loads[i].held_bytes) - page();
    const bool at_rest =
        quiet_ticks_[i] >= kQuietTicks && loads[i].stored_count == stored_seen_[i];
    if (left < page() && !at_rest) continue;
    const double turnover = recent_[i] / (left < page() ? page() : left);
    if (turnover >= slowest) continue;
    slowest = turnover;
    from = i;
  }
  if (from == 0 || slowest * kImbalance >= fastest) return {};
  return {from, to};
}

}  // namespace larder::engine
