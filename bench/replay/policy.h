// Simulated caches without any overhead: what a policy can reach when memory holds nothing but keys
// and values. They answer a trace as a look-aside cache does: a miss is followed by a set.
//
// The base class keeps the books and expires objects the moment their TTL ends; a policy keeps the
// order and chooses whom to evict. A hit leaves an object's size and lifetime as they were set.
//
// Invariants
//  1. used_bytes() is the sum of the sizes of the cached objects and at most capacity_bytes().
//  2. An object whose lifetime is over is never cached when a request is answered.
// Threads: a policy belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/replay/trace.h"

namespace larder::bench::replay {

class Policy {
 public:
  /// Requires: `trace` outlives the policy.
  Policy(const Trace& trace, std::uint64_t capacity_bytes);
  virtual ~Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  /// Answers the trace's request `index`: true for a hit. Requires: requests come in order.
  bool request(std::size_t index);

  std::uint64_t used_bytes() const { return used_bytes_; }
  std::uint64_t capacity_bytes() const { return capacity_bytes_; }
  /// Recounts everything; for tests.
  virtual bool check_integrity() const;

 protected:
  /// The cached `object` was asked for.
  virtual void touch(std::uint32_t object, std::size_t index) = 0;
  /// Makes room for `object` by evict() and holds it, or declines. Requires: it fits an empty
  /// cache.
  virtual void admit(std::uint32_t object, std::size_t index) = 0;
  /// The cached `object` is about to go because it has expired: forget it.
  virtual void forget(std::uint32_t object) = 0;

  /// Books for the policies: an object becomes cached, and is no longer.
  void hold(std::uint32_t object, const Request& request);
  void drop(std::uint32_t object);

  bool cached(std::uint32_t object) const { return objects_[object].cached; }
  std::uint32_t size_of(std::uint32_t object) const { return objects_[object].size; }
  std::uint64_t deadline_ms(std::uint32_t object) const { return objects_[object].deadline_ms; }
  bool fits(std::uint32_t bytes) const { return used_bytes_ + bytes <= capacity_bytes_; }
  const Trace& trace() const { return trace_; }

  static constexpr std::uint64_t kNoDeadline = UINT64_MAX;
  /// When an object set by this request expires.
  static std::uint64_t deadline_of(const Request& request);

 private:
  struct Object {
    std::uint64_t deadline_ms = kNoDeadline;
    std::uint32_t size = 0;
    bool cached = false;
  };
  using Deadline = std::pair<std::uint64_t, std::uint32_t>;  // when, object

  void expire_until(std::uint64_t now_ms);

  const Trace& trace_;
  std::uint64_t capacity_bytes_;
  std::uint64_t used_bytes_ = 0;
  std::vector<Object> objects_;
  // Earliest first. An entry whose object was dropped or set anew since is stale, and skipped.
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
};

/// "lru", "s3fifo" or "belady"; null when the name is none of them.
std::unique_ptr<Policy> make_policy(std::string_view name, const Trace& trace,
                                    std::uint64_t capacity_bytes);

std::unique_ptr<Policy> make_lru(const Trace& trace, std::uint64_t capacity_bytes);
std::unique_ptr<Policy> make_s3fifo(const Trace& trace, std::uint64_t capacity_bytes);
std::unique_ptr<Policy> make_belady(const Trace& trace, std::uint64_t capacity_bytes);

}  // namespace larder::bench::replay
