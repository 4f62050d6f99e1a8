// The Engine interface: what is stored and what can be done to it, free of sockets and wire
// formats. Two implementations: CacheEngine (strings; all that memcached needs) and, later, the
// Redis engine over the same keyspace.
//
// Calling rules
//  1. Each thread that calls an engine owns one Worker and passes it to every call.
//  2. Calls are made while the worker's gate is held (GateGuard, worker.h). A call that needs an
//     exclusive section (flush, reset_stats, a flush that falls due) gives the gate up for it and
//     holds it again when it returns.
//  3. An ItemSink runs under the stripe lock of its item: it copies bytes into memory that is
//     already there, or pins the value; it does not allocate without bound, block or call back.
//     dump() shows up to kDumpItemsMax items under one hold of the lock.
//  4. string_views in an ItemView are valid only during ItemSink::item(); a pinned value as long as
//     its ItemPin lives.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "engine/clock.h"
#include "engine/prefix_stats.h"
#include "engine/reply.h"
#include "slab/magazine.h"

namespace larder::engine {

class Engine;
class Worker;
}  // namespace larder::engine

namespace larder::redis {
class RedisEngine;
}

namespace larder::engine {

/// A key and its hash (Engine::key makes them). 1..250 bytes for memcached clients.
struct Key {
  std::string_view bytes;
  std::uint64_t hash = 0;
};

/// Keeps a value's bytes in memory after its stripe lock is gone. Move-only; dropping it takes the
/// stripe lock for a moment, so it never happens inside ItemSink::item().
class ItemPin {
 public:
  ItemPin() = default;
  ItemPin(Engine* engine, std::uint32_t item) : engine_(engine), item_(item) {}
  ItemPin(ItemPin&& other) noexcept
      : engine_(std::exchange(other.engine_, nullptr)), item_(other.item_) {}
  ItemPin& operator=(ItemPin&& other) noexcept {
    if (this != &other) {
      reset();
      engine_ = std::exchange(other.engine_, nullptr);
      item_ = other.item_;
    }
    return *this;
  }
  ~ItemPin() { reset(); }
  void reset();
  explicit operator bool() const { return engine_ != nullptr; }

 private:
  Engine* engine_ = nullptr;
  std::uint32_t item_ = 0;
};

/// One item as a sink sees it.
struct ItemView {
  std::string_view key;
  std::string_view value;
  std::uint64_t cas = 0;                // 0: none was asked for, or cas is disabled
  std::uint32_t client_flags = 0;
  std::int32_t ttl_s = -1;              // as found, before GetRequest::touch; -1: never expires
  std::uint32_t idle_s = 0;             // seconds since the last access before this one
  std::uint32_t total_bytes = 0;        // key, value and bookkeeping, as `me` shows it
  std::uint8_t class_id = 0;
  bool fetched_before = false;          // was read since it was stored
  bool created = false;                 // this request made it (GetRequest::vivify)
  bool won = false;                     // this client should recache it (meta flag W)
  bool stale = false;                   // marked stale by an invalidation (meta flag X)
  bool token_sent = false;              // another client was told to recache it (meta flag Z)
  /// Large values only (value.size() > kCopyBytesMax): keeps the value after the call.
  /// Requires: called inside ItemSink::item().
  ItemPin pin() const;

  Engine* engine = nullptr;
  std::uint32_t item = 0;
};

class ItemSink {
 public:
  virtual void item(const ItemView& view) = 0;

