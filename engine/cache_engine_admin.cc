// Administrative commands of the cache engine: cache_memlimit, slabs, lru, lru_crawler and, in debug
// builds, debugtime. One row a command; replies are memcached's to the letter (doc/protocol.txt).
#include <charconv>
#include <cstdlib>
#include <string>

#include "engine/cache_engine.h"
#include "engine/class_list.h"
#include "engine/maintainer.h"

namespace larder::engine {

namespace {

using Words = std::span<const std::string_view>;

constexpr std::string_view kBadFormat = "CLIENT_ERROR bad command line format";

template <typename Number>
bool parse(std::string_view text, Number* number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && stop == text.data() + text.size() && !text.empty();
}

void cache_memlimit(CacheEngine& engine, Worker&, Words words, Reply& reply) {
  std::uint64_t megabytes = 0;
  if (words.size() < 2 || !parse(words[1], &megabytes)) return reply.error("ERROR");
  if (megabytes < 8) {
    return reply.error("MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m");
  }
  if (megabytes > 1'000'000'000) {
    return reply.error("MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes");
  }
  slab::Arena& arena = engine.keyspace().arena();
  if (megabytes >= arena.page_count_max()) {
    return reply.error("MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust");
  }
  arena.set_limit(static_cast<std::size_t>(megabytes) << 20);
  reply.status("OK");
}

void slabs_reassign(CacheEngine& engine, Worker& worker, Words words, Reply& reply) {
  int source = 0;
  int destination = 0;
  if (words.size() < 4) return reply.error("ERROR");
  if (!parse(words[2], &source) || !parse(words[3], &destination)) return reply.error(kBadFormat);
  const slab::SlabAllocator& slabs = engine.keyspace().slabs();
  const auto count = static_cast<int>(slabs.classes().count());
  if (source == destination) return reply.error("SAME src and dst class are identical");
  const bool any = source == -1;
  if ((!any && (source < 1 || source > count)) || destination < 0 || destination > count) {
    return reply.error("BADCLASS invalid src or dst class id");
  }
  if (any) {
    std::uint32_t most = 1;
    for (int id = 1; id <= count; ++id) {
      const std::uint32_t pages = slabs.page_count(static_cast<std::size_t>(id));
      if (id == destination || pages <= most) continue;
      most = pages;
      source = id;
    }
  }
  if (source < 1 || slabs.page_count(static_cast<std::size_t>(source)) < 2) {
    return reply.error("NOSPARE source class has no spare pages");
  }
  if (!engine.reclaimer().drain_page(worker, static_cast<std::size_t>(source), true,
                                     static_cast<std::size_t>(destination))) {
    return reply.error("BUSY currently processing reassign request");
  }
  reply.status("OK");
}

void slabs_automove(CacheEngine& engine, Worker&, Words words, Reply& reply) {
  if (words.size() < 3) return reply.error("ERROR");
  if (words[2] == "ratio" || words[2] == "freeratio") {
    if (words.size() < 4) return reply.error(kBadFormat);
    char* end = nullptr;
    const std::string text(words[3]);
    std::strtod(text.c_str(), &end);
    return *end == '\0' ? reply.status("OK") : reply.error(kBadFormat);
  }
  if (words[2] == "window") {
    unsigned window = 0;
    if (words.size() < 4 || !parse(words[3], &window)) return reply.error(kBadFormat);
    if (window < 3 || window > 1800) {
      return reply.error("CLIENT_ERROR automove window too low or too high");
    }
    return reply.status("OK");
  }
  unsigned level = 0;
  if (!parse(words[2], &level)) return reply.error(kBadFormat);
  if (level > 2) return reply.error("ERROR");
  engine.maintainer().automove_enabled.store(level != 0, std::memory_order_relaxed);
  reply.status("OK");
}

void slabs(CacheEngine& engine, Worker& worker, Words words, Reply& reply) {
  if (words.size() >= 2 && words[1] == "reassign") {
    return slabs_reassign(engine, worker, words, reply);
  }
  if (words.size() >= 2 && words[1] == "automove") {
    return slabs_automove(engine, worker, words, reply);
  }
  reply.error("ERROR");
}

void lru_tune(CacheEngine& engine, Worker& worker, Words words, Reply& reply) {
  std::uint32_t hot = 0;
  std::uint32_t warm = 0;
  if (words.size() < 6 || !parse(words[2], &hot) || !parse(words[3], &warm)) {
    return reply.error("ERROR");
  }
  char* end = nullptr;
  const double hot_factor = std::strtod(std::string(words[4]).c_str(), &end);
  const double warm_factor = std::strtod(std::string(words[5]).c_str(), &end);
  if (hot + warm > 80) return reply.error("ERROR hot and warm pcts must not exceed 80");
  if (hot_factor <= 0 || warm_factor <= 0) {
    return reply.error("ERROR hot/warm age factors must be greater than 0");
  }
  ExclusiveSection section(engine.gates(), &worker);
  engine.reclaimer().policy().hot_percent = hot;
  engine.reclaimer().policy().warm_percent = warm;
  reply.status("OK");
}

void lru(CacheEngine& engine, Worker& worker, Words words, Reply& reply) {
  if (words.size() >= 2 && words[1] == "tune") return lru_tune(engine, worker, words, reply);
  if (words.size() < 3 || !engine.config().maintainer) return reply.error("ERROR");
  if (words[1] == "mode" && (words[2] == "flat" || words[2] == "segmented")) {
    ExclusiveSection section(engine.gates(), &worker);
    engine.reclaimer().policy().segmented = words[2] == "segmented";
    return reply.status("OK");
  }
  std::int64_t ttl = 0;
  if (words[1] == "temp_ttl" && parse(words[2], &ttl)) {
    ExclusiveSection section(engine.gates(), &worker);
    engine.reclaimer().set_temporary_ttl_s(ttl < 0 ? -1 : ttl);
    return reply.status("OK");
  }
  reply.error("ERROR");
}

void lru_crawler_crawl(CacheEngine& engine, Words words, Reply& reply) {
  Maintainer& maintainer = engine.maintainer();
  if (words.size() < 3) return reply.error("ERROR");
  if (!maintainer.crawler_enabled.load(std::memory_order_relaxed)) {
    return reply.error("CLIENT_ERROR lru crawler disabled");
  }
  std::uint64_t classes = 0;
  if (!parse_class_list(words[2], &classes)) return reply.error("BADCLASS invalid class id");
  if (maintainer.walk_running()) {
    return reply.error("BUSY currently processing crawler request");
  }
  if (words[2] == "hash") return reply.error("ERROR an unknown error happened");
  if (classes == 0) return reply.error("NOTSTARTED no items to crawl");
  maintainer.request_walk();
  reply.status("OK");
}

void lru_crawler(CacheEngine& engine, Worker&, Words words, Reply& reply) {
  if (words.size() < 2) return reply.error("ERROR");
  std::atomic<bool>& enabled = engine.maintainer().crawler_enabled;
  const std::string_view verb = words[1];
  if (verb == "enable" && words.size() == 2) {
    const bool was = enabled.exchange(true, std::memory_order_relaxed);
    return was ? reply.error("ERROR failed to start lru crawler thread") : reply.status("OK");
  }
  if (verb == "disable" && words.size() == 2) {
    const bool was = enabled.exchange(false, std::memory_order_relaxed);
    return was ? reply.status("OK") : reply.error("ERROR failed to stop lru crawler thread");
  }
  if (verb == "sleep" || verb == "tocrawl") {
    std::uint32_t number = 0;
    if (words.size() < 3) return reply.error("ERROR");
    if (!parse(words[2], &number)) return reply.error(kBadFormat);
    if (verb == "sleep" && number > 1'000'000) {
      return reply.error("CLIENT_ERROR sleep must be one second or less");
    }
    return reply.status("OK");
  }
  if (verb == "crawl") return lru_crawler_crawl(engine, words, reply);
  reply.error("ERROR");
}

#ifdef LARDER_DEBUG_COMMANDS
void debugtime(CacheEngine& engine, Worker&, Words words, Reply& reply) {
  std::int32_t seconds = 0;
  if (words.size() < 2) return reply.error("ERROR");
  if (words[1] == "p" || words[1] == "r") {
    engine.clock().pause(words[1] == "p");
    return reply.status("OK");
  }
  if (!parse(words[1], &seconds)) return reply.error("ERROR");
  engine.clock().advance(seconds);
  reply.status("OK");
}
#endif

struct Row {
  std::string_view name;
  void (*handler)(CacheEngine&, Worker&, Words, Reply&);
};
constexpr Row kCommands[] = {
    {"cache_memlimit", cache_memlimit},
    {"lru", lru},
    {"lru_crawler", lru_crawler},
    {"slabs", slabs},
#ifdef LARDER_DEBUG_COMMANDS
    {"debugtime", debugtime},
#endif
};

}  // namespace

bool CacheEngine::execute(Worker& worker, std::span<const std::string_view> words, Reply& reply) {
  for (const Row& row : kCommands) {
    if (!words.empty() && row.name == words[0]) {
      row.handler(*this, worker, words, reply);
      return true;
    }
  }
  return false;
}

}  // namespace larder::engine
