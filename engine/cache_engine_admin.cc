// Administrative commands of the cache engine: cache_memlimit, slabs, lru, lru_crawler and, in debug
// builds, debugtime. One row a command; replies are memcached's to the letter (doc/protocol.txt).
#include <fmt/format.h>

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

/// As memcached reads one: anything strtod(3) takes that the whole word is made of.
bool parse_factor(std::string_view word, double* number) {
  const std::string text(word);
  char* end = nullptr;
  *number = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0';
}

/// Sub-commands are known by any beginning of their name.
bool is(std::string_view word, std::string_view name) { return name.starts_with(word); }

void cache_memlimit(CacheEngine& engine, Worker& worker, Words words, Reply& reply) {
  std::uint32_t megabytes = 0;
  if (words.size() < 2 || !parse(words[1], &megabytes)) return reply.error("ERROR");
  if (megabytes < 8) {
    return reply.error("MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m");
  }
  if (megabytes > 1'000'000'000) {
    return reply.error("MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes");
  }
  slab::Arena& arena = engine.keyspace().arena();
  const std::size_t bytes = std::size_t{megabytes} << 20;
  if (bytes >= arena.page_count_max() * arena.page_bytes()) {
    return reply.error("MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust");
  }
  engine.limit_memory(worker, bytes);
  reply.status("OK");
}

/// The class with the most pages besides `destination`, of those with one to spare; -1: none.
int any_source(const slab::SlabAllocator& slabs, int destination) {
  int source = -1;
  std::uint32_t most = 1;
  for (int id = 1; id <= static_cast<int>(slabs.classes().count()); ++id) {
    const std::uint32_t pages = slabs.page_count(static_cast<std::size_t>(id));
    if (id == destination || pages <= most) continue;
    most = pages;
    source = id;
  }
  return source;
}

void slabs_reassign(CacheEngine& engine, Worker& worker, Words words, Reply& reply) {
  int source = 0;
  int destination = 0;
  if (!engine.config().reassign) return reply.error("CLIENT_ERROR slab reassignment disabled");
  if (!parse(words[2], &source) || !parse(words[3], &destination)) return reply.error(kBadFormat);
  slab::SlabAllocator& slabs = engine.keyspace().slabs();
  const auto count = static_cast<int>(slabs.classes().count());
  if (source == destination) return reply.error("SAME src and dst class are identical");
  if (source == -1) source = any_source(slabs, destination);
  if (source < 0 || source > count || destination < 0 || destination > count) {
    return reply.error("BADCLASS invalid src or dst class id");
  }
  const auto from = static_cast<std::size_t>(source);
  const auto to = static_cast<std::size_t>(destination);
  // Class 0 is the pool of free pages.
  const std::size_t pages = from == 0 ? engine.keyspace().arena().pool_pages() : slabs.page_count(from);
  if (pages < 2) return reply.error("NOSPARE source class has no spare pages");
  const bool moved =
      from == 0 ? slabs.grow(to) : engine.reclaimer().drain_page(worker, from, true, to);
  if (!moved) return reply.error("BUSY currently processing reassign request");
  reply.status("OK");
}

void automove_ratio(CacheEngine& engine, Words words, Reply& reply) {
  double ratio = 0;
  if (words.size() < 4 || !parse_factor(words[3], &ratio)) return reply.error("ERROR");
  engine.maintainer().automove_ratio.store(ratio, std::memory_order_relaxed);
  engine.show_setting("slab_automove_ratio", fmt::format("{:.2f}", ratio));
  reply.status("OK");
}

/// Of external storage's automover, in memcached too: kept and shown.
void automove_freeratio(CacheEngine& engine, Words words, Reply& reply) {
  double ratio = 0;
  if (words.size() < 4 || !parse_factor(words[3], &ratio)) return reply.error("ERROR");
  engine.show_setting("slab_automove_freeratio", fmt::format("{:.3f}", ratio));
  reply.status("OK");
}

void slabs_automove(CacheEngine& engine, Words words, Reply& reply) {
  if (is(words[2], "ratio")) return automove_ratio(engine, words, reply);
  if (is(words[2], "freeratio")) return automove_freeratio(engine, words, reply);
  std::uint32_t number = 0;
  if (is(words[2], "window")) {
    if (words.size() < 4 || !parse(words[3], &number)) return reply.error(kBadFormat);
    if (number < 3 || number > 1800) {
      return reply.error("CLIENT_ERROR automove window too low or too high");
    }
    engine.maintainer().automove_window.store(number, std::memory_order_relaxed);
    engine.show_setting("slab_automove_window", std::to_string(number));
    return reply.status("OK");
  }
  if (!parse(words[2], &number)) return reply.error(kBadFormat);
  if (number > 2) return reply.error("ERROR");
  engine.maintainer().automove_enabled.store(number != 0, std::memory_order_relaxed);
  engine.show_setting("slab_automove", std::to_string(number));
  reply.status("OK");
}

void slabs(CacheEngine& engine, Worker& worker, Words words, Reply& reply) {
  if (words.size() == 4 && is(words[1], "reassign")) {
    return slabs_reassign(engine, worker, words, reply);
  }
  if (words.size() >= 3 && is(words[1], "automove")) return slabs_automove(engine, words, reply);
  reply.error("ERROR");
}

