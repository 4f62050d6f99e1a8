// The cache engine: strings with client flags, cas and deadlines; all that memcached needs.
//
// Every verb locks one stripe, works in memory and leaves. When it needs a chunk that its stripe
// cannot give, it lets the lock go, has the reclaimer make room, and starts over (with_room).
//
// Values up to kCopyBytesMax that fit into a chunk are copied under the stripe lock; larger ones are
// written into an owned item before the lock is taken (allocate, commit) and, above kCopyBytesMax,
// read pinned.
//
// An item gets a cas unique when a client asks for it (gets, meta c, binary): a number nobody has
// seen can match no compare.
//
// Threads: the verbs from any thread with its own Worker; see engine.h for the calling rules.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/config.h"
#include "engine/engine.h"
#include "engine/keyspace.h"
#include "engine/maintainer.h"
#include "engine/reclaimer.h"
#include "engine/saved_state.h"
#include "engine/worker.h"

namespace larder::engine {

class CacheEngine : public Engine {
 public:
  explicit CacheEngine(const Config& config);
  ~CacheEngine() override;

  /// A worker for one more thread; lives as long as the engine.
  Worker& add_worker() { return gates_.add_worker(); }

  /// Starts the background thread (maintainer.h); after a fork, if there is one.
  void start_background();
  /// Ends it; for a warm restart, and for an engine that builds on this one.
  void stop_background();

  void prefetch(std::span<const Key> keys) override { keyspace_.prefetch(keys); }
  GetStatus get(Worker&, const Key&, const GetRequest&, ItemSink&) override;
  bool touch(Worker&, const Key&, Deadline) override;
  StoreResult store(Worker&, const Key&, const StoreRequest&, std::string_view value) override;
  AllocateStatus allocate(Worker&, const Key&, const StoreRequest&, std::size_t value_bytes,
                          Allocation*) override;
  StoreResult commit(Worker&, const Key&, const StoreRequest&, Allocation&&) override;
  ArithmeticResult arithmetic(Worker&, const Key&, const ArithmeticRequest&) override;
  DeleteStatus remove(Worker&, const Key&, const DeleteRequest&) override;
  bool too_large(std::size_t key_bytes, std::size_t value_bytes) const override;
  void flush(Worker&, Deadline when) override;
  bool stats(std::string_view group, StatSink&) override;
  void reset_stats(Worker&) override;
  bool dump(Worker&, DumpCursor*, ItemSink&) override;
  bool crawler_enabled() const override;
  bool execute(Worker&, std::span<const std::string_view> words, Reply&) override;
  /// From now on all that is stored may take so much; what is above it is evicted in the background.
  virtual void limit_memory(Worker&, std::size_t bytes) { keyspace_.arena().set_limit(bytes); }

  void pin_item(std::uint32_t item) override;
  void unpin_item(std::uint32_t item) override;
  void discard(Worker&, std::uint32_t item) override;

  /// Warm restart (saved_state.h). Requires: Config::memory_fd was given; no other thread uses the
  /// engine, its background thread included (stop_background).
  SavedState save();
  /// False: the memory does not fit the state; the engine is good for nothing then. Requires:
  /// nothing was stored, Config::hash_seed is the state's.
  bool restore(const SavedState& state);
  /// The table's size as memcached would tell it: 2^N buckets.
  std::uint32_t hash_power();

  // For the maintainer and the administrative commands.
  Keyspace& keyspace() { return keyspace_; }
  Reclaimer& reclaimer() { return reclaimer_; }
  GateSet& gates() { return gates_; }
  Maintainer& maintainer() { return *maintainer_; }
  const Config& config() const { return config_; }
  /// What `stats settings` shows from now on for a setting that a command has changed.
  void show_setting(std::string_view name, std::string text);
  /// Carries out a pending flush_all whose time has come.
  void flush_if_due(Worker& worker) {
    if (clock().reached(flush_due_.load(std::memory_order_relaxed))) [[unlikely]] flush_now(worker);
  }

  /// Empties a database at one instant; what it held is freed later.
  void flush_database(Worker& worker, std::size_t number);

  /// Recounts every structure; stops the process when something is wrong. Requires: no other thread
  /// uses the engine.
  void check_integrity() { keyspace_.check_integrity(); }

 protected:
  Segment new_segment(Stripe&, const Key&, Ref old_ref, Deadline);
  /// Puts an owned item into the keyspace, in the place of `old_ref` (0: nothing).
  void enter(Worker&, Stripe&, const Key&, Ref old_ref, Ref ref, Deadline);
  void mark_read(Item&, const GetRequest&);
  std::uint64_t sum(Counter) const;

 private:
  // What an attempt under the stripe lock found out.
  struct Room {
    std::size_t class_id = 0;  // a chunk of this class is missing: make room, try again
    bool again = false;        // not the first attempt: watchers have been told of the lookup
  };
  // Attempts, each after making room, before a store is refused against other threads' demand.
  static constexpr int kRoomTries = 64;
  static constexpr std::size_t kJoinBytesMax = 2 * kCopyBytesMax;
  static constexpr std::uint32_t kAllFields =
      slab::kPinnable | slab::kHasClientFlags | slab::kAnyDeadline | slab::kHasCas | slab::kExtent;
  template <typename Result, typename Attempt>
  std::optional<Result> with_room(Worker&, const Key&, Attempt&& attempt);
  struct Written {  // optional fields of an item that is written anew
    std::uint32_t client_flags = 0;
    Deadline deadline;
    std::uint64_t cas = 0;
    std::int64_t deadline_ms = 0;  // kept from an item that Redis gave one; `deadline` is never then
  };

