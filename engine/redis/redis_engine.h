// The Redis engine: the cache engine's keyspace with databases, structured values and the table of
// commands. Strings are plain items, so both protocols see the same bytes; a structured value is an
// object in heap memory that its item points to.
//
// A command runs under the locks of the stripes of all its keys, taken in ascending order, or, when
// it touches keys that it does not name, alone (exclusive section). It cannot fail for lack of memory
// half way: before it begins, room is made (or the command refused); what it then takes beyond the
// limit is evicted before the next one.
//
// Files: redis_engine.cc the engine and its workers, dispatch.cc the way of a request, entries.cc what
// can be done to one key, eviction.cc memory policies.
//
// Threads: as CacheEngine; settings change in exclusive sections only.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/cache_engine.h"
#include "engine/redis/client.h"
#include "engine/redis/command_table.h"
#include "engine/redis/field_expiry.h"
#include "engine/redis/lazy_free.h"
#include "engine/redis/reply.h"
#include "engine/redis/request.h"
#include "engine/redis/settings.h"
#include "engine/redis/types/value.h"
#include "engine/redis/worker_state.h"

namespace larder::redis {

using engine::Item;
using engine::Key;
using engine::Ref;
using engine::Stripe;

class CommandContext;

class RedisEngine final : public engine::CacheEngine, private engine::HeapOwner {
 public:
  RedisEngine(const engine::Config& config, Settings settings);
  ~RedisEngine() override;
  RedisEngine* redis() override { return this; }
  /// The same as CONFIG SET maxmemory.
  void limit_memory(engine::Worker& worker, std::size_t bytes) override;

  const CommandTable& commands() const { return commands_; }
  const Settings& settings() const { return settings_; }
  /// Runs `change` alone. The calling worker's gate is given up meanwhile.
  void change_settings(engine::Worker& worker, const std::function<void(Settings&)>& change);
  /// Starts the threads of both engines.
  void start_background_all();

  /// What a worker brings to commands; made on first use, lives as long as the engine.
  WorkerState& state_of(engine::Worker& worker);
  template <typename Visit>
  void for_each_state(Visit&& visit) {
    std::lock_guard lock(states_mutex_);
    for (const auto& [worker, state] : states_) visit(*state);
  }

  /// Clients in order of their numbers. A client is added before its first command and removed before it
  /// goes.
  std::uint64_t add_client(Client& client);
  void remove_client(Client& client);
  template <typename Visit>
  void for_each_client(Visit&& visit) {
    std::lock_guard lock(clients_mutex_);
    for (const auto& [id, client] : clients_) visit(*client);
  }

  // --- a request (dispatch.cc) ---

  using Request = redis::Request;
  /// Looks the command up; `request.args` are set.
  void prepare(Request* request) const;
  /// Executes a request and answers it. Requires: the worker's gate is held.
  void call(WorkerState& state, Client& client, const Request& request, Reply& reply);
  using CacheEngine::prefetch;
  void prefetch(unsigned database, std::span<const Key> keys) {
    Stripe* stripes = keyspace().database(database);
    if (stripes != nullptr) keyspace().prefetch(stripes, keys);
  }

  // --- one key, under the lock of its stripe (entries.cc) ---

  Stripe& stripe(unsigned database, const Key& key) {
    return keyspace().database(database)[keyspace().stripe_number(key.hash)];
  }
  /// The entry of a key; one that has expired is removed first. 0: none.
  Ref live_entry(WorkerState& state, Stripe& stripe, const Key& key);
  /// When an entry ends, in Unix milliseconds; 0 = never.
  std::int64_t deadline_of(const Item& item) const {
    if (item.has(slab::kHasDeadlineMs)) return item.deadline_ms();
    return clock().unix_ms_of({item.deadline()});
  }
  static Value* object_of(const Item& item) {
    return item.object() ? static_cast<Value*>(item.object_address()) : nullptr;
  }
  struct StringFields {
    std::int64_t deadline_ms = 0;
    std::uint32_t client_flags = 0;
  };
  /// An entry with room for a string in the place of `old_ref` (0: none); its bytes are the caller's to
  /// write. `evict`: items of the stripe may go for it, so nothing else of the stripe is to be held.
  Ref put_string(WorkerState& state, Stripe& stripe, const Key& key, Ref old_ref, std::size_t bytes,
                 const StringFields& fields, bool evict);
  /// An entry for an object, which belongs to the engine from now on.
  Ref put_object(WorkerState& state, Stripe& stripe, const Key& key, Ref old_ref, Value* value,
                 std::int64_t deadline_ms);
  /// Makes a string at least `bytes` long (added ones are zero) and writable in place. Moves the entry.
  Ref edit_string(WorkerState& state, Stripe& stripe, const Key& key, Ref ref, std::size_t bytes);
  /// Sets when an entry ends; 0 = never. Moves the entry.
  Ref put_deadline(WorkerState& state, Stripe& stripe, const Key& key, Ref ref, std::int64_t deadline_ms);
  /// Takes the object out of its entry, which is left without one and has to be removed.
  static Value* take_object(Item& item);
  void remove_entry(WorkerState& state, Stripe& stripe, const Key& key, Ref ref);
  void touch_entry(Item& item) { mark_read(item, {}); }

