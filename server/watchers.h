// Watchers: connections that get a line for each event (`watch`), and the thread that writes them.
//
// The thread takes events out of the workers' rings (engine/events.h), makes text of them and writes it
// to every watcher that asked for that stream. What a watcher does not read waits in a buffer of its own
// (-o watcher_logbuf_size); when that is full its lines are left out and counted, and it is told how
// many (`skipped=<n>`) before its next line. No worker ever waits for a watcher.
//
// A connection that becomes a watcher keeps its place in its worker's list, but from add() on its
// socket belongs to this thread, until its worker is asked to end it. What such a client sends is read
// and dropped; its end of the stream ends the watcher.
//
// Lines of one worker come in order; those of several are in the order of their gid only.
//
// Threads: add() and the statistics from any thread; start() and stop() the main thread. After stop() no
// socket is touched: workers may end their connections.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/events.h"
#include "engine/worker.h"

namespace larder::server {

class Connection;
class WorkerThread;
struct Options;

class Watchers {
 public:
  static constexpr int kLimit = 20;

  Watchers(engine::GateSet& gates, const Options& options);
  ~Watchers();
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  /// Requires: all engine workers have been added.
  void start();
  void stop();

  /// Takes a connection over and answers it OK. False, and nothing done: there are kLimit already.
  bool add(WorkerThread& worker, Connection& connection, engine::Streams streams);

  /// Since the start or reset_counts().
  struct Counts {
    std::atomic<std::uint64_t> worker_dropped{0};
    std::atomic<std::uint64_t> worker_written{0};
    std::atomic<std::uint64_t> watcher_skipped{0};
    std::atomic<std::uint64_t> watcher_sent{0};
  };
  const Counts& counts() const { return counts_; }
  void reset_counts();
  std::uint64_t watcher_count() const { return static_cast<std::uint64_t>(taken_.load()); }

 private:
  struct Watcher;
  struct Source {  // a worker's log, and what has been counted of it
    engine::EventLog* log;
    std::uint64_t written = 0;
    std::uint64_t dropped = 0;
  };

  void run();
  void admit();
  bool collect();
  void offer(const engine::EventHeader& header, std::string_view line);
  void set_streams();
  void wait(int timeout_ms);
  void drop_failed();
  void wake();

  engine::GateSet& gates_;
  const std::size_t ring_bytes_;
  const std::size_t buffer_bytes_;
  const int wake_fd_;
  Counts counts_;
  std::atomic<int> taken_{0};  // watchers there are or will be
  std::vector<Source> sources_;                     // the thread's
  std::vector<std::unique_ptr<Watcher>> watchers_;  // the thread's
  std::mutex mutex_;
  std::vector<std::unique_ptr<Watcher>> incoming_;  // guarded by mutex_
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace larder::server
