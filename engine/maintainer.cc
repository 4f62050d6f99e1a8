#include "engine/maintainer.h"

#include <algorithm>
#include <chrono>

#include "engine/cache_engine.h"

namespace larder::engine {

namespace {
constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr std::size_t kBucketsPerHold = 32;     // about 250 items: some 20 us under a stripe lock
constexpr std::size_t kSliceBucketsMin = 2048;  // small caches are walked in a second
constexpr std::size_t kSlicesPerWalk = 600;     // large ones in a minute
constexpr std::uint32_t kRoundsPerAutomove = 10;
constexpr int kMovesPerTurn = 4;
}  // namespace

Maintainer::Maintainer(CacheEngine& engine, const Config& config)
    : crawler_enabled(config.crawler),
      automove_enabled(config.automove),
      engine_(engine),
      worker_(engine.gates().add_worker()) {}

Maintainer::~Maintainer() { stop(); }

void Maintainer::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Maintainer::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void Maintainer::request_walk() {
  walk_stripes_left_.store(engine_.keyspace().stripe_count() + 1, std::memory_order_relaxed);
  crawler_starts.fetch_add(1, std::memory_order_relaxed);
  wake_.notify_all();
}

void Maintainer::run() {
  auto next_round = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_.wait_until(lock, next_round);
    if (stop_) return;
    lock.unlock();
    if (automove_enabled.load(std::memory_order_relaxed)) move_pages();
    if (std::chrono::steady_clock::now() >= next_round || walk_running()) {
      round();
      next_round = std::chrono::steady_clock::now() + kInterval;
    }
    lock.lock();
  }
}

void Maintainer::round() {
  {
    GateGuard gate(worker_);
    engine_.flush_if_due(worker_);
    engine_.reclaimer().shed(worker_);
    engine_.reclaimer().rebalance_tick();
  }
  if (crawler_enabled.load(std::memory_order_relaxed)) crawl_slice();
  if (++rounds_ % kRoundsPerAutomove == 0 && automove_enabled.load(std::memory_order_relaxed)) {
    return_idle_pages();
  }
}

void Maintainer::move_pages() {
  for (int moves = kMovesPerTurn; moves-- > 0;) {
    GateGuard gate(worker_);
    if (!engine_.reclaimer().rebalance(worker_)) return;
  }
}

void Maintainer::crawl_slice() {
  Keyspace& keyspace = engine_.keyspace();
  std::size_t total = 0;
  for (std::size_t i = 0; i < keyspace.stripe_count(); ++i) {
    Stripe& stripe = keyspace.stripe(i);
    std::lock_guard lock(stripe.lock);
    total += stripe.table.bucket_count();
  }
  std::size_t buckets = std::max(kSliceBucketsMin, total / kSlicesPerWalk);
  if (walk_running()) buckets = total;
  // Bounded: every turn takes buckets off the slice or moves to the next stripe.
  for (std::size_t turns = keyspace.stripe_count() + buckets; turns-- > 0 && buckets != 0;) {
    GateGuard gate(worker_);
    if (!crawl_some(&buckets)) return;
  }
}

// One hold of a stripe lock. False once a full round brought the crawler back to the first stripe.
bool Maintainer::crawl_some(std::size_t* buckets) {
  Keyspace& keyspace = engine_.keyspace();
  const std::size_t step = std::min(kBucketsPerHold, *buckets);
  bucket_ = engine_.reclaimer().crawl(worker_, keyspace.stripe(stripe_), bucket_, step);
  *buckets -= step;
  if (bucket_ != 0) return true;
  const bool asked_for = walk_running();
  if (asked_for) walk_stripes_left_.fetch_sub(1, std::memory_order_relaxed);
  stripe_ = (stripe_ + 1) % keyspace.stripe_count();
  if (asked_for ? !walk_running() : stripe_ == 0) tell_walk_done(asked_for);
  if (stripe_ == 0 && !walk_running()) {
    crawler_starts.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  return true;
}

// As memcached's crawler tells of each LRU, one event for each class: of which anything was seen, if somebody
// asked for the walk, else of which anything was reclaimed.
void Maintainer::tell_walk_done(bool asked_for) {
  const std::uint32_t now = engine_.clock().now();
  const std::uint32_t elapsed_s = now - walk_began_s_;
  for (std::size_t id = 1; id < walk_began_with_.size(); ++id) {
    const ClassCounters& counters = worker_.class_counters[id];
    const Tally ever{
        counters.read(static_cast<std::size_t>(ClassCounter::crawler_items_checked)),
        counters.read(static_cast<std::size_t>(ClassCounter::crawler_reclaimed))};
    Tally& before = walk_began_with_[id];
    if (before.examined > ever.examined) before = {};  // `stats reset` came in between
    const bool worth_it =
        ever.reclaimed != before.reclaimed || (asked_for && ever.examined != before.examined);
    if (worker_.events.wants(stream::kSystem) && worth_it) {
      worker_.events.write(CrawlEvent{.class_id = static_cast<std::uint8_t>(id),
                                      .elapsed_s = elapsed_s,
                                      .next_run_s = std::max(1u, elapsed_s),
                                      .examined = ever.examined - before.examined,
                                      .reclaimed = ever.reclaimed - before.reclaimed});
    }
    before = ever;
  }
  walk_began_s_ = now;
}

// A class with more than two and a half pages of free chunks gives one page up, so that memory
// flows to where it is needed without anyone waiting for it.
void Maintainer::return_idle_pages() {
  slab::SlabAllocator& slabs = engine_.keyspace().slabs();
  for (std::size_t id = 1; id <= slabs.classes().count(); ++id) {
    const auto usage = slabs.usage(id);
    if (usage.pages == 0 || 2 * usage.free_chunks <= 5 * std::uint64_t{usage.chunks_per_page}) continue;
    GateGuard gate(worker_);
    engine_.reclaimer().drain_page(worker_, id, false);
  }
}

}  // namespace larder::engine
