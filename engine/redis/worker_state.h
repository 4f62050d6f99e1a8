// What one worker brings to Redis commands: its clock reading, its counters, its scratch memory.
//
// Threads: its worker's; counters may be read by any.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "engine/counters.h"
#include "engine/redis/command_table.h"
#include "engine/redis/deferred.h"
#include "engine/redis/request.h"
#include "engine/worker.h"

namespace larder::redis {

// clang-format off
#define LARDER_REDIS_COUNTERS(X)                                                                 \
  X(commands) X(keyspace_hits) X(keyspace_misses) X(expired_keys) X(evicted_keys) X(changes)     \
  X(errors) X(connections) X(protocol_errors)
// clang-format on
#define LARDER_ENUMERATOR(name) name,
enum class Counter : std::uint8_t { LARDER_REDIS_COUNTERS(LARDER_ENUMERATOR) count_ };
#undef LARDER_ENUMERATOR
using Counters = engine::CounterSet<Counter, static_cast<std::size_t>(Counter::count_)>;

/// A key of a request with its hash.
struct HashedKey {
  std::uint32_t index;  // among the arguments
  engine::Key key;
};

struct WorkerState {
  explicit WorkerState(engine::Worker& of) : worker(of) {}
  WorkerState(const WorkerState&) = delete;
  WorkerState& operator=(const WorkerState&) = delete;

  engine::Worker& worker;
  std::int64_t now_ms = 0;  // read once per batch
  Counters counters;
  std::minstd_rand0 random{std::random_device{}()};

  // Of the request that runs; kept for their memory.
  KeyList keys;
  std::vector<HashedKey> hashed;
  std::vector<std::uint32_t> stripes;
  std::unique_ptr<Deferred> deferred;

  // Of the connection that is served; an idle one holds none.
  std::vector<std::string_view> arguments;
  std::vector<PipelinedRequest> window;

  void count(Counter counter, std::uint64_t n = 1) { counters.add(counter, n); }
  std::uint64_t random_u64() {
    return (static_cast<std::uint64_t>(random()) << 40) ^ (static_cast<std::uint64_t>(random()) << 20) ^ random();
  }
};

}  // namespace larder::redis
