// Replays a trace against a server as a look-aside client does: get, and on a miss set with the
// size and the TTL of the trace.
//
// Requests go out in batches over one connection: one multi-get for a run of different objects,
// then the sets of those that were missing, all awaited before the next batch. A batch ends where
// an object would repeat, so that every request sees what those before it did: hits and misses are
// those of a client that sends one request at a time.
//
// Servers read the clock seldom (a second is usual) and age items by it, so a trace that is rushed
// through in a second shows them worse than they are: `rate` paces the requests evenly, `speedup`
// by the times of the trace. Lifetimes shrink as the time does.
//
// Values carry no meaning but their length, which is checked: a hit must be as long as the last
// set. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/loadgen/codec.h"
#include "bench/replay/score.h"
#include "bench/replay/trace.h"

namespace larder::bench::replay {

struct ServerRun {
  std::string socket_path;
  ProtocolKind protocol = ProtocolKind::text;
  std::uint32_t batch = 16;  // requests at most
  double rate = 0;           // requests a second
  double speedup = 0;        // trace seconds a second; with neither, as fast as it goes
  std::size_t warm_up = 0;   // requests that do not count
  std::size_t requests = 0;  // stop after so many; 0 = the whole trace
};

struct ServerOutcome {
  Score score;
  std::uint64_t sets = 0;
  std::uint64_t refused_sets = 0;  // answered by an error: out of memory, too large
  std::uint64_t wrong_lengths = 0;
  double seconds = 0;
  double late_seconds_max = 0;  // behind the pace
  std::string first_refusal;
  std::string failure;  // why the run ended early; empty = it did not
};

/// Trace seconds that pass in a second of a paced run; 1 when nothing paces it.
double effective_speedup(const Trace& trace, const ServerRun& run);

/// A lifetime as it is sent: shrunk with the time, but a second at least. 0 stays 0.
std::uint32_t scaled_ttl(std::uint32_t ttl_seconds, double speedup);

ServerOutcome replay_on_server(const Trace& trace, const ServerRun& run);

}  // namespace larder::bench::replay
