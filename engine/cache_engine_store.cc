// Storing: set, add, replace, append, prepend and cas, of values that are in memory (copied under the
// stripe lock) and of large ones (written into an owned item first).
#include "engine/cache_engine.h"

#include <algorithm>
#include <string>

namespace larder::engine {

namespace {
// Refused by the command's own rules; what has no room is told by store_failed().
bool decided_against(StoreStatus status) {
  return status == StoreStatus::not_stored || status == StoreStatus::exists ||
         status == StoreStatus::not_found;
}
}  // namespace

// --- writing ---

// Writes an item with room for `value_bytes` (inline) in the place of `old_ref` (0: none): over the
// old one when the chunk fits and nobody reads it, else in a new chunk. The value is the caller's
// to write. 0: no chunk (see room).
Ref CacheEngine::write_item(Worker& worker, Stripe& stripe, const Key& key, Ref old_ref,
                            const Written& written, std::size_t value_bytes, Room* room) {
  const ItemShape shape{shape_flags(written), key.bytes.size(), value_bytes};
  const std::size_t class_id = keyspace_.class_of(shape.chunk_bytes());
  worker.count(class_id, ClassCounter::cmd_set);
  if (old_ref != 0) {
    Item& item = keyspace_.item(old_ref);
    if (keyspace_.slab_class(item) == class_id && item.pins() == 0 && !item.has(slab::kExtent) &&
        !item.owns_heap()) {
      const Keyspace::Resize resize(keyspace_, stripe, item);
      item.change(shape.flags, kAllFields | slab::kFetched | slab::kStale | slab::kTokenSent);
      item.add_use();
      item.set_sizes(shape.key_bytes, value_bytes);
      if (item.has(slab::kPinnable)) item.set_pins(0);
      __atomic_store_n(&item.accessed_s, clock().now(), __ATOMIC_RELAXED);
      std::memcpy(item.key_data(), key.bytes.data(), key.bytes.size());
      write_fields(item, written);
      return old_ref;
    }
  }
  const Ref chunk = take_chunk(worker, stripe, class_id);
  if (chunk == 0) {
    room->class_id = class_id;
    return 0;
  }
  keyspace_.initialize(chunk, shape, key.bytes, clock().now());
  write_fields(keyspace_.item(chunk), written);
  // Eviction may have taken the old item to make room.
  if (old_ref != 0 && keyspace_.find(stripe, key) != old_ref) old_ref = 0;
  enter(worker, stripe, key, old_ref, chunk, written.deadline);
  return chunk;
}

// Puts an owned item into the keyspace, in the place of `old_ref` (0: nothing).
void CacheEngine::enter(Worker& worker, Stripe& stripe, const Key& key, Ref old_ref, Ref ref,
                        Deadline deadline) {
  const Segment segment = new_segment(stripe, key, old_ref, deadline);
  if (old_ref == 0) return keyspace_.link(stripe, key, ref, segment);
  keyspace_.item(ref).set_uses(keyspace_.item(old_ref).uses());
  keyspace_.item(ref).add_use();
  keyspace_.replace(worker, stripe, key, old_ref, ref, segment);
}

// The mode and cas rules of a store, against the item that is there (0: none).
CacheEngine::Decision CacheEngine::decide(Worker& worker, Ref old_ref, const StoreRequest& request) {
  const bool joins = request.mode == StoreMode::append || request.mode == StoreMode::prepend;
  if (old_ref == 0) {
    if (request.compare && !joins && request.mode != StoreMode::add) {
      worker.count(Counter::cas_misses);
      return {.status = StoreStatus::not_found};
    }
    const bool creates = request.mode == StoreMode::set || request.mode == StoreMode::add ||
                         (joins && request.vivify.has_value());
    return {.store = creates};
  }
  Item& item = keyspace_.item(old_ref);
  if (joins && item.object()) return {};
  if (request.mode == StoreMode::add) {
    item.add_use();  // worth keeping, but nobody has read it
    return {};
  }
  // append and prepend take a comparison with 0 for none, and without cas every number is 0.
  const bool compare = request.compare && !(joins && (!config_.cas || request.compare_cas == 0));
  if (!compare) return {.store = true};
  const bool known = config_.cas && item.has(slab::kHasCas);
  const bool match = known && request.compare_cas != 0 && item.cas() == request.compare_cas;
  // An item without a number is newer than any number given out.
  const bool older = request.accept_older && request.compare_cas != 0 &&
                     (!known || request.compare_cas < item.cas());
  if (!joins) {
    worker.count(match || older ? Counter::cas_hits : Counter::cas_badval);
    worker.count(keyspace_.slab_class(item), match || older ? ClassCounter::cas_hits : ClassCounter::cas_badval);
  }
  if (match) return {.store = true};
  if (older && !joins) return {.store = true, .stale = true};
  return {.status = StoreStatus::exists};
}

CacheEngine::Written CacheEngine::written_for(Stripe& stripe, Ref old_ref,
                                              const StoreRequest& request, const Decision& decision) {
  Written written;
  written.client_flags = request.client_flags;
  written.deadline = request.deadline;
  if (decision.stale) {
    const Item& old_item = keyspace_.item(old_ref);
    written.deadline = old_item.has(slab::kHasDeadlineMs) ? clock().deadline_at_ms(old_item.deadline_ms())
                                                          : Deadline{old_item.deadline()};
  }
  if (config_.cas && request.explicit_cas != 0) {
    written.cas = request.explicit_cas;
  } else if (config_.cas && request.want_cas) {
    written.cas = keyspace_.next_cas(stripe);
  }
  return written;
}

StoreResult CacheEngine::finish_store(Worker& worker, const Key& key, const StoreRequest& request,
                                      Ref ref) {
  const Item& item = keyspace_.item(ref);
  worker.count(Counter::total_items);
  if (worker.events.wants(stream::kMutations)) [[unlikely]] tell_stored(worker, key, request, ref);
  return {StoreStatus::stored, config_.cas ? item.cas() : 0, item.value_bytes()};
}

std::optional<StoreResult> CacheEngine::try_store(Worker& worker, Stripe& stripe, const Key& key,
                                                  const StoreRequest& request,
                                                  std::string_view value, Room* room) {
  stripe.ghost.prefetch(stripe.ghost_set(key.hash));
  const Ref old_ref = live(worker, stripe, key, room->again);
  const Decision decision = decide(worker, old_ref, request);
  if (!decision.store) return StoreResult{decision.status, 0, 0};
  const bool joins = request.mode == StoreMode::append || request.mode == StoreMode::prepend;
  if (joins && old_ref != 0) {
    return try_join(worker, stripe, key, old_ref, request, value, room);
  }
  Written written = written_for(stripe, old_ref, request, decision);
  if (joins) written.deadline = *request.vivify;
  const bool token_sent = decision.stale && keyspace_.item(old_ref).has(slab::kTokenSent);
  const Ref ref = write_item(worker, stripe, key, old_ref, written, value.size(), room);
  if (ref == 0) return std::nullopt;
  Item& item = keyspace_.item(ref);
  std::memcpy(item.value_data(), value.data(), value.size());
  if (decision.stale) item.change(slab::kStale | (token_sent ? slab::kTokenSent : 0), 0);
  return finish_store(worker, key, request, ref);
}

// append and prepend to an item that is there: the result keeps its flags and deadline.
std::optional<StoreResult> CacheEngine::try_join(Worker& worker, Stripe& stripe, const Key& key,
                                                 Ref old_ref, const StoreRequest& request,
                                                 std::string_view value, Room* room) {
  Item& old_item = keyspace_.item(old_ref);
  const std::string_view old_value = old_item.value();
  const std::size_t joined_bytes = old_value.size() + value.size();
  if (too_large(key.bytes.size(), joined_bytes, old_item.client_flags())) {
    return StoreResult{StoreStatus::not_stored, 0, 0};
  }
  Written written{old_item.client_flags(), {old_item.deadline()}, 0, old_item.deadline_ms()};
  if (config_.cas && (request.explicit_cas != 0 || request.want_cas)) {
    written.cas = request.explicit_cas != 0 ? request.explicit_cas : keyspace_.next_cas(stripe);
  }
  // The old value is copied out first: the new item may take its chunk.
  char joined[kJoinBytesMax];
  const bool append = request.mode == StoreMode::append;
  const std::string_view first = append ? old_value : value;
  const std::string_view second = append ? value : old_value;
  std::memcpy(joined, first.data(), first.size());
  std::memcpy(joined + first.size(), second.data(), second.size());
  const Ref ref = write_item(worker, stripe, key, old_ref, written, joined_bytes, room);
  if (ref == 0) return std::nullopt;
  std::memcpy(keyspace_.item(ref).value_data(), joined, joined_bytes);
  return finish_store(worker, key, request, ref);
}

// A refused value may take the old item with it: see StoreRequest::remove_on_failure.
StoreResult CacheEngine::store_failed(Worker& worker, const Key& key, const StoreRequest& request,
                                      StoreStatus status) {
  worker.count(status == StoreStatus::too_large ? Counter::store_too_large
                                                : Counter::store_no_memory);
  tell_refused(worker, key, request, status, 0);
  const bool plain_set = request.mode == StoreMode::set && !request.compare;
  if (request.remove_on_failure || plain_set) {
    Stripe& stripe = keyspace_.stripe_of(key.hash);
    std::lock_guard lock(stripe.lock);
    const Ref ref = live(worker, stripe, key);
    if (ref != 0) keyspace_.remove(worker, stripe, key.hash, ref);
  }
  return {status, 0, 0};
}

StoreResult CacheEngine::store(Worker& worker, const Key& key, const StoreRequest& request,
                               std::string_view value) {
  if (prefix_stats().enabled()) [[unlikely]] prefix_stats().count_set(key.bytes);
  if (too_large(key.bytes.size(), value.size(), request.client_flags)) {
    return store_failed(worker, key, request, StoreStatus::too_large);
  }
  worker.count(Counter::cmd_set);
  if (!worker.events.wants(stream::kMutations)) [[likely]] {
    return store_admitted(worker, key, request, value);
  }
  const StoreResult result = store_admitted(worker, key, request, value);
  if (decided_against(result.status)) tell_refused(worker, key, request, result.status, value.size());
  return result;
}

// A value whose size has been looked at.
StoreResult CacheEngine::store_admitted(Worker& worker, const Key& key, const StoreRequest& request,
                                        std::string_view value) {
  if (value.size() > direct_bytes_max_) {
    Allocation allocation;
    switch (allocate_admitted(worker, key, request, value.size(), &allocation)) {
      case AllocateStatus::too_large: return {StoreStatus::too_large, 0, 0};
      case AllocateStatus::no_memory: return {StoreStatus::no_memory, 0, 0};
      case AllocateStatus::ok: break;
    }
    std::memcpy(allocation.value(), value.data(), value.size());
    return commit_admitted(worker, key, request, std::move(allocation));
  }
  bool large_join = false;
  const auto result = with_room<StoreResult>(
      worker, key, [&](Stripe& stripe, Room* room) -> std::optional<StoreResult> {
        if (request.mode == StoreMode::append || request.mode == StoreMode::prepend) {
          const Ref ref = keyspace_.find(stripe, key);
          large_join =
              ref != 0 && !keyspace_.item(ref).object() && keyspace_.item(ref).value_bytes() + value.size() > join_bytes_max_;
          if (large_join) return StoreResult{};
        }
        return try_store(worker, stripe, key, request, value, room);
      });
  if (large_join) return join_large(worker, key, request, value);
  if (!result.has_value()) return store_failed(worker, key, request, StoreStatus::no_memory);
  return *result;
}

// --- large values ---

// An owned item with room for a value that no stripe lock should be held for.
AllocateStatus CacheEngine::allocate_item(Worker& worker, const Key& key, const Written& written,
                                          std::size_t value_bytes, Ref* made) {
  ItemShape shape{shape_flags(written), key.bytes.size(), value_bytes};
  char* extent = nullptr;
  if (keyspace_.needs_extent(key.bytes.size(), value_bytes)) {
    // All fields from the start: an extent item is never reshaped.
    shape.flags = (kAllFields & ~slab::kAnyDeadline) |
                  (written.deadline_ms != 0 ? slab::kHasDeadlineMs : slab::kHasDeadline);
    extent = reclaimer_.obtain_extent(worker, value_bytes);
    if (extent == nullptr) return AllocateStatus::no_memory;
  }
  const std::size_t class_id = keyspace_.class_of(shape.chunk_bytes());
  Ref chunk = 0;
  for (int tries = kRoomTries; chunk == 0; --tries) {
    chunk = keyspace_.slabs().allocate(worker.magazines, class_id);
    if (chunk != 0) break;
    if (tries == 0 || !reclaimer_.make_room(worker, class_id)) {
      if (extent != nullptr) keyspace_.arena().give_extent(extent);
      return AllocateStatus::no_memory;
    }
  }
  worker.count(class_id, ClassCounter::cmd_set);
  keyspace_.initialize(chunk, shape, key.bytes, clock().now());
  Item& item = keyspace_.item(chunk);
  write_fields(item, written);
  if (extent != nullptr) item.set_extent(extent);
  *made = chunk;
  if (worker.turnover_due()) maintainer_->nudge();
  return AllocateStatus::ok;
}

AllocateStatus CacheEngine::allocate(Worker& worker, const Key& key, const StoreRequest& request,
                                     std::size_t value_bytes, Allocation* allocation) {
  flush_if_due(worker);
  if (prefix_stats().enabled()) [[unlikely]] prefix_stats().count_set(key.bytes);
  if (too_large(key.bytes.size(), value_bytes, request.client_flags)) {
    store_failed(worker, key, request, StoreStatus::too_large);
    return AllocateStatus::too_large;
  }
  worker.count(Counter::cmd_set);
  return allocate_admitted(worker, key, request, value_bytes, allocation);
}

AllocateStatus CacheEngine::allocate_admitted(Worker& worker, const Key& key,
                                              const StoreRequest& request, std::size_t value_bytes,
                                              Allocation* allocation) {
  // The cas unique is drawn at commit; the field is made now. All ones is never written out.
  const bool cas = config_.cas && (request.want_cas || request.explicit_cas != 0);
  Written written{request.client_flags, request.deadline, cas ? ~std::uint64_t{0} : 0};
  // A deadline may turn out to be needed at commit: the old item's, or that of a vivified one.
  const bool late = request.accept_older || request.vivify.has_value();
  if (late && written.deadline == Deadline::never()) written.deadline = Deadline::past();
  Ref ref = 0;
  if (allocate_item(worker, key, written, value_bytes, &ref) != AllocateStatus::ok) {
    store_failed(worker, key, request, StoreStatus::no_memory);
    return AllocateStatus::no_memory;
  }
  Item& item = keyspace_.item(ref);
  if (item.has(slab::kHasDeadline)) item.set_deadline(request.deadline.quarters);
  *allocation = Allocation(this, &worker, ref, item.value_data(), value_bytes);
  return AllocateStatus::ok;
}

StoreResult CacheEngine::commit(Worker& worker, const Key& key, const StoreRequest& request,
                                Allocation&& allocation) {
  const std::size_t value_bytes = allocation.bytes();
  const StoreResult result = commit_admitted(worker, key, request, std::move(allocation));
  if (decided_against(result.status)) tell_refused(worker, key, request, result.status, value_bytes);
  return result;
}

StoreResult CacheEngine::commit_admitted(Worker& worker, const Key& key, const StoreRequest& request,
                                         Allocation&& allocation) {
  flush_if_due(worker);
  const Ref ref = allocation.release();
  Item& item = keyspace_.item(ref);
  Stripe& stripe = keyspace_.stripe_of(key.hash);
  std::unique_lock lock(stripe.lock);
  const Ref old_ref = live(worker, stripe, key);
  const Decision decision = decide(worker, old_ref, request);
  const bool joins = request.mode == StoreMode::append || request.mode == StoreMode::prepend;
  if (decision.store && joins && old_ref != 0) {
    lock.unlock();
    const std::string_view value = item.value();
    const StoreResult result = join_large(worker, key, request, value);
    keyspace_.free(worker, ref);
    return result;
  }
  if (!decision.store) {
    keyspace_.free(worker, ref);
    return {decision.status, 0, 0};
  }
  Written written = written_for(stripe, old_ref, request, decision);
  if (joins) written.deadline = *request.vivify;
  if (item.has(slab::kHasCas) && written.cas == 0 && config_.cas) {
    written.cas = keyspace_.next_cas(stripe);
  }
  write_fields(item, written);
  item.accessed_s = clock().now();  // it may have been long on its way
  if (decision.stale) {
    const bool sent = keyspace_.item(old_ref).has(slab::kTokenSent);
    item.change(slab::kStale | (sent ? slab::kTokenSent : 0), 0);
  }
  enter(worker, stripe, key, old_ref, ref, written.deadline);
  return finish_store(worker, key, request, ref);
}

// append or prepend where either part is large: the old value is pinned (a short one is copied), both
// parts are written into a new item without the lock, and the result is stored if the old item is still
// the one that was read.
StoreResult CacheEngine::join_large(Worker& worker, const Key& key, const StoreRequest& request,
                                    std::string_view value) {
  Stripe& stripe = keyspace_.stripe_of(key.hash);
  std::string small;  // an old value that is too short to be pinned
  small.reserve(kCopyBytesMax);
  bool again = false;  // the lookup has been told
  while (true) {
    Ref old_ref = 0;
    Written written;
    bool copied = false;
    std::uint64_t old_cas = 0;
    {
      std::lock_guard lock(stripe.lock);
      old_ref = live(worker, stripe, key, again);
      again = true;
      const Decision decision = decide(worker, old_ref, request);
      if (!decision.store) return {decision.status, 0, 0};
      if (old_ref != 0) {
        const Item& old_item = keyspace_.item(old_ref);
        if (too_large(key.bytes.size(), old_item.value_bytes() + value.size(), old_item.client_flags())) {
          return {StoreStatus::not_stored, 0, 0};
        }
        const bool cas = config_.cas && (request.want_cas || request.explicit_cas != 0);
        written = {old_item.client_flags(), {old_item.deadline()}, cas ? ~std::uint64_t{0} : 0,
                   old_item.deadline_ms()};
        copied = !old_item.has(slab::kPinnable);
        if (copied) {
          small.assign(old_item.value());
          old_cas = old_item.cas();
        } else {
          pin_item(old_ref);
        }
      }
    }
    if (old_ref == 0) {  // it went meanwhile: a plain store of the added part
      StoreRequest plain = request;
      plain.mode = StoreMode::set;
      plain.compare = false;
      plain.deadline = *request.vivify;
      return store_admitted(worker, key, plain, value);
    }
    const std::string_view old_value =
        copied ? std::string_view(small) : keyspace_.item(old_ref).value();
    Ref ref = 0;
    const AllocateStatus allocated =
        allocate_item(worker, key, written, old_value.size() + value.size(), &ref);
    if (allocated == AllocateStatus::ok) {
      const bool append = request.mode == StoreMode::append;
      char* into = keyspace_.item(ref).value_data();
      std::memcpy(into + (append ? 0 : value.size()), old_value.data(), old_value.size());
      std::memcpy(into + (append ? old_value.size() : 0), value.data(), value.size());
    }
    // Nothing kept an item that was copied from being written over, or its chunk from another life.
    const auto unchanged = [&](const Item& item) {
      return item.value() == small && item.cas() == old_cas &&
             item.client_flags() == written.client_flags &&
             item.deadline() == written.deadline.quarters && item.deadline_ms() == written.deadline_ms;
    };
    std::unique_lock lock(stripe.lock);
    const bool same = keyspace_.find(stripe, key) == old_ref &&
                      (!copied || unchanged(keyspace_.item(old_ref)));
    if (!copied) {
      Item& old_item = keyspace_.item(old_ref);
      old_item.set_pins(old_item.pins() - 1);
      if (old_item.pins() == 0 && !old_item.has(slab::kLinked)) keyspace_.free(worker, old_ref);
    }
    if (allocated != AllocateStatus::ok) return {StoreStatus::not_stored, 0, 0};
    if (!same) {
      keyspace_.free(worker, ref);
      continue;
    }
    Item& item = keyspace_.item(ref);
    if (item.has(slab::kHasCas)) {
      const bool given = config_.cas && request.explicit_cas != 0;
      item.set_cas(given ? request.explicit_cas : keyspace_.next_cas(stripe));
    }
    enter(worker, stripe, key, old_ref, ref, written.deadline);
    return finish_store(worker, key, request, ref);
  }
}

}  // namespace larder::engine
