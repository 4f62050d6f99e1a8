#include "engine/rebalancer.h"

#include <algorithm>
#include <limits>

namespace larder::engine {

void Rebalancer::tick(std::span<const Load> loads) {
  for (std::size_t i = 1; i < loads.size(); ++i) {
    quiet_ticks_[i] = loads[i].stored_count == stored_seen_[i] ? quiet_ticks_[i] + 1 : 0;
    stored_seen_[i] = loads[i].stored_count;
  }
}

void Rebalancer::fade(std::span<const Load> loads) {
  double passed = 0;
  double held = 0;
  for (std::size_t i = 1; i < loads.size(); ++i) {
    const std::uint64_t left_hot = loads[i].left_hot_bytes - seen_hot_[i];
    const std::uint64_t evicted = loads[i].evicted_bytes - seen_[i];
    evicting_[i] = left_hot != 0 || evicted != 0;
    recent_hot_[i] += static_cast<double>(left_hot);
    recent_[i] += static_cast<double>(evicted);
    seen_hot_[i] = loads[i].left_hot_bytes;
    seen_[i] = loads[i].evicted_bytes;
    passed += recent(i);
    held += static_cast<double>(loads[i].held_bytes);
  }
  if (passed * kWindowOfAll < held * settings_.window) return;
  for (double& each : recent_hot_) each /= 2;
  for (double& each : recent_) each /= 2;
}

// What each class should hold, and how much of that on probation.
void Rebalancer::share_out(std::span<const Load> loads, std::uint32_t hot_percent) {
  double hot = 0;
  double rest = 0;
  double held = 0;
  std::array<double, slab::kClassCountMax> flow{};  // of what stays, in items
  for (std::size_t i = 1; i < loads.size(); ++i) {
    flow[i] = (recent_[i] + kHotWeight * recent_hot_[i]) /
              static_cast<double>(std::max<std::size_t>(1, loads[i].item_bytes));
    hot += recent_hot_[i];
    rest += flow[i];
    held += static_cast<double>(loads[i].held_bytes);
  }
  const double for_hot = hot == 0 ? 0 : held * hot_percent / 100;
  for (std::size_t i = 1; i < loads.size(); ++i) {
    const double own_hot = hot == 0 ? 0 : for_hot * recent_hot_[i] / hot;
    want_[i] = rest == 0 ? 0 : own_hot + (held - for_hot) * flow[i] / rest;
    if (recent(i) < page() || loads[i].held_bytes == 0) continue;
    const double share = 1000 * own_hot / static_cast<double>(loads[i].held_bytes);
    hot_permille_[i] = static_cast<std::uint16_t>(std::clamp(share, 10.0, 600.0));
  }
}

// The class that lacks most among those that evict now; 0: none.
std::size_t Rebalancer::receiver(std::span<const Load> loads, double* want) const {
  std::size_t neediest = 0;
  *want = 0;
  for (std::size_t i = 1; i < loads.size(); ++i) {
    // Less than half a page says nothing yet.
    if (!evicting_[i] || loads[i].held_bytes == 0 || recent(i) < page() / 2) continue;
    const double each = want_[i] / static_cast<double>(loads[i].held_bytes);
    if (each <= *want) continue;
    *want = each;
    neediest = i;
  }
  return neediest;
}

Rebalancer::Move Rebalancer::decide(std::span<const Load> loads, std::uint32_t hot_percent) {
  fade(loads);
  share_out(loads, hot_percent);
  double most = 0;
  const std::size_t to = receiver(loads, &most);
  if (to == 0) return {};
  std::size_t from = 0;
  double least = std::numeric_limits<double>::max();
  for (std::size_t i = 1; i < loads.size(); ++i) {
    if (i == to || loads[i].held_bytes < page_bytes_) continue;
    // As it would be with a page less, so that a page does not come straight back.
    const double left = static_cast<double>(loads[i].held_bytes) - page();
    const bool at_rest =
        quiet_ticks_[i] >= kQuietTicks && loads[i].stored_count == stored_seen_[i];
    if (left < page() && !at_rest) continue;
    const double want = want_[i] / (left < page() ? page() : left);
    if (want >= least) continue;
    least = want;
    from = i;
  }
  if (from == 0 || least >= most * settings_.ratio) return {};
  return {from, to};
}

}  // namespace larder::engine
