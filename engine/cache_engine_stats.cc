// Statistics of the cache engine: general, items, slabs, settings. Names and order are memcached's
// (doc/protocol.txt); the server puts its own names between the general ones.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "engine/cache_engine.h"
#include "engine/maintainer.h"

namespace larder::engine {

namespace {
using slab::kClassCountMax;

// Sums of one class over its lists (one a stripe, or one for all).
struct ClassLists {
  std::uint64_t segments[kSegmentCount] = {};
  std::uint64_t requested_bytes = 0;
  std::uint32_t age_s[kSegmentCount] = {};
  std::uint64_t items() const { return segments[0] + segments[1] + segments[2] + segments[3]; }
};

void add_lists(Keyspace& keyspace, const Lru& lru, std::uint32_t now, ClassLists* sums) {
  for (std::size_t i = 0; i < kSegmentCount; ++i) {
    const Lru::List& list = lru.list(static_cast<Segment>(i));
    sums->segments[i] += list.count;
    if (list.tail == 0) continue;
    const std::uint32_t accessed =
        __atomic_load_n(&keyspace.item(list.tail).accessed_s, __ATOMIC_RELAXED);
    sums->age_s[i] = std::max(sums->age_s[i], now - accessed);
  }
  sums->requested_bytes += lru.requested_bytes;
}

ClassLists sum_lists(Keyspace& keyspace, std::size_t index, std::uint32_t now) {
  ClassLists sums;
  if (keyspace.shared_lru(index)) {
    std::lock_guard lock(keyspace.shared(index).lock);
    add_lists(keyspace, keyspace.shared(index).lru, now, &sums);
    return sums;
  }
  for (std::size_t i = 0; i < keyspace.stripe_count(); ++i) {
    Stripe& stripe = keyspace.stripe(i);
    std::lock_guard lock(stripe.lock);
    const Lru* lru = keyspace.stripe_lru_if_any(stripe, index);
    if (lru != nullptr) add_lists(keyspace, *lru, now, &sums);
  }
  return sums;
}

// `<prefix><id>:<name> <value>` lines.
class ClassSink {
 public:
  ClassSink(StatSink& sink, std::string prefix) : sink_(sink), prefix_(std::move(prefix)) {}
  void stat(std::string_view name, std::uint64_t value) {
    sink_.stat(prefix_ + std::string(name), value);
  }

