// The cache engine: its parts, changing an item in place, reading. Writing: cache_engine_store.cc,
// cache_engine_update.cc.
#include "engine/cache_engine.h"

#include <algorithm>
#include <random>

#include "engine/maintainer.h"

namespace larder::engine {

namespace {
// memcached's bookkeeping per item, for -I to mean the same: header, cas, terminators.
constexpr std::size_t kPeerHeaderBytes = 48;
constexpr std::size_t kPeerCasBytes = 8;

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}
}  // namespace

CacheEngine::CacheEngine(const Config& config)
    : Engine(config.hash_seed != 0 ? config.hash_seed : random_seed()),
      config_(config),
      keyspace_(config, *this),
      reclaimer_(keyspace_, gates_, config, clock()),
      orphan_worker_(gates_.add_worker()),
      direct_bytes_max_(std::min(kCopyBytesMax, keyspace_.inline_bytes_max())),
      join_bytes_max_(std::min(kJoinBytesMax, keyspace_.inline_bytes_max())),
      maintainer_(std::make_unique<Maintainer>(*this, config)) {}

CacheEngine::~CacheEngine() = default;

void CacheEngine::start_background() { maintainer_->start(); }

void CacheEngine::stop_background() { maintainer_->stop(); }

std::unique_ptr<CacheEngine> make_cache_engine(const Config& config) {
  return std::make_unique<CacheEngine>(config);
}

// --- warm restart ---

SavedState CacheEngine::save() {
  SavedState state;
  state.hash_seed = hash_seed();
  state.hash_power = hash_power();
  state.now_s = clock().now();
  state.started_unix = clock().started_unix();
  state.flush_due = flush_due_.load(std::memory_order_relaxed).quarters;
  keyspace_.save(&state);
  return state;
}

bool CacheEngine::restore(const SavedState& state) {
  clock().resume(state.started_unix);
  flush_due_.store({state.flush_due}, std::memory_order_relaxed);
  return keyspace_.restore(state);
}

// --- small parts ---

bool CacheEngine::too_large(std::size_t key_bytes, std::size_t value_bytes) const {
  return too_large(key_bytes, value_bytes, 0);
}

bool CacheEngine::too_large(std::size_t key_bytes, std::size_t value_bytes,
                            std::uint32_t client_flags) const {
  return kPeerHeaderBytes + (config_.cas ? kPeerCasBytes : 0) + key_bytes + 1 +
             (client_flags != 0 ? 4 : 0) + value_bytes + 2 >
         config_.item_bytes_max;
}

std::uint32_t CacheEngine::shape_flags(const Written& written) const {
  return (written.client_flags != 0 ? slab::kHasClientFlags : 0) |
         (written.deadline != Deadline::never() ? slab::kHasDeadline : 0) |
         (written.deadline_ms != 0 ? slab::kHasDeadlineMs : 0) |
         (written.cas != 0 ? slab::kHasCas : 0);
}

void CacheEngine::write_fields(Item& item, const Written& written) {
  if (item.has(slab::kHasClientFlags)) item.set_client_flags(written.client_flags);
  if (item.has(slab::kHasDeadline)) item.set_deadline(written.deadline.quarters);
  if (item.has(slab::kHasDeadlineMs)) item.set_deadline_ms(written.deadline_ms);
  if (item.has(slab::kHasCas)) item.set_cas(written.cas);
}

// Where an item goes that is written anew; `old_ref` is what it replaces (0: nothing).
Segment CacheEngine::new_segment(Stripe& stripe, const Key& key, Ref old_ref, Deadline deadline) {
  if (!reclaimer_.policy().segmented) return Segment::cold;
  const std::int64_t ttl_max = reclaimer_.temporary_ttl_s();
  if (ttl_max >= 0 && deadline != Deadline::never() &&
      std::int64_t{deadline.seconds()} - std::int64_t{clock().now()} <= ttl_max) {
    return Segment::temp;
  }
  const auto old_segment =
      old_ref == 0 ? Segment::hot : static_cast<Segment>(keyspace_.item(old_ref).segment());
  if (old_segment == Segment::warm) return Segment::warm;
  return stripe.ghost.recall(stripe.ghost_set(key.hash), key.hash) ? Segment::warm
                                                                         : Segment::hot;
}

