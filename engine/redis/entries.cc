// What can be done to one key under the lock of its stripe: finding, writing strings and objects,
// deadlines, removal. An entry is one item; whatever changes its size or its optional fields may put it
// into another chunk, which is why these functions return its new reference.
#include <algorithm>
#include <cstring>

#include "engine/redis/redis_engine.h"

namespace larder::redis {

namespace {

constexpr std::size_t place_of_key(const Key& key) {
  return key.bytes.size() <= slab::kKeyInlineMax ? key.bytes.size() : Item::kLongKeyBytes;
}

// Optional fields of an item that stays out of slab chunks: all but one kind of deadline, from the start.
constexpr std::uint32_t kExtentFields =
    slab::kExtent | slab::kHasClientFlags | slab::kHasDeadlineMs | slab::kHasCas;
constexpr std::uint32_t kFields = slab::kPinnable | slab::kHasClientFlags | slab::kAnyDeadline |
                                  slab::kHasCas | slab::kExtent;

}  // namespace

// --- finding ---

Ref RedisEngine::live_entry(WorkerState& state, Stripe& stripe, const Key& key) {
  const Ref ref = keyspace().find(stripe, key);
  if (ref == 0) return 0;
  const Item& item = keyspace().item(ref);
  if (!item.has(slab::kAnyDeadline)) [[likely]] return ref;
  const std::int64_t deadline_ms = deadline_of(item);
  if (deadline_ms == 0 || deadline_ms > state.now_ms) return ref;
  state.count(Counter::expired_keys);
  keyspace().remove(state.worker, stripe, key.hash, ref);
  return 0;
}

// --- writing ---

// A chunk: free, of an item of the stripe that goes for it, or beyond the limit.
Ref RedisEngine::take_chunk(WorkerState& state, Stripe& stripe, std::size_t class_id, bool evict) {
  slab::SlabAllocator& slabs = keyspace().slabs();
  Ref chunk = slabs.allocate(state.worker.magazines, class_id);
  if (chunk != 0) [[likely]] return chunk;
  if (evict && settings_.maxmemory_policy >= EvictionPolicy::allkeys_lru && !keyspace().shared_lru(class_id)) {
    chunk = reclaimer().evict_in_stripe(state.worker, stripe, class_id,
                                        {.more_than = engine::Reclaimer::kFewItems});
    if (chunk != 0) {
      state.count(Counter::evicted_keys);
      return chunk;
    }
  }
  note_pressure();
  return slabs.allocate_beyond(state.worker.magazines, class_id);
}

Ref RedisEngine::put_string(WorkerState& state, Stripe& stripe, const Key& key, Ref old_ref,
                            std::size_t bytes, const StringFields& fields, bool evict) {
  engine::ItemShape shape((fields.client_flags != 0 ? slab::kHasClientFlags : 0) |
                              (fields.deadline_ms != 0 ? slab::kHasDeadlineMs : 0),
                          key.bytes.size(), bytes);
  const bool extent = keyspace().needs_extent(place_of_key(key), bytes);
  if (extent) shape.flags |= kExtentFields;
  const std::size_t class_id = keyspace().class_of(shape.chunk_bytes());
  if (old_ref != 0 && !extent) {
    Item& item = keyspace().item(old_ref);
    if (keyspace().slab_class(item) == class_id && item.pins() == 0 && !item.has(slab::kExtent) &&
        !item.owns_heap()) {
      const engine::Keyspace::Resize resize(keyspace(), stripe, item);
      item.change(shape.flags, kFields | slab::kFetched | slab::kStale | slab::kTokenSent);
      item.add_use();
      item.set_sizes(shape.key_bytes, bytes);
      if (item.has(slab::kPinnable)) item.set_pins(0);
      __atomic_store_n(&item.accessed_s, clock().now(), __ATOMIC_RELAXED);
      std::memcpy(item.key_data(), key.bytes.data(), key.bytes.size());
      if (item.has(slab::kHasClientFlags)) item.set_client_flags(fields.client_flags);
      if (item.has(slab::kHasDeadlineMs)) item.set_deadline_ms(fields.deadline_ms);
      return old_ref;
    }
  }
  const Ref chunk = take_chunk(state, stripe, class_id, evict);
  keyspace().initialize(chunk, shape, key.bytes, clock().now());
  Item& item = keyspace().item(chunk);
  if (item.has(slab::kHasClientFlags)) item.set_client_flags(fields.client_flags);
  if (item.has(slab::kHasDeadlineMs)) item.set_deadline_ms(fields.deadline_ms);
  if (item.has(slab::kHasCas)) item.set_cas(keyspace().next_cas(stripe));
  if (extent) {
    slab::Arena& arena = keyspace().arena();
    char* memory = arena.take_extent(bytes);
    if (memory == nullptr) {
      note_pressure();
      memory = arena.take_extent(bytes, nullptr, slab::Arena::Bound::address_space);
    }
    item.set_extent(memory);
  }
  // Eviction may have taken the old entry to make room.
  if (evict && old_ref != 0 && keyspace().find(stripe, key) != old_ref) old_ref = 0;
  enter(state.worker, stripe, key, old_ref, chunk, {});
  return chunk;
}

Ref RedisEngine::put_object(WorkerState& state, Stripe& stripe, const Key& key, Ref old_ref, Value* value,
                            std::int64_t deadline_ms) {
  const Ref ref = put_string(state, stripe, key, old_ref, sizeof value, {deadline_ms, 0}, false);
  keyspace().item(ref).set_object(value);
  return ref;
}

// Puts an entry into a chunk of its own with other optional fields; value, object and long key go with it.
Ref RedisEngine::rechunk(WorkerState& state, Stripe& stripe, const Key& key, Ref ref, std::uint32_t flags) {
  Item& from = keyspace().item(ref);
  engine::ItemShape shape(flags & (kFields & ~slab::kPinnable), from.key_bytes(), from.value_bytes());
  const Ref chunk = take_chunk(state, stripe, keyspace().class_of(shape.chunk_bytes()), false);
  keyspace().initialize(chunk, shape, {from.key_data(), from.key_bytes()}, from.accessed_s);
  Item& to = keyspace().item(chunk);
  to.change(from.flags() & (slab::kFetched | slab::kUsesMask | slab::kStale | slab::kTokenSent), 0);
  if (to.has(slab::kHasClientFlags)) to.set_client_flags(from.client_flags());
  if (to.has(slab::kHasDeadlineMs)) to.set_deadline_ms(from.deadline_ms());
  if (to.has(slab::kHasCas)) to.set_cas(from.cas());
  if (from.has(slab::kExtent)) {
    to.set_extent(from.extent());
  } else {
    std::memcpy(to.value_data(), from.value_data(), from.value_bytes());
  }
  from.hand_over(to);
  keyspace().replace(state.worker, stripe, key, ref, chunk, static_cast<engine::Segment>(from.segment()));
  return chunk;
}

Ref RedisEngine::put_deadline(WorkerState& state, Stripe& stripe, const Key& key, Ref ref,
                              std::int64_t deadline_ms) {
  Item* item = &keyspace().item(ref);
  if (item->has(slab::kHasDeadlineMs)) {
    item->set_deadline_ms(deadline_ms);
    return ref;
  }
  if (deadline_ms == 0) {
    if (item->has(slab::kHasDeadline)) item->set_deadline(0);
    return ref;
  }
  if (item->pins() != 0) {
    // Readers hold the chunk: a copy takes its place.
    const Ref copy = put_string(state, stripe, key, ref, item->value_bytes(),
                                {deadline_ms, item->client_flags()}, false);
    std::memcpy(keyspace().item(copy).value_data(), item->value_data(), item->value_bytes());
    keyspace().item(copy).mark_value(item->string_marks());
    return copy;
  }
  const std::uint32_t flags = (item->flags() & ~slab::kHasDeadline) | slab::kHasDeadlineMs;
  const std::size_t needed =
      item->chunk_bytes() - Item::optional_bytes(item->flags()) + Item::optional_bytes(flags);
  if (!item->has(slab::kExtent) &&
      needed <= keyspace().classes().chunk_bytes(keyspace().slab_class(*item))) {
    const engine::Keyspace::Resize resize(keyspace(), stripe, *item);
    const std::uint64_t cas = item->cas();
    char* const from = item->key_data();
    const std::size_t bytes = item->key_bytes() + item->value_bytes();
    item->change(slab::kHasDeadlineMs, slab::kHasDeadline);
    std::memmove(item->key_data(), from, bytes);
    item->set_deadline_ms(deadline_ms);
    if (item->has(slab::kHasCas)) item->set_cas(cas);
    return ref;
  }
  ref = rechunk(state, stripe, key, ref, flags);
  keyspace().item(ref).set_deadline_ms(deadline_ms);
  return ref;
}

Ref RedisEngine::edit_string(WorkerState& state, Stripe& stripe, const Key& key, Ref ref, std::size_t bytes) {
  Item* item = &keyspace().item(ref);
  const std::size_t old_bytes = item->value_bytes();
  bytes = std::max(bytes, old_bytes);
  bool in_place = item->pins() == 0;
  if (in_place && bytes != old_bytes) {
    if (item->has(slab::kExtent)) {
      in_place = keyspace().arena().grow_extent(item->extent(), bytes);
    } else {
      // Values that readers may pin have a field that short ones lack.
      const bool pinnable = bytes > engine::kCopyBytesMax;
      in_place = pinnable == item->has(slab::kPinnable) &&
                 item->chunk_bytes() + bytes - old_bytes <=
                     keyspace().classes().chunk_bytes(keyspace().slab_class(*item));
    }
  }
  if (in_place) {
    const engine::Keyspace::Resize resize(keyspace(), stripe, *item);
    if (bytes != old_bytes) item->set_value_bytes(bytes);
    if (item->has(slab::kHasCas)) item->set_cas(keyspace().next_cas(stripe));
  } else {
    const StringFields fields{deadline_of(*item), item->client_flags()};
    // The old item stays where it is until the new one has its bytes.
    const slab::Item& old_item = *item;
    const Ref made = copy_string(state, stripe, key, ref, old_item.value(), bytes, fields);
    ref = made;
    item = &keyspace().item(ref);
  }
  std::memset(item->value_data() + old_bytes, 0, bytes - old_bytes);
  item->mark_value(slab::kRawString);
  return ref;
}

// A new entry of `bytes` bytes that begins with `head`, which lies in the old one.
Ref RedisEngine::copy_string(WorkerState& state, Stripe& stripe, const Key& key, Ref old_ref,
                             std::string_view head, std::size_t bytes, const StringFields& fields) {
  Item& old_item = keyspace().item(old_ref);
  // A reader's hold keeps the old chunk from being written over or freed.
  const bool pinnable = old_item.has(slab::kPinnable);
  std::string copy;
  if (pinnable) {
    old_item.set_pins(old_item.pins() + 1);
  } else {
    copy.assign(head);
    head = copy;
  }
  const Ref ref = put_string(state, stripe, key, old_ref, bytes, fields, false);
  std::memcpy(keyspace().item(ref).value_data(), head.data(), head.size());
  if (pinnable) {
    old_item.set_pins(old_item.pins() - 1);
    if (old_item.pins() == 0 && !old_item.has(slab::kLinked)) keyspace().free(state.worker, old_ref);
  }
  return ref;
}

// --- removing ---

Value* RedisEngine::take_object(Item& item) {
  Value* const value = object_of(item);
  item.drop_object();
  return value;
}

void RedisEngine::remove_entry(WorkerState& state, Stripe& stripe, const Key& key, Ref ref) {
  keyspace().remove(state.worker, stripe, key.hash, ref);
}

}  // namespace larder::redis
