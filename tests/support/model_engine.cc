#include "tests/support/model_engine.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

namespace larder::test {

using namespace engine;

namespace {

constexpr std::size_t kHeaderBytes = 48;
constexpr std::size_t kCasBytes = 8;
constexpr std::size_t kClientFlagsBytes = 4;
constexpr std::size_t kKeyEndBytes = 1;
constexpr std::size_t kValueEndBytes = 2;
/// The slab class of all items.
constexpr std::uint8_t kClass = 1;
/// Larger items are chunked in memcached, and no numbers.
constexpr std::size_t kChunkBytesMax = 512 << 10;

/// The number a value stands for, as memcached reads it: what strtoull accepts, with white space or
/// nothing behind it; a minus sign is refused when the result would look negative.
std::optional<std::uint64_t> number_of(const std::string& value) {
  errno = 0;
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(value.c_str(), &end, 10);
  if (errno == ERANGE || end == value.c_str()) return std::nullopt;
  if (*end != '\0' && std::isspace(static_cast<unsigned char>(*end)) == 0) return std::nullopt;
  const bool minus = std::find(value.c_str(), static_cast<const char*>(end), '-') != end;
  if (minus && static_cast<std::int64_t>(number) < 0) return std::nullopt;
  return number;
}

}  // namespace

ModelEngine::ModelEngine(ModelConfig config) : Engine(1), config_(config) {}
ModelEngine::~ModelEngine() = default;

// --- items ---

std::size_t ModelEngine::item_bytes(std::size_t key_bytes, std::uint32_t client_flags,
                                    std::size_t value_bytes) const {
  return kHeaderBytes + (config_.cas_enabled ? kCasBytes : 0) + key_bytes + kKeyEndBytes +
         (client_flags != 0 ? kClientFlagsBytes : 0) + value_bytes + kValueEndBytes;
}

std::size_t ModelEngine::item_count() const {
  std::lock_guard lock(mutex_);
  return items_.size();
}

std::size_t ModelEngine::handle_count() const {
  std::scoped_lock lock(mutex_, pin_mutex_);
  return allocations_.size() + pins_.size();
}

bool ModelEngine::is_flushed(const Item& item) const {
  return clock().reached(flushed_at_) && item.stored_at < flushed_at_.seconds();
}

bool ModelEngine::dead(Worker& worker, const Item& item) const {
  if (is_flushed(item)) {
    worker.count(Counter::get_flushed);
    return true;
  }
  if (clock().reached(item.deadline)) {
    worker.count(Counter::get_expired);
    return true;
  }
  return false;
}

ModelEngine::Item* ModelEngine::find(Worker& worker, const Key& key) {
  const auto found = items_.find(std::string(key.bytes));
  if (found == items_.end()) return nullptr;
  if (dead(worker, found->second)) {
    erase(key);
    return nullptr;
  }
  return &found->second;
}

void ModelEngine::erase(const Key& key) {
  const auto found = items_.find(std::string(key.bytes));
  if (found == items_.end()) return;
  used_bytes_ -=
      item_bytes(key.bytes.size(), found->second.client_flags, found->second.value->size());
  items_.erase(found);
}

bool ModelEngine::fits(const Key& key, std::uint32_t client_flags, std::size_t value_bytes) const {
  return item_bytes(key.bytes.size(), client_flags, value_bytes) <= config_.item_bytes_max;
}

bool ModelEngine::has_room(const Key& key, std::uint32_t client_flags,
                           std::size_t value_bytes) const {
  return config_.limit_bytes == 0 ||
         used_bytes_ + item_bytes(key.bytes.size(), client_flags, value_bytes) <=
             config_.limit_bytes;
}

std::uint64_t ModelEngine::new_cas(std::uint64_t explicit_cas) {
  const std::uint64_t next = ++last_cas_;
  if (!config_.cas_enabled) return 0;
  return explicit_cas != 0 ? explicit_cas : next;
}

void ModelEngine::set_value(Item& item, std::string value) {
  item.value = std::make_shared<const std::string>(std::move(value));
  item.id = ++last_id_;
}

/// A new item in the place of whatever was there: not fetched, not stale, no token sent.
ModelEngine::Item& ModelEngine::replace(const Key& key, std::string value,
                                        std::uint32_t client_flags, Deadline deadline,
                                        std::uint64_t explicit_cas) {
  erase(key);
  used_bytes_ += item_bytes(key.bytes.size(), client_flags, value.size());
  Item& item = items_[std::string(key.bytes)];
  set_value(item, std::move(value));
  item.client_flags = client_flags;
  item.deadline = deadline;
  item.stored_at = item.accessed_at = clock().now();
  item.cas = new_cas(explicit_cas);
  return item;
}

std::int32_t ModelEngine::ttl(const Item& item) const {
  if (item.deadline == Deadline::never()) return -1;
  return static_cast<std::int32_t>(item.deadline.seconds() - clock().now());
}

// --- reading ---

void ModelEngine::prefetch(std::span<const Key> keys) {
  std::lock_guard lock(mutex_);
  prefetched_keys_ += keys.size();
}

void ModelEngine::show(const Key& key, Item& item, const GetRequest& request, bool vivified,
                       ItemSink& sink) {
  ItemView view;
  view.key = key.bytes;
  view.value = *item.value;
  view.cas = request.want_cas ? item.cas : 0;
  view.client_flags = item.client_flags;
  view.ttl_s = ttl(item);
  view.idle_s = clock().now() - item.accessed_at;
  view.total_bytes = static_cast<std::uint32_t>(
      item_bytes(key.bytes.size(), item.client_flags, item.value->size()));
  view.class_id = kClass;
  view.fetched_before = item.fetched;
  view.created = vivified;
  if (request.lease || vivified) {
    const bool soon = request.recache_s && item.deadline != Deadline::never() &&
                      item.deadline.seconds() < clock().now() + *request.recache_s;
    view.stale = item.stale;
    view.token_sent = item.token_sent;
    view.won = vivified || (!item.token_sent && (item.stale || soon));
    if (view.won) item.token_sent = true;
  }
  view.engine = this;
  view.item = item.id;
  shown_ = &item;
  sink.item(view);
  shown_ = nullptr;
  if (request.bump) {
    item.fetched = true;
    item.accessed_at = clock().now();
  }
}

GetStatus ModelEngine::get(Worker& worker, const Key& key, const GetRequest& request,
                           ItemSink& sink) {
  std::lock_guard lock(mutex_);
  Item* item = find(worker, key);
  GetStatus status = GetStatus::hit;
  if (item == nullptr) {
    status = GetStatus::miss;
    if (request.vivify) {
      status = has_room(key, 0, 0) ? GetStatus::vivified : GetStatus::no_memory;
    }
    if (status == GetStatus::vivified) {
      item = &replace(key, "", 0, *request.vivify, request.explicit_cas);
    }
  }
  if (request.account == Account::get) {
    worker.count(Counter::cmd_get);
    worker.count(item != nullptr ? Counter::get_hits : Counter::get_misses);
  } else if (request.account == Account::touch) {
    worker.count(Counter::cmd_touch);
    worker.count(item != nullptr ? Counter::touch_hits : Counter::touch_misses);
  }
  if (item == nullptr) return status;
  const bool vivified = status == GetStatus::vivified;
  show(key, *item, request, vivified, sink);
  if (request.touch && !vivified) item->deadline = *request.touch;
  return status;
}

bool ModelEngine::touch(Worker& worker, const Key& key, Deadline deadline) {
  std::lock_guard lock(mutex_);
  Item* item = find(worker, key);
  worker.count(Counter::cmd_touch);
  worker.count(item != nullptr ? Counter::touch_hits : Counter::touch_misses);
  if (item == nullptr) return false;
  item->deadline = deadline;
  item->fetched = true;
  item->accessed_at = clock().now();
  return true;
}

// --- storing ---

/// May a value of this size come in at all? A plain set that may not leaves no old item behind.
AllocateStatus ModelEngine::admit(Worker& worker, const Key& key, const StoreRequest& request,
                                  std::size_t value_bytes) {
  AllocateStatus status = AllocateStatus::ok;
  if (!fits(key, request.client_flags, value_bytes)) {
    status = AllocateStatus::too_large;
    worker.count(Counter::store_too_large);
  } else if (!has_room(key, request.client_flags, value_bytes)) {
    status = AllocateStatus::no_memory;
    worker.count(Counter::store_no_memory);
  } else {
    worker.count(Counter::cmd_set);
  }
  const bool removes =
      request.remove_on_failure || (request.mode == StoreMode::set && !request.compare);
  if (status != AllocateStatus::ok && removes) erase(key);
  return status;
}

StoreResult ModelEngine::store(Worker& worker, const Key& key, const StoreRequest& request,
                               std::string_view value) {
  std::lock_guard lock(mutex_);
  switch (admit(worker, key, request, value.size())) {
    case AllocateStatus::too_large:
      return {.status = StoreStatus::too_large};
    case AllocateStatus::no_memory:
      return {.status = StoreStatus::no_memory};
    case AllocateStatus::ok:
      break;
  }
  return put(worker, key, request, value);
}

AllocateStatus ModelEngine::allocate(Worker& worker, const Key& key, const StoreRequest& request,
                                     std::size_t value_bytes, Allocation* allocation) {
  std::lock_guard lock(mutex_);
  const AllocateStatus status = admit(worker, key, request, value_bytes);
  if (status != AllocateStatus::ok) return status;
  const std::uint32_t id = ++last_id_;
  std::string& room = allocations_[id];
  room.resize(value_bytes);
  *allocation = Allocation(this, &worker, id, room.data(), value_bytes);
  return status;
}

StoreResult ModelEngine::commit(Worker& worker, const Key& key, const StoreRequest& request,
                                Allocation&& allocation) {
  std::lock_guard lock(mutex_);
  const auto node = allocations_.extract(allocation.release());
  return put(worker, key, request, node.mapped());
}

void ModelEngine::discard(Worker&, std::uint32_t item) {
  std::lock_guard lock(mutex_);
  allocations_.erase(item);
}

StoreResult ModelEngine::put(Worker& worker, const Key& key, const StoreRequest& request,
                             std::string_view value) {
  Item* old = find(worker, key);
  return old != nullptr ? put_over(worker, key, request, value, *old)
                        : put_new(worker, key, request, value);
}

StoreResult ModelEngine::stored(const StoreRequest& request, const Item& item) const {
  return {StoreStatus::stored, request.want_cas ? item.cas : 0,
          static_cast<std::uint32_t>(item.value->size())};
}

StoreResult ModelEngine::put_new(Worker& worker, const Key& key, const StoreRequest& request,
                                 std::string_view value) {
  const bool adds = request.mode == StoreMode::append || request.mode == StoreMode::prepend;
  Deadline deadline = request.deadline;
  if (adds) {
    if (!request.vivify) return {.status = StoreStatus::not_stored};
    deadline = *request.vivify;
  } else if (request.compare && request.mode != StoreMode::add) {
    worker.count(Counter::cas_misses);
    return {.status = StoreStatus::not_found};
  } else if (request.mode == StoreMode::replace) {
    return {.status = StoreStatus::not_stored};
  }
  return stored(request, replace(key, std::string(value), request.client_flags, deadline,
                                 request.explicit_cas));
}

StoreResult ModelEngine::put_over(Worker& worker, const Key& key, const StoreRequest& request,
                                  std::string_view value, Item& old) {
  const std::uint64_t wanted = config_.cas_enabled ? request.compare_cas : 0;
  if (request.mode == StoreMode::add) return {.status = StoreStatus::not_stored};
  if (request.mode == StoreMode::append || request.mode == StoreMode::prepend) {
    if (request.compare && wanted != 0 && wanted != old.cas) return {.status = StoreStatus::exists};
    std::string joined = request.mode == StoreMode::append ? *old.value + std::string(value)
                                                           : std::string(value) + *old.value;
    if (!fits(key, old.client_flags, joined.size()) ||
        !has_room(key, old.client_flags, joined.size())) {
      return {.status = StoreStatus::not_stored};
    }
    return stored(request, replace(key, std::move(joined), old.client_flags, old.deadline,
                                   request.explicit_cas));
  }
  if (!request.compare) {
    return stored(request, replace(key, std::string(value), request.client_flags, request.deadline,
                                   request.explicit_cas));
  }
  const bool same = wanted != 0 && wanted == old.cas;
  const bool older = wanted != 0 && wanted < old.cas && request.accept_older;
  worker.count(same || older ? Counter::cas_hits : Counter::cas_badval);
  if (!same && !older) return {.status = StoreStatus::exists};
  const bool token_sent = old.token_sent;
  Item& item = replace(key, std::string(value), request.client_flags,
                       same ? request.deadline : old.deadline, request.explicit_cas);
  if (older) {
    item.stale = true;
    item.token_sent = token_sent;
  }
  return stored(request, item);
}

// --- changing ---

ArithmeticResult ModelEngine::arithmetic(Worker& worker, const Key& key,
                                         const ArithmeticRequest& request) {
  std::lock_guard lock(mutex_);
  Item* item = find(worker, key);
  ArithmeticResult result;
  if (item == nullptr) {
    if (!request.create) {
      worker.count(request.decrement ? Counter::decr_misses : Counter::incr_misses);
      return result;
    }
    std::string text = std::to_string(request.initial);
    if (!has_room(key, 0, text.size())) {
      result.status = ArithmeticStatus::no_memory;
      return result;
    }
    item = &replace(key, std::move(text), 0, *request.create, request.explicit_cas);
    result.status = ArithmeticStatus::created;
    result.value = request.initial;
  } else {
    result.status = ArithmeticStatus::non_numeric;
    const bool chunked = config_.in_pieces
                             ? config_.in_pieces(key.bytes.size(), item->value->size())
                             : item_bytes(key.bytes.size(), item->client_flags,
                                          item->value->size()) > kChunkBytesMax;
    if (item->value->empty() || chunked) return result;
    if (request.compare && request.compare_cas != 0 && request.compare_cas != item->cas) {
      result.status = ArithmeticStatus::exists;
      return result;
    }
    const std::optional<std::uint64_t> number = number_of(*item->value);
    if (!number) return result;
    if (config_.no_number && config_.no_number(key.bytes.size(), item->value->size())) return result;
    if (request.decrement) {
      result.value = request.delta > *number ? 0 : *number - request.delta;
    } else {
      result.value = *number + request.delta;
    }
    std::string text = std::to_string(result.value);
    if (text.size() <= item->value->size()) {
      // Written over the old number, so the item keeps its length and its marks.
      text.resize(item->value->size(), ' ');
      set_value(*item, std::move(text));
      item->cas = new_cas(request.explicit_cas);
    } else if (has_room(key, item->client_flags, text.size())) {
      item =
          &replace(key, std::move(text), item->client_flags, item->deadline, request.explicit_cas);
    } else {
      result.status = ArithmeticStatus::no_memory;
      return result;
    }
    worker.count(request.decrement ? Counter::decr_hits : Counter::incr_hits);
    item->accessed_at = clock().now();
    result.status = ArithmeticStatus::ok;
  }
  const bool created = result.status == ArithmeticStatus::created;
  result.cas = request.want_cas ? item->cas : 0;
  result.ttl_s = created ? -1 : ttl(*item);
  if (request.touch && !created) item->deadline = *request.touch;
  return result;
}

DeleteStatus ModelEngine::remove(Worker& worker, const Key& key, const DeleteRequest& request) {
  std::lock_guard lock(mutex_);
  Item* item = find(worker, key);
  if (item == nullptr) {
    worker.count(Counter::delete_misses);
    return DeleteStatus::not_found;
  }
  if (request.compare && request.compare_cas != item->cas) {
    worker.count(Counter::delete_misses);
    return DeleteStatus::exists;
  }
  if (request.clear_value) {
    const std::uint32_t client_flags = request.client_flags.value_or(0);
    if (!has_room(key, client_flags, 0)) return DeleteStatus::no_memory;
    // An emptied item keeps its cas unique; without a new deadline it stays for ever.
    const std::uint64_t cas = request.explicit_cas != 0 ? request.explicit_cas : item->cas;
    item = &replace(key, "", client_flags, request.touch.value_or(Deadline::never()), cas);
  }
  if (request.mark_stale) {
    if (request.touch) item->deadline = *request.touch;
    item->stale = true;
    item->token_sent = false;  // so that the next client may win it
    item->cas = new_cas(request.explicit_cas);
    return DeleteStatus::deleted;
  }
  worker.count(Counter::delete_hits);
  if (!request.clear_value) erase(key);
  return DeleteStatus::deleted;
}

// --- the rest ---

bool ModelEngine::too_large(std::size_t key_bytes, std::size_t value_bytes) const {
  return item_bytes(key_bytes, 0, value_bytes) > config_.item_bytes_max;
}

void ModelEngine::flush(Worker& worker, Deadline when) {
  worker.count(Counter::cmd_flush);
  ExclusiveSection section(gates_, &worker);
  std::lock_guard lock(mutex_);
  // One that has come due is carried out before another takes its place.
  std::vector<std::string> flushed;
  for (const auto& [key, item] : items_) {
    if (when == Deadline::never() || is_flushed(item)) flushed.push_back(key);
  }
  for (const std::string& key : flushed) erase({key});
  flushed_at_ = when;
}

bool ModelEngine::stats(std::string_view group, StatSink& sink) {
  if (!group.empty()) return false;
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    std::uint64_t sum = 0;
    gates_.for_each([&](const Worker& worker) { sum += worker.counters.read(i); });
    sink.stat(kCounterNames[i], sum);
  }
  sink.stat("curr_items", static_cast<std::uint64_t>(item_count()));
  return true;
}

