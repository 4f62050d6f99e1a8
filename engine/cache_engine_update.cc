// incr and decr, delete and its meta forms, flush_all.
#include "engine/cache_engine.h"

#include <algorithm>
#include <charconv>

namespace larder::engine {

namespace {
constexpr std::size_t kDigitsMax = 20;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// A decimal number as memcached reads one: white space, a plus sign, digits, then the end or white
// space and whatever follows it.
bool parse_number(std::string_view text, std::uint64_t* number) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && (stop == end || is_space(*stop));
}
}  // namespace

// --- arithmetic ---

std::optional<ArithmeticResult> CacheEngine::try_arithmetic(Worker& worker, Stripe& stripe,
                                                            const Key& key,
                                                            const ArithmeticRequest& request,
                                                            Room* room) {
  Ref ref = live(worker, stripe, key, room->again);
  char digits[kDigitsMax];
  const auto print = [&](std::uint64_t number) {
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return std::string_view(digits, static_cast<std::size_t>(end - digits));
  };
  const auto new_cas = [&]() -> std::uint64_t {
    if (!config_.cas) return 0;
    if (request.explicit_cas != 0) return request.explicit_cas;
    return request.want_cas ? keyspace_.next_cas(stripe) : 0;
  };
  if (ref == 0) {
    if (!request.create.has_value()) {
      worker.count(request.decrement ? Counter::decr_misses : Counter::incr_misses);
      return ArithmeticResult{};
    }
    const std::string_view text = print(request.initial);
    const Written written{0, *request.create, new_cas()};
    ref = write_item(worker, stripe, key, 0, written, text.size(), room);
    if (ref == 0) return std::nullopt;
    Item& item = keyspace_.item(ref);
    std::memcpy(item.value_data(), text.data(), text.size());
    worker.count(Counter::total_items);
    tell_created(worker, key, StoreMode::add, ref, 0);
    return ArithmeticResult{ArithmeticStatus::created, request.initial, item.cas(), -1};
  }
  Item* item = &keyspace_.item(ref);
  const std::int32_t found_ttl_s = ttl_s(*item);
  std::uint64_t number = 0;
  // What memcached keeps in pieces it does not even compare.
  if (item->value_bytes() == 0 || item->value_bytes() > config_.chunk_bytes_max) {
    return ArithmeticResult{ArithmeticStatus::non_numeric, 0, 0, -1};
  }
  // As with append, 0 asks for no comparison.
  if (request.compare && request.compare_cas != 0 &&
      (!item->has(slab::kHasCas) || item->cas() != request.compare_cas)) {
    return ArithmeticResult{ArithmeticStatus::exists, 0, 0, -1};
  }
  const std::string_view old_text = item->value();
  if (item->has(slab::kExtent) || item->object() || !parse_number(old_text, &number)) {
    return ArithmeticResult{ArithmeticStatus::non_numeric, 0, 0, -1};
  }
  number = !request.decrement ? number + request.delta
           : number > request.delta ? number - request.delta
                                    : 0;
  const std::string_view text = print(number);
  // As in memcached, a number that fits is written over the old one, padded with spaces to its
  // length, and the item keeps its marks; a longer one makes a new item.
  const std::size_t bytes = std::max(text.size(), old_text.size());
  const std::uint32_t marks = text.size() <= old_text.size()
                                  ? item->flags() & (slab::kStale | slab::kTokenSent | slab::kFetched)
                                  : 0;
  const bool had_cas = item->has(slab::kHasCas);
  Written written{item->client_flags(), {item->deadline()}, new_cas(), item->deadline_ms()};
  if (request.touch.has_value()) {
    written.deadline = *request.touch;
    written.deadline_ms = 0;
  }
  if (had_cas && written.cas == 0 && config_.cas) written.cas = keyspace_.next_cas(stripe);
  ref = write_item(worker, stripe, key, ref, written, bytes, room);
  if (ref == 0) return std::nullopt;
  item = &keyspace_.item(ref);
  std::memcpy(item->value_data(), text.data(), text.size());
  std::memset(item->value_data() + text.size(), ' ', bytes - text.size());
  item->change(marks, 0);
  worker.count(request.decrement ? Counter::decr_hits : Counter::incr_hits);
  worker.count(keyspace_.slab_class(*item),
               request.decrement ? ClassCounter::decr_hits : ClassCounter::incr_hits);
  return ArithmeticResult{ArithmeticStatus::ok, number, item->cas(), found_ttl_s};
}

