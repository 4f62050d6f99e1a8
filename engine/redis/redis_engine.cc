#include "engine/redis/redis_engine.h"

#include <random>

namespace larder::redis {

namespace {

// Values that take more allocations than this to free are freed by the lazy-free thread.
constexpr std::size_t kFreeEffortMax = 64;

std::string random_hex(std::size_t digits) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::random_device device;
  std::string text;
  while (text.size() < digits) text += kDigits[device() & 15];
  return text;
}

engine::Config with_databases(engine::Config config, const Settings& settings) {
  config.databases = static_cast<unsigned>(settings.databases);
  return config;
}

}  // namespace

RedisEngine::RedisEngine(const engine::Config& config, Settings settings)
    : CacheEngine(with_databases(config, settings)),
      settings_(std::move(settings)),
      started_ms_(engine::read_unix_ms()),
      run_id_(random_hex(40)) {
  keyspace().set_heap_owner(this);
  apply_memory_settings();
}

RedisEngine::~RedisEngine() {
  stop_background();
  lazy_free_.stop();
  // Objects lie outside the arena, which goes as a whole.
  for (std::size_t i = 0; i < keyspace().stripe_count(); ++i) {
    Stripe& each = keyspace().stripe(i);
    const auto release_refs = [&](Ref ref) { keyspace().release_heap(keyspace().item(ref)); };
    for (std::size_t bucket = 0; bucket < each.table.bucket_count(); ++bucket) {
      each.table.for_bucket(bucket, release_refs);
    }
    for (const auto& lru : each.lrus) {
      if (lru == nullptr) continue;
      for (Ref ref = lru->dead().head; ref != 0; ref = keyspace().item(ref).lru_next) release_refs(ref);
    }
  }
}

void RedisEngine::check_integrity() {
  CacheEngine::check_integrity();
  for (std::size_t i = 0; i < keyspace().stripe_count(); ++i) {
    Stripe& each = keyspace().stripe(i);
    for (std::size_t bucket = 0; bucket < each.table.bucket_count(); ++bucket) {
      each.table.for_bucket(bucket, [this](Ref ref) {
        if (const Value* value = object_of(keyspace().item(ref))) value->check_integrity();
      });
    }
  }
}

void RedisEngine::start_background_all() {
  start_background();
  WorkerState& state = state_of(add_worker());
  // Its thread frees what a flush left behind, a few items at a time, and weighs values against items.
  const auto tick = [this, &state] {
    measure_memory();
    if (maintainer().crawler_enabled.load(std::memory_order_relaxed)) field_expiry_.step(*this, state);
  };
  lazy_free_.start([this, &state] { return sweep_dead(state.worker); }, tick);
}

bool RedisEngine::sweep_dead(engine::Worker& worker) {
  bool more = false;
  for (std::size_t i = 0; i < keyspace().stripe_count(); ++i) {
    const engine::GateGuard gate(worker);
    more = reclaimer().free_dead(worker, keyspace().stripe(i)) || more;
  }
  return more;
}

void RedisEngine::change_settings(engine::Worker& worker, const std::function<void(Settings&)>& change) {
  engine::ExclusiveSection section(gates(), &worker);
  change(settings_);
  apply_memory_settings();
}

void RedisEngine::limit_memory(engine::Worker& worker, std::size_t bytes) {
  change_settings(worker, [bytes](Settings& settings) { settings.maxmemory = static_cast<std::int64_t>(bytes); });
}

WorkerState& RedisEngine::state_of(engine::Worker& worker) {
  std::lock_guard lock(states_mutex_);
  std::unique_ptr<WorkerState>& state = states_[&worker];
  if (state == nullptr) state = std::make_unique<WorkerState>(worker);
  return *state;
}

std::uint64_t RedisEngine::add_client(Client& client) {
  std::lock_guard lock(clients_mutex_);
  client.id = next_client_++;
  clients_[client.id] = &client;
  return client.id;
}

void RedisEngine::remove_client(Client& client) {
  std::lock_guard lock(clients_mutex_);
  clients_.erase(client.id);
}

// --- what items own outside the arena ---

void RedisEngine::release(Item& item) {
  if (item.object()) {
    Value* const value = static_cast<Value*>(item.object_address());
    if (value->free_effort() > kFreeEffortMax) {
      lazy_free_.push(value);
    } else {
      delete value;
    }
  }
  if (item.long_key()) heap::release(item.long_key_data());
}

std::string_view RedisEngine::keep_key(std::string_view key) {
  auto* copy = static_cast<char*>(heap::allocate(key.size()));
  std::copy(key.begin(), key.end(), copy);
  return {copy, key.size()};
}

// --- databases ---

std::size_t RedisEngine::database_size(unsigned database) { return summarize_database(database).keys; }

RedisEngine::DatabaseSummary RedisEngine::summarize_database(unsigned database) {
  Stripe* const stripes = keyspace().database(database);
  DatabaseSummary summary;
  if (stripes == nullptr) return summary;
  for (std::size_t i = 0; i < keyspace().stripes_per_database(); ++i) {
    std::lock_guard lock(stripes[i].lock);
    summary.keys += stripes[i].table.size();
    summary.expires += stripes[i].deadline_count;
  }
  return summary;
}

void RedisEngine::reset_redis_stats(WorkerState& state) {
  reset_stats(state.worker);
  engine::ExclusiveSection section(gates(), &state.worker);
  for_each_state([](WorkerState& each) { each.counters.reset(); });
}

void RedisEngine::flush_databases(WorkerState& state, std::span<const unsigned> numbers, bool wait) {
  for (const unsigned number : numbers) {
    if (keyspace().database(number) != nullptr) flush_database(state.worker, number);
  }
  if (!wait) return lazy_free_.request_sweep();
  for (std::size_t i = 0; i < keyspace().stripe_count(); ++i) {
    while (reclaimer().free_dead(state.worker, keyspace().stripe(i))) {
    }
  }
}

}  // namespace larder::redis
