// The item: a cache object in a slab chunk. Header, optional fields, key, value, cas unique.
//
//   offset size field
//        0    4 ctl           bits 0..15 flags (below), bits 16..31 number of the stripe
//        4    4 lru_prev      Ref, towards the head of its LRU list
//        8    4 lru_next      Ref, towards the tail
//       12    4 accessed_s    engine time of the last access
//       16    4 sizes         bits 0..23 bytes of an inline value, bits 24..31 bytes of the key (1..250)
//       20      pins          4 bytes, if kPinnable: readers that use the value without holding the
//                             stripe lock; first, so that it stays where it is
//               client flags  4 bytes, if kHasClientFlags
//               deadline      4 bytes (engine seconds), if kHasDeadline
//               extent        address of the value, 8 bytes, and its length, 4 bytes, if kExtent
//               key           key_bytes
//               value         value_bytes, unless kExtent
//               cas unique    8 bytes, if kHasCas; unaligned, last, so that it can be added later
//
// 20 bytes, where memcached spends 48 or 56: references instead of pointers, no pointer to the key,
// cas, client flags and deadline only where used, no slab class (SlabAllocator::class_of knows it by
// the page), and no hash link (table.h keeps tags and references in its buckets). The cas unique of
// an item exists once a client has asked for it: an item whose number nobody has seen can match no
// compare, so none is needed.
//
// States of a chunk, told by ctl:
//   free      ctl == kFreeChunk
//   owned     kLinked clear: being filled by one worker, or unlinked but still pinned
//   linked    kLinked set: in the table and in an LRU list
//
// Guards: everything but ctl is guarded by the stripe lock while linked, and by its owner while
// owned. ctl is written under the same rule but may be read by a page walker at any time, which
// then takes the lock of the stripe it names and looks again; hence the atomic.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "slab/magazine.h"

namespace larder::slab {

// Flags in ctl.
inline constexpr std::uint32_t kLinked = 1u << 0;
inline constexpr std::uint32_t kFetched = 1u << 1;   // read since it was stored
inline constexpr std::uint32_t kPinnable = 1u << 2;  // large: may be read without the lock
inline constexpr std::uint32_t kSegmentShift = 3;    // 2 bits: LRU segment
inline constexpr std::uint32_t kSegmentMask = 3u << kSegmentShift;
inline constexpr std::uint32_t kStale = 1u << 5;     // invalidated, still served (meta)
inline constexpr std::uint32_t kTokenSent = 1u << 6; // a client was told to recache it (meta)
inline constexpr std::uint32_t kHasCas = 1u << 7;
inline constexpr std::uint32_t kHasClientFlags = 1u << 8;
inline constexpr std::uint32_t kHasDeadline = 1u << 9;
inline constexpr std::uint32_t kExtent = 1u << 10;
inline constexpr std::uint32_t kUsesShift = 11;      // 2 bits: uses, up to kUsesMax (engine/lru.h)
inline constexpr std::uint32_t kUsesMask = 3u << kUsesShift;
inline constexpr unsigned kUsesMax = 3;
inline constexpr std::uint32_t kFree = 1u << 15;
inline constexpr std::uint32_t kFlagsMask = 0xffff;
inline constexpr std::uint32_t kStripeShift = 16;
/// ctl of a free chunk.
inline constexpr std::uint32_t kFreeChunk = kFree;

struct Item {
  std::atomic<std::uint32_t> ctl;
  Ref lru_prev;
  Ref lru_next;
  std::uint32_t accessed_s;
  std::uint32_t sizes;

  // --- ctl ---
  std::uint32_t flags() const { return ctl.load(std::memory_order_relaxed) & kFlagsMask; }
  bool has(std::uint32_t flag) const { return (ctl.load(std::memory_order_relaxed) & flag) != 0; }
  std::uint32_t stripe() const { return ctl.load(std::memory_order_relaxed) >> kStripeShift; }
  unsigned segment() const {
    return (ctl.load(std::memory_order_relaxed) & kSegmentMask) >> kSegmentShift;
  }
  unsigned uses() const {
    return (ctl.load(std::memory_order_relaxed) & kUsesMask) >> kUsesShift;
  }
  void set_uses(unsigned uses) { change(uses << kUsesShift, kUsesMask); }
  void add_use() {
    if (uses() < kUsesMax) set_uses(uses() + 1);
  }
  /// Requires: the guard of the item is held (a load and a store, not one atomic change).
  void change(std::uint32_t set, std::uint32_t clear) {
    const std::uint32_t now = ctl.load(std::memory_order_relaxed);
    ctl.store((now & ~clear) | set, std::memory_order_relaxed);
  }