void ModelEngine::reset_stats(Worker& own) {
  ExclusiveSection section(gates_, &own);
  gates_.for_each([](Worker& worker) { worker.counters.reset(); });
}

// Keys in their order, so that a step knows where the last one ended: `bucket` counts them.
bool ModelEngine::dump(Worker& worker, DumpCursor* cursor, ItemSink& sink) {
  std::lock_guard lock(mutex_);
  std::vector<std::string> keys;
  for (const auto& each : items_) keys.push_back(each.first);
  std::sort(keys.begin(), keys.end());
  GetRequest request;
  request.want_cas = true;
  request.bump = false;
  const bool wanted = cursor->classes[kClass];
  const std::size_t end = std::min(keys.size(), cursor->bucket + kDumpItemsMax);
  for (; cursor->bucket < end; ++cursor->bucket) {
    Item& item = items_.at(keys[cursor->bucket]);
    if (wanted && !dead(worker, item)) show({keys[cursor->bucket]}, item, request, false, sink);
  }
  return end < keys.size();
}

bool ModelEngine::execute(Worker&, std::span<const std::string_view>, Reply&) { return false; }

void ModelEngine::pin_item(std::uint32_t item) {
  std::lock_guard lock(pin_mutex_);
  Pin& pin = pins_[item];
  pin.value = shown_->value;
  ++pin.count;
}

void ModelEngine::unpin_item(std::uint32_t item) {
  std::lock_guard lock(pin_mutex_);
  const auto found = pins_.find(item);
  if (--found->second.count == 0) pins_.erase(found);
}

}  // namespace larder::test
