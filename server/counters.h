// Counters and gauges of the server, listed once each. Every thread that serves has a set with one
// writer (itself); readers sum over all sets. See engine/counters.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/counters.h"

namespace larder::server {

// clang-format off
// Counters start over with `stats reset`; gauges do not.
#define LARDER_SERVER_COUNTERS(X)                                                          \
  X(bytes_read) X(bytes_written) X(conn_yields) X(idle_kicks)                              \
  X(total_connections) X(rejected_connections)                                             \
  X(listen_disabled_num) X(time_in_listen_disabled_us)                                     \
  X(read_buf_oom) X(response_obj_oom)                                                      \
  X(ssl_new_sessions) X(ssl_handshake_errors) X(ssl_proto_errors)
#define LARDER_SERVER_GAUGES(X)                                                            \
  X(read_buf_count) X(read_buf_bytes)                                                      \
  X(response_obj_count) X(response_obj_bytes)
// clang-format on

#define LARDER_ENUMERATOR(name) name,
enum class Counter : std::uint8_t { LARDER_SERVER_COUNTERS(LARDER_ENUMERATOR) count_ };
enum class Gauge : std::uint8_t { LARDER_SERVER_GAUGES(LARDER_ENUMERATOR) count_ };
#undef LARDER_ENUMERATOR

inline constexpr std::size_t kCounterCount = static_cast<std::size_t>(Counter::count_);
inline constexpr std::size_t kGaugeCount = static_cast<std::size_t>(Gauge::count_);

/// What one thread counts.
struct alignas(64) ThreadCounters {
  engine::CounterSet<Counter, kCounterCount> counters;
  engine::CounterSet<Gauge, kGaugeCount> gauges;

  void count(Counter counter, std::uint64_t n = 1) { counters.add(counter, n); }
  /// `change` may be negative: the sum over threads is what counts.
  void change(Gauge gauge, std::int64_t change) {
    gauges.add(gauge, static_cast<std::uint64_t>(change));
  }
};

}  // namespace larder::server
