// What one thread brings to the engine: its gate, its counters, its log of events and its stock of free
// chunks.
//
// Gates. A thread holds its own gate around each batch of commands; an exclusive section
// (ExclusiveSection) holds them all, so that no command is half done anywhere. That instant is the
// cut on which flush_all, and later snapshots, stand. While a section waits, GateGuard lets it go
// first, so a busy worker cannot starve it.
//
// Locking: gates are taken in the order of their workers; an ExclusiveSection is opened by a thread
// that holds no gate. Counters have one writer, the owning thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/counters.h"
#include "engine/events.h"
#include "slab/lock.h"
#include "slab/magazine.h"

namespace larder::engine {

class GateSet;

class alignas(64) Worker {
 public:
  explicit Worker(GateSet& gates);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  EventLog events;
  Counters counters;
  std::array<ClassCounters, slab::kClassCountMax> class_counters;
  slab::Magazines magazines;

  /// What went through each Lru to make room for new items, in bytes, for the rebalancer; written by
  /// the owning thread only.
  struct Turnover {
    std::atomic<std::uint64_t> left_hot{0};  // end of probation, kept or not
    std::atomic<std::uint64_t> evicted{0};   // from elsewhere
  };
  std::array<Turnover, slab::kClassCountMax> turnover{};
  void left_hot(std::size_t lru_index, std::size_t bytes) { add(turnover[lru_index].left_hot, bytes); }
  void evicted(std::size_t lru_index, std::size_t bytes) { add(turnover[lru_index].evicted, bytes); }
  /// True once for every MiB turned over: time to tell the maintainer.
  bool turnover_due() {
    if (unreported_bytes_ < (1 << 20)) return false;
    unreported_bytes_ = 0;
    return true;
  }

  void count(Counter counter, std::uint64_t n = 1) { counters.add(counter, n); }
  void count(std::size_t class_id, ClassCounter counter) { class_counters[class_id].add(counter); }

 private:
  friend class GateGuard;
  friend class GatePause;
  friend class ExclusiveSection;
  void add(std::atomic<std::uint64_t>& cell, std::size_t bytes) {
    cell.store(cell.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
    unreported_bytes_ += bytes;
  }
  void enter_gate();
  GateSet& gates_;
  GateLock gate_;
  std::size_t unreported_bytes_ = 0;
};

/// All workers of an engine. Workers are added before their threads start and live as long as the
/// engine.
class GateSet {
 public:
  Worker& add_worker();
  /// For summing counters: workers never go away.
  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    std::lock_guard lock(list_mutex_);
    for (const auto& worker : workers_) visit(*worker);
  }

  /// The logs of all workers that there are now, for the one thread that reads events.
  std::vector<EventLog*> event_logs();
  std::uint64_t last_event_id() const { return event_ids_.load(std::memory_order_relaxed); }

 private:
  friend class Worker;
  friend class GateGuard;
  friend class GatePause;
  friend class ExclusiveSection;
  std::atomic<std::uint64_t> event_ids_{0};
  mutable std::mutex list_mutex_;  // guards workers_
  std::vector<std::unique_ptr<Worker>> workers_;
  std::mutex section_mutex_;       // one exclusive section at a time; none while a worker is added
  std::atomic<int> sections_pending_{0};
};

inline Worker::Worker(GateSet& gates) : events(gates.event_ids_), gates_(gates) {}

/// Holds a worker's gate for a batch of commands. Bounded by the server's fairness limit.
class GateGuard {
 public:
  explicit GateGuard(Worker& worker);
  ~GateGuard() { worker_.gate_.unlock(); }
  GateGuard(const GateGuard&) = delete;
  GateGuard& operator=(const GateGuard&) = delete;

 private:
  Worker& worker_;
};

/// Gives a gate that the thread holds up for a while: for work that needs nothing of what it guards.
class GatePause {
 public:
  explicit GatePause(Worker& worker) : worker_(worker) { worker_.gate_.unlock(); }
  ~GatePause();
  GatePause(const GatePause&) = delete;
  GatePause& operator=(const GatePause&) = delete;

 private:
  Worker& worker_;
};

/// Holds every gate. `own` is the calling thread's worker whose gate is held now: it is given up
/// for the wait and held again at the end (nullptr: the thread holds none).
class ExclusiveSection {
 public:
  ExclusiveSection(GateSet& gates, Worker* own);
  ~ExclusiveSection();
  ExclusiveSection(const ExclusiveSection&) = delete;
  ExclusiveSection& operator=(const ExclusiveSection&) = delete;

 private:
  GateSet& gates_;
  Worker* own_;
  std::vector<Worker*> held_;
};

}  // namespace larder::engine
