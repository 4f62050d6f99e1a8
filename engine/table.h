// The hash table of one stripe: linear hashing over cache-line buckets.
//
// Bucket (64 bytes, one cache line):
//   | refs 12 x u32 | tags 12 x u8 | overflow u32 |
// A tag is 8 bits of the hash (0 = empty slot), so a lookup touches one line of the table and, but
// for one probe in about 20, only the item it looks for. A full bucket chains to overflow buckets.
//
// Growth is one bucket at a time (linear hashing, Litwin 1980): when there are more than kLoad
// items a bucket, the bucket at the split point is divided between itself and a new last bucket.
// No request waits for more than two such splits (about 20 items moved), no second table is
// ever held, and memory follows the number of items without steps.
//
// Invariants
//  1. Bucket of hash h: i = h & (2^(L+1) - 1), less 2^L if that bucket does not exist yet.
//  2. Occupied slots of a bucket need not be contiguous; a chain's overflow buckets may be sparse.
//  3. size() counts occupied slots.
//
// Locking: the stripe lock guards everything, except hint(), which any thread may call: it reads
// the line without the lock and uses what it finds as an address to prefetch, nothing else.
// Slots and tags are therefore written with relaxed atomic stores.
#pragma once

#include <emmintrin.h>

#include <cstddef>
#include <cstdint>

#include "slab/arena.h"
#include "slab/item.h"
#include "slab/reservation.h"

namespace larder::engine {

class Table {
 public:
  using Ref = slab::Ref;
  static constexpr std::size_t kSlots = 12;
  static constexpr std::size_t kLoad = 8;  // items a bucket before the next split

  /// `bucket_count` buckets to start with (rounded up to a power of two); address space for
  /// `bucket_count_max` is reserved. Throws std::system_error when that fails.
  Table(std::size_t bucket_count, std::size_t bucket_count_max);
  Table(Table&& other) noexcept;
  Table& operator=(Table&& other) noexcept;

  /// The item for which `match(ref)` holds among those whose tag fits; 0 if none.
  template <typename Match>
  Ref find(std::uint64_t hash, Match&& match) const {
    const std::uint8_t tag = tag_of(hash);
    for (const Bucket* bucket = &buckets_[index_of(hash)];; bucket = overflow_at(bucket->overflow)) {
      for (unsigned mask = matches(*bucket, tag); mask != 0; mask &= mask - 1) {
        const Ref ref = bucket->refs[__builtin_ctz(mask)];
        if (match(ref)) return ref;
      }
      if (bucket->overflow == 0) return 0;
    }
  }
  /// Requires: the key is not in the table. `hash_of(ref)` gives the hash of any item in it (for
  /// splits).
  template <typename HashOf>
  void insert(std::uint64_t hash, Ref ref, HashOf&& hash_of) {
    place(index_of(hash), tag_of(hash), ref);
    ++size_;
    if (size_ > count_ * kLoad && can_grow()) split(hash_of);
  }
  /// Requires: `old_ref` is in the table under `hash`.
  void replace(std::uint64_t hash, Ref old_ref, Ref new_ref);
  /// False when it is not there.
  bool erase(std::uint64_t hash, Ref ref);

  /// Visits the items of one bucket and its chain. `visit` does not change the table.
  template <typename Visit>
  void for_bucket(std::size_t bucket_index, Visit&& visit) const {
    for (const Bucket* bucket = &buckets_[bucket_index];; bucket = overflow_at(bucket->overflow)) {
      for (std::size_t i = 0; i < kSlots; ++i) {
        if (bucket->tags[i] != 0) visit(bucket->refs[i]);
      }
      if (bucket->overflow == 0) return;
    }
  }
  /// Slots of a bucket and its chain.
  std::size_t chain_slots(std::size_t bucket_index) const {
    std::size_t slots = kSlots;
    for (const Bucket* bucket = &buckets_[bucket_index]; bucket->overflow != 0;
         bucket = overflow_at(bucket->overflow)) {
      slots += kSlots;
    }
    return slots;
  }
  /// Visits the items in slots [begin, end) of a bucket and its chain. Items move only towards the
  /// front of a chain, so a walk that goes from its end to its front, with changes in between,
  /// misses none. `visit` does not change the table. Requires: end <= chain_slots(bucket_index).
  template <typename Visit>
  void for_slots(std::size_t bucket_index, std::size_t begin, std::size_t end, Visit&& visit) const {
    const Bucket* bucket = &buckets_[bucket_index];
    for (std::size_t slot = 0; slot < end; ++slot) {
      if (slot != 0 && slot % kSlots == 0) bucket = overflow_at(bucket->overflow);
      if (slot >= begin && bucket->tags[slot % kSlots] != 0) visit(bucket->refs[slot % kSlots]);
    }
  }
  /// The bucket a hash belongs to now.
  std::size_t bucket_of(std::uint64_t hash) const { return index_of(hash); }
  std::size_t bucket_count() const { return count_; }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return (count_ + overflow_used_) * sizeof(Bucket); }
  void set_growth(bool enabled) { growth_ = enabled; }

