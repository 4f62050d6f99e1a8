// A trace: the requests that a cache would have seen, in order, each with time, object, size and
// TTL.
//
// Objects are numbered 0..object_count-1 by first appearance, whatever their keys were, so that
// simulators index arrays and the replayer writes short keys of one width. A size counts key and
// value: what an ideal cache without overhead would hold.
//
// Invariants
//  1. Every request's object is below object_count, and every number below it appears.
//  2. kSizeMin <= size <= kSizeMax: room for the key on the wire and a value that every server
//  takes.
//  3. Times do not go back.
// Threads: constant once built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace larder::bench::replay {

inline constexpr std::uint32_t kKeyBytes = 16;  // of a key as it is sent to a server
inline constexpr std::uint32_t kSizeMin = kKeyBytes + 1;
inline constexpr std::uint32_t kSizeMax = 1'000'000;  // below the servers' default limit of 1 MiB

struct Request {
  std::uint64_t time_ms = 0;
  std::uint32_t object = 0;
  std::uint32_t size = 0;         // key and value, bytes
  std::uint32_t ttl_seconds = 0;  // from a set on this miss; 0 = never expires

  bool operator==(const Request&) const = default;
};

struct Trace {
  std::vector<Request> requests;
  std::uint32_t object_count = 0;
};

/// Makes a trace from keys of any kind.
class TraceBuilder {
 public:
  /// Adds a request. Sizes are brought into range; a time before the last one becomes that.
  void add(std::uint64_t key, std::uint64_t time_ms, std::uint64_t size, std::uint32_t ttl_seconds);
  void reserve(std::size_t requests) { trace_.requests.reserve(requests); }
  /// What was built; the builder is empty then.
  Trace take();

 private:
  Trace trace_;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
};

/// No request for the object follows.
inline constexpr std::uint32_t kNever = UINT32_MAX;

/// For each request, the index of the next one for the same object, or kNever.
/// Requires: fewer than kNever requests.
std::vector<std::uint32_t> next_requests(const Trace& trace);

/// What a trace is made of.
struct TraceSummary {
  std::uint64_t requests = 0;
  std::uint32_t objects = 0;
  std::uint32_t one_hit_objects = 0;  // asked for once in the whole trace
  std::uint64_t requested_bytes = 0;
  std::uint64_t object_bytes = 0;  // each object once, at its first size
  std::uint64_t with_ttl = 0;      // requests
  std::uint64_t duration_ms = 0;
};
TraceSummary summarize(const Trace& trace);

}  // namespace larder::bench::replay
