// What a protocol asks of the process around it: settings that change its answers, and services
// that only the server can give. Implemented by server/; tests use a fake.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/reply.h"
#include "proto/cluster_config.h"

namespace larder::proto {

/// Read-only after start, but for the atomic.
struct Settings {
  bool cas_enabled = true;          // -C turns it off
  bool flush_enabled = true;        // -F
  bool dump_enabled = true;         // -X
  bool watch_enabled = true;        // -W
  bool shutdown_enabled = false;    // -A
  bool sasl_enabled = false;        // -S: binary clients have to authenticate
  bool login_required = false;      // -Y: text clients have to
  mutable std::atomic<int> verbosity{0};  // -v, verbosity command; 0..2 over the wire
};

/// The server's end of one connection's SASL authentication (-S).
class SaslExchange {
 public:
  enum class Outcome : std::uint8_t { done, more, failed };

  virtual ~SaslExchange() = default;
  /// Names of the mechanisms, separated by blanks; nothing when they cannot be told.
  virtual std::optional<std::string> mechanisms() = 0;
  /// Begins with `mechanism`, or begins anew. Outcome::more: `challenge` is for the client; it lasts
  /// until the next call.
  virtual Outcome start(std::string_view mechanism, std::string_view token,
                        std::string_view* challenge) = 0;
  /// Goes on with the client's answer.
  virtual Outcome step(std::string_view token, std::string_view* challenge) = 0;
};

class Host {
 public:
  /// One group of `stats`: the words after "stats", in full and joined by one space ("" for the
  /// general group; "items", "detail dump", ...). `reset` and `detail on|off` act and give no rows.
  /// Rows of "detail dump" are a prefix and its counters ("get 1 hit 0 ..."): each language puts its
  /// own label before them.
  enum class StatsResult : std::uint8_t { ok, unknown, reset, detail_ok, usage, not_allowed };
  virtual StatsResult stats(std::string_view words, engine::StatSink& sink) = 0;

  /// Debug builds: tries what a process that has dropped its privileges may not do. True: it could.
  virtual bool misbehave() { return true; }
  /// An end of a connection, as CLIENT LIST shows it: ours or the client's.
  enum class End : std::uint8_t { ours, theirs };
  virtual std::string address([[maybe_unused]] int descriptor, [[maybe_unused]] End end) { return {}; }

  /// Asks the process to stop once the calling connection is closed; graceful waits for clients.
  virtual void shutdown(bool graceful) = 0;

  /// What `config get cluster` tells; nullptr: nothing.
  virtual std::shared_ptr<const ClusterConfig> cluster_config() const { return nullptr; }
  /// Takes another one (nullptr: none). Returns whether there was one before.
  virtual bool set_cluster_config(std::shared_ptr<const ClusterConfig>) { return false; }
  // What a process without certificates, -S and -Y answers is given here.
  /// Reads the certificates again. Returns why that failed, as a line without its end, or nothing.
  virtual std::optional<std::string> refresh_certs() { return "Error TLS not enabled"; }
  /// A new exchange; nullptr when there can be none.
  virtual std::unique_ptr<SaslExchange> sasl_exchange() { return nullptr; }
  /// Whether the auth file has the user with this password.
  virtual bool knows_user(std::string_view, std::string_view) { return false; }

 protected:
  ~Host() = default;
};

/// What `version`, `stats` and the binary version command answer: the memcached version Larder
/// behaves as, which clients compare.
inline constexpr std::string_view kMemcachedVersion = "1.6.45";

}  // namespace larder::proto
