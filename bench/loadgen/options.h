// What one run of the load generator does, as read from the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bench/loadgen/codec.h"
#include "bench/loadgen/distribution.h"
#include "bench/loadgen/value.h"

namespace larder::bench {

/// Read-only once parsed. check_options() says what parts rely on.
struct Options {
  std::string host = "127.0.0.1";
  std::string port = "11211";
  std::string socket_path;  // used instead of host and port when set

  ProtocolKind protocol = ProtocolKind::text;
  std::uint32_t connections = 50;
  std::uint32_t threads = 1;
  std::uint32_t pipeline = 1;  // requests sent together, answered together

  std::uint32_t keys = 200000;
  std::uint32_t key_bytes = 16;
  std::string key_prefix = "key-";
  LengthSpec value_lengths;
  DistributionSpec distribution;
  std::uint32_t get_share = 1;  // gets : sets
  std::uint32_t set_share = 1;
  std::uint32_t multiget = 1;  // keys a get asks for
  std::uint32_t ttl_seconds = 0;

  bool prefill = false;
  double seconds = 0;          // 0 = not limited by time
  std::uint64_t requests = 0;  // 0 = not limited by count
  std::uint64_t rate = 0;      // requests a second over all threads; 0 = as fast as it goes
  double flush_every_seconds = 0;
  double stall_seconds = 30;  // silence from the server that counts as failure
  std::uint64_t seed = 1;

  bool verify = false;
  bool own_keys = false;
  bool lax_flush = false;  // values may outlive a flush_all
  bool any_flags = false;  // client flags of values are not checked
  bool allow_errors = false;
  int server_pid = 0;
};

struct ParsedOptions {
  std::optional<Options> options;  // absent: print `message` and leave with `exit_code`
  std::string message;
  int exit_code = 0;
};

ParsedOptions parse_options(int argc, char** argv);

/// Empty when the options make sense together, else what is wrong.
std::string check_options(const Options& options);

}  // namespace larder::bench
