#include "engine/maintainer.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "engine/cache_engine.h"

namespace larder::engine {

namespace {
constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr std::size_t kBucketsPerHold = 32;     // about 250 items: some 20 us under a stripe lock
constexpr std::size_t kSliceBucketsMin = 2048;  // small caches are walked in a second
constexpr std::size_t kSlicesPerWalk = 600;     // large ones in a minute
constexpr std::size_t kIdlePagesPerRound = 4;
constexpr std::size_t kIdleBytesPerNudge = 32 << 20;  // somebody evicts, so what lies idle is wanted
constexpr int kMovesPerTurn = 4;
constexpr std::uint64_t kItemsPerRest = 1000;  // memcached's crawler sleeps as often
constexpr auto kUnlimited = std::numeric_limits<std::uint64_t>::max();
}  // namespace

Maintainer::Maintainer(CacheEngine& engine, const Config& config)
    : crawler_enabled(config.crawler),
      automove_enabled(config.automove),
      automove_ratio(config.automove_ratio),
      automove_window(config.automove_window),
      crawler_sleep_us(config.crawler_sleep_us),
      crawler_tocrawl(config.crawler_tocrawl),
      engine_(engine),
      worker_(engine.gates().add_worker()),
      frees_dead_(config.maintainer) {
  budget_.fill(kUnlimited);
}

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

void Maintainer::request_walk(const Classes& classes) {
  {
    std::lock_guard lock(mutex_);
    walk_classes_ = classes;
  }
  walk_stripes_left_.store(engine_.keyspace().stripe_count() + 1, std::memory_order_release);
  crawler_starts.fetch_add(1, std::memory_order_relaxed);
  wake_.notify_all();
}

void Maintainer::run() {
  auto next_round = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const bool walks = walk_running() || slice_buckets_left_ != 0;
    wake_.wait_until(lock, walks ? std::min(next_round, crawl_resumes_) : next_round);
    if (stop_) return;
    lock.unlock();
    const bool nudged = nudged_.exchange(false, std::memory_order_relaxed);
    const bool due = std::chrono::steady_clock::now() >= next_round;
    if ((nudged || due) && automove_enabled.load(std::memory_order_relaxed)) {
      move_pages(nudged ? kIdleBytesPerNudge / engine_.keyspace().arena().page_bytes() : kIdlePagesPerRound);
    }
    if (due) {
      round();
      next_round = std::chrono::steady_clock::now() + kInterval;
    }
    if (!rests(std::chrono::steady_clock::now())) crawl_on();
    lock.lock();
  }
}

void Maintainer::round() {
  {
    GateGuard gate(worker_);
    engine_.flush_if_due(worker_);
    engine_.reclaimer().shed(worker_);
    engine_.reclaimer().rebalance_tick();
    if (frees_dead_) engine_.reclaimer().free_shared_dead(worker_);
  }
  begin_slice();
}

// What lies idle goes before anything is evicted for a page.
void Maintainer::move_pages(std::size_t idle_most) {
  if (return_idle_pages(idle_most) != 0) return;
  const Rebalancer::Settings settings{automove_ratio.load(std::memory_order_relaxed),
                                      automove_window.load(std::memory_order_relaxed)};
  for (int moves = kMovesPerTurn; moves-- > 0;) {
    GateGuard gate(worker_);
    if (!engine_.reclaimer().rebalance(worker_, settings)) return;
  }
}

// --- walking ---

void Maintainer::begin_slice() {
  if (slice_buckets_left_ != 0) return;
  Keyspace& keyspace = engine_.keyspace();
  std::size_t total = 0;
  for (std::size_t i = 0; i < keyspace.stripe_count(); ++i) {
    Stripe& stripe = keyspace.stripe(i);
    std::lock_guard lock(stripe.lock);
    total += stripe.table.bucket_count();
  }
  slice_buckets_left_ = std::max(kSliceBucketsMin, total / kSlicesPerWalk);
}

