#include "engine/table.h"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace larder::engine {

namespace {
void check(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "table integrity: %s\n", what);
    std::abort();
  }
}
}  // namespace

Table::Table(std::size_t bucket_count, std::size_t bucket_count_max)
    : count_(std::bit_ceil(bucket_count)),
      half_(count_),
      count_max_(std::bit_ceil(bucket_count_max > count_ ? bucket_count_max : count_)),
      buckets_(slab::make_reservation<Bucket>(count_max_)),
      overflow_(slab::make_reservation<Bucket>(count_max_)) {}

Table::Table(Table&& other) noexcept { *this = std::move(other); }

// Exchanges the tables: the caller decides when the old memory goes. Hints read buckets_ and
// count_ without the lock, so an exchange happens only while no worker runs (exclusive section).
Table& Table::operator=(Table&& other) noexcept {
  std::swap(buckets_, other.buckets_);
  std::swap(count_, other.count_);
  std::swap(half_, other.half_);
  std::swap(size_, other.size_);
  std::swap(overflow_, other.overflow_);
  std::swap(arena_, other.arena_);
  std::swap(count_max_, other.count_max_);
  std::swap(overflow_fresh_, other.overflow_fresh_);
  std::swap(overflow_free_, other.overflow_free_);
  std::swap(overflow_used_, other.overflow_used_);
  std::swap(growth_, other.growth_);
  return *this;
}

void Table::set_slot(Bucket& bucket, std::size_t slot, std::uint8_t tag, Ref ref) {
  __atomic_store_n(&bucket.refs[slot], ref, __ATOMIC_RELAXED);
  __atomic_store_n(&bucket.tags[slot], tag, __ATOMIC_RELAXED);
}

std::uint32_t Table::take_overflow() {
  ++overflow_used_;
  if (overflow_free_ != 0) {
    const std::uint32_t number = overflow_free_;
    overflow_free_ = overflow_[number].overflow;
    overflow_[number].overflow = 0;
    return number;
  }
  check(overflow_fresh_ < count_max_, "no overflow bucket is left");
  return overflow_fresh_++;
}

void Table::place(std::size_t index, std::uint8_t tag, Ref ref) {
  for (Bucket* bucket = &buckets_[index];; bucket = overflow_at(bucket->overflow)) {
    const unsigned empty = matches(*bucket, 0);
    if (empty != 0) {
      set_slot(*bucket, static_cast<std::size_t>(__builtin_ctz(empty)), tag, ref);
      return;
    }
    if (bucket->overflow == 0) {
      __atomic_store_n(&bucket->overflow, take_overflow(), __ATOMIC_RELAXED);
    }
  }
}

void Table::replace(std::uint64_t hash, Ref old_ref, Ref new_ref) {
  const std::uint8_t tag = tag_of(hash);
  for (Bucket* bucket = &buckets_[index_of(hash)];; bucket = overflow_at(bucket->overflow)) {
    for (unsigned mask = matches(*bucket, tag); mask != 0; mask &= mask - 1) {
      const auto slot = static_cast<std::size_t>(__builtin_ctz(mask));
      if (bucket->refs[slot] == old_ref) {
        set_slot(*bucket, slot, tag, new_ref);
        return;
      }
    }
    check(bucket->overflow != 0, "an item to replace is missing");
  }
}

bool Table::erase(std::uint64_t hash, Ref ref) {
  const std::uint8_t tag = tag_of(hash);
  const std::size_t index = index_of(hash);
  for (Bucket* bucket = &buckets_[index];; bucket = overflow_at(bucket->overflow)) {
    for (unsigned mask = matches(*bucket, tag); mask != 0; mask &= mask - 1) {
      const auto slot = static_cast<std::size_t>(__builtin_ctz(mask));
      if (bucket->refs[slot] != ref) continue;
      set_slot(*bucket, slot, 0, 0);
      --size_;
      if (buckets_[index].overflow != 0) trim_chain(index);
      return true;
    }
    if (bucket->overflow == 0) return false;
  }
}

// Moves items of overflow buckets into empty slots before them and frees overflow buckets that
// become empty, so that a chain is never longer than it must be.
void Table::trim_chain(std::size_t index) {
  Bucket* into = &buckets_[index];
  while (into->overflow != 0) {
    Bucket* next = overflow_at(into->overflow);
    unsigned room = matches(*into, 0);
    for (std::size_t i = 0; i < kSlots && room != 0; ++i) {
      if (next->tags[i] == 0) continue;
      const auto slot = static_cast<std::size_t>(__builtin_ctz(room));
      set_slot(*into, slot, next->tags[i], next->refs[i]);
      set_slot(*next, i, 0, 0);
      room &= room - 1;
    }
    if (matches(*next, 0) == (1u << kSlots) - 1) {
      const std::uint32_t number = into->overflow;
      __atomic_store_n(&into->overflow, next->overflow, __ATOMIC_RELAXED);
      next->overflow = overflow_free_;
      overflow_free_ = number;
      --overflow_used_;
    } else {
      into = next;
    }
  }
}

std::size_t Table::hint_index(std::uint64_t hash) const {
  const std::size_t count = __atomic_load_n(&count_, __ATOMIC_RELAXED);
  const std::size_t half = std::bit_floor(count);
  const std::size_t index = hash & (2 * half - 1);
  return index < count ? index : index & (half - 1);
}

Table::Ref Table::hint(std::uint64_t hash) const {
  const Bucket& bucket = buckets_[hint_index(hash)];
  const std::uint8_t tag = tag_of(hash);
#if defined(__SANITIZE_THREAD__)
  for (std::size_t i = 0; i < kSlots; ++i) {
    if (__atomic_load_n(&bucket.tags[i], __ATOMIC_RELAXED) == tag) {
      return __atomic_load_n(&bucket.refs[i], __ATOMIC_RELAXED);
    }
  }
  return 0;
#else
  // One vector load instead of twelve byte loads: torn or stale tags only cost a prefetch.
  const unsigned mask = matches(bucket, tag);
  return mask == 0 ? 0 : __atomic_load_n(&bucket.refs[__builtin_ctz(mask)], __ATOMIC_RELAXED);
#endif
}

void Table::check_integrity() const {
  std::size_t seen = 0;
  std::uint32_t overflow_seen = 0;
  check(half_ <= count_ && count_ < 2 * half_, "the level does not fit the bucket count");
  for (std::size_t index = 0; index < count_; ++index) {
    for (const Bucket* bucket = &buckets_[index];; bucket = overflow_at(bucket->overflow)) {
      for (std::size_t i = 0; i < kSlots; ++i) {
        check((bucket->tags[i] == 0) == (bucket->refs[i] == 0), "a slot is half set");
        seen += bucket->tags[i] != 0 ? 1 : 0;
      }
      if (bucket->overflow == 0) break;
      ++overflow_seen;
      check(overflow_seen <= overflow_used_, "an overflow chain has a cycle");
    }
  }
  check(seen == size_, "items are miscounted");
  check(overflow_seen == overflow_used_, "overflow buckets are miscounted");
}

}  // namespace larder::engine
