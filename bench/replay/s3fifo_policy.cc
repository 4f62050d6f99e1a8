// S3-FIFO: a small FIFO of a tenth of the capacity for new objects, a main FIFO for those that were
// asked for again, and a ghost FIFO with the names of objects that left the small one too early to
// tell. Objects count up to three uses; a use moves nothing.
//
//   new               -> main if its name is in ghost, else small
//   tail of small     -> main if used more than once, with its count cleared, else out and to ghost
//   tail of main      -> back to its head while it has uses left, one fewer each time, else out
//   full              -> take from small while it is above its tenth, else from main
//
// Sizes are bytes; ghost remembers as many bytes' worth of names as main holds at most.
// Source: J. Yang, Y. Zhang, Z. Qiu, Y. Yue, R. Vinayak: FIFO queues are all you need for cache
// eviction, SOSP 2023, algorithm 1.

#include <algorithm>

#include "bench/replay/object_list.h"
#include "bench/replay/policy.h"

namespace larder::bench::replay {

namespace {

constexpr std::uint8_t kUsesMax = 3;
constexpr std::uint8_t kUsesToMain = 2;  // "more than once"
constexpr std::uint64_t kSmallPerCapacity = 10;

enum class Place : std::uint8_t { none, small, main, ghost };

class S3FifoPolicy final : public Policy {
 public:
  S3FifoPolicy(const Trace& trace, std::uint64_t capacity_bytes)
      : Policy(trace, capacity_bytes),
        links_(trace.object_count),
        states_(trace.object_count),
        small_{Place::small, ObjectList(links_), capacity_bytes / kSmallPerCapacity},
        main_{Place::main, ObjectList(links_), capacity_bytes - small_.share_bytes},
        ghost_{Place::ghost, ObjectList(links_), main_.share_bytes} {}

  bool check_integrity() const override {
    return Policy::check_integrity() && small_.bytes + main_.bytes == used_bytes() &&
           ghost_.bytes <= ghost_.share_bytes;
  }

 protected:
  void touch(std::uint32_t object, std::size_t) override {
    std::uint8_t& uses = states_[object].uses;
    uses = std::min<std::uint8_t>(kUsesMax, static_cast<std::uint8_t>(uses + 1));
  }

  void admit(std::uint32_t object, std::size_t index) override {
    const Request& request = trace().requests[index];
    while (!fits(request.size)) evict();
    const bool known = states_[object].place == Place::ghost;
    if (known) leave(ghost_, object);
    hold(object, request);
    states_[object].uses = 0;
    enter(known ? main_ : small_, object);
  }

  void forget(std::uint32_t object) override {
    leave(states_[object].place == Place::small ? small_ : main_, object);
  }

 private:
  struct Queue {
    Place place;
    ObjectList list;
    std::uint64_t share_bytes;
    std::uint64_t bytes = 0;
  };
  struct State {
    Place place = Place::none;
    std::uint8_t uses = 0;
    std::uint32_t bytes = 0;  // it counts for in its queue
  };

  void enter(Queue& queue, std::uint32_t object) {
    states_[object].place = queue.place;
    states_[object].bytes = size_of(object);
    queue.bytes += size_of(object);
    queue.list.push_head(object);
  }
  void leave(Queue& queue, std::uint32_t object) {
    queue.list.erase(object);
    queue.bytes -= states_[object].bytes;
    states_[object].place = Place::none;
  }

  /// One step: may move an object to main instead of evicting it.
  void evict() {
    if (main_.list.empty() || (small_.bytes >= small_.share_bytes && !small_.list.empty())) {
      evict_small();
    } else {
      evict_main();
    }
  }

  void evict_small() {
    const std::uint32_t object = small_.list.tail();
    leave(small_, object);
    if (states_[object].uses >= kUsesToMain) {
      states_[object].uses = 0;
      enter(main_, object);
      if (main_.bytes > main_.share_bytes) evict_main();
      return;
    }
    drop(object);
    remember(object);
  }

  void evict_main() {
    while (true) {
      const std::uint32_t object = main_.list.tail();
      leave(main_, object);
      if (states_[object].uses == 0) {
        drop(object);
        return;
      }
      --states_[object].uses;
      enter(main_, object);
    }
  }

  void remember(std::uint32_t object) {
    enter(ghost_, object);
    while (ghost_.bytes > ghost_.share_bytes) leave(ghost_, ghost_.list.tail());
  }

  ObjectLinks links_;
  std::vector<State> states_;
  Queue small_;
  Queue main_;
  Queue ghost_;
};

}  // namespace

std::unique_ptr<Policy> make_s3fifo(const Trace& trace, std::uint64_t capacity_bytes) {
  return std::make_unique<S3FifoPolicy>(trace, capacity_bytes);
}

}  // namespace larder::bench::replay