 private:
  StatSink& sink_;
  const std::string prefix_;
};
}  // namespace

std::uint64_t CacheEngine::sum(Counter counter) const {
  std::uint64_t total = 0;
  gates_.for_each([&](const Worker& worker) {
    total += worker.counters.read(static_cast<std::size_t>(counter));
  });
  return total;
}

std::uint64_t CacheEngine::sum(std::size_t class_id, ClassCounter counter) const {
  std::uint64_t total = 0;
  gates_.for_each([&](const Worker& worker) {
    total += worker.class_counters[class_id].read(static_cast<std::size_t>(counter));
  });
  return total;
}

void CacheEngine::reset_stats(Worker& worker) {
  // Counters have one writer; with all gates held no writer is at work.
  prefix_stats().clear();
  ExclusiveSection section(gates_, &worker);
  gates_.for_each([](Worker& each) {
    each.counters.reset();
    for (ClassCounters& counters : each.class_counters) counters.reset();
  });
  reclaimer_.reset_moves();
  maintainer_->crawler_starts.store(0, std::memory_order_relaxed);
}

bool CacheEngine::stats(std::string_view group, StatSink& sink) {
  if (group.empty()) {
    general_stats(sink);
  } else if (group == "items") {
    items_stats(sink);
  } else if (group == "slabs") {
    slabs_stats(sink);
  } else if (group == "sizes") {
    sizes_stats(sink);
  } else if (group == "settings") {
    settings_stats(sink);
  } else {
    return false;
  }
  return true;
}

// memcached doubles its table when there are half as many items again as buckets. Ours grows with the
// items, so the same figure follows from its size.
std::uint32_t CacheEngine::hash_power() {
  std::uint64_t buckets = 0;
  for (std::size_t i = 0; i < keyspace_.stripe_count(); ++i) {
    Stripe& stripe = keyspace_.stripe(i);
    std::lock_guard lock(stripe.lock);
    buckets += stripe.table.bucket_count();
  }
  std::uint32_t power = config_.hash_power;
  while (buckets * Table::kLoad * 2 > std::uint64_t{3} << power) ++power;
  return power;
}

void CacheEngine::general_stats(StatSink& sink) {
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    sink.stat(kCounterNames[i], sum(static_cast<Counter>(i)));
  }
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  std::uint64_t table_bytes = 0;
  for (std::size_t i = 0; i < keyspace_.stripe_count(); ++i) {
    Stripe& stripe = keyspace_.stripe(i);
    std::lock_guard lock(stripe.lock);
    items += stripe.table.size();
    bytes += stripe.item_bytes;
    table_bytes += stripe.table.memory_bytes();
  }
  sink.stat("hash_power_level", std::uint64_t{hash_power()});
  sink.stat("hash_bytes", table_bytes);
  sink.stat("hash_is_expanding", std::uint64_t{0});
  sink.stat("limit_maxbytes", std::uint64_t{keyspace_.arena().limit()});
  sink.stat("bytes", bytes);
  sink.stat("curr_items", items);
  sink.stat("slab_global_page_pool", std::uint64_t{keyspace_.arena().pool_pages()});
  const auto count = [](const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  const Reclaimer::Moves& moves = reclaimer_.moves();
  sink.stat("slab_reassign_rescues", count(moves.rescues));
  sink.stat("slab_reassign_inline_reclaim", count(moves.inline_reclaims));
  sink.stat("slab_reassign_busy_items", count(moves.busy_items));
  sink.stat("slab_reassign_busy_nomem", count(moves.busy_no_memory));
  sink.stat("slab_reassign_last_busy_status",
            std::string_view(moves.last_busy.load(std::memory_order_relaxed)));
  sink.stat("slab_reassign_running", std::uint64_t{moves.running.load(std::memory_order_relaxed) ? 1u : 0u});
  sink.stat("slabs_moved", count(moves.pages));
  sink.stat("lru_crawler_running", std::uint64_t{maintainer_->walk_running() ? 1u : 0u});
  sink.stat("lru_crawler_starts", maintainer_->crawler_starts.load(std::memory_order_relaxed));
  sink.stat("lru_maintainer_juggles",
            sum(Counter::moves_to_cold) + sum(Counter::moves_to_warm) + sum(Counter::moves_within_lru));
}

void CacheEngine::settings_stats(StatSink& sink) {
  const LruPolicy& policy = reclaimer_.policy();
  const std::int64_t temporary_ttl_s = reclaimer_.temporary_ttl_s();
  sink.stat("maxbytes", std::uint64_t{keyspace_.arena().limit()});
  sink.stat("lru_crawler", maintainer_->crawler_enabled.load(std::memory_order_relaxed));
  sink.stat("lru_segmented", policy.segmented);
  sink.stat("hot_lru_pct", std::uint64_t{policy.hot_percent});
  sink.stat("warm_lru_pct", std::uint64_t{policy.warm_percent});
  sink.stat("temp_lru", temporary_ttl_s >= 0);
  if (temporary_ttl_s >= 0) sink.stat("temporary_ttl", temporary_ttl_s);
  const std::lock_guard lock(shown_mutex_);
  for (const auto& [name, text] : shown_settings_) sink.stat(name, std::string_view(text));
}

void CacheEngine::show_setting(std::string_view name, std::string text) {
  const std::lock_guard lock(shown_mutex_);
  shown_settings_.insert_or_assign(std::string(name), std::move(text));
}

void CacheEngine::items_stats(StatSink& sink) {
  const std::uint32_t now = clock().now();
  for (std::size_t id = 1; id < kClassCountMax; ++id) {
    if (id > keyspace_.classes().count() && id != kExtentLru) continue;
    const ClassLists lists = sum_lists(keyspace_, id, now);
    if (lists.items() == 0) continue;
    const auto total = [&](ClassCounter counter) { return sum(id, counter); };
    ClassSink out(sink, fmt::format("items:{}:", id));
    out.stat("number", lists.items());
    if (reclaimer_.policy().segmented) {
      out.stat("number_hot", lists.segments[0]);
      out.stat("number_warm", lists.segments[1]);
      out.stat("number_cold", lists.segments[2]);
      if (reclaimer_.temporary_ttl_s() >= 0) out.stat("number_temp", lists.segments[3]);
      out.stat("age_hot", lists.age_s[0]);
      out.stat("age_warm", lists.age_s[1]);
    }
    out.stat("age", *std::max_element(lists.age_s, lists.age_s + kSegmentCount));
    out.stat("mem_requested", lists.requested_bytes);
    out.stat("evicted", total(ClassCounter::evicted));
    out.stat("evicted_nonzero", total(ClassCounter::evicted_nonzero));
    out.stat("evicted_time", reclaimer_.evicted_age_s(id));
    out.stat("outofmemory", total(ClassCounter::outofmemory));
    out.stat("tailrepairs", 0);
    // From here on in the order of the enum.
    for (auto i = static_cast<std::size_t>(ClassCounter::reclaimed); i < kClassCounterCount; ++i) {
      const auto counter = static_cast<ClassCounter>(i);
      const bool segmented_only =
          counter == ClassCounter::evicted_active || counter == ClassCounter::moves_to_cold ||
          counter == ClassCounter::moves_to_warm || counter == ClassCounter::moves_within_lru ||
          counter == ClassCounter::direct_reclaims;
      if (segmented_only && !reclaimer_.policy().segmented) continue;
      out.stat(kClassCounterNames[i], total(counter));
    }
  }
}

void CacheEngine::slabs_stats(StatSink& sink) {
  std::uint64_t active = 0;
  for (std::size_t id = 1; id <= keyspace_.classes().count(); ++id) {
    const auto usage = keyspace_.slabs().usage(id);
    if (usage.pages == 0) continue;
    ++active;
    ClassSink out(sink, fmt::format("{}:", id));
    out.stat("chunk_size", keyspace_.classes().chunk_bytes(id));
    out.stat("chunks_per_page", usage.chunks_per_page);
    out.stat("total_pages", usage.pages);
    out.stat("total_chunks", usage.chunks);
    // Chunks in workers' magazines are free.
    std::uint64_t free_chunks = usage.free_chunks;
    gates_.for_each([&](const Worker& worker) { free_chunks += worker.magazines.count(id); });
    free_chunks = std::min(free_chunks, usage.chunks);
    out.stat("used_chunks", usage.chunks - free_chunks);
    out.stat("free_chunks", free_chunks);
    out.stat("free_chunks_end", 0);
    for (std::size_t i = 0; i <= static_cast<std::size_t>(ClassCounter::touch_hits); ++i) {
      out.stat(kClassCounterNames[i], sum(id, static_cast<ClassCounter>(i)));
    }
  }
  sink.stat("active_slabs", active);
  sink.stat("total_malloced", std::uint64_t{keyspace_.arena().charged()});
}

}  // namespace larder::engine