  // --- layout ---
  char* base() { return reinterpret_cast<char*>(this); }
  const char* base() const { return reinterpret_cast<const char*>(this); }
  static constexpr std::size_t optional_bytes(std::uint32_t flags) {
    return ((flags & kPinnable) != 0 ? 4 : 0) + ((flags & kHasClientFlags) != 0 ? 4 : 0) +
           ((flags & kHasDeadline) != 0 ? 4 : 0) + ((flags & kExtent) != 0 ? 12 : 0);
  }
  /// Bytes of chunk an item with these flags needs.
  static constexpr std::size_t chunk_bytes(std::uint32_t flags, std::size_t key_bytes,
                                           std::size_t value_bytes) {
    return sizeof(Item) + optional_bytes(flags) + key_bytes +
           ((flags & kExtent) != 0 ? 0 : value_bytes) + ((flags & kHasCas) != 0 ? 8 : 0);
  }
  std::size_t chunk_bytes() const { return chunk_bytes(flags(), key_bytes(), sizes & kInlineMask); }

  static constexpr std::size_t kInlineBytesMax = (std::size_t{1} << 24) - 1;
  std::size_t key_bytes() const { return sizes >> kKeyShift; }
  std::uint32_t value_bytes() const {
    return has(kExtent) ? load<std::uint32_t>(extent_offset() + 8) : sizes & kInlineMask;
  }
  /// Requires: ctl is set; an inline value is at most kInlineBytesMax long.
  void set_sizes(std::size_t key_bytes, std::size_t value_bytes) {
    const auto value = static_cast<std::uint32_t>(value_bytes);
    sizes = static_cast<std::uint32_t>(key_bytes) << kKeyShift | (has(kExtent) ? 0 : value);
    if (has(kExtent)) save(extent_offset() + 8, value);
  }
  std::uint32_t pins() const { return has(kPinnable) ? load<std::uint32_t>(sizeof(Item)) : 0; }
  /// Requires: the item is pinnable.
  void set_pins(std::uint32_t count) { save(sizeof(Item), count); }

  std::string_view key() const {
    return {base() + sizeof(Item) + optional_bytes(flags()), key_bytes()};
  }
  char* key_data() { return base() + sizeof(Item) + optional_bytes(flags()); }
  char* value_data() {
    return has(kExtent) ? extent() : key_data() + key_bytes();
  }
  std::string_view value() const {
    return {const_cast<Item*>(this)->value_data(), value_bytes()};
  }

  std::uint32_t client_flags() const {
    return has(kHasClientFlags) ? load<std::uint32_t>(fields_offset()) : 0;
  }
  void set_client_flags(std::uint32_t value) { save(fields_offset(), value); }

  /// 0 = never.
  std::uint32_t deadline_s() const {
    return has(kHasDeadline) ? load<std::uint32_t>(deadline_offset()) : 0;
  }
  void set_deadline_s(std::uint32_t value) { save(deadline_offset(), value); }

  char* extent() const {
    return reinterpret_cast<char*>(load<std::uintptr_t>(extent_offset()));
  }
  void set_extent(char* value) { save(extent_offset(), reinterpret_cast<std::uintptr_t>(value)); }

  std::uint64_t cas() const { return has(kHasCas) ? load<std::uint64_t>(cas_offset()) : 0; }
  void set_cas(std::uint64_t value) { save(cas_offset(), value); }

 private:
  static constexpr unsigned kKeyShift = 24;
  static constexpr std::uint32_t kInlineMask = kInlineBytesMax;
  std::size_t fields_offset() const { return sizeof(Item) + (has(kPinnable) ? 4 : 0); }
  std::size_t deadline_offset() const { return fields_offset() + (has(kHasClientFlags) ? 4 : 0); }
  std::size_t extent_offset() const { return deadline_offset() + (has(kHasDeadline) ? 4 : 0); }
  std::size_t cas_offset() const { return chunk_bytes() - 8; }
  template <typename T>
  T load(std::size_t offset) const {
    T value;
    std::memcpy(&value, base() + offset, sizeof value);
    return value;
  }
  template <typename T>
  void save(std::size_t offset, T value) {
    std::memcpy(base() + offset, &value, sizeof value);
  }
};

static_assert(sizeof(Item) == 20);
static_assert(offsetof(Item, ctl) == 0);
static_assert(offsetof(Item, accessed_s) == 12);
static_assert(offsetof(Item, sizes) == 16);
static_assert(alignof(Item) == 4);

}  // namespace larder::slab
