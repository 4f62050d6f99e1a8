// Belady's MIN with knowledge of the future: evicts the object whose next request is farthest away,
// and does not admit a new one that would be that object itself. A next request that comes after
// the object has expired is none.
//
// For objects of one size no policy hits more often. For mixed sizes it is the usual bound of
// comparison, not a proven one: to give up one large object for several small ones can be better.
// Source: L. A. Belady: A study of replacement algorithms for a virtual-storage computer, 1966.

#include <queue>
#include <utility>

#include "bench/replay/policy.h"

namespace larder::bench::replay {

namespace {

class BeladyPolicy final : public Policy {
 public:
  BeladyPolicy(const Trace& trace, std::uint64_t capacity_bytes)
      : Policy(trace, capacity_bytes),
        next_requests_(next_requests(trace)),
        next_use_(trace.object_count, kNever) {}

 protected:
  void touch(std::uint32_t object, std::size_t index) override {
    expect(object, next_use(index, deadline_ms(object)));
  }

  void admit(std::uint32_t object, std::size_t index) override {
    const Request& request = trace().requests[index];
    const std::uint32_t next = next_use(index, deadline_of(request));
    if (next == kNever) return;
    while (!fits(request.size)) {
      const auto [use, victim] = farthest_.top();
      const bool stale = !cached(victim) || next_use_[victim] != use;
      if (!stale && use < next) return;
      farthest_.pop();
      if (!stale) drop(victim);
    }
    hold(object, request);
    expect(object, next);
  }

  void forget(std::uint32_t) override {}

 private:
  using Use = std::pair<std::uint32_t, std::uint32_t>;  // index of a request, object

  std::uint32_t next_use(std::size_t index, std::uint64_t deadline) const {
    const std::uint32_t next = next_requests_[index];
    return next != kNever && trace().requests[next].time_ms < deadline ? next : kNever;
  }
  void expect(std::uint32_t object, std::uint32_t next) {
    next_use_[object] = next;
    farthest_.emplace(next, object);
  }

  std::vector<std::uint32_t> next_requests_;
  std::vector<std::uint32_t> next_use_;  // of cached objects
  // Farthest first. Entries that no longer match next_use_ or the cache are stale, and skipped.
  std::priority_queue<Use> farthest_;
};

}  // namespace

std::unique_ptr<Policy> make_belady(const Trace& trace, std::uint64_t capacity_bytes) {
  return std::make_unique<BeladyPolicy>(trace, capacity_bytes);
}

}  // namespace larder::bench::replay
