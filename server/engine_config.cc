#include "server/engine_config.h"

#include <cstdlib>

#include "engine/engine.h"

namespace larder::server {

engine::Config engine_config(const Options& options) {
  engine::Config config;
  config.memory_bytes = static_cast<std::size_t>(options.memory_bytes);
  config.item_bytes_max = static_cast<std::size_t>(options.item_bytes_max);
  // memcached's defaults are what is reported; unless asked for, ours are finer.
  if (options.classes_given) {
    config.chunk_payload_min = static_cast<std::size_t>(options.chunk_bytes_min);
    config.growth_factor = options.growth_factor;
  }
  config.slab_sizes.assign(options.slab_sizes.begin(), options.slab_sizes.end());
  config.chunk_bytes_max = static_cast<std::size_t>(options.chunk_bytes_max);
  config.evictions = options.evict;
  config.cas = options.cas_enabled;
  config.huge_pages = options.large_pages;
  config.threads = static_cast<unsigned>(options.threads);
  if (options.hash_power != 0) config.hash_power = static_cast<unsigned>(options.hash_power);
  config.hash_growth = options.hash_expand;
  config.lru.hot_percent = static_cast<std::uint32_t>(options.hot_lru_pct);
  config.lru.warm_percent = static_cast<std::uint32_t>(options.warm_lru_pct);
  config.lru.segmented = options.lru_segmented;
  config.temporary_ttl_s = options.temp_lru ? std::int64_t{options.temporary_ttl_s} : -1;
  config.crawler = options.lru_crawler;
  config.crawler_sleep_us = static_cast<std::uint32_t>(options.lru_crawler_sleep_us);
  config.crawler_tocrawl = static_cast<std::uint32_t>(options.lru_crawler_tocrawl);
  config.maintainer = options.lru_maintainer;
  config.track_sizes = options.track_sizes;
  config.reassign = options.slab_reassign;
  config.automove = options.slab_reassign && options.slab_automove != 0;
  config.automove_ratio = options.slab_automove_ratio;
#ifdef LARDER_DEBUG_COMMANDS
  // memcached's own tests fill a large memory this way.
  const char* const pretended = std::getenv("T_MEMD_INITIAL_MALLOC");
  if (pretended != nullptr) config.pretended_bytes = std::strtoull(pretended, nullptr, 10);
#endif
  config.automove_window = static_cast<std::uint32_t>(options.slab_automove_window);
  return config;
}

}  // namespace larder::server
