// The engine's background thread: frees expired and flushed items that nobody asks for any more,
// moves pages between classes, returns mostly free ones to the pool, and brings memory under a
// lowered limit.
//
// Pace. Pages move when workers have evicted a MiB (nudge). The rest comes ten times a second: each
// round looks at a slice of the table such that a small cache is walked
// once a second and a large one about once a minute. A stripe without deadlines is passed over, so
// a cache that uses none pays nothing. A stripe lock is held for kBucketsPerHold buckets at a time.
//
// Threads: one thread with its own Worker and gate; settings are atomics that commands set.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

#include "engine/config.h"
#include "engine/worker.h"

namespace larder::engine {

class CacheEngine;

class Maintainer {
 public:
  Maintainer(CacheEngine& engine, const Config& config);
  ~Maintainer();
  Maintainer(const Maintainer&) = delete;
  Maintainer& operator=(const Maintainer&) = delete;

  /// Starts the thread; calls after the first do nothing. Not in the constructor, so that a process
  /// can fork (-d) between building the engine and running it.
  void start();

  /// Ends the thread for good.
  void stop();

  /// A worker has evicted a MiB: see whether pages should move. Cheap; from any thread.
  void nudge() { wake_.notify_one(); }

  std::atomic<bool> crawler_enabled;
  std::atomic<bool> automove_enabled;
  std::atomic<std::uint64_t> crawler_starts{0};
  /// Asks for a whole walk at full speed (`lru_crawler crawl`).
  void request_walk();
  bool walk_running() const { return walk_stripes_left_.load(std::memory_order_relaxed) != 0; }

 private:
  void run();
  void round();
  void crawl_slice();
  bool crawl_some(std::size_t* buckets);
  void return_idle_pages();
  void move_pages();
  void tell_walk_done(bool asked_for);

  CacheEngine& engine_;
  Worker& worker_;
  std::mutex mutex_;  // guards stop_ and the sleep
  std::condition_variable wake_;
  bool stop_ = false;
  std::atomic<std::size_t> walk_stripes_left_{0};
  std::size_t stripe_ = 0;   // where the crawler is; this thread only
  std::size_t bucket_ = 0;
  std::uint32_t rounds_ = 0;
  struct Tally {             // of a class, by this worker, when the walk began
    std::uint64_t examined = 0;
    std::uint64_t reclaimed = 0;
  };
  std::array<Tally, slab::kClassCountMax> walk_began_with_{};
  std::uint32_t walk_began_s_ = 0;
  std::thread thread_;
};

}  // namespace larder::engine
