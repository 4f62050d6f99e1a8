// One run from start to end: connect, prefill, measure, sum up.
#pragma once

#include "bench/loadgen/options.h"
#include "bench/loadgen/report.h"

namespace larder::bench {

/// Requires: check_options(options) is empty. When only --prefill was asked for, the prefill is
/// what is measured.
Outcome run_load(const Options& options);

}  // namespace larder::bench