 protected:
  ~ItemSink() = default;
};

/// Where a walk over all items stands (Engine::dump). A fresh one stands before the first item.
struct DumpCursor {
  static constexpr std::size_t kWholeChain = ~std::size_t{0};
  std::bitset<slab::kClassCountMax> classes = ~std::bitset<slab::kClassCountMax>{};  // shown
  std::size_t stripe = 0;
  std::size_t bucket = 0;                     // of the stripe's table
  std::size_t slots_left = kWholeChain;       // of the bucket's chain, which is walked from its end
};
/// One step of a dump shows at most this many items.
inline constexpr std::size_t kDumpItemsMax = 48;

/// Values up to this size are copied by a sink, so it must have that much room (plus its own
/// header and the key) before it calls the engine; longer ones are pinned.
inline constexpr std::size_t kCopyBytesMax = 8192;

/// Which statistics a read counts in (memcached: get_*, touch_*, or none for `me`).
enum class Account : std::uint8_t { get, touch, none };

struct GetRequest {
  Account account = Account::get;
  bool want_cas = false;             // the item gets a cas unique if it has none yet
  bool bump = true;                  // counts as an access for the LRU
  bool lease = false;                // meta get: recache tokens (won / stale / token_sent) apply
  std::optional<Deadline> touch;     // new deadline
  std::optional<Deadline> vivify;    // on a miss, create an empty item with this deadline (won);
                                     // `touch` does not apply to it
  std::optional<std::uint32_t> recache_s;  // won, once, if less TTL than this was left as found
  std::uint64_t explicit_cas = 0;    // cas unique of a vivified item; 0 = the engine's own
};
/// no_memory: no room for a vivified item, or the value has too many readers at once.
enum class GetStatus : std::uint8_t { hit, miss, vivified, no_memory };

enum class StoreMode : std::uint8_t { set, add, replace, append, prepend };
struct StoreRequest {
  StoreMode mode = StoreMode::set;
  std::uint32_t client_flags = 0;
  Deadline deadline;
  bool compare = false;              // store only if compare_cas equals the item's (`cas` command)
  std::uint64_t compare_cas = 0;
  bool accept_older = false;         // meta I: a lower compare_cas stores too, and marks stale
  bool want_cas = false;             // give the stored item a cas unique now and return it
  std::uint64_t explicit_cas = 0;    // 0 = the engine's own
  std::optional<Deadline> vivify;    // append/prepend on a miss store the value with this deadline
  // A value that is refused for its size or for lack of memory takes the old item with it, so that
  // no client reads what was meant to be replaced: always for a plain set (without compare), and
  // for every mode when this is true (meta set).
  bool remove_on_failure = false;
};
enum class StoreStatus : std::uint8_t { stored, not_stored, exists, not_found, too_large, no_memory };
struct StoreResult {
  StoreStatus status = StoreStatus::not_stored;
  std::uint64_t cas = 0;             // of the stored item, if wanted
  std::uint32_t value_bytes = 0;     // of the stored item
};

struct ArithmeticRequest {
  bool decrement = false;
  std::uint64_t delta = 1;
  std::optional<Deadline> create;    // on a miss, create the item with `initial`; `touch` does not
                                     // apply to it
  std::uint64_t initial = 0;
  std::optional<Deadline> touch;
  bool compare = false;
  std::uint64_t compare_cas = 0;
  bool want_cas = false;
  std::uint64_t explicit_cas = 0;
};
enum class ArithmeticStatus : std::uint8_t { ok, created, not_found, non_numeric, exists, no_memory };
struct ArithmeticResult {
  ArithmeticStatus status = ArithmeticStatus::not_found;
  std::uint64_t value = 0;
  std::uint64_t cas = 0;             // if wanted
  std::int32_t ttl_s = -1;           // as found, before `touch`; -1: never expires, or created
};

struct DeleteRequest {
  bool compare = false;
  std::uint64_t compare_cas = 0;
  bool mark_stale = false;           // meta I: keep the item, mark it stale
  bool clear_value = false;          // meta x: keep the item, empty the value, clear client flags
  bool meta = false;                 // watchers are told `md`, else `delete`
  std::optional<Deadline> touch;     // with mark_stale or clear_value
  std::optional<std::uint32_t> client_flags;  // with clear_value
  std::uint64_t explicit_cas = 0;    // with mark_stale or clear_value
};
enum class DeleteStatus : std::uint8_t { deleted, not_found, exists, no_memory };

/// Room for a value that is filled in before it is stored (large values are received straight into
/// it). Dropping it without commit gives the memory back. Move-only.
class Allocation {
 public:
  Allocation() = default;
  Allocation(Engine* engine, Worker* worker, std::uint32_t item, char* value, std::size_t bytes)
      : engine_(engine), worker_(worker), item_(item), value_(value), bytes_(bytes) {}
  Allocation(Allocation&& other) noexcept
      : engine_(std::exchange(other.engine_, nullptr)),
        worker_(other.worker_),
        item_(other.item_),
        value_(other.value_),
        bytes_(other.bytes_) {}
  Allocation& operator=(Allocation&& other) noexcept {
    if (this != &other) {
      reset();
      engine_ = std::exchange(other.engine_, nullptr);
      worker_ = other.worker_;
      item_ = other.item_;
      value_ = other.value_;
      bytes_ = other.bytes_;
    }
    return *this;
  }
  ~Allocation() { reset(); }
  void reset();
  char* value() const { return value_; }
  std::size_t bytes() const { return bytes_; }
  explicit operator bool() const { return engine_ != nullptr; }
  /// Hands the item over to the engine (commit); the Allocation is empty afterwards.
  std::uint32_t release() {
    engine_ = nullptr;
    return item_;
  }

