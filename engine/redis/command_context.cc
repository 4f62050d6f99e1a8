#include "engine/redis/command_context.h"

#include <cstring>

namespace larder::redis {

// --- entries ---

Item* CommandContext::find(const Key& key) {
  const Ref ref = engine.live_entry(state, stripe(key), key);
  if (ref == 0) {
    state.count(Counter::keyspace_misses);
    return nullptr;
  }
  state.count(Counter::keyspace_hits);
  Item& item = engine.keyspace().item(ref);
  if (!client.no_touch) engine.touch_entry(item);
  return &item;
}

Item* CommandContext::peek(const Key& key, unsigned database) {
  if (engine.keyspace().database(database) == nullptr) return nullptr;
  const Ref ref = engine.live_entry(state, engine.stripe(database, key), key);
  return ref == 0 ? nullptr : &engine.keyspace().item(ref);
}

Item* CommandContext::find_to_write(const Key& key) {
  const Ref ref = engine.live_entry(state, stripe(key), key);
  if (ref == 0) return nullptr;
  Item& item = engine.keyspace().item(ref);
  engine.touch_entry(item);
  return &item;
}

void CommandContext::set_deadline(const Key& key, std::int64_t deadline_ms) {
  Stripe& of = stripe(key);
  engine.put_deadline(state, of, key, engine.keyspace().find(of, key), deadline_ms);
}

bool CommandContext::remove(const Key& key) {
  Stripe& of = stripe(key);
  const Ref ref = engine.live_entry(state, of, key);
  if (ref == 0) return false;
  if (metered_ != nullptr && RedisEngine::object_of(engine.keyspace().item(ref)) == metered_) metered_ = nullptr;
  engine.remove_entry(state, of, key, ref);
  return true;
}

// --- values ---

void CommandContext::put_object(const Key& key, Value* value) {
  Stripe& of = stripe(key);
  const Ref old_ref = engine.live_entry(state, of, key);
  if (old_ref != 0 && metered_ != value && RedisEngine::object_of(engine.keyspace().item(old_ref)) == metered_) {
    metered_ = nullptr;
  }
  engine.put_object(state, of, key, old_ref, value, 0);
}

// --- strings ---

bool CommandContext::string_of(Item* item, std::optional<std::string_view>* value) {
  value->reset();
  if (item == nullptr) return true;
  if (item->object()) {
    reply.error(errors::kWrongType);
    return false;
  }
  *value = item->value();
  return true;
}

bool CommandContext::read_string(const Key& key, std::optional<std::string_view>* value) {
  return string_of(find(key), value);
}

void CommandContext::put_string(const Key& key, std::string_view value, const StringOptions& options) {
  Stripe& of = stripe(key);
  of.ghost.prefetch(of.ghost_set(key.hash));
  const Ref old_ref = engine.live_entry(state, of, key);
  RedisEngine::StringFields fields{options.deadline_ms, 0};
  if (options.keep_fields && old_ref != 0) {
    const Item& old_item = engine.keyspace().item(old_ref);
    fields = {engine.deadline_of(old_item), old_item.client_flags()};
  }
  // Only a command that holds nothing else may have its stripe evict for it.
  const bool evict = metered_ == nullptr && command.keys == Command::Keys::one;
  const Ref ref = engine.put_string(state, of, key, old_ref, value.size(), fields, evict);
  Item& item = engine.keyspace().item(ref);
  std::memcpy(item.value_data(), value.data(), value.size());
  item.mark_value(options.marks);
}

std::span<char> CommandContext::edit_string(const Key& key, std::size_t bytes) {
  Stripe& of = stripe(key);
  Ref ref = engine.live_entry(state, of, key);
  if (ref == 0) {
    ref = engine.put_string(state, of, key, 0, bytes, {}, false);
    std::memset(engine.keyspace().item(ref).value_data(), 0, bytes);
    engine.keyspace().item(ref).mark_value(slab::kRawString);
  } else {
    ref = engine.edit_string(state, of, key, ref, bytes);
  }
  Item& item = engine.keyspace().item(ref);
  return {item.value_data(), item.value_bytes()};
}

void CommandContext::modified(const Key&, std::string_view) { state.count(Counter::changes); }

// --- moving entries ---

CommandContext::Detached CommandContext::copy_of(const Key& key, unsigned database) {
  Item* const item = peek(key, database);
  Detached copy{.deadline_ms = engine.deadline_of(*item), .client_flags = item->client_flags()};
  if (const Value* value = RedisEngine::object_of(*item)) {
    close_meter();
    const heap::Meter meter;
    copy.value = value->clone();
    copy.value->charge(meter.delta() - static_cast<std::int64_t>(copy.value->heap_bytes()));
  } else {
    copy.bytes = item->value();
    copy.marks = item->string_marks();
  }
  return copy;
}

CommandContext::Detached CommandContext::detach(const Key& key, unsigned database) {
  Stripe& of = engine.stripe(database, key);
  const Ref ref = engine.live_entry(state, of, key);
  Item& item = engine.keyspace().item(ref);
  Detached entry{.deadline_ms = engine.deadline_of(item), .client_flags = item.client_flags()};
  if (item.object()) {
    entry.value = RedisEngine::take_object(item);
  } else {
    entry.bytes = item.value();
    entry.marks = item.string_marks();
  }
  engine.remove_entry(state, of, key, ref);
  return entry;
}

void CommandContext::attach(const Key& key, unsigned database, Detached entry) {
  engine.keyspace().make_database(database);
  Stripe& of = engine.stripe(database, key);
  const Ref old_ref = engine.live_entry(state, of, key);
  if (entry.value != nullptr) {
    engine.put_object(state, of, key, old_ref, entry.value, entry.deadline_ms);
    return;
  }
  const Ref ref = engine.put_string(state, of, key, old_ref, entry.bytes.size(),
                                    {entry.deadline_ms, entry.client_flags}, false);
  Item& item = engine.keyspace().item(ref);
  std::memcpy(item.value_data(), entry.bytes.data(), entry.bytes.size());
  item.mark_value(entry.marks);
}

}  // namespace larder::redis
