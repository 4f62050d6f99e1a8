// Frees large values on a thread of its own, so that deleting a million elements costs the deleting
// command nothing.
//
// Values are handed over on a stack without a lock (push may run under a stripe lock); the thread takes
// all of them at once. What is in it counts as pending.
//
// Threads: push() and pending() any; the rest the owner's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>

#include "engine/redis/types/value.h"

namespace larder::redis {

class LazyFree {
 public:
  LazyFree() = default;
  ~LazyFree();
  LazyFree(const LazyFree&) = delete;
  LazyFree& operator=(const LazyFree&) = delete;

  /// `sweep` is run by the thread when asked for (request_sweep), until it returns false; `tick` about ten
  /// times a second.
  void start(std::function<bool()> sweep, std::function<void()> tick);
  void stop();

  void push(Value* value);
  void request_sweep();
  std::size_t pending() const { return pending_.load(std::memory_order_relaxed); }
  std::size_t freed() const { return freed_.load(std::memory_order_relaxed); }

 private:
  struct Node {
    Value* value;
    Node* next;
  };
  void run();
  void free_all();

  std::atomic<Node*> head_{nullptr};
  std::atomic<std::size_t> pending_{0};
  std::atomic<std::size_t> freed_{0};
  std::atomic<bool> sweep_wanted_{false};
  std::function<bool()> sweep_;
  std::function<void()> tick_;
  std::mutex mutex_;  // guards stop_ and the sleep
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace larder::redis
