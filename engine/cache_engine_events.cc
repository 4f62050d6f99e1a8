// What the cache engine tells those who watch (events.h): lookups, stores and deletions. Evictions are told
// where they happen (reclaimer.cc).
//
// Where memcached looks a key up twice for one command (a counter or an empty value that is made), two
// lookups are told, so that its users find the lines they know.
#include "engine/cache_engine.h"

namespace larder::engine {

void CacheEngine::tell_lookup(Worker& worker, const Key& key, Ref ref, Found found) {
  ItemGetEvent event;
  event.client = worker.events.client();
  event.found = found;
  if (found == Found::found) {
    const Item& item = keyspace_.item(ref);
    event.class_id = static_cast<std::uint8_t>(keyspace_.lru_index(item));
    event.value_bytes = item.value_bytes();
  }
  worker.events.write(event, key.bytes);
}

// Requires: the stripe is locked, `ref` is linked.
void CacheEngine::tell_stored(Worker& worker, const Key& key, const StoreRequest& request, Ref ref) {
  const Item& item = keyspace_.item(ref);
  const Deadline deadline{item.deadline()};
  ItemStoreEvent event;
  event.status = static_cast<std::uint8_t>(StoreStatus::stored);
  event.mode = static_cast<std::uint8_t>(request.mode);
  event.compare = request.compare;
  event.class_id = static_cast<std::uint8_t>(keyspace_.lru_index(item));
  event.client = worker.events.client();
  event.ttl_s = deadline == Deadline::never() ? 0 : deadline.seconds() - clock().now();
  event.value_bytes = item.value_bytes();
  worker.events.write(event, key.bytes);
}

// A new item that no store made: `old_ref` is what the second lookup found.
void CacheEngine::tell_created(Worker& worker, const Key& key, StoreMode mode, Ref ref, Ref old_ref) {
  if (worker.events.wants(stream::kFetchers)) [[unlikely]] {
    tell_lookup(worker, key, old_ref, old_ref != 0 ? Found::found : Found::not_found);
  }
  if (!worker.events.wants(stream::kMutations)) [[likely]] return;
  StoreRequest request;
  request.mode = mode;
  tell_stored(worker, key, request, ref);
}

// Not stored. `value_bytes` is 0 for a value that got no memory.
void CacheEngine::tell_refused(Worker& worker, const Key& key, const StoreRequest& request,
                               StoreStatus status, std::size_t value_bytes) {
  if (!worker.events.wants(stream::kMutations)) [[likely]] return;
  const bool no_item = status == StoreStatus::too_large || status == StoreStatus::no_memory;
  ItemStoreEvent event;
  event.status = static_cast<std::uint8_t>(status);
  event.mode = static_cast<std::uint8_t>(request.mode);
  event.compare = request.compare;
  event.client = worker.events.client();
  event.value_bytes = static_cast<std::uint32_t>(value_bytes);
  if (!no_item) {
    const Written written{request.client_flags, request.deadline, 0};
    const ItemShape shape{shape_flags(written), key.bytes.size(), value_bytes};
    event.class_id = static_cast<std::uint8_t>(keyspace_.needs_extent(key.bytes.size(), value_bytes)
                                                   ? kExtentLru
                                                   : keyspace_.class_of(shape.chunk_bytes()));
    event.ttl_s =
        request.deadline == Deadline::never() ? 0 : request.deadline.seconds() - clock().now();
  }
  worker.events.write(event, key.bytes);
}

void CacheEngine::tell_deleted(Worker& worker, const Key& key, const DeleteRequest& request,
                               const Item& item) {
  if (!worker.events.wants(stream::kDeletions)) [[likely]] return;
  DeletionEvent event;
  event.meta = request.meta;
  event.class_id = static_cast<std::uint8_t>(keyspace_.lru_index(item));
  event.value_bytes = item.value_bytes();
  worker.events.write(event, key.bytes);
}

}  // namespace larder::engine
