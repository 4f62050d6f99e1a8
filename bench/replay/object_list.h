// Doubly linked lists of object numbers over one shared array of links: an object is in at most one
// of the lists that share the links, and leaves it in O(1) from anywhere.
//
// Threads: owned by one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/replay/trace.h"

namespace larder::bench::replay {

struct ObjectLink {
  std::uint32_t newer = kNever;
  std::uint32_t older = kNever;
};
using ObjectLinks = std::vector<ObjectLink>;

class ObjectList {
 public:
  /// Requires: `links` outlives the list and has a link for every object.
  explicit ObjectList(ObjectLinks& links) : links_(links) {}

  bool empty() const { return tail_ == kNever; }
  /// The oldest. Requires: not empty.
  std::uint32_t tail() const { return tail_; }

  /// Requires: in none of the lists that share these links.
  void push_head(std::uint32_t object) {
    links_[object] = {kNever, head_};
    (head_ == kNever ? tail_ : links_[head_].newer) = object;
    head_ = object;
  }
  /// Requires: in this list.
  void erase(std::uint32_t object) {
    const ObjectLink link = links_[object];
    (link.newer == kNever ? head_ : links_[link.newer].older) = link.older;
    (link.older == kNever ? tail_ : links_[link.older].newer) = link.newer;
  }

 private:
  ObjectLinks& links_;
  std::uint32_t head_ = kNever;
  std::uint32_t tail_ = kNever;
};

}  // namespace larder::bench::replay