  std::uint32_t shape_flags(const Written&) const;
  void write_fields(Item&, const Written&);
  Ref live(Worker&, Stripe&, const Key&, bool again = false);
  Ref take_chunk(Worker&, Stripe&, std::size_t class_id);
  Ref write_item(Worker&, Stripe&, const Key&, Ref old_ref, const Written&, std::size_t value_bytes,
                 Room*);
  Ref reshape(Worker&, Stripe&, const Key&, Ref, std::uint32_t add_flags, Room*);
  bool give_cas(Worker&, Stripe&, const Key&, Ref*, Room*);
  bool give_deadline(Worker&, Stripe&, const Key&, Ref*, Deadline, Room*);
  void count_read(Worker&, const Item*, Account);
  ItemView view_of(Item&, Ref);
  bool lease(Item&, const GetRequest&, std::int32_t ttl);
  std::optional<GetStatus> try_get(Worker&, Stripe&, const Key&, const GetRequest&, ItemSink&, Room*);
  std::optional<GetStatus> try_vivify(Worker&, Stripe&, const Key&, const GetRequest&, ItemSink&, Room*);

  struct Decision {
    bool store = false;
    bool stale = false;  // stored with an older cas: keep deadline and token, mark stale
    StoreStatus status = StoreStatus::not_stored;
  };
  Decision decide(Worker&, Ref old_ref, const StoreRequest&);
  Written written_for(Stripe&, Ref old_ref, const StoreRequest&, const Decision&);
  std::optional<StoreResult> try_store(Worker&, Stripe&, const Key&, const StoreRequest&,
                                       std::string_view value, Room*);
  std::optional<StoreResult> try_join(Worker&, Stripe&, const Key&, Ref, const StoreRequest&,
                                      std::string_view value, Room*);
  StoreResult join_large(Worker&, const Key&, const StoreRequest&, std::string_view value);
  StoreResult commit_admitted(Worker&, const Key&, const StoreRequest&, Allocation&&);
  StoreResult store_admitted(Worker&, const Key&, const StoreRequest&, std::string_view value);
  AllocateStatus allocate_admitted(Worker&, const Key&, const StoreRequest&,
                                   std::size_t value_bytes, Allocation*);
  StoreResult finish_store(Worker&, const Key&, const StoreRequest&, Ref);
  StoreResult store_failed(Worker&, const Key&, const StoreRequest&, StoreStatus);
  AllocateStatus allocate_item(Worker&, const Key&, const Written&, std::size_t value_bytes, Ref*);
  std::optional<ArithmeticResult> try_arithmetic(Worker&, Stripe&, const Key&,
                                                 const ArithmeticRequest&, Room*);
  std::optional<DeleteStatus> try_remove(Worker&, Stripe&, const Key&, const DeleteRequest&, Room*);
  void flush_now(Worker&);
  bool too_large(std::size_t key_bytes, std::size_t value_bytes, std::uint32_t client_flags) const;
  std::int32_t ttl_s(const Item&) const;

  // cache_engine_events.cc: for those who watch. Each asks whether anybody does.
  void tell_lookup(Worker&, const Key&, Ref, Found);
  void tell_stored(Worker&, const Key&, const StoreRequest&, Ref);
  void tell_created(Worker&, const Key&, StoreMode, Ref, Ref old_ref);
  void tell_refused(Worker&, const Key&, const StoreRequest&, StoreStatus, std::size_t value_bytes);
  void tell_deleted(Worker&, const Key&, const DeleteRequest&, const Item&);

  // cache_engine_stats.cc
  void general_stats(StatSink&);
  void items_stats(StatSink&);
  void slabs_stats(StatSink&);
  void settings_stats(StatSink&);
  std::uint64_t sum(std::size_t class_id, ClassCounter) const;

  // cache_engine_dump.cc
  template <typename Visit>
  bool walk_some(DumpCursor*, Visit&& visit);
  void sizes_stats(StatSink&);

  const Config config_;
  GateSet gates_;
  Keyspace keyspace_;
  Reclaimer reclaimer_;
  Worker& orphan_worker_;  // frees items whose last pin goes, on any thread: only its magazines are used
  const std::size_t direct_bytes_max_;  // longer values are stored through an allocation
  const std::size_t join_bytes_max_;    // longer results are put together without the lock
  std::atomic<Deadline> flush_due_{};
  std::mutex shown_mutex_;
  std::map<std::string, std::string, std::less<>> shown_settings_;  // guarded by shown_mutex_

  std::unique_ptr<Maintainer> maintainer_;  // last: its thread stops first
};

// Runs `attempt(stripe, room)` under the stripe lock until it has a result; makes room in between.
// No result: there is no memory to be had.
template <typename Result, typename Attempt>
std::optional<Result> CacheEngine::with_room(Worker& worker, const Key& key, Attempt&& attempt) {
  flush_if_due(worker);
  Stripe& stripe = keyspace_.stripe_of(key.hash);
  for (int tries = kRoomTries; tries-- > 0;) {
    Room room{.again = tries != kRoomTries - 1};
    std::optional<Result> result;
    {
      std::lock_guard lock(stripe.lock);
      result = attempt(stripe, &room);
    }
    if (worker.turnover_due()) [[unlikely]] maintainer_->nudge();
    if (result.has_value()) return result;
    if (room.class_id == 0 || !reclaimer_.make_room(worker, room.class_id)) break;
  }
  worker.count(Counter::malloc_fails);
  return std::nullopt;
}

/// Builds a cache engine. Throws std::system_error when its memory cannot be reserved.
std::unique_ptr<CacheEngine> make_cache_engine(const Config& config);

}  // namespace larder::engine
