#include "engine/keyspace.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace larder::engine {

namespace {
constexpr std::size_t kMiB = 1 << 20;
// Two values that are each short enough to be copied, joined by append, still fit a chunk.
constexpr std::size_t kChunkBytesMaxLeast = 32 << 10;
static_assert(kChunkBytesMaxLeast >= 2 * kCopyBytesMax + 1024);

void check(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "keyspace integrity: %s\n", what);
    std::abort();
  }
}

// Enough stripes that two threads seldom meet (32 a thread), but not so many that a small cache has
// only a handful of items of a class in each: their order would be left to chance.
std::size_t choose_stripe_count(const Config& config) {
  const std::size_t by_threads = std::bit_ceil(std::size_t{32} * std::max(1u, config.threads));
  const std::size_t by_memory = std::bit_floor(std::max<std::size_t>(1, config.memory_bytes / (4 * kMiB)));
  // Items name their stripe, of whatever database, by 16 bits.
  const std::size_t by_name = std::bit_floor(std::size_t{1 << 16} / std::max(1u, config.databases));
  return std::clamp<std::size_t>(std::min(by_threads, by_memory), 4, std::min<std::size_t>(8192, by_name));
}

// A small memory has small pages, so that there are about a thousand.
std::size_t choose_page_bytes(const Config& config) {
  if (config.huge_pages) return slab::kPageBytes;
  return std::clamp<std::size_t>(std::bit_floor(config.memory_bytes / 512 + 1), 64 << 10, slab::kPageBytes);
}

slab::SizeClasses::Options class_options(const Config& config) {
  slab::SizeClasses::Options options;
  options.page_bytes = choose_page_bytes(config);
  options.chunk_bytes_min = sizeof(Item) + config.chunk_payload_min;
  options.growth_factor = config.growth_factor;
  options.chunk_bytes_max =
      std::max(std::min(config.chunk_bytes_max, options.page_bytes / 2), kChunkBytesMaxLeast);
  options.explicit_sizes = config.slab_sizes;
  return options;
}

std::size_t first_shared_class(const slab::SizeClasses& classes, std::size_t page_bytes) {
  const std::size_t own_max = std::min(kStripeLruChunkMax, page_bytes / 64);
  for (std::size_t id = 1; id <= classes.count(); ++id) {
    if (classes.chunk_bytes(id) > own_max) return id;
  }
  return kExtentLru;
}
}  // namespace

Keyspace::Keyspace(const Config& config, const Engine& hasher)
    : hasher_(hasher),
      arena_({config.memory_bytes, config.huge_pages, choose_page_bytes(config), config.memory_fd,
              config.pretended_bytes}),
      classes_(class_options(config), arena_.alignment()),
      slabs_(arena_, classes_),
      shared_from_(first_shared_class(classes_, arena_.page_bytes())),
      stripes_per_database_(choose_stripe_count(config)),
      stripe_count_max_(stripes_per_database_ * std::max(1u, config.databases)),
      stripe_shift_(64 - static_cast<unsigned>(std::countr_zero(stripes_per_database_))),
      hash_growth_(config.hash_growth),
      stripe_memory_(slab::make_reservation<std::byte>(stripe_count_max_ * sizeof(Stripe))),
      stripes_(reinterpret_cast<Stripe*>(stripe_memory_.get())),
      databases_(std::max(1u, config.databases)) {
  const std::size_t slots = std::size_t{1} << config.hash_power;
  buckets_per_stripe_ = std::max<std::size_t>(1, slots / Table::kLoad / stripes_per_database_);
  // Twice what the smallest items could fill, for uneven stripes.
  const std::size_t items_max =
      arena_.page_count_max() * arena_.page_bytes() / classes_.chunk_bytes(1);
  buckets_per_stripe_max_ =
      std::max(buckets_per_stripe_, 2 * items_max / Table::kLoad / stripes_per_database_);
  primary_ = make_database(0);
}

Keyspace::~Keyspace() {
  for (std::size_t i = 0; i < stripe_count(); ++i) stripes_[i].~Stripe();
}

// --- databases ---

// Requires: make_mutex_ is held, or nobody else knows the keyspace yet.
Stripe* Keyspace::make_stripes() {
  const std::size_t first = made_count_.load(std::memory_order_relaxed);
  for (std::size_t i = first; i < first + stripes_per_database_; ++i) {
    Stripe* made = new (stripes_ + i) Stripe(buckets_per_stripe_, buckets_per_stripe_max_);
    made->index = static_cast<std::uint32_t>(i);
    made->table.set_arena(&arena_);
    made->table.set_growth(hash_growth_);
  }
  made_count_.store(first + stripes_per_database_, std::memory_order_release);
  return stripes_ + first;
}

