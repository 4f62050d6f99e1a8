// The engine's background thread: frees expired and flushed items that nobody asks for any more,
// moves pages between classes, returns mostly free ones to the pool, and brings memory under a
// lowered limit.
//
// Pace. Pages move when workers have evicted a MiB (nudge). The rest comes ten times a second: each
// round looks at a slice of the table such that a small cache is walked
// once a second and a large one about once a minute. A stripe without deadlines is passed over, so
// a cache that uses none pays nothing. A stripe lock is held for kBucketsPerHold buckets at a time, and
// after every thousand items the walk rests for crawler_sleep_us.
//
// Expired items found at the end of an LRU list count as `reclaimed`, those found by the walk as
// `crawler_reclaimed`, as with memcached's two threads. A walk that a client asked for (`lru_crawler
// crawl`) looks at the classes it names, at crawler_tocrawl items of each, and does nothing but walk.
//
// Threads: one thread with its own Worker and gate; settings are atomics that commands set.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

#include "engine/config.h"
#include "engine/reclaimer.h"
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
  void nudge() {
    nudged_.store(true, std::memory_order_relaxed);
    wake_.notify_one();
  }

  std::atomic<bool> crawler_enabled;
  std::atomic<bool> automove_enabled;
  std::atomic<double> automove_ratio;
  std::atomic<std::uint32_t> automove_window;
  std::atomic<std::uint32_t> crawler_sleep_us;
  std::atomic<std::uint32_t> crawler_tocrawl;  // 0: all
  std::atomic<std::uint64_t> crawler_starts{0};
  using Classes = std::bitset<slab::kClassCountMax>;
  /// Asks for a whole walk of these classes. Requires: none is running.
  void request_walk(const Classes& classes);
  bool walk_running() const { return walk_stripes_left_.load(std::memory_order_relaxed) != 0; }

 private:
  using Moment = std::chrono::steady_clock::time_point;

  void run();
  void round();
  void begin_slice();
  void crawl_on();
  bool crawl_some();
  void begin_walk();
  bool rests(Moment now) const { return now < crawl_resumes_; }
  std::size_t return_idle_pages(std::size_t most);
  void move_pages(std::size_t idle_most);
  void end_walk();
  void tell_walk_done();

  CacheEngine& engine_;
  Worker& worker_;
  std::mutex mutex_;  // guards stop_, walk_classes_ and the sleep
  std::condition_variable wake_;
  bool stop_ = false;
  std::atomic<bool> nudged_{false};
  const bool frees_dead_;              // as memcached's LRU maintainer does
  std::atomic<std::size_t> walk_stripes_left_{0};
  Classes walk_classes_;  // guarded by mutex_; written before walk_stripes_left_
  // This thread's own: where the crawler is, and how it goes on.
  std::size_t stripe_ = 0;
  std::size_t bucket_ = 0;
  std::size_t slice_buckets_left_ = 0;
  bool asked_for_ = false;             // the walk that goes on
  Reclaimer::WalkBudget budget_{};
  Moment crawl_resumes_{};
  // When a class last had idle pages that could not be emptied: left alone for that second.
  std::array<std::uint32_t, slab::kClassCountMax> stuck_at_s_{};
  struct Tally {             // of a class, by this worker, when the walk began
    std::uint64_t examined = 0;
    std::uint64_t reclaimed = 0;
  };
  std::array<Tally, slab::kClassCountMax> walk_began_with_{};
  std::uint32_t walk_began_s_ = 0;
  std::thread thread_;
};

}  // namespace larder::engine
