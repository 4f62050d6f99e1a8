// Takes fields out of hashes when their deadlines have come, without being asked: a slow walk over all
// stripes, ten steps a second, that rests while there are no such hashes.
//
// Commands need it not: they take dead fields out of a hash before they look at it. It gives memory back.
//
// Threads: note() any; step() the lazy-free thread.
#pragma once

#include <atomic>
#include <cstddef>

namespace larder::redis {

class RedisEngine;
struct WorkerState;

class FieldExpiry {
 public:
  /// A hash may have got a field with a deadline.
  void note() {
    if (!wanted_.load(std::memory_order_relaxed)) wanted_.store(true, std::memory_order_relaxed);
  }
  /// Goes on with the walk. Requires: the gate of the state's worker is not held.
  void step(RedisEngine& engine, WorkerState& state);

 private:
  bool walk_buckets(RedisEngine& engine, WorkerState& state);

  std::atomic<bool> wanted_{false};
  // Where the walk is, and whether it has met a hash whose fields have deadlines.
  std::size_t stripe_ = 0;
  std::size_t bucket_ = 0;
  bool met_ = false;
};

}  // namespace larder::redis