void lru_tune(CacheEngine& engine, Worker& worker, Words words, Reply& reply) {
  std::uint32_t hot = 0;
  std::uint32_t warm = 0;
  double hot_factor = 0;
  double warm_factor = 0;
  if (!parse(words[2], &hot) || !parse(words[3], &warm) || !parse_factor(words[4], &hot_factor) ||
      !parse_factor(words[5], &warm_factor)) {
    return reply.error("ERROR");
  }
  if (hot > 80 || warm > 80 || hot + warm > 80) {
    return reply.error("ERROR hot and warm pcts must not exceed 80");
  }
  if (hot_factor <= 0 || warm_factor <= 0) {
    return reply.error("ERROR hot/warm age factors must be greater than 0");
  }
  engine.show_setting("hot_max_factor", fmt::format("{:.2f}", hot_factor));
  engine.show_setting("warm_max_factor", fmt::format("{:.2f}", warm_factor));
  ExclusiveSection section(engine.gates(), &worker);
  engine.reclaimer().policy().hot_percent = hot;
  engine.reclaimer().policy().warm_percent = warm;
  reply.status("OK");
}

void lru(CacheEngine& engine, Worker& worker, Words words, Reply& reply) {
  if (words.size() >= 6 && is(words[1], "tune")) return lru_tune(engine, worker, words, reply);
  if (words.size() < 3 || !engine.config().maintainer) return reply.error("ERROR");
  if (is(words[1], "mode") && (words[2] == "flat" || words[2] == "segmented")) {
    ExclusiveSection section(engine.gates(), &worker);
    engine.reclaimer().policy().segmented = words[2] == "segmented";
    return reply.status("OK");
  }
  std::int32_t ttl = 0;
  if (is(words[1], "temp_ttl") && parse(words[2], &ttl)) {
    ExclusiveSection section(engine.gates(), &worker);
    engine.reclaimer().set_temporary_ttl_s(ttl < 0 ? -1 : ttl);
    return reply.status("OK");
  }
  reply.error("ERROR");
}

void lru_crawler_crawl(CacheEngine& engine, Words words, Reply& reply) {
  Maintainer& maintainer = engine.maintainer();
  if (!maintainer.crawler_enabled.load(std::memory_order_relaxed)) {
    return reply.error("CLIENT_ERROR lru crawler disabled");
  }
  std::bitset<slab::kClassCountMax> classes;
  if (!parse_class_list(words[2], &classes)) return reply.error("BADCLASS invalid class id");
  if (maintainer.walk_running()) {
    return reply.error("BUSY currently processing crawler request");
  }
  if (words[2] == "hash") return reply.error("ERROR an unknown error happened");
  if (classes.none()) return reply.error("NOTSTARTED no items to crawl");
  maintainer.request_walk(classes);
  reply.status("OK");
}

void lru_crawler_sleep(CacheEngine& engine, Words words, Reply& reply) {
  std::uint32_t microseconds = 0;
  if (!parse(words[2], &microseconds)) return reply.error(kBadFormat);
  if (microseconds > 1'000'000) {
    return reply.error("CLIENT_ERROR sleep must be one second or less");
  }
  engine.maintainer().crawler_sleep_us.store(microseconds, std::memory_order_relaxed);
  engine.show_setting("lru_crawler_sleep", std::to_string(microseconds));
  reply.status("OK");
}

void lru_crawler_tocrawl(CacheEngine& engine, Words words, Reply& reply) {
  std::uint32_t items = 0;
  if (!parse(words[2], &items)) return reply.error(kBadFormat);
  engine.maintainer().crawler_tocrawl.store(items, std::memory_order_relaxed);
  engine.show_setting("lru_crawler_tocrawl", std::to_string(items));
  reply.status("OK");
}

// Dumps are the protocol's: they answer over many steps.
void lru_crawler(CacheEngine& engine, Worker&, Words words, Reply& reply) {
  std::atomic<bool>& enabled = engine.maintainer().crawler_enabled;
  if (words.size() == 2 && is(words[1], "enable")) {
    const bool was = enabled.exchange(true, std::memory_order_relaxed);
    return was ? reply.error("ERROR failed to start lru crawler thread") : reply.status("OK");
  }
  if (words.size() == 2 && is(words[1], "disable")) {
    enabled.store(false, std::memory_order_relaxed);
    return reply.status("OK");
  }
  if (words.size() != 3) return reply.error("ERROR");
  if (is(words[1], "crawl")) return lru_crawler_crawl(engine, words, reply);
  if (is(words[1], "tocrawl")) return lru_crawler_tocrawl(engine, words, reply);
  if (is(words[1], "sleep")) return lru_crawler_sleep(engine, words, reply);
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

/// Holds an item as a reader that does not go, or lets it go. Only values that are sent from their item
/// (ItemView::pin) can be held; others nobody holds, ever. memcached's locks are not offered.
void debugitem(CacheEngine& engine, Worker&, Words words, Reply& reply) {
  if (words.size() < 3) return reply.error("ERROR");
  const bool hold = is(words[1], "ref");
  if (!hold && !is(words[1], "unref")) return reply.error("ERROR");
  const Key key = engine.key(words[2]);
  Stripe& stripe = engine.keyspace().stripe_of(key.hash);
  std::lock_guard lock(stripe.lock);
  const Ref ref = engine.keyspace().find(stripe, key);
  if (ref == 0) return reply.error("MISS");
  Item& item = engine.keyspace().item(ref);
  if (item.has(slab::kPinnable) && (hold || item.pins() != 0)) {
    item.set_pins(hold ? item.pins() + 1 : item.pins() - 1);
  }
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
    {"debugitem", debugitem},
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
