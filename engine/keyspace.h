// All entries of an engine: stripes of a hash table with their LRU lists, over the slab allocator.
//
// A stripe owns a part of the table, the LRU lists of its items and one lock. The top bits of a
// key's hash choose the stripe, the low bits the bucket, eight in between the tag.
//
// Databases. There is one, number 0, but for the Redis engine, where each has stripes of its own, made
// when it is first used; memory and the lists of large items are shared by all. A number is a name
// that swap_databases() can exchange: stripes and items know nothing of it.
//
// LRU lists: classes of small chunks have one Lru per stripe, so that a SET evicts from its own
// stripe and reuses that chunk with no lock but the stripe's. Classes of large chunks (and extents)
// hold too few items for that; they have one Lru for all stripes, with a lock of rank lru, which
// costs little beside copying the value and makes their order exact.
//
// Locking: functions that take a Stripe& require its lock. Everything reached through a linked item
// is guarded by its stripe's lock (see slab/item.h). Lock order: slab/lock.h.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "engine/config.h"
#include "engine/engine.h"
#include "engine/ghost.h"
#include "engine/lru.h"
#include "engine/table.h"
#include "engine/worker.h"
#include "slab/arena.h"
#include "slab/item.h"
#include "slab/lock.h"
#include "slab/reservation.h"
#include "slab/size_classes.h"
#include "slab/slab_allocator.h"

namespace larder::engine {

using slab::Item;
using slab::Ref;

/// LRU index of items whose value is an extent; other items use their slab class.
inline constexpr std::size_t kExtentLru = slab::kClassCountMax - 1;

/// Chunks above this share one Lru over all stripes, and so do those above a 64th of a page.
inline constexpr std::size_t kStripeLruChunkMax = kCopyBytesMax + 512;

/// Looks after what items own outside the arena (slab::Item::owns_heap).
class HeapOwner {
 public:
  /// Frees the object and the long key of an item that goes.
  virtual void release(Item& item) = 0;
  /// A copy of a long key, for Item::set_long_key.
  virtual std::string_view keep_key(std::string_view key) = 0;

 protected:
  ~HeapOwner() = default;
};

/// What is written into a new item; value_bytes of an extent item lie outside its chunk.
struct ItemShape {
  /// `fields` are kHasClientFlags, kHasDeadline, kHasDeadlineMs, kHasCas and kExtent.
  ItemShape(std::uint32_t fields, std::size_t key, std::size_t value)
      : flags(fields | (value > kCopyBytesMax ? slab::kPinnable : 0)),
        key_bytes(key),
        value_bytes(value) {}
  std::uint32_t flags;
  std::size_t key_bytes;
  std::size_t value_bytes;
  std::size_t chunk_bytes() const {
    const std::size_t key = key_bytes <= slab::kKeyInlineMax ? key_bytes : Item::kLongKeyBytes;
    return Item::chunk_bytes(flags, key, value_bytes);
  }
};

struct alignas(64) Stripe {
  StripeLock lock;
  Table table;
  Ghost ghost;
  std::uint64_t cas_next = 0;       // counts the cas uniques given out by this stripe
  std::uint64_t item_bytes = 0;     // total of Keyspace::item_total over linked items
  std::uint64_t deadline_count = 0; // linked items that have a deadline
  std::uint32_t index = 0;
  std::unique_ptr<Table> flushed;   // names of what the last flush killed and nobody has freed yet
  std::array<std::unique_ptr<Lru>, slab::kClassCountMax> lrus;  // made on first use

  Stripe(std::size_t buckets, std::size_t buckets_max)
      : table(buckets, buckets_max), ghost(std::bit_ceil(std::max(buckets, buckets_max))) {}

  /// Where the ghost remembers a key: one set for every eight items, chosen as the table chooses a bucket,
  /// so that it remembers about as many as there are and forgets few when their number changes.
  std::size_t ghost_set(std::uint64_t hash) const {
    const std::size_t sets = table.size() / Ghost::kNames + 1;
    const std::size_t mask = std::bit_ceil(sets) - 1;
    const std::size_t set = hash & mask;
    return set < sets ? set : set & (mask >> 1);
  }
};

struct SavedState;

class Keyspace {
 public:
  Keyspace(const Config& config, const Engine& hasher);
  ~Keyspace();
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  // --- places ---
  /// Stripes of all databases made so far; it only grows.
  std::size_t stripe_count() const { return made_count_.load(std::memory_order_acquire); }
  Stripe& stripe(std::size_t index) { return stripes_[index]; }
  /// The stripe of a key in database 0.
  Stripe& stripe_of(std::uint64_t hash) { return primary_[stripe_shift_ == 64 ? 0 : hash >> stripe_shift_]; }

