// Hits and misses of a run over a trace, by requests and by bytes. The warm-up is not counted.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bench/replay/policy.h"
#include "bench/replay/trace.h"

namespace larder::bench::replay {

struct Score {
  std::uint64_t requests = 0;
  std::uint64_t hits = 0;
  std::uint64_t bytes = 0;  // asked for
  std::uint64_t hit_bytes = 0;

  void count(const Request& request, bool hit) {
    ++requests;
    bytes += request.size;
    if (!hit) return;
    ++hits;
    hit_bytes += request.size;
  }
  double hit_ratio() const { return ratio(hits, requests); }
  double byte_hit_ratio() const { return ratio(hit_bytes, bytes); }

 private:
  static double ratio(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};

/// Answers the whole trace; the first `warm_up` requests do not count.
inline Score simulate(Policy& policy, const Trace& trace, std::size_t warm_up) {
  Score score;
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    const bool hit = policy.request(i);
    if (i >= warm_up) score.count(trace.requests[i], hit);
  }
  return score;
}

}  // namespace larder::bench::replay
