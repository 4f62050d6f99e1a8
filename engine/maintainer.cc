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
  if (walk_running()) walk_stripes_left_.fetch_sub(1, std::memory_order_relaxed);
  stripe_ = (stripe_ + 1) % keyspace.stripe_count();
  if (stripe_ == 0 && !walk_running()) {
    crawler_starts.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  return true;
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