std::int32_t CacheEngine::ttl_s(const Item& item) const {
  if (!item.has(slab::kAnyDeadline)) return -1;
  const Deadline deadline{item.deadline()};
  if (deadline != Deadline::never()) return static_cast<std::int32_t>(deadline.seconds() - clock().now());
  if (item.deadline_ms() == 0) return -1;
  const std::int64_t left_s = (item.deadline_ms() - clock().unix_ms()) / 1000;
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(left_s, 0, INT32_MAX));
}

// The entry of a key that has not expired; an expired one is freed here.
Ref CacheEngine::live(Worker& worker, Stripe& stripe, const Key& key, bool again) {
  const Ref ref = keyspace_.find(stripe, key);
  const bool is_expired = ref != 0 && reclaimer_.expired(keyspace_.item(ref));
  const bool is_flushed = ref == 0 && keyspace_.recall_flushed(stripe, key);
  if (worker.events.wants(stream::kFetchers) && !again) [[unlikely]] {
    const Found absent = is_flushed ? Found::flushed : Found::not_found;
    tell_lookup(worker, key, ref, is_expired ? Found::expired : ref != 0 ? Found::found : absent);
  }
  if (is_flushed) [[unlikely]] worker.count(Counter::get_flushed);
  if (!is_expired) return ref;
  worker.count(Counter::get_expired);
  reclaimer_.remember_expired(stripe, key.hash, keyspace_.item(ref));
  keyspace_.remove(worker, stripe, key.hash, ref);
  return 0;
}

// A chunk: free, or of an item evicted from this stripe.
Ref CacheEngine::take_chunk(Worker& worker, Stripe& stripe, std::size_t class_id) {
  // Without a maintainer nobody else takes back what has expired or was flushed.
  if (!config_.maintainer && !keyspace_.shared_lru(class_id)) [[unlikely]] {
    if (const Ref reclaimed = reclaimer_.reclaim_in_stripe(worker, stripe, class_id)) return reclaimed;
  }
  const Ref chunk = keyspace_.slabs().allocate(worker.magazines, class_id);
  if (chunk != 0 || keyspace_.shared_lru(class_id)) return chunk;
  return reclaimer_.evict_in_stripe(worker, stripe, class_id, {.more_than = Reclaimer::kFewItems});
}

// --- changing an item's shape ---

// Gives an item additional optional fields: in place when its chunk has room and nobody reads it,
// else in a new chunk. The fields' contents are the caller's to write. 0: no chunk (see room).
// Requires: no object, no long key.
Ref CacheEngine::reshape(Worker& worker, Stripe& stripe, const Key& key, Ref ref,
                         std::uint32_t add_flags, Room* room) {
  Item& item = keyspace_.item(ref);
  const Written fields{item.client_flags(), {item.deadline()}, item.cas(), item.deadline_ms()};
  const ItemShape shape{(item.flags() & kAllFields) | add_flags, item.key_bytes(), item.value_bytes()};
  const std::size_t class_id = keyspace_.class_of(shape.chunk_bytes());
  if (item.pins() == 0 &&
      shape.chunk_bytes() <= keyspace_.classes().chunk_bytes(keyspace_.slab_class(item))) {
    const Keyspace::Resize resize(keyspace_, stripe, item);
    char* const from = item.key_data();
    const std::size_t bytes = item.key_bytes() + item.value_bytes();
    item.change(add_flags, 0);
    std::memmove(item.key_data(), from, bytes);
    write_fields(item, fields);
    return ref;
  }
  const Ref chunk = take_chunk(worker, stripe, class_id);
  if (chunk == 0) {
    room->class_id = class_id;
    return 0;
  }
  // Eviction may have taken the item itself to make room.
  if (keyspace_.find(stripe, key) != ref) {
    keyspace_.slabs().free(worker.magazines, chunk);
    room->class_id = class_id;
    return 0;
  }
  keyspace_.initialize(chunk, shape, key.bytes, item.accessed_s);
  Item& copy = keyspace_.item(chunk);
  copy.change(item.flags() & (slab::kFetched | slab::kUsesMask | slab::kStale | slab::kTokenSent), 0);
  write_fields(copy, fields);
  copy.mark_value(item.string_marks());
  std::memcpy(copy.value_data(), item.value_data(), item.value_bytes());
  keyspace_.replace(worker, stripe, key, ref, chunk, static_cast<Segment>(item.segment()));
  return chunk;
}

