// Takes clients in: accepts from the listeners, keeps to the connection limit, deals connections
// out to the workers in turn.
//
// Over the limit (-c), with maxconns_fast a client is told so and let go; without, nobody listens
// until a connection closes. The limit counts clients; when descriptors run out before it is
// reached, nobody listens either way, until one closes or the next tick.
//
// Threads: the main thread, except connection_closed(), curr_connections() and accepting().
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "server/counters.h"
#include "server/event_loop.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/options.h"
#include "server/udp_port.h"

namespace larder::server {

class WorkerThread;

class Acceptor {
 public:
  /// `mailbox` is the main loop's.
  Acceptor(const Options& options, const Log& log, EventLoop& loop, Mailbox& mailbox);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  /// Opens the listening sockets; `tls` is for those with TLS. Returns why not, or nothing.
  std::optional<Exit> open(TlsContext* tls);
  /// Hands UDP ports to workers, before these start.
  void share_udp(const std::vector<WorkerThread*>& workers);
  /// Starts to accept. `workers` outlive the acceptor's use.
  void start(std::vector<WorkerThread*> workers);
  /// Closes the door for good; sockets stay open until the object goes.
  void stop();
  /// Tries again after descriptors ran out.
  void tick();

  /// A worker has let a client go.
  void connection_closed();

  /// Those of clients, and one for every worker's end of a UDP port, as memcached counts.
  std::uint64_t curr_connections() const {
    return static_cast<std::uint64_t>(connections_.load()) + udp_ends_;
  }
  bool accepting() const { return !paused_.load(); }
  const ThreadCounters& counters() const { return counters_; }
  const std::vector<std::unique_ptr<Listener>>& listeners() const { return listeners_; }
  /// "127.0.0.1:11211, [::1]:11211"
  std::string addresses() const;

 private:
  void accept_from(const Listener& listener);
  void refuse(int fd);
  void pause();
  void resume();
  bool below_limit() const { return connections_.load() < options_.max_connections; }

  const Options& options_;
  const Log& log_;
  EventLoop& loop_;
  Mailbox& mailbox_;
  ThreadCounters counters_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<UdpSocket> udp_sockets_;
  std::size_t udp_ends_ = 0;
  std::vector<WorkerThread*> workers_;
  std::size_t next_worker_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> paused_{false};
  std::chrono::steady_clock::time_point paused_since_;
};

}  // namespace larder::server