  // --- databases ---
  std::size_t database_size(unsigned database);
  struct DatabaseSummary {
    std::size_t keys = 0;
    std::size_t expires = 0;
  };
  DatabaseSummary summarize_database(unsigned database);
  void flush_databases(WorkerState& state, std::span<const unsigned> numbers, bool wait);
  LazyFree& lazy_free() { return lazy_free_; }
  FieldExpiry& field_expiry() { return field_expiry_; }

  // --- memory (eviction.cc) ---
  /// Bytes of all that is stored: items in use, extents, values.
  std::size_t used_bytes();
  /// The most that used_bytes() has ever been seen to be, `now` included.
  std::size_t peak_bytes(std::size_t now);
  std::uint64_t evicted_items() const { return sum(engine::Counter::evictions); }
  /// Expired keys that the crawler found.
  std::uint64_t crawled_keys() const {
    return sum(engine::Counter::crawler_reclaimed) + sum(engine::Counter::expired_at_tails);
  }
  /// CONFIG RESETSTAT.
  void reset_redis_stats(WorkerState& state);
  /// Commands took more than there is: see before the next one.
  void note_pressure() { pressure_.store(true, std::memory_order_relaxed); }
  bool under_pressure() const {
    return pressure_.load(std::memory_order_relaxed) ||
           heap::total_bytes() > heap_allowance_.load(std::memory_order_relaxed);
  }
  /// Evicts until memory is within its limit; false: it is not, and nothing more can go. Requires: no
  /// stripe lock is held.
  bool relieve(WorkerState& state);

  /// As CacheEngine's, and every value too.
  void check_integrity();

  std::int64_t started_ms() const { return started_ms_; }
  const std::string& run_id() const { return run_id_; }

 private:
  void release(Item& item) override;
  std::string_view keep_key(std::string_view key) override;
  Ref take_chunk(WorkerState& state, Stripe& stripe, std::size_t class_id, bool evict);
  Ref copy_string(WorkerState& state, Stripe& stripe, const Key& key, Ref old_ref, std::string_view head,
                  std::size_t bytes, const StringFields& fields);
  void apply_memory_settings();
  void measure_memory();
  bool within_limit();
  bool goes_first(const Item& candidate, const Item& chosen) const;
  bool evict_tails(WorkerState& state);
  bool evict_volatile(WorkerState& state);
  bool sweep_dead(engine::Worker& worker);
  Ref rechunk(WorkerState& state, Stripe& stripe, const Key& key, Ref ref, std::uint32_t flags);
  void refuse(Client& client, const Request& request, Reply& reply) const;
  void run(WorkerState& state, Client& client, const Request& request, Reply& reply);
  void run_locked(WorkerState& state, Client& client, const Request& request, Reply& reply);

  Settings settings_;
  const CommandTable commands_;
  LazyFree lazy_free_;
  FieldExpiry field_expiry_;
  std::atomic<bool> pressure_{false};
  std::atomic<std::size_t> peak_bytes_{0};
  std::atomic<std::size_t> memory_limit_{0};
  std::atomic<std::int64_t> heap_allowance_{0};      // what values may hold, as last measured
  std::atomic<std::int64_t> refused_until_ms_{0};
  std::mutex states_mutex_;  // guards states_
  std::map<const engine::Worker*, std::unique_ptr<WorkerState>> states_;
  std::mutex clients_mutex_;  // guards clients_ and the numbers
  std::map<std::uint64_t, Client*> clients_;
  std::uint64_t next_client_ = 1;
  const std::int64_t started_ms_;
  const std::string run_id_;
};

}  // namespace larder::redis
