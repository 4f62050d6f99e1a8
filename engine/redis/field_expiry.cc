#include "engine/redis/field_expiry.h"

#include <limits>
#include <mutex>
#include <vector>

#include "engine/redis/redis_engine.h"
#include "engine/redis/types/hash.h"

namespace larder::redis {

namespace {

constexpr int kLocksPerStep = 64;
constexpr std::size_t kBucketsPerLock = 64;

}  // namespace

void FieldExpiry::step(RedisEngine& engine, WorkerState& state) {
  const bool resting = stripe_ == 0 && bucket_ == 0;
  if (resting && !wanted_.load(std::memory_order_relaxed)) return;
  state.now_ms = engine::read_unix_ms();
  for (int i = 0; i < kLocksPerStep; ++i) {
    if (!walk_buckets(engine, state)) return;
  }
}

// Looks at some buckets under one lock. False: that was the end of the walk.
bool FieldExpiry::walk_buckets(RedisEngine& engine, WorkerState& state) {
  if (stripe_ == 0 && bucket_ == 0) {
    // What is noted from here on, this walk may have passed already.
    wanted_.store(false, std::memory_order_relaxed);
    met_ = false;
  }
  const engine::GateGuard gate(state.worker);
  engine::Keyspace& keyspace = engine.keyspace();
  if (stripe_ >= keyspace.stripe_count()) {
    stripe_ = bucket_ = 0;
    if (met_) note();
    return false;
  }
  Stripe& stripe = keyspace.stripe(stripe_);
  std::lock_guard lock(stripe.lock);
  std::vector<Ref> emptied;
  const std::size_t end = std::min(bucket_ + kBucketsPerLock, stripe.table.bucket_count());
  for (; bucket_ < end; ++bucket_) {
    stripe.table.for_bucket(bucket_, [&](Ref ref) {
      Value* const value = RedisEngine::object_of(keyspace.item(ref));
      if (value == nullptr || value->type() != Type::kHash) return;
      Hash& hash = static_cast<Hash&>(*value);
      const std::int64_t next_ms = hash.next_deadline_ms();
      if (next_ms == Hash::kNever) return;
      met_ = true;
      if (next_ms > state.now_ms) return;
      const heap::Meter meter;
      hash.expire(state.now_ms, [](std::string_view) {});
      hash.charge(meter.delta());
      state.count(Counter::changes);
      if (hash.size() == 0) emptied.push_back(ref);
    });
  }
  for (const Ref ref : emptied) keyspace.remove(state.worker, stripe, keyspace.hash_of(ref), ref);
  if (bucket_ >= stripe.table.bucket_count()) {
    ++stripe_;
    bucket_ = 0;
  }
  return true;
}

}  // namespace larder::redis
