// The statistics of the process: memcached's names in memcached's order, each listed once with where
// its value comes from. What the engine reports under the same name goes before the row's own value.
//
// Threads: any; the calling worker holds its gate. reset() keeps what has been counted until then
// and subtracts it from later sums, since the counters of other threads are theirs to write.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "proto/host.h"
#include "server/counters.h"
#include "server/options.h"

namespace larder::server {

class Acceptor;
class TlsContext;
class Watchers;
class WorkerThread;

class Stats {
 public:
  /// All of them outlive the object; `workers` may be filled later, `tls` is nullptr without -Z.
  Stats(const Options& options, const proto::Settings& settings, engine::Engine& engine,
        const Acceptor& acceptor, Watchers& watchers,
        const std::vector<std::unique_ptr<WorkerThread>>& workers, const TlsContext* tls)
      : options_(options),
        settings_(settings),
        engine_(engine),
        acceptor_(acceptor),
        watchers_(watchers),
        workers_(workers),
        tls_(tls) {}

  void general(engine::StatSink& sink) const;
  void settings(engine::StatSink& sink) const;
  /// One group of lines for each listener and connection, by descriptor.
  void connections(engine::StatSink& sink) const;
  /// Starts the counters over, the engine's too.
  void reset(engine::Worker& worker);

  // For the tables of general() and settings().
  const Options& options() const { return options_; }
  const proto::Settings& settings() const { return settings_; }
  const engine::Clock& clock() const { return engine_.clock(); }
  bool detail_enabled() const { return engine_.prefix_stats().enabled(); }
  const Acceptor& acceptor() const { return acceptor_; }
  /// Requires: -Z.
  const TlsContext& tls() const { return *tls_; }
  const Watchers& watchers() const { return watchers_; }
  std::uint64_t counted(Counter counter) const;
  std::uint64_t gauge(Gauge gauge) const;

 private:
  std::uint64_t sum(Counter counter) const;

  const Options& options_;
  const proto::Settings& settings_;
  engine::Engine& engine_;
  const Acceptor& acceptor_;
  Watchers& watchers_;
  const std::vector<std::unique_ptr<WorkerThread>>& workers_;
  const TlsContext* const tls_;  // nullptr without -Z
  mutable std::mutex reset_mutex_;
  std::array<std::uint64_t, kCounterCount> counted_before_{};  // guarded by reset_mutex_
};

}  // namespace larder::server