// A walk that was asked for: what it looks at.
void Maintainer::begin_walk() {
  asked_for_ = true;
  walk_began_s_ = engine_.clock().now();
  const std::uint64_t most = crawler_tocrawl.load(std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < budget_.size(); ++i) {
    budget_[i] = !walk_classes_[i] ? 0 : most == 0 ? kUnlimited : most;
  }
}

// Goes on with the slice, or the walk, until it is done or has to rest.
void Maintainer::crawl_on() {
  const bool enabled = crawler_enabled.load(std::memory_order_relaxed);
  if (walk_stripes_left_.load(std::memory_order_acquire) != 0 && !asked_for_) begin_walk();
  if (asked_for_ && !enabled) return end_walk();
  if (!enabled && !frees_dead_) slice_buckets_left_ = 0;
  const auto examined = [&] {
    return worker_.counters.read(static_cast<std::size_t>(Counter::crawler_items_checked));
  };
  const std::uint64_t before = examined();
  while (asked_for_ || slice_buckets_left_ != 0) {
    {
      GateGuard gate(worker_);
      if (!crawl_some()) return;
    }
    if (examined() - before < kItemsPerRest) continue;
    const std::chrono::microseconds sleep(crawler_sleep_us.load(std::memory_order_relaxed));
    crawl_resumes_ = std::chrono::steady_clock::now() + sleep;
    return;
  }
}

// One hold of a stripe lock. False: a walk has come to its end.
bool Maintainer::crawl_some() {
  Keyspace& keyspace = engine_.keyspace();
  Reclaimer& reclaimer = engine_.reclaimer();
  Stripe& stripe = keyspace.stripe(stripe_);
  const bool enabled = crawler_enabled.load(std::memory_order_relaxed);
  if (!asked_for_ && frees_dead_) reclaimer.reclaim_tails(worker_, stripe, enabled);
  bucket_ = enabled ? reclaimer.crawl(worker_, stripe, bucket_, kBucketsPerHold, budget_) : 0;
  slice_buckets_left_ -= std::min(kBucketsPerHold, slice_buckets_left_);
  if (bucket_ != 0) return true;
  stripe_ = (stripe_ + 1) % keyspace.stripe_count();
  const bool ends =
      asked_for_ ? walk_stripes_left_.fetch_sub(1, std::memory_order_relaxed) == 1 : stripe_ == 0;
  if (ends) end_walk();
  return !ends;
}

void Maintainer::end_walk() {
  tell_walk_done();
  if (!asked_for_) crawler_starts.fetch_add(1, std::memory_order_relaxed);
  asked_for_ = false;
  budget_.fill(kUnlimited);
  slice_buckets_left_ = 0;
  walk_stripes_left_.store(0, std::memory_order_relaxed);
}

// As memcached's crawler tells of each LRU, one event for each class: of which anything was seen, if somebody
// asked for the walk, else of which anything was reclaimed.
void Maintainer::tell_walk_done() {
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
        ever.reclaimed != before.reclaimed || (asked_for_ && ever.examined != before.examined);
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

// A class with more than two and a half pages of free chunks gives pages up, so that memory flows to where it
// is needed without anyone waiting for it; `most` at a time. Returns how many.
std::size_t Maintainer::return_idle_pages(std::size_t most) {
  slab::SlabAllocator& slabs = engine_.keyspace().slabs();
  const std::uint32_t now = engine_.clock().now();
  std::size_t returned = 0;
  for (std::size_t id = 1; id <= slabs.classes().count(); ++id) {
    while (returned < most && stuck_at_s_[id] != now) {
      const auto usage = slabs.usage(id);
      if (usage.pages == 0 || 2 * usage.free_chunks <= 5 * std::uint64_t{usage.chunks_per_page}) break;
      GateGuard gate(worker_);
      if (engine_.reclaimer().drain_page(worker_, id, false)) {
        ++returned;
      } else {
        stuck_at_s_[id] = now;
      }
    }
  }
  return returned;
}

}  // namespace larder::engine
