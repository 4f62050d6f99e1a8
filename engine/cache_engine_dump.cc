// Walking over all items in small steps, for dumps and `stats sizes`.
//
// A step holds one stripe's lock for kDumpItemsMax slots of its table (about 30 items, some
// microseconds). Between steps anything may change: a table grows at its end, so items of a bucket
// that is split behind the walk are met again; one that was emptied (flush_all) may be shorter than
// the cursor, which then goes on to the next stripe.
#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/cache_engine.h"
#include "engine/maintainer.h"

namespace larder::engine {

// One step of a walk (Engine::dump): `visit(item, ref)` for each live item of the classes asked
// for.
template <typename Visit>
bool CacheEngine::walk_some(DumpCursor* cursor, Visit&& visit) {
  if (cursor->stripe >= keyspace_.stripes_per_database()) return false;
  Stripe& stripe = keyspace_.database(0)[cursor->stripe];
  std::lock_guard lock(stripe.lock);
  const Table& table = stripe.table;
  for (std::size_t room = kDumpItemsMax; room != 0 && cursor->bucket < table.bucket_count();) {
    const std::size_t end = std::min(cursor->slots_left, table.chain_slots(cursor->bucket));
    const std::size_t begin = end > room ? end - room : 0;
    table.for_slots(cursor->bucket, begin, end,
                    [&](Ref ref) { __builtin_prefetch(&keyspace_.item(ref)); });
    table.for_slots(cursor->bucket, begin, end, [&](Ref ref) {
      Item& item = keyspace_.item(ref);
      const bool wanted = cursor->classes[keyspace_.lru_index(item)];
      if (wanted && !reclaimer_.expired(item)) visit(item, ref);
    });
    room -= end - begin;
    cursor->slots_left = begin;
    if (begin != 0) continue;
    cursor->slots_left = DumpCursor::kWholeChain;
    ++cursor->bucket;
  }
  if (cursor->bucket < table.bucket_count()) return true;
  cursor->bucket = 0;
  cursor->slots_left = DumpCursor::kWholeChain;
  return ++cursor->stripe < keyspace_.stripes_per_database();
}

bool CacheEngine::dump(Worker& worker, DumpCursor* cursor, ItemSink& sink) {
  flush_if_due(worker);
  return walk_some(cursor, [&](Item& item, Ref ref) { sink.item(view_of(item, ref)); });
}

// Nothing is counted until somebody asks: then a walk over all items. Other threads wait for a few
// of its steps at most; the caller's connections wait for all of it (0.1 s a million items or
// less), which is why it has to be asked for at the start.
void CacheEngine::sizes_stats(StatSink& sink) {
  if (!config_.track_sizes) return sink.stat("sizes_status", std::string_view("disabled"));
  constexpr std::size_t kStepBytes = 32;
  std::unordered_map<std::size_t, std::uint64_t> counts;  // items by size in steps, rounded up
  std::array<std::size_t, kDumpItemsMax> found;           // no allocation under a stripe lock
  std::size_t found_count = 0;
  DumpCursor cursor;
  for (bool more = true; more;) {
    more = walk_some(&cursor, [&](Item& item, Ref) {
      found[found_count++] = (Keyspace::item_total(item) + kStepBytes - 1) / kStepBytes;
    });
    while (found_count != 0) ++counts[found[--found_count]];
  }
  std::vector<std::pair<std::size_t, std::uint64_t>> rising(counts.begin(), counts.end());
  std::sort(rising.begin(), rising.end());
  for (const auto& [steps, items] : rising) sink.stat(std::to_string(steps * kStepBytes), items);
}

bool CacheEngine::crawler_enabled() const {
  return maintainer_->crawler_enabled.load(std::memory_order_relaxed);
}

}  // namespace larder::engine