Stripe* Keyspace::make_database(std::size_t number) {
  std::lock_guard lock(make_mutex_);
  Stripe* stripes = databases_[number].load(std::memory_order_relaxed);
  if (stripes != nullptr) return stripes;
  stripes = make_stripes();
  databases_[number].store(stripes, std::memory_order_release);
  return stripes;
}

void Keyspace::swap_databases(std::size_t first, std::size_t second) {
  Stripe* const stripes = databases_[first].load(std::memory_order_relaxed);
  databases_[first].store(databases_[second].load(std::memory_order_relaxed), std::memory_order_release);
  databases_[second].store(stripes, std::memory_order_release);
  primary_ = databases_[0].load(std::memory_order_relaxed);
}

void Keyspace::prefetch(Stripe* stripes, std::span<const Key> keys) {
  for (const Key& key : keys) stripes[stripe_number(key.hash)].table.prefetch_bucket(key.hash);
  for (const Key& key : keys) {
    const Ref ref = stripes[stripe_number(key.hash)].table.hint(key.hash);
    if (ref != 0) __builtin_prefetch(arena_.at(ref), 1);
  }
}

Lru& Keyspace::stripe_lru(Stripe& stripe, std::size_t index) {
  std::unique_ptr<Lru>& lru = stripe.lrus[index];
  if (lru == nullptr) lru = std::make_unique<Lru>();
  return *lru;
}

void Keyspace::add_bytes(Stripe& stripe, const Item& each, std::size_t bytes) {
  stripe.item_bytes += bytes;
  with_lru(stripe, lru_index(each), [&](Lru& lru) { lru.requested_bytes += bytes; });
}

void Keyspace::account(Stripe& stripe, const Item& each, bool add) {
  const std::size_t bytes = item_total(each);
  const std::uint64_t deadline = each.has(slab::kAnyDeadline) ? 1 : 0;
  stripe.deadline_count += add ? deadline : -deadline;
  add_bytes(stripe, each, add ? bytes : -bytes);
}

void Keyspace::link(Stripe& stripe, const Key& key, Ref ref, Segment segment) {
  Item& linked = item(ref);
  linked.change((stripe.index << slab::kStripeShift) | slab::kLinked, 0);
  account(stripe, linked, true);
  with_lru(stripe, lru_index(linked), [&](Lru& lru) { lru.link(arena_, ref, segment); });
  stripe.table.insert(key.hash, ref, [this](Ref other) { return hash_of(other); });
}

void Keyspace::replace(Worker& worker, Stripe& stripe, const Key& key, Ref old_ref, Ref new_ref,
                       Segment segment) {
  Item& old_item = item(old_ref);
  Item& new_item = item(new_ref);
  new_item.change((stripe.index << slab::kStripeShift) | slab::kLinked, 0);
  account(stripe, old_item, false);
  account(stripe, new_item, true);
  with_lru(stripe, lru_index(old_item), [&](Lru& lru) { lru.unlink(arena_, old_ref); });
  with_lru(stripe, lru_index(new_item), [&](Lru& lru) { lru.link(arena_, new_ref, segment); });
  stripe.table.replace(key.hash, old_ref, new_ref);
  old_item.change(0, slab::kLinked);
  if (old_item.pins() == 0) free(worker, old_ref);
}

Ref Keyspace::remove_for_reuse(Worker& worker, Stripe& stripe, std::uint64_t hash, Ref ref) {
  Item& removed = item(ref);
  account(stripe, removed, false);
  with_lru(stripe, lru_index(removed), [&](Lru& lru) { lru.unlink(arena_, ref); });
  stripe.table.erase(hash, ref);
  removed.change(0, slab::kLinked);
  if (removed.pins() != 0) return 0;
  if (removed.has(slab::kExtent)) {
    free(worker, ref);
    return 0;
  }
  release_heap(removed);
  return ref;
}

void Keyspace::remove(Worker& worker, Stripe& stripe, std::uint64_t hash, Ref ref) {
  const Ref chunk = remove_for_reuse(worker, stripe, hash, ref);
  if (chunk != 0) slabs_.free(worker.magazines, chunk);
}

void Keyspace::free(Worker& worker, Ref ref) {
  Item& freed = item(ref);
  if (freed.has(slab::kExtent) && freed.extent() != nullptr) arena_.give_extent(freed.extent());
  release_heap(freed);
  slabs_.free(worker.magazines, ref);
}