  // Hints for prefetching, without the lock.
  void prefetch_bucket(std::uint64_t hash) const { __builtin_prefetch(&buckets_[hint_index(hash)]); }
  /// The first candidate of a hash in its home bucket, as of some recent moment; 0 if none.
  Ref hint(std::uint64_t hash) const;

  void check_integrity() const;

 private:
  struct alignas(64) Bucket {
    Ref refs[kSlots];
    std::uint8_t tags[kSlots];
    std::uint32_t overflow;  // number of the next bucket of the chain, 0 = none
  };
  static_assert(sizeof(Bucket) == 64);

  static std::uint8_t tag_of(std::uint64_t hash) {
    const auto tag = static_cast<std::uint8_t>(hash >> 40);
    return tag == 0 ? 1 : tag;
  }
  static unsigned matches(const Bucket& bucket, std::uint8_t tag) {
    const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(bucket.tags));
    const __m128i equal = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<unsigned>(_mm_movemask_epi8(equal)) & ((1u << kSlots) - 1);
  }
  std::size_t index_of(std::uint64_t hash) const {
    const std::size_t index = hash & (2 * half_ - 1);
    return index < count_ ? index : index & (half_ - 1);
  }
  std::size_t hint_index(std::uint64_t hash) const;
  Bucket* overflow_at(std::uint32_t number) const { return &overflow_[number]; }
  bool can_grow() const { return growth_ && count_ < count_max_; }
  static void set_slot(Bucket& bucket, std::size_t slot, std::uint8_t tag, Ref ref);
  void place(std::size_t index, std::uint8_t tag, Ref ref);
  std::uint32_t take_overflow();
  void trim_chain(std::size_t index);

  // Divides the bucket at the split point.
  template <typename HashOf>
  void split(HashOf&& hash_of) {
    const std::size_t from = count_ - half_;
    const std::size_t to = count_;
    set_count(count_ + 1);
    for_bucket(from, [&](Ref ref) { __builtin_prefetch(ref_address(ref)); });
    for (Bucket* bucket = &buckets_[from];; bucket = overflow_at(bucket->overflow)) {
      for (std::size_t i = 0; i < kSlots; ++i) {
        if (bucket->tags[i] == 0) continue;
        const Ref ref = bucket->refs[i];
        if ((hash_of(ref) & (2 * half_ - 1)) != to) continue;
        place(to, bucket->tags[i], ref);
        set_slot(*bucket, i, 0, 0);
      }
      if (bucket->overflow == 0) break;
    }
    trim_chain(from);
    if (count_ == 2 * half_) half_ = count_;
  }
  void set_count(std::size_t count) { __atomic_store_n(&count_, count, __ATOMIC_RELAXED); }
  const void* ref_address(Ref ref) const { return arena_ == nullptr ? nullptr : arena_->at(ref); }

 public:
  /// The arena that references belong to, for prefetching during splits.
  void set_arena(const slab::Arena* arena) { arena_ = arena; }

 private:
  std::size_t count_ = 0;      // buckets in use
  std::size_t half_ = 0;       // 2^L: half_ <= count_ < 2 * half_
  std::size_t size_ = 0;
  const slab::Arena* arena_ = nullptr;
  std::size_t count_max_ = 0;
  slab::Reservation<Bucket> buckets_;
  slab::Reservation<Bucket> overflow_;  // entry 0 is never used
  std::uint32_t overflow_fresh_ = 1;
  std::uint32_t overflow_free_ = 0;  // list through Bucket::overflow
  std::uint32_t overflow_used_ = 0;
  bool growth_ = true;
};

}  // namespace larder::engine
