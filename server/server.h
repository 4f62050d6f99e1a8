// The running server, put together: engine, workers, acceptor, signals, ticker; and the services
// that protocols ask of it (proto::Host).
//
// Threads: the main thread builds, runs and stops it. Each worker has its own Host, which carries
// its engine worker; what hosts share is safe for all threads.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/cache_engine.h"
#include "proto/host.h"
#include "server/acceptor.h"
#include "server/discovery.h"
#include "server/auth_file.h"
#include "server/event_loop.h"
#include "server/log.h"
#include "server/options.h"
#include "server/sasl.h"
#include "server/signals.h"
#include "server/stats.h"
#include "server/tls.h"
#include "server/warm_restart.h"
#include "server/watchers.h"
#include "server/worker_thread.h"

namespace larder::server {

class Server {
 public:
  /// Reserves memory; throws std::system_error when it cannot. `options` outlive the server. `tls`
  /// is set with -Z.
  Server(const Options& options, std::unique_ptr<TlsContext> tls);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Opens the listening sockets and starts the threads. Returns why not, or nothing.
  std::optional<Exit> start();
  /// One line: who listens where.
  std::string greeting() const;
  /// Serves until a signal or a shutdown command, then ends every thread.
  void run();
  /// Any thread. Graceful: clients get the replies to what they have sent.
  void request_stop(bool graceful);

 private:
  class WorkerHost;

  std::optional<Exit> start_authentication();
  void reload();
  void tick();
  void on_signal(int number);
  bool restore();

  const Options& options_;
  proto::Settings settings_;
  const Log log_;
  EventLoop loop_;  // the main thread's
  Mailbox mailbox_;
  Signals signals_;
  const WarmRestart restart_;
  std::unique_ptr<engine::CacheEngine> engine_;  // a redis::RedisEngine if that was asked for
  const std::unique_ptr<TlsContext> tls_;
  std::unique_ptr<Sasl> sasl_;           // -S
  std::unique_ptr<AuthFile> auth_file_;  // -Y
  const std::chrono::nanoseconds second_offset_;  // since the wall clock's second began, at start
  const std::chrono::steady_clock::time_point started_;
  Acceptor acceptor_;
  Watchers watchers_;
  ProvenAddresses proven_addresses_;
  WorkerShared shared_;
  std::vector<std::unique_ptr<WorkerHost>> hosts_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  Discovery discovery_;
  Stats stats_;
  Timer ticker_;
  bool graceful_ = false;
};

}  // namespace larder::server