ArithmeticResult CacheEngine::arithmetic(Worker& worker, const Key& key,
                                         const ArithmeticRequest& request) {
  const auto result = with_room<ArithmeticResult>(worker, key, [&](Stripe& stripe, Room* room) {
    return try_arithmetic(worker, stripe, key, request, room);
  });
  return result.value_or(ArithmeticResult{ArithmeticStatus::no_memory, 0, 0, -1});
}

// --- deleting ---

std::optional<DeleteStatus> CacheEngine::try_remove(Worker& worker, Stripe& stripe, const Key& key,
                                                    const DeleteRequest& request, Room* room) {
  Ref ref = live(worker, stripe, key, room->again);
  if (ref == 0) {
    worker.count(Counter::delete_misses);
    return DeleteStatus::not_found;
  }
  Item* item = &keyspace_.item(ref);
  // Without cas every number is 0, and 0 compares equal.
  const bool same = config_.cas ? item->has(slab::kHasCas) && item->cas() == request.compare_cas
                                : request.compare_cas == 0;
  if (request.compare && !same) {
    worker.count(Counter::delete_misses);
    return DeleteStatus::exists;
  }
  if (request.clear_value) {
    const Written written{request.client_flags.value_or(0), request.touch.value_or(Deadline::never()),
                          config_.cas && request.explicit_cas != 0 ? request.explicit_cas : item->cas()};
    ref = write_item(worker, stripe, key, ref, written, 0, room);
    if (ref == 0) return std::nullopt;
    item = &keyspace_.item(ref);
    tell_created(worker, key, StoreMode::set, ref, ref);
  }
  if (request.mark_stale) {
    if (request.touch.has_value() && !request.clear_value &&
        !give_deadline(worker, stripe, key, &ref, *request.touch, room)) {
      return std::nullopt;
    }
    if (config_.cas && request.explicit_cas != 0 && !give_cas(worker, stripe, key, &ref, room)) {
      return std::nullopt;
    }
    item = &keyspace_.item(ref);
    item->change(slab::kStale, slab::kTokenSent);
    if (item->has(slab::kHasCas)) {
      item->set_cas(request.explicit_cas != 0 ? request.explicit_cas : keyspace_.next_cas(stripe));
    }
    return DeleteStatus::deleted;
  }
  worker.count(Counter::delete_hits);
  worker.count(keyspace_.slab_class(*item), ClassCounter::delete_hits);
  tell_deleted(worker, key, request, *item);
  if (!request.clear_value) keyspace_.remove(worker, stripe, key.hash, ref);
  return DeleteStatus::deleted;
}

DeleteStatus CacheEngine::remove(Worker& worker, const Key& key, const DeleteRequest& request) {
  if (prefix_stats().enabled()) [[unlikely]] prefix_stats().count_delete(key.bytes);
  const auto result = with_room<DeleteStatus>(worker, key, [&](Stripe& stripe, Room* room) {
    return try_remove(worker, stripe, key, request, room);
  });
  return result.value_or(DeleteStatus::no_memory);
}

// --- flush ---

void CacheEngine::flush(Worker& worker, Deadline when) {
  worker.count(Counter::cmd_flush);
  const bool before_all = when == Deadline::past();
  if (before_all || (when != Deadline::never() && !clock().reached(when))) {
    flush_if_due(worker);  // before another takes its place
    flush_due_.store(before_all ? Deadline::never() : when, std::memory_order_relaxed);
    return;
  }
  flush_now(worker);
}

// Between two commands of the caller, so letting its gate go for a moment is no harm.
void CacheEngine::flush_now(Worker& worker) {
  flush_due_.store(Deadline::never(), std::memory_order_relaxed);
  flush_database(worker, 0);
}

void CacheEngine::flush_database(Worker& worker, std::size_t number) {
  // The old tables go when this leaves.
  std::vector<Table> tables = keyspace_.make_tables(keyspace_.stripes_per_database());
  ExclusiveSection section(gates_, &worker);
  Stripe* const stripes = keyspace_.database(number);
  if (stripes != nullptr) keyspace_.kill(stripes->index, tables);
}

}  // namespace larder::engine
