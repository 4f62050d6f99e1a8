// Makes traces: Zipf popularity and log-normal sizes, and on top of that any of the disturbances
// that tell good caches from bad ones. Everything follows from the seed.
//
//   one-hit wonders   a share of the requests asks for keys that never come again
//   scans             now and then all keys of a range of their own are read once, in order, every
//                     other request, like a batch job beside the users
//   drift             new keys appear as the most popular ones and all others sink by one rank
//   size change       in the second half all keys are new, and a factor larger (or smaller), as
//                     after a change of the format that is stored
//   TTLs              a share of the keys has a short lifetime, the others a long one or none
//
// Sizes and TTLs belong to the key. Times are evenly spread.
#pragma once

#include <cstdint>
#include <string>

#include "bench/replay/trace.h"

namespace larder::bench::replay {

struct TraceSpec {
  std::uint64_t requests = 1'000'000;
  std::uint32_t keys = 500'000;
  double theta = 0.8;  // Zipf exponent
  std::uint64_t seed = 1;
  double requests_per_second = 20'000;  // of trace time

  double size_median = 250;  // bytes of key and value
  double size_sigma = 1.0;   // of the logarithm; 0 = all alike
  std::uint32_t size_max = 65'536;

  double one_hit_share = 0;       // of all requests
  std::uint64_t scan_every = 0;   // requests from the start of a scan to the next; 0 = none
  std::uint32_t scan_keys = 0;    // read by one scan
  std::uint64_t drift_every = 0;  // requests from one new key to the next; 0 = none
  double resize_factor = 1;       // size change at half time; 1 = none
  double short_ttl_share = 0;     // of the keys
  std::uint32_t short_ttl_seconds = 0;
  std::uint32_t long_ttl_seconds = 0;  // of the other keys; 0 = none
};

/// Empty, or what is wrong with it.
std::string check_spec(const TraceSpec& spec);

/// Requires: check_spec() finds nothing.
Trace generate(const TraceSpec& spec);

}  // namespace larder::bench::replay
