// loadgen: loads a memcached or Redis server and prints one line of JSON. See bench/README.md.

#include <fmt/format.h>

#include <cstdio>

#include "bench/loadgen/options.h"
#include "bench/loadgen/report.h"
#include "bench/loadgen/run.h"

int main(int argc, char** argv) {
  using namespace larder::bench;
  const ParsedOptions parsed = parse_options(argc, argv);
  if (!parsed.options) {
    fmt::print(parsed.exit_code == 0 ? stdout : stderr, "{}", parsed.message);
    return parsed.exit_code;
  }
  const Options& options = *parsed.options;
  const Outcome outcome = run_load(options);
  fmt::print("{}\n", report_json(options, outcome));
  if (!outcome.failed(options)) return 0;
  fmt::print(stderr, "loadgen: {}\n", outcome.totals.first_problem);
  return 1;
}
