// Exact LRU: one list, evicts the object that was asked for longest ago.

#include "bench/replay/object_list.h"
#include "bench/replay/policy.h"

namespace larder::bench::replay {

namespace {

class LruPolicy final : public Policy {
 public:
  LruPolicy(const Trace& trace, std::uint64_t capacity_bytes)
      : Policy(trace, capacity_bytes), links_(trace.object_count), list_(links_) {}

 protected:
  void touch(std::uint32_t object, std::size_t) override {
    list_.erase(object);
    list_.push_head(object);
  }
  void admit(std::uint32_t object, std::size_t index) override {
    const Request& request = trace().requests[index];
    while (!fits(request.size)) {
      const std::uint32_t victim = list_.tail();
      list_.erase(victim);
      drop(victim);
    }
    list_.push_head(object);
    hold(object, request);
  }
  void forget(std::uint32_t object) override { list_.erase(object); }

 private:
  ObjectLinks links_;
  ObjectList list_;
};

}  // namespace

std::unique_ptr<Policy> make_lru(const Trace& trace, std::uint64_t capacity_bytes) {
  return std::make_unique<LruPolicy>(trace, capacity_bytes);
}

}  // namespace larder::bench::replay
