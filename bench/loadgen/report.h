// The result of a run as one line of JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bench/loadgen/options.h"
#include "bench/loadgen/process_stats.h"
#include "bench/loadgen/totals.h"

namespace larder::bench {

struct Outcome {
  Totals totals;
  std::uint64_t elapsed_ns = 0;
  std::uint64_t client_cpu_ns = 0;
  std::uint32_t flushes = 0;
  std::optional<ProcessStats> server_before;
  std::optional<ProcessStats> server_after;

  /// Whether the run shows a fault of the server (or of its limits, unless those are allowed).
  bool failed(const Options& options) const {
    return totals.wrong_values != 0 || totals.protocol_errors != 0 ||
           (totals.errors != 0 && !options.allow_errors);
  }
};

/// One line, without the line end. Times are microseconds; an operation is one key read or written.
std::string report_json(const Options& options, const Outcome& outcome);

/// `text` as a JSON string with its quotes; bytes outside ASCII become \u00xx.
std::string json_quote(std::string_view text);

}  // namespace larder::bench
