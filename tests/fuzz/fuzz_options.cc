// The command line: the input's lines are its words. Refused with a reason and a known code, or
// accepted with values that the server can work with.
#include <getopt.h>

#include <string>
#include <vector>

#include "server/options.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using namespace larder;
using server::Options;

void check_exit(const server::Exit& exit) {
  const int code = exit.code;
  fuzz::require(code == 0 || code == 1 || code == server::kExitUsage || code == server::kExitNoUser ||
                    code == server::kExitOsError,
                "an unknown exit code", exit.text);
  fuzz::require(exit.text.ends_with('\n'), "an exit that says nothing", exit.text);
}

void check_options(const Options& options) {
  fuzz::require(options.threads > 0 && options.max_connections > 0, "no threads or connections");
  fuzz::require(options.requests_per_event > 0, "no requests per event");
  fuzz::require(options.tcp_port <= 65535, "no such port");
  fuzz::require(options.item_bytes_max >= 1024 && options.item_bytes_max <= options.memory_bytes / 2,
                "items larger than memory");
  fuzz::require(options.growth_factor > 1 && options.chunk_bytes_min > 0, "no slab classes");
  fuzz::require(options.chunk_bytes_max > 0, "no chunk is allowed");
  fuzz::require(options.hash_power == 0 || (options.hash_power >= 12 && options.hash_power <= 32),
                "hash power");
  fuzz::require(options.hot_lru_pct + options.warm_lru_pct <= 80, "LRU shares");
  for (const std::uint32_t size : options.slab_sizes) {
    fuzz::require(size <= options.chunk_bytes_max, "a chunk above the limit");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  opterr = 0;  // what getopt would say is no finding
  std::vector<std::string> words{"larder"};
  words.emplace_back();
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      words.emplace_back();
    } else if (data[i] != 0) {
      words.back() += static_cast<char>(data[i]);
    }
  }
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  argv.push_back(nullptr);
  Options options;
  const auto exit = server::parse_options(static_cast<int>(words.size()), argv.data(), &options);
  if (exit) {
    check_exit(*exit);
  } else {
    check_options(options);
  }
  return 0;
}