bool CacheEngine::give_cas(Worker& worker, Stripe& stripe, const Key& key, Ref* ref, Room* room) {
  if (!config_.cas || keyspace_.item(*ref).has(slab::kHasCas)) return true;
  *ref = reshape(worker, stripe, key, *ref, slab::kHasCas, room);
  if (*ref == 0) return false;
  keyspace_.item(*ref).set_cas(keyspace_.next_cas(stripe));
  return true;
}

bool CacheEngine::give_deadline(Worker& worker, Stripe& stripe, const Key& key, Ref* ref,
                                Deadline deadline, Room* room) {
  Item& item = keyspace_.item(*ref);
  if (item.has(slab::kHasDeadlineMs)) [[unlikely]] {
    item.set_deadline_ms(clock().unix_ms_of(deadline));
    return true;
  }
  if (!item.has(slab::kHasDeadline)) {
    if (deadline == Deadline::never()) return true;
    *ref = reshape(worker, stripe, key, *ref, slab::kHasDeadline, room);
    if (*ref == 0) return false;
  }
  keyspace_.item(*ref).set_deadline(deadline.quarters);
  return true;
}

// --- reading ---

void CacheEngine::mark_read(Item& item, const GetRequest& request) {
  if (!request.bump) return;
  if (!item.has(slab::kFetched)) item.change(slab::kFetched, 0);
  item.add_use();
  // At most one write a second, so that a hot item's line is mostly only read.
  const std::uint32_t now = clock().now();
  if (item.accessed_s != now) __atomic_store_n(&item.accessed_s, now, __ATOMIC_RELAXED);
}

void CacheEngine::count_read(Worker& worker, const Item* item, Account account) {
  if (account == Account::none) return;
  if (account == Account::touch) {
    worker.count(Counter::cmd_touch);
    worker.count(item != nullptr ? Counter::touch_hits : Counter::touch_misses);
    if (item != nullptr) worker.count(keyspace_.slab_class(*item), ClassCounter::touch_hits);
    return;
  }
  worker.count(Counter::cmd_get);
  if (item == nullptr) {
    worker.count(Counter::get_misses);
    return;
  }
  constexpr ClassCounter kHits[] = {ClassCounter::hits_to_hot, ClassCounter::hits_to_warm,
                                    ClassCounter::hits_to_cold, ClassCounter::hits_to_temp};
  worker.count(Counter::get_hits);
  const std::size_t class_id = keyspace_.slab_class(*item);
  worker.count(class_id, ClassCounter::get_hits);
  worker.count(class_id, kHits[item->segment()]);
}

ItemView CacheEngine::view_of(Item& item, Ref ref) {
  const std::uint32_t flags = item.flags();
  return {
      .key = item.key(),
      .value = item.object() ? std::string_view{} : item.value(),
      .cas = config_.cas ? item.cas() : 0,
      .client_flags = item.client_flags(),
      .ttl_s = ttl_s(item),
      .idle_s = clock().now() - item.accessed_s,
      .total_bytes = static_cast<std::uint32_t>(Keyspace::item_total(item)),
      .class_id = static_cast<std::uint8_t>(keyspace_.lru_index(item)),
      .fetched_before = (flags & slab::kFetched) != 0,
      .stale = (flags & slab::kStale) != 0,
      .token_sent = (flags & slab::kTokenSent) != 0,
      .engine = this,
      .item = ref,
  };
}

// Whether this reader wins the right to recache (meta get): the TTL is low or the item is stale,
// and nobody was told before. `ttl`: as found, before a new deadline.
bool CacheEngine::lease(Item& item, const GetRequest& request, std::int32_t ttl) {
  if (!request.lease || item.has(slab::kTokenSent)) return false;
  const bool low = request.recache_s.has_value() && ttl >= 0 &&
                   static_cast<std::uint32_t>(ttl) < *request.recache_s;
  if (!low && !item.has(slab::kStale)) return false;
  item.change(slab::kTokenSent, 0);
  return true;
}