  // --- databases ---
  std::size_t database_count() const { return databases_.size(); }
  /// Stripes that each database has.
  std::size_t stripes_per_database() const { return stripes_per_database_; }
  /// The first stripe of a database; nullptr: never used, so empty.
  Stripe* database(std::size_t number) { return databases_[number].load(std::memory_order_acquire); }
  /// As database(), but makes its stripes if there are none.
  Stripe* make_database(std::size_t number);
  /// Exchanges two databases. Requires: an exclusive section.
  void swap_databases(std::size_t first, std::size_t second);
  std::size_t stripe_number(std::uint64_t hash) const {
    return stripe_shift_ == 64 ? 0 : hash >> stripe_shift_;
  }
  Item& item(Ref ref) { return *reinterpret_cast<Item*>(arena_.at(ref)); }
  std::uint64_t hash_of(Ref ref) { return hasher_.key(item(ref).key()).hash; }
  slab::Arena& arena() { return arena_; }
  slab::SlabAllocator& slabs() { return slabs_; }
  const slab::SizeClasses& classes() const { return classes_; }

  void prefetch(std::span<const Key> keys) { prefetch(primary_, keys); }
  /// In the database whose first stripe that is.
  void prefetch(Stripe* stripes, std::span<const Key> keys);

  // --- lookup and linking; the stripe is locked ---
  /// The entry of a key, expired or not; 0 = none.
  [[gnu::always_inline]] Ref find(Stripe& stripe, const Key& key) {
    if (key.bytes.size() > slab::kKeyInlineMax) [[unlikely]] return find_long(stripe, key);
    return stripe.table.find(key.hash, [&](Ref ref) { return item(ref).holds_key(key.bytes); });
  }
  /// Puts an owned item into the table and its LRU. Requires: the key is not in the table.
  void link(Stripe& stripe, const Key& key, Ref ref, Segment segment);
  /// Puts an owned item in the place of a linked one, which becomes free (or owned, while pinned).
  void replace(Worker&, Stripe& stripe, const Key& key, Ref old_ref, Ref new_ref, Segment segment);
  /// Takes a linked item out of table and LRU and frees it (once its last pin goes).
  void remove(Worker&, Stripe& stripe, std::uint64_t hash, Ref ref);
  /// As remove(), but keeps the chunk for reuse: returns it, or 0 if it is pinned or has an extent.
  Ref remove_for_reuse(Worker&, Stripe& stripe, std::uint64_t hash, Ref ref);
  /// Whether a flush took this key, which is told once. Requires: it is not in the table.
  bool recall_flushed(Stripe& stripe, const Key& key) {
    return stripe.flushed != nullptr && find_flushed(stripe, key);
  }
  /// Takes an item that a flush killed off its list. Requires: the list's lock, too.
  void unlink_dead(Stripe& stripe, Lru& lru, Ref ref);
  /// Frees an owned item's memory.
  void free(Worker&, Ref ref);
  /// Frees what an item owns outside the arena, when its chunk is kept.
  void release_heap(Item& each) {
    if (each.owns_heap()) [[unlikely]] heap_owner_->release(each);
  }
  /// Rewrites bookkeeping after a linked item changed its size or deadline in place.
  class Resize;

  static constexpr std::size_t kKeyBytesMax = slab::kKeyInlineMax;
  static constexpr std::uint32_t kInlineFields =
      slab::kPinnable | slab::kHasClientFlags | slab::kHasDeadline | slab::kHasCas;

  /// Who frees what items own outside the arena. Set before the keyspace is used.
  void set_heap_owner(HeapOwner* owner) { heap_owner_ = owner; }

  std::uint64_t next_cas(Stripe& stripe) {
    return ++stripe.cas_next * stripe_count_max_ + stripe.index;
  }
  /// Bytes of an item as the `bytes` statistic counts them.
  [[gnu::always_inline]] static std::size_t item_total(const Item& each) {
    return each.chunk_bytes() + (each.has(slab::kExtent) ? each.value_bytes() : 0);
  }

  // --- LRU ---
  std::size_t lru_index(const Item& each) const {
    return each.has(slab::kExtent) ? kExtentLru : slab_class(each);
  }
  std::size_t slab_class(const Item& each) const { return slabs_.class_of(arena_.ref_of(&each)); }
  bool shared_lru(std::size_t index) const { return index >= shared_from_; }
  Lru& stripe_lru(Stripe& stripe, std::size_t index);
  Lru* stripe_lru_if_any(Stripe& stripe, std::size_t index) { return stripe.lrus[index].get(); }
  struct SharedLru {
    SpinLock<LockRank::lru> lock;
    Lru lru;
  };
  SharedLru& shared(std::size_t index) { return shared_lrus_[index]; }
  /// Runs `use(Lru&)` on the list an index belongs to, under its lock.
  template <typename Use>
  auto with_lru(Stripe& stripe, std::size_t index, Use&& use) {
    if (!shared_lru(index)) return use(stripe_lru(stripe, index));
    std::lock_guard lock(shared_lrus_[index].lock);
    return use(shared_lrus_[index].lru);
  }

