// What an engine is built from. The server fills it from the command line; tests by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/lru.h"

namespace larder::engine {

struct Config {
  std::size_t memory_bytes = 64 << 20;   // -m: everything that is stored
  std::size_t item_bytes_max = 1 << 20;  // -I: key, value and memcached's bookkeeping together
  std::size_t chunk_payload_min = 16;    // -n: key, value and flags of the smallest class
  double growth_factor = 0;              // -f; 0: the usual series (slab/size_classes.h)
  std::vector<std::size_t> slab_sizes;   // -o slab_sizes, as memcached counts them
  std::size_t chunk_bytes_max = 512 << 10;  // -o slab_chunk_max; larger values use extents
  bool evictions = true;                 // -M turns them off
  bool cas = true;                       // -C turns it off
  bool huge_pages = false;               // -L
  unsigned threads = 4;                  // -t: sets the number of stripes
  unsigned databases = 1;                // --databases: each has stripes of its own, once it is used
  unsigned hash_power = 16;              // -o hashpower: 2^N slots to start with
  bool hash_growth = true;               // -o no_hashexpand turns it off
  LruPolicy lru;                         // -o hot_lru_pct, warm_lru_pct, no_lru_maintainer
  std::int64_t temporary_ttl_s = -1;     // -o temporary_ttl; below: TEMP segment; -1: off
  bool crawler = true;                   // -o no_lru_crawler turns it off
  std::uint32_t crawler_sleep_us = 100;  // -o lru_crawler_sleep: after every thousand items
  std::uint32_t crawler_tocrawl = 0;     // -o lru_crawler_tocrawl: of a class in a walk; 0: all
  bool maintainer = true;                // -o no_lru_maintainer turns it off
  bool reassign = true;                  // -o no_slab_reassign: no command moves a page
  bool automove = true;                  // -o slab_automove: idle pages go back to the pool
  double automove_ratio = 0.8;           // -o slab_automove_ratio: see rebalancer.h
  std::uint32_t automove_window = 10;    // -o slab_automove_window
  bool track_sizes = false;              // -o track_sizes: `stats sizes` may be asked for
  std::size_t pretended_bytes = 0;       // of memory_bytes, taken before anything is stored (tests)
  int memory_fd = -1;                    // -e: the file that holds the items; -1: none
  std::uint64_t hash_seed = 0;           // 0: a random one
};

}  // namespace larder::engine