std::optional<GetStatus> CacheEngine::try_get(Worker& worker, Stripe& stripe, const Key& key,
                                              const GetRequest& request, ItemSink& sink, Room* room) {
  Ref ref = live(worker, stripe, key, room->again);
  if (ref == 0 || keyspace_.item(ref).object()) {
    // A structured value is none that this protocol can show, and not for a reader to replace.
    if (ref == 0 && request.vivify.has_value()) {
      return try_vivify(worker, stripe, key, request, sink, room);
    }
    count_read(worker, nullptr, request.account);
    return GetStatus::miss;
  }
  std::int32_t found_ttl_s = 0;
  if (request.touch.has_value()) {
    found_ttl_s = ttl_s(keyspace_.item(ref));
    if (!give_deadline(worker, stripe, key, &ref, *request.touch, room)) return std::nullopt;
  }
  if (request.want_cas && !give_cas(worker, stripe, key, &ref, room)) return std::nullopt;
  Item& item = keyspace_.item(ref);
  count_read(worker, &item, request.account);
  ItemView view = view_of(item, ref);
  if (request.touch.has_value()) view.ttl_s = found_ttl_s;
  view.won = lease(item, request, view.ttl_s);
  mark_read(item, request);
  sink.item(view);
  return GetStatus::hit;
}

std::optional<GetStatus> CacheEngine::try_vivify(Worker& worker, Stripe& stripe, const Key& key,
                                                 const GetRequest& request, ItemSink& sink,
                                                 Room* room) {
  Written written;
  written.deadline = *request.vivify;
  if (config_.cas) {
    written.cas = request.explicit_cas != 0 ? request.explicit_cas : keyspace_.next_cas(stripe);
  }
  const Ref ref = write_item(worker, stripe, key, 0, written, 0, room);
  if (ref == 0) return std::nullopt;
  Item& item = keyspace_.item(ref);
  count_read(worker, &item, request.account);  // a hit: there is something to show
  ItemView view = view_of(item, ref);
  view.created = true;
  view.won = true;
  item.change(slab::kTokenSent, 0);
  mark_read(item, request);
  sink.item(view);
  return GetStatus::vivified;
}

GetStatus CacheEngine::get(Worker& worker, const Key& key, const GetRequest& request,
                           ItemSink& sink) {
  const auto result = with_room<GetStatus>(worker, key, [&](Stripe& stripe, Room* room) {
    return try_get(worker, stripe, key, request, sink, room);
  });
  if (prefix_stats().enabled() && request.account != Account::none) [[unlikely]] {
    prefix_stats().count_get(key.bytes, result == GetStatus::hit);
  }
  return result.value_or(GetStatus::no_memory);
}

bool CacheEngine::touch(Worker& worker, const Key& key, Deadline deadline) {
  const auto result = with_room<bool>(
      worker, key, [&](Stripe& stripe, Room* room) -> std::optional<bool> {
        Ref ref = live(worker, stripe, key, room->again);
        if (ref != 0 && keyspace_.item(ref).object()) ref = 0;
        if (ref != 0 && !give_deadline(worker, stripe, key, &ref, deadline, room)) {
          return std::nullopt;
        }
        Item* item = ref == 0 ? nullptr : &keyspace_.item(ref);
        count_read(worker, item, Account::touch);
        if (item != nullptr) mark_read(*item, GetRequest{});
        return item != nullptr;
      });
  return result.value_or(false);
}

// --- handles ---

void CacheEngine::pin_item(std::uint32_t ref) {
  Item& item = keyspace_.item(ref);
  item.set_pins(item.pins() + 1);
}

void CacheEngine::unpin_item(std::uint32_t ref) {
  Item& item = keyspace_.item(ref);
  Stripe& stripe = keyspace_.stripe(item.stripe());
  std::lock_guard lock(stripe.lock);
  item.set_pins(item.pins() - 1);
  if (item.pins() == 0 && !item.has(slab::kLinked)) keyspace_.free(orphan_worker_, ref);
}

void CacheEngine::discard(Worker& worker, std::uint32_t ref) { keyspace_.free(worker, ref); }

}  // namespace larder::engine
