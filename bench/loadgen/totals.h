// What a run has counted: one Totals a thread, summed at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/loadgen/histogram.h"

namespace larder::bench {

struct Totals {
  std::uint64_t requests = 0;   // answered
  std::uint64_t keys_read = 0;  // asked for, by gets and multi-gets that were answered
  std::uint64_t sets = 0;       // answered
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t errors = 0;           // error replies
  std::uint64_t protocol_errors = 0;  // broken replies, lost connections, silence
  std::uint64_t wrong_values = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::string first_problem;  // the first error or wrong value, in words
  Histogram latency_ns;       // a sample a request

  /// An operation is one key read or written: a multi-get of ten counts ten.
  std::uint64_t operations() const { return keys_read + sets; }

  void note_problem(std::string_view text) {
    if (first_problem.empty()) first_problem = text;
  }
  void merge(const Totals& other) {
    requests += other.requests;
    keys_read += other.keys_read;
    sets += other.sets;
    hits += other.hits;
    misses += other.misses;
    errors += other.errors;
    protocol_errors += other.protocol_errors;
    wrong_values += other.wrong_values;
    bytes_read += other.bytes_read;
    bytes_written += other.bytes_written;
    note_problem(other.first_problem);
    latency_ns.merge(other.latency_ns);
  }
};

}  // namespace larder::bench