  // --- memory ---
  /// Slab class for an item; 0: too large for any chunk (then kExtent is needed).
  std::size_t class_of(std::size_t chunk_bytes) const { return classes_.class_of(chunk_bytes); }
  /// Does the value not fit into a chunk? Judged with every optional field, so that an inline item
  /// can always be given one.
  bool needs_extent(std::size_t key_bytes, std::size_t value_bytes) const {
    return Item::chunk_bytes(kInlineFields, key_bytes, value_bytes) >
           classes_.chunk_bytes(classes_.count());
  }
  /// Values up to this are inline, whatever their key.
  std::size_t inline_bytes_max() const {
    return classes_.chunk_bytes(classes_.count()) - Item::chunk_bytes(kInlineFields, kKeyBytesMax, 0);
  }
  /// Writes header, key and sizes of an owned item into a chunk.
  void initialize(Ref chunk, const ItemShape& shape, std::string_view key, std::uint32_t now);

  /// Warm restart (saved_state.h). Requires: no other thread uses the keyspace; nothing is pinned.
  /// After save() nothing is stored any more.
  void save(SavedState* state);
  /// Takes over the items of the memory file. False: they do not agree with `state`, and the keyspace
  /// is good for nothing. Requires: nothing was stored yet.
  bool restore(const SavedState& state);

  void check_integrity();

  /// New tables for that many stripes, for kill(). Made outside the exclusive section: it maps memory.
  std::vector<Table> make_tables(std::size_t count) const;
  /// Empties the stripes from `first` on, one for each of `fresh`, which gets the old tables: items
  /// become dead and are freed later. Requires: an exclusive section.
  void kill(std::size_t first, std::vector<Table>& fresh);

 private:
  void forget_dead(const Lru& lru);
  std::optional<std::vector<Ref>> listed_items(const std::vector<Ref>& tails, std::size_t linked_count);
  void account(Stripe& stripe, const Item& each, bool add);
  /// `bytes` modulo 2^64, for less.
  void add_bytes(Stripe& stripe, const Item& each, std::size_t bytes);
  Ref find_long(Stripe& stripe, const Key& key);
  bool find_flushed(Stripe& stripe, const Key& key);
  Stripe* make_stripes();

  const Engine& hasher_;
  slab::Arena arena_;
  const slab::SizeClasses classes_;
  slab::SlabAllocator slabs_;
  std::size_t shared_from_;  // first class with a shared Lru
  std::size_t stripes_per_database_;
  std::size_t stripe_count_max_;
  unsigned stripe_shift_;
  std::size_t buckets_per_stripe_;
  std::size_t buckets_per_stripe_max_;
  bool hash_growth_;
  HeapOwner* heap_owner_ = nullptr;
  slab::Reservation<std::byte> stripe_memory_;
  Stripe* const stripes_;                 // made up to made_count_
  Stripe* primary_ = nullptr;             // of database 0
  std::atomic<std::size_t> made_count_{0};
  std::mutex make_mutex_;                 // guards the making of stripes
  std::vector<std::atomic<Stripe*>> databases_;
  std::array<SharedLru, slab::kClassCountMax> shared_lrus_;

 public:
  /// Changes a linked item in place: puts into the books what has changed when it is done. The slab
  /// class stays, and whether the value is an extent.
  class Resize {
   public:
    [[gnu::always_inline]] Resize(Keyspace& keyspace, Stripe& stripe, Item& each)
        : keyspace_(keyspace),
          stripe_(stripe),
          item_(each),
          old_bytes_(item_total(each)),
          had_deadline_(each.has(slab::kAnyDeadline)) {}
    [[gnu::always_inline]] ~Resize() {
      stripe_.deadline_count += std::uint64_t{item_.has(slab::kAnyDeadline)} - std::uint64_t{had_deadline_};
      const std::size_t bytes = item_total(item_);
      if (bytes != old_bytes_) keyspace_.add_bytes(stripe_, item_, bytes - old_bytes_);
    }
    Resize(const Resize&) = delete;
    Resize& operator=(const Resize&) = delete;

   private:
    Keyspace& keyspace_;
    Stripe& stripe_;
    Item& item_;
    const std::size_t old_bytes_;
    const bool had_deadline_;
  };
};

}  // namespace larder::engine
