// The oracle of the tests: memcached's semantics in the plainest form there is, one hash map under
// one mutex. No LRU, no eviction, no slab classes; what is stored stays until it expires or is
// removed. Protocol tests run on it, and random operations on it and on a real engine have to give
// the same answers (engine_model_test.cc).
//
// Invariants
//  1. A value is never changed in place: each change makes a new string, so a pinned one stays
//  whole.
//  2. Dead items (expired, flushed) are dropped by the lookup that finds them, as memcached does.
//  3. cas uniques rise by one with each change; 0 everywhere when cas is disabled.
//
// Threads: any; mutex_ guards everything but pins_ (pin_mutex_), since pins are taken while a sink
// runs. Order: mutex_, then pin_mutex_.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/engine.h"
#include "engine/worker.h"

namespace larder::test {

struct ModelConfig {
  bool cas_enabled = true;
  std::size_t item_bytes_max = 1 << 20;  // -I
  std::size_t limit_bytes = 0;           // sum of item_bytes(); 0 = no limit
  /// Items of these lengths (key, value) are in pieces: no numbers, whatever their cas; null:
  /// memcached's rule for chunks of at most 512 KiB.
  std::function<bool(std::size_t, std::size_t)> in_pieces = nullptr;
  /// Items of these lengths are no numbers, once their cas has been compared; null: none.
  std::function<bool(std::size_t, std::size_t)> no_number = nullptr;
};

class ModelEngine final : public engine::Engine {
 public:
  explicit ModelEngine(ModelConfig config = {});
  ~ModelEngine() override;

  engine::Worker& add_worker() { return gates_.add_worker(); }

  /// memcached's arithmetic for the size of an item, which decides what is too large.
  std::size_t item_bytes(std::size_t key_bytes, std::uint32_t client_flags,
                         std::size_t value_bytes) const;
  /// Items held, dead ones that nobody has looked up included.
  std::size_t item_count() const;
  /// Pins and allocations that are alive now; a test ends with none.
  std::size_t handle_count() const;

  void prefetch(std::span<const engine::Key> keys) override;
  engine::GetStatus get(engine::Worker&, const engine::Key&, const engine::GetRequest&,
                        engine::ItemSink& sink) override;
  bool touch(engine::Worker&, const engine::Key&, engine::Deadline) override;
  engine::StoreResult store(engine::Worker&, const engine::Key&, const engine::StoreRequest&,
                            std::string_view value) override;
  engine::AllocateStatus allocate(engine::Worker&, const engine::Key&, const engine::StoreRequest&,
                                  std::size_t value_bytes, engine::Allocation* allocation) override;
  engine::StoreResult commit(engine::Worker&, const engine::Key&, const engine::StoreRequest&,
                             engine::Allocation&&) override;
  engine::ArithmeticResult arithmetic(engine::Worker&, const engine::Key&,
                                      const engine::ArithmeticRequest&) override;
  engine::DeleteStatus remove(engine::Worker&, const engine::Key&,
                              const engine::DeleteRequest&) override;
  bool too_large(std::size_t key_bytes, std::size_t value_bytes) const override;
  void flush(engine::Worker&, engine::Deadline when) override;
  bool stats(std::string_view group, engine::StatSink&) override;
  void reset_stats(engine::Worker&) override;
  bool dump(engine::Worker&, engine::DumpCursor*, engine::ItemSink& sink) override;
  bool crawler_enabled() const override { return true; }
  bool execute(engine::Worker&, std::span<const std::string_view> words, engine::Reply&) override;
  void pin_item(std::uint32_t item) override;
  void unpin_item(std::uint32_t item) override;
  void discard(engine::Worker&, std::uint32_t item) override;

  /// How many keys prefetch() was told of.
  std::size_t prefetched_keys() const { return prefetched_keys_; }

 private:
  using Value = std::shared_ptr<const std::string>;
  struct Item {
    Value value;
    std::uint32_t id = 0;  // of the value: what a pin names
    std::uint32_t client_flags = 0;
    engine::Deadline deadline;
    std::uint32_t stored_at = 0;
    std::uint32_t accessed_at = 0;
    std::uint64_t cas = 0;
    bool fetched = false;
    bool stale = false;
    bool token_sent = false;
  };
  using Items = std::unordered_map<std::string, Item>;
  struct Pin {
    Value value;
    std::size_t count = 0;
  };

  // All below require mutex_.
  Item* find(engine::Worker&, const engine::Key&);
  bool dead(engine::Worker&, const Item&) const;
  bool is_flushed(const Item&) const;
  void erase(const engine::Key&);
  bool fits(const engine::Key&, std::uint32_t client_flags, std::size_t value_bytes) const;
  bool has_room(const engine::Key&, std::uint32_t client_flags, std::size_t value_bytes) const;
  Item& replace(const engine::Key&, std::string value, std::uint32_t client_flags, engine::Deadline,
                std::uint64_t explicit_cas);
  void set_value(Item&, std::string value);
  std::uint64_t new_cas(std::uint64_t explicit_cas);
  engine::AllocateStatus admit(engine::Worker&, const engine::Key&, const engine::StoreRequest&,
                               std::size_t value_bytes);
  engine::StoreResult put(engine::Worker&, const engine::Key&, const engine::StoreRequest&,
                          std::string_view value);
  engine::StoreResult put_over(engine::Worker&, const engine::Key&, const engine::StoreRequest&,
                               std::string_view value, Item& old);
  engine::StoreResult put_new(engine::Worker&, const engine::Key&, const engine::StoreRequest&,
                              std::string_view value);
  engine::StoreResult stored(const engine::StoreRequest&, const Item&) const;
  void show(const engine::Key&, Item&, const engine::GetRequest&, bool vivified,
            engine::ItemSink& sink);
  std::int32_t ttl(const Item&) const;

  const ModelConfig config_;
  engine::GateSet gates_;
  mutable std::mutex mutex_;
  Items items_;
  std::size_t used_bytes_ = 0;
  engine::Deadline flushed_at_;  // items stored before it are dead once it has come
  std::uint64_t last_cas_ = 0;
  std::uint32_t last_id_ = 0;
  std::unordered_map<std::uint32_t, std::string> allocations_;
  const Item* shown_ = nullptr;  // while a sink runs
  std::size_t prefetched_keys_ = 0;

  mutable std::mutex pin_mutex_;
  std::unordered_map<std::uint32_t, Pin> pins_;
};

}  // namespace larder::test
