// What a protocol asks of the process around it: settings that change its answers, and services
// that only the server can give. Implemented by server/; tests use a fake.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "engine/reply.h"

namespace larder::proto {

/// Read-only after start, but for the atomic.
struct Settings {
  bool cas_enabled = true;          // -C turns it off
  bool flush_enabled = true;        // -F
  bool dump_enabled = true;         // -X
  bool watch_enabled = true;        // -W
  bool shutdown_enabled = false;    // -A
  mutable std::atomic<int> verbosity{0};  // -v, verbosity command; 0..2 over the wire
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

  /// Asks the process to stop once the calling connection is closed; graceful waits for clients.
  virtual void shutdown(bool graceful) = 0;

 protected:
  ~Host() = default;
};

/// What `version`, `stats` and the binary version command answer: the memcached version Larder
/// behaves as, which clients compare.
inline constexpr std::string_view kMemcachedVersion = "1.6.45";

}  // namespace larder::proto