 private:
  Engine* engine_ = nullptr;
  Worker* worker_ = nullptr;
  std::uint32_t item_ = 0;
  char* value_ = nullptr;
  std::size_t bytes_ = 0;
};
enum class AllocateStatus : std::uint8_t { ok, too_large, no_memory };

class Engine {
 public:
  explicit Engine(std::uint64_t hash_seed) : hash_seed_(hash_seed) {}
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  std::uint64_t hash_seed() const { return hash_seed_; }
  /// XXH3 with the process' secret seed.
  Key key(std::string_view bytes) const;

  /// Brings the table entries and items of several keys towards the cache; a hint, no effect else. Rule 2
  /// holds for it too.
  virtual void prefetch(std::span<const Key> keys) = 0;

  /// Looks a key up; on a hit (or vivified) shows the item to `sink`.
  virtual GetStatus get(Worker&, const Key&, const GetRequest&, ItemSink& sink) = 0;

  /// Sets a new deadline without reading. Counts in touch_*.
  virtual bool touch(Worker&, const Key&, Deadline) = 0;

  /// Stores a value that is in memory already.
  virtual StoreResult store(Worker&, const Key&, const StoreRequest&, std::string_view value) = 0;

  /// Room for a value of `value_bytes` that is not in memory yet. A failure, here as in store(), may
  /// remove the old item: see StoreRequest::remove_on_failure.
  virtual AllocateStatus allocate(Worker&, const Key&, const StoreRequest&, std::size_t value_bytes,
                                  Allocation* allocation) = 0;
  /// Stores a filled Allocation. `key` and `request` are those it was made with.
  virtual StoreResult commit(Worker&, const Key&, const StoreRequest&, Allocation&&) = 0;

  virtual ArithmeticResult arithmetic(Worker&, const Key&, const ArithmeticRequest&) = 0;
  virtual DeleteStatus remove(Worker&, const Key&, const DeleteRequest&) = 0;

  /// True when key and value together exceed the largest item (-I).
  virtual bool too_large(std::size_t key_bytes, std::size_t value_bytes) const = 0;

  /// Kills everything stored before `when` (never = now; a later moment is kept as pending and
  /// replaces an earlier pending one; Deadline::past() is before anything was stored and leaves nothing
  /// pending). Exclusive section: at one instant for all keys.
  virtual void flush(Worker&, Deadline when) = 0;

  /// Statistics of a group: "" (general), "items", "slabs", "sizes", "settings" (those that
  /// commands change at run time, as they are now). False: no such group.
  virtual bool stats(std::string_view group, StatSink&) = 0;
  /// Zeroes counters, keeps gauges.
  virtual void reset_stats(Worker&) = 0;

  /// One step of a walk over all items: shows the live ones among the next few, at most
  /// kDumpItemsMax, and moves the cursor. False: that was the last step. Does not count as a read.
  /// An item that is there all the time is shown; it is shown twice if its part of the table grows
  /// while the walk is in it. What is stored meanwhile may be shown or not.
  virtual bool dump(Worker&, DumpCursor*, ItemSink& sink) = 0;
  /// The `lru_crawler` switch: dumps of all items are refused while it is off.
  virtual bool crawler_enabled() const = 0;

  /// Commands that no verb above covers (slabs, lru, lru_crawler, cache_memlimit, ...): words as the
  /// client sent them. False: no such command.
  virtual bool execute(Worker&, std::span<const std::string_view> words, Reply&) = 0;

  /// The engine itself if it also speaks to Redis clients; else nullptr.
  virtual redis::RedisEngine* redis() { return nullptr; }

  Clock& clock() { return clock_; }
  const Clock& clock() const { return clock_; }
  /// `stats detail`: counted by the engine in get, store, allocate and remove.
  PrefixStats& prefix_stats() { return prefix_stats_; }

  // Called by the handles above only.
  virtual void pin_item(std::uint32_t item) = 0;
  virtual void unpin_item(std::uint32_t item) = 0;
  virtual void discard(Worker&, std::uint32_t item) = 0;

 private:
  const std::uint64_t hash_seed_;
  Clock clock_;
  PrefixStats prefix_stats_;
};

inline void ItemPin::reset() {
  if (engine_ != nullptr) std::exchange(engine_, nullptr)->unpin_item(item_);
}
inline ItemPin ItemView::pin() const {
  engine->pin_item(item);
  return ItemPin(engine, item);
}
inline void Allocation::reset() {
  if (engine_ != nullptr) std::exchange(engine_, nullptr)->discard(*worker_, item_);
}

}  // namespace larder::engine