void Keyspace::initialize(Ref chunk, const ItemShape& shape, std::string_view key,
                          std::uint32_t now) {
  Item& made = item(chunk);
  made.ctl.store(shape.flags, std::memory_order_relaxed);
  made.lru_prev = made.lru_next = 0;
  made.accessed_s = now;
  made.set_sizes(shape.key_bytes, shape.value_bytes);
  if (made.has(slab::kPinnable)) made.set_pins(0);
  if (made.long_key()) [[unlikely]] {
    made.set_long_key(heap_owner_->keep_key(key));
  } else {
    std::memcpy(made.key_data(), key.data(), key.size());
  }
}

Ref Keyspace::find_long(Stripe& stripe, const Key& key) {
  return stripe.table.find(key.hash, [&](Ref ref) { return item(ref).key() == key.bytes; });
}

bool Keyspace::find_flushed(Stripe& stripe, const Key& key) {
  const Ref ref = stripe.flushed->find(key.hash, [&](Ref other) { return item(other).key() == key.bytes; });
  return ref != 0 && stripe.flushed->erase(key.hash, ref);
}

void Keyspace::unlink_dead(Stripe& stripe, Lru& lru, Ref ref) {
  lru.unlink_dead(arena_, ref);
  if (stripe.flushed != nullptr) stripe.flushed->erase(hash_of(ref), ref);
}

std::vector<Table> Keyspace::make_tables(std::size_t count) const {
  std::vector<Table> tables;
  tables.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    tables.emplace_back(buckets_per_stripe_, buckets_per_stripe_max_);
    tables.back().set_arena(&arena_);
    tables.back().set_growth(hash_growth_);
  }
  return tables;
}

void Keyspace::kill(std::size_t first, std::vector<Table>& fresh) {
  const std::size_t end = first + fresh.size();
  for (std::size_t i = first; i < end; ++i) {
    Stripe& stripe = stripes_[i];
    std::lock_guard lock(stripe.lock);
    Table& old = fresh[i - first];
    stripe.table = std::move(old);  // exchanges the two
    if (old.size() != 0 && stripe.flushed != nullptr) {
      *stripe.flushed = std::move(old);
    } else if (old.size() != 0) {
      stripe.flushed = std::make_unique<Table>(std::move(old));
    }
    stripe.item_bytes = 0;
    stripe.deadline_count = 0;
    for (const auto& lru : stripe.lrus) {
      if (lru == nullptr) continue;
      lru->kill_all(arena_);
      lru->requested_bytes = 0;
    }
  }
  const bool all = fresh.size() == stripe_count();
  for (SharedLru& shared : shared_lrus_) {
    std::lock_guard lock(shared.lock);
    if (all) {
      shared.lru.kill_all(arena_);
      shared.lru.requested_bytes = 0;
      continue;
    }
    // One list for all databases: its items, few since they are large, are looked at one by one.
    shared.lru.kill_if(arena_, [&](const Item& each) {
      if (each.stripe() < first || each.stripe() >= end) return false;
      shared.lru.requested_bytes -= item_total(each);
      return true;
    });
  }
}

void Keyspace::check_integrity() {
  std::uint64_t listed = 0;
  std::uint64_t linked = 0;
  for (std::size_t i = 0; i < stripe_count(); ++i) {
    Stripe& stripe = stripes_[i];
    std::lock_guard lock(stripe.lock);
    stripe.table.check_integrity();
    linked += stripe.table.size();
    std::uint64_t bytes = 0;
    for (std::size_t bucket = 0; bucket < stripe.table.bucket_count(); ++bucket) {
      stripe.table.for_bucket(bucket, [&](Ref ref) {
        Item& each = item(ref);
        check(each.has(slab::kLinked), "a table entry is not linked");
        check(each.stripe() == stripe.index, "an item names another stripe");
        check(stripe_number(hash_of(ref)) == stripe.index % stripes_per_database_,
              "an item is in the wrong stripe");
        check(each.chunk_bytes() <= classes_.chunk_bytes(slab_class(each)), "an item overruns its chunk");
        bytes += item_total(each);
      });
    }
    check(bytes == stripe.item_bytes, "item bytes are miscounted");
    for (const auto& lru : stripe.lrus) {
      if (lru == nullptr) continue;
      lru->check_integrity(arena_);
      listed += lru->count();
    }
  }
  for (SharedLru& shared : shared_lrus_) {
    std::lock_guard lock(shared.lock);
    shared.lru.check_integrity(arena_);
    listed += shared.lru.count();
  }
  check(listed == linked, "table and LRU lists hold different numbers of items");
  slabs_.check_integrity();
}

}  // namespace larder::engine
