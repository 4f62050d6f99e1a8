// One client thread: an epoll set, its share of the connections, and the pace.
//
// Closed loop (no --rate): every connection sends its next batch as soon as the last one is
// answered. Open loop (--rate): batches are due at fixed moments, taken by whichever connection
// is idle, and latency counts from the moment due, so that a stalled server cannot hide behind
// requests that were never sent.
// Threads: open() and run() on one thread at a time; totals() between runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "bench/loadgen/connection.h"

namespace larder::bench {

/// What one run of all workers does. Times are now_ns() times.
struct Phase {
  bool prefill = false;
  std::uint64_t end_ns = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t requests = std::numeric_limits<std::uint64_t>::max();  // of this worker
  std::uint64_t first_due_ns = 0;
  std::uint64_t interval_ns = 0;  // between batches of this worker; 0 = closed loop
};

class Worker {
 public:
  /// Takes the connections number, number + threads, ... A failure anywhere sets `stop`, which
  /// ends all workers. Requires: `scene` and `stop` outlive the worker.
  Worker(const Scene& scene, std::uint32_t number, std::atomic<bool>& stop);

  /// Connects. False on failure, which is in totals().
  bool open();
  /// Runs one phase to its end: all that was sent is answered, or has failed.
  void run(const Phase& phase);

  const Totals& totals() const { return totals_; }
  void reset_totals() { totals_ = Totals(); }

 private:
  bool may_send(std::uint64_t now) const;
  /// Sends the next batch, which is due at `due_ns`; false when there is nothing left to send.
  bool send_batch(Connection& connection, std::uint64_t due_ns);
  void send_due(std::uint64_t now);
  bool wait_and_handle();
  std::uint64_t wait_ns(std::uint64_t now) const;
  void handle(Connection& connection, std::uint32_t events);
  void watch(Connection& connection, int operation);
  void fail_active(const char* why);

  const Scene& scene_;
  std::atomic<bool>& stop_;
  Totals totals_;
  std::vector<std::unique_ptr<Connection>> connections_;
  FileDescriptor epoll_;
  std::vector<char> scratch_;

  Phase phase_;
  std::uint64_t stall_ns_;
  std::uint64_t requests_left_ = 0;
  std::uint64_t next_due_ns_ = 0;
  std::size_t active_ = 0;         // connections with a batch under way
  std::vector<Connection*> idle_;  // open loop: those without
};

}  // namespace larder::bench
