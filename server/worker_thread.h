// A worker: one thread, one event loop, and the connections that were handed to it.
//
// What connections share here, because only one of them is served at a time: the read buffer, the
// output, and the list of those whose turn was cut short by -R.
//
// The round: connections that are ready in one turn of the loop are all read first, one behind the other
// into the read buffer; then the keys of their first requests are prefetched together, so that memory
// latency overlaps, and each is served.
//
// Threads: start(), stop(), join(), adopt() and post() are called by the main thread (post() by
// any); for_each_connection() by any. The rest belongs to the worker's own thread. The list of
// connections is guarded by connections_mutex_, taken only when it changes or is shown; no gate is
// taken while it is held.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/engine.h"
#include "engine/worker.h"
#include "proto/host.h"
#include "proto/output.h"
#include "server/connection.h"
#include "server/counters.h"
#include "server/event_loop.h"
#include "server/log.h"
#include "server/options.h"
#include "server/proven_addresses.h"
#include "server/tls.h"
#include "server/udp_port.h"
#include "server/watchers.h"

namespace larder::server {

/// What all workers of a process share; outlives them.
struct WorkerShared {
  const Options& options;
  const proto::Settings& settings;
  engine::Engine& engine;
  const Log& log;
  Watchers& watchers;
  ProvenAddresses& proven_addresses;
  std::function<void()> connection_closed;  // called on the worker's thread
};

class WorkerThread {
 public:
  /// The most one read brings; also what a batch of requests, and all of a round, is limited to.
  static constexpr std::size_t kReadBytes = 64 * 1024;

  /// `host` answers the protocols of this worker.
  WorkerThread(const WorkerShared& shared, engine::Worker& engine_worker, proto::Host& host);
  ~WorkerThread();
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  void start(unsigned number);
  /// Asks the thread to close its connections and end. Graceful: a connection whose requests are
  /// being answered gets up to kGraceTime to take its replies.
  void stop(bool graceful);
  void join();

  /// Hands a client over. `listener` outlives the worker.
  void adopt(int fd, const ListenerInfo& listener, const PeerAddress& peer);
  /// Serves a UDP port as well. Before start(); `info` outlives the worker.
  void serve_udp(int fd, const ListenerInfo& info);
  /// Runs `task` on this worker's thread.
  void post(std::function<void()> task) { mailbox_.post(std::move(task)); }

  const ThreadCounters& counters() const { return counters_; }
  template <typename Visitor>
  void for_each_connection(Visitor&& visit) const {
    const std::lock_guard lock(connections_mutex_);
    for (const auto& connection : connections_) visit(*connection);
  }

  template <typename Visitor>
  void for_each_udp_port(Visitor&& visit) const {
    for (const auto& port : udp_ports_) visit(*port);
  }

  // For its connections.
  const WorkerShared& shared() const { return shared_; }
  event_base* base() const { return loop_.base(); }
  ThreadCounters& counters() { return counters_; }
  engine::Worker& engine_worker() { return engine_worker_; }
  proto::Session session(int descriptor) {
    return {shared_.engine, engine_worker_, host_, shared_.settings, descriptor};
  }
  std::uint32_t now_s() const { return shared_.engine.clock().now(); }
  /// Room to read into, more than `kept` bytes; serves the round first if it takes up too much of it.
  std::span<char> read_room(std::size_t kept);
  /// All kReadBytes of it: serves the round first if that has any.
  std::span<char> empty_read_buffer();
  /// `input` was read into the room, or is in the connection: to be served at the end of the round.
  void enter_round(Connection& connection, std::string_view input);
  /// The output of the connection that is being served; empty in between.
  proto::Output& output() { return *output_; }
  /// Gives output() away to a connection that has to keep it, and takes it back, empty.
  std::unique_ptr<proto::Output> lend_output();
  /// Drops what is left in output().
  void clear_output();
  void return_output(std::unique_ptr<proto::Output> output);
  /// Whether another connection of this worker waits to be served.
  bool others_wait() const {
    return round_left_ != 0 || loop_.others_due() || !turns_.empty() || serving_left_ != 0;
  }
  void queue_turn(Connection& connection);
  /// Whether requests and replies that connections keep are more than this worker's share of
  /// read_buf_mem_limit.
  bool buffers_over_limit() const {
    return buffer_bytes_max_ != 0 && kept_buffer_bytes() > buffer_bytes_max_;
  }
  /// Ends a connection; it is gone when this returns.
  void destroy(Connection& connection, engine::CloseReason reason);
  /// Called when a connection waits for its client: ends it if the worker drains.
  void leave_if_draining(Connection& connection);

 private:
  static constexpr std::chrono::seconds kGraceTime{5};

  void open(Socket socket, const ListenerInfo& listener, const PeerAddress& peer);
  std::uint64_t kept_buffer_bytes() const;
  void serve_turns();
  void serve_round();
  void close_idle();
  bool overdue(Connection& connection);
  void begin_stop(bool graceful);
  void destroy_all(bool only_at_rest);

  const WorkerShared& shared_;
  engine::Worker& engine_worker_;
  proto::Host& host_;
  ThreadCounters counters_;

  EventLoop loop_;
  Mailbox mailbox_;
  Timer turn_timer_;
  Timer second_timer_;  // idle_timeout; the grace time when draining
  bool draining_ = false;

  // A connection that was read in this turn (null: gone since) and what it brought.
  struct Arrival {
    Connection* connection;
    std::string_view input;
  };
  static constexpr std::size_t kRoundMax = 32;
  // A read is offered at least this much.
  static constexpr std::size_t kReadRoomMin = kReadBytes / 4;

  TlsWorker tls_;
  const std::uint64_t buffer_bytes_max_;  // 0: no limit
  const std::unique_ptr<char[]> read_buffer_;
  std::size_t read_used_ = 0;  // bytes of it that the round's input takes
  std::array<Arrival, kRoundMax> round_;
  std::size_t round_count_ = 0;
  std::size_t round_left_ = 0;  // of the round that is being served
  std::unique_ptr<proto::Output> output_;
  std::vector<std::unique_ptr<proto::Output>> spare_outputs_;
  std::vector<Connection*> turns_;    // cut short, in order
  std::vector<Connection*> serving_;  // this round of them
  std::size_t serving_left_ = 0;      // of serving_, not served yet

  std::vector<std::unique_ptr<UdpPort>> udp_ports_;  // constant after start()

  mutable std::mutex connections_mutex_;
  std::vector<std::unique_ptr<Connection>> connections_;  // guarded by connections_mutex_

  std::thread thread_;
};

}  // namespace larder::server
