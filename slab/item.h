// The item: a cache object in a slab chunk. Header, optional fields, key, value, cas unique.
//
//   offset size field
//        0    4 ctl           bits 0..15 flags (below), bits 16..31 number of the stripe
//        4    4 lru_prev      Ref, towards the head of its LRU list
//        8    4 lru_next      Ref, towards the tail
//       12    4 accessed_s    engine time of the last access
//       16    4 sizes         bits 0..19 bytes of an inline value, 20..22 marks of it (below), 24..31
//                             bytes of the key as it lies here (0..250), or kLongKeyMark
//       20      pins          4 bytes, if kPinnable: readers that use the value without holding the
//                             stripe lock; first, so that it stays where it is
//               client flags  4 bytes, if kHasClientFlags
//               deadline      4 bytes (engine time, quarters of a second), if kHasDeadline; 8 bytes (Unix milliseconds), if
//                             kHasDeadlineMs; never both
//               extent        address of the value, 8 bytes, and its length, 4 bytes, if kExtent
//               key           key_bytes; of a long key its address, 8 bytes, and its length, 4 bytes
//               value         value_bytes, unless kExtent
//               cas unique    8 bytes, if kHasCas; unaligned, last, so that it can be added later
//
// 20 bytes, where memcached spends 48 or 56: references instead of pointers, no pointer to the key,
// cas, client flags and deadline only where used, no slab class (SlabAllocator::class_of knows it by
// the page), and no hash link (table.h keeps tags and references in its buckets). The cas unique of
// an item exists once a client has asked for it: an item whose number nobody has seen can match no
// compare, so none is needed.
//
// Two kinds of items own memory outside the arena (owns_heap()): those whose value is an object, a
// structure of the Redis engine that the 8 bytes of value point to, and those with a key above
// kKeyInlineMax. Whoever frees or takes over such an item sees to that memory (engine/keyspace.h).
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

#include <array>
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
inline constexpr std::uint32_t kStale = 1u << 2;     // invalidated, still served (meta)
inline constexpr std::uint32_t kSegmentShift = 3;    // 2 bits: LRU segment
inline constexpr std::uint32_t kSegmentMask = 3u << kSegmentShift;
inline constexpr std::uint32_t kTokenSent = 1u << 5; // a client was told to recache it (meta)
inline constexpr std::uint32_t kHasCas = 1u << 6;
// The optional fields before the key, next to each other: five bits that are looked up in a table.
inline constexpr std::uint32_t kFieldsShift = 8;
inline constexpr std::uint32_t kPinnable = 1u << 8;  // large: may be read without the lock
inline constexpr std::uint32_t kHasClientFlags = 1u << 9;
inline constexpr std::uint32_t kHasDeadline = 1u << 10;
inline constexpr std::uint32_t kHasDeadlineMs = 1u << 11;
inline constexpr std::uint32_t kExtent = 1u << 12;
inline constexpr std::uint32_t kUsesShift = 13;      // 2 bits: uses, up to kUsesMax (engine/lru.h)
inline constexpr std::uint32_t kUsesMask = 3u << kUsesShift;
inline constexpr unsigned kUsesMax = 3;
inline constexpr std::uint32_t kFree = 1u << 15;
inline constexpr std::uint32_t kFlagsMask = 0xffff;
inline constexpr std::uint32_t kStripeShift = 16;
/// ctl of a free chunk.
inline constexpr std::uint32_t kFreeChunk = kFree;
inline constexpr std::uint32_t kAnyDeadline = kHasDeadline | kHasDeadlineMs;

/// Bytes of the optional fields before the key, for each combination of them.
inline constexpr auto kFieldBytes = [] {
  std::array<std::uint8_t, 32> bytes{};
  for (std::uint32_t fields = 0; fields < bytes.size(); ++fields) {
    const std::uint32_t flags = fields << kFieldsShift;
    bytes[fields] = static_cast<std::uint8_t>(
        ((flags & kPinnable) != 0 ? 4 : 0) + ((flags & kHasClientFlags) != 0 ? 4 : 0) +
        ((flags & kHasDeadline) != 0 ? 4 : 0) + ((flags & kHasDeadlineMs) != 0 ? 8 : 0) +
        ((flags & kExtent) != 0 ? 12 : 0));
  }
  return bytes;
}();

// Marks of the value, in sizes; a rewrite of the sizes clears them.
inline constexpr std::uint32_t kObject = 1u << 20;     // the value is the address of an object
inline constexpr std::uint32_t kRawString = 1u << 21;  // OBJECT ENCODING says raw, whatever the bytes
inline constexpr std::uint32_t kTextString = 1u << 22; // it never says int, even if the bytes are a number
inline constexpr std::uint32_t kStringMarks = kRawString | kTextString;

/// The longest key that lies in its item.
inline constexpr std::size_t kKeyInlineMax = 250;

struct Item {
  std::atomic<std::uint32_t> ctl;
  Ref lru_prev;
  Ref lru_next;
  std::uint32_t accessed_s;
  std::uint32_t sizes;

  // --- ctl ---
  [[gnu::always_inline]] std::uint32_t flags() const { return ctl.load(std::memory_order_relaxed) & kFlagsMask; }
  [[gnu::always_inline]] bool has(std::uint32_t flag) const { return (ctl.load(std::memory_order_relaxed) & flag) != 0; }
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
  [[gnu::always_inline]] void change(std::uint32_t set, std::uint32_t clear) {
    const std::uint32_t now = ctl.load(std::memory_order_relaxed);
    ctl.store((now & ~clear) | set, std::memory_order_relaxed);
  }

  // --- layout ---
  static constexpr std::size_t kLongKeyBytes = 12;
  char* base() { return reinterpret_cast<char*>(this); }
  const char* base() const { return reinterpret_cast<const char*>(this); }
  [[gnu::always_inline]] static constexpr std::size_t optional_bytes(std::uint32_t flags) {
    return kFieldBytes[flags >> kFieldsShift & (kFieldBytes.size() - 1)];
  }
  /// Bytes of chunk an item with these flags needs; `key_bytes` as they lie in the item.
  static constexpr std::size_t chunk_bytes(std::uint32_t flags, std::size_t key_bytes,
                                           std::size_t value_bytes) {
    return sizeof(Item) + optional_bytes(flags) + key_bytes +
           ((flags & kExtent) != 0 ? 0 : value_bytes) + ((flags & kHasCas) != 0 ? 8 : 0);
  }
  [[gnu::always_inline]] std::size_t chunk_bytes() const {
    // The inline bytes of an extent item are 0.
    const std::uint32_t now = flags();
    return sizeof(Item) + optional_bytes(now) + key_bytes() + (sizes & kInlineMask) +
           ((now & kHasCas) != 0 ? 8 : 0);
  }

  static constexpr std::size_t kInlineBytesMax = (std::size_t{1} << 20) - 1;
  /// Bytes of the key's place in the item.
  [[gnu::always_inline]] std::size_t key_bytes() const { return long_key() ? kLongKeyBytes : sizes >> kKeyShift; }
  bool long_key() const { return sizes >> kKeyShift == kLongKeyMark; }
  /// Whether the item holds exactly this key. Requires: at most kKeyInlineMax bytes.
  [[gnu::always_inline]] bool holds_key(std::string_view bytes) const {
    return sizes >> kKeyShift == bytes.size() &&
           std::memcmp(base() + sizeof(Item) + optional_bytes(flags()), bytes.data(), bytes.size()) == 0;
  }
  bool object() const { return (sizes & kObject) != 0; }
  bool raw_string() const { return (sizes & kRawString) != 0; }
  std::uint32_t string_marks() const { return sizes & kStringMarks; }
  void mark_value(std::uint32_t marks) { sizes |= marks; }
  /// Lets go of the object without freeing it; the value is 8 bytes of nothing then.
  void drop_object() { sizes &= ~kObject; }
  /// What this item owns outside the arena, extent included, is the other's from now on; its own size
  /// stays what it was. Requires: the other holds a copy of key and value.
  void hand_over(Item& heir) {
    heir.sizes = (heir.sizes & ~kMarksMask) | (sizes & kMarksMask);
    sizes &= ~kObject;
    if (long_key()) {
      heir.sizes |= kLongKeyMark << kKeyShift;
      sizes = (sizes & ((1u << kKeyShift) - 1)) | static_cast<std::uint32_t>(kLongKeyBytes) << kKeyShift;
    }
    if (has(kExtent)) set_extent(nullptr);
  }
  /// Changes the length of the value alone; marks are kept.
  void set_value_bytes(std::size_t bytes) {
    if (has(kExtent)) {
      save(extent_offset() + 8, static_cast<std::uint32_t>(bytes));
    } else {
      sizes = (sizes & ~kInlineMask) | static_cast<std::uint32_t>(bytes);
    }
  }
  bool owns_heap() const { return object() || long_key(); }
  [[gnu::always_inline]] std::uint32_t value_bytes() const {
    return has(kExtent) ? load<std::uint32_t>(extent_offset() + 8) : sizes & kInlineMask;
  }
  /// Requires: ctl is set; an inline value is at most kInlineBytesMax long. `key` is the length of the
  /// key; above kKeyInlineMax only its address is kept here (set_long_key).
  [[gnu::always_inline]] void set_sizes(std::size_t key, std::size_t value_bytes) {
    const auto value = static_cast<std::uint32_t>(value_bytes);
    const auto mark = static_cast<std::uint32_t>(key <= kKeyInlineMax ? key : kLongKeyMark);
    sizes = mark << kKeyShift | (has(kExtent) ? 0 : value);
    if (has(kExtent)) save(extent_offset() + 8, value);
  }
  std::uint32_t pins() const { return has(kPinnable) ? load<std::uint32_t>(sizeof(Item)) : 0; }
  /// Requires: the item is pinnable.
  void set_pins(std::uint32_t count) { save(sizeof(Item), count); }

  [[gnu::always_inline]] std::string_view key() const {
    const char* at = base() + sizeof(Item) + optional_bytes(flags());
    if (!long_key()) [[likely]] return {at, sizes >> kKeyShift};
    return {long_key_data(), load<std::uint32_t>(static_cast<std::size_t>(at - base()) + 8)};
  }
  /// Where a long key lies. Requires: long_key().
  char* long_key_data() const {
    return reinterpret_cast<char*>(load<std::uintptr_t>(sizeof(Item) + optional_bytes(flags())));
  }
  /// Requires: long_key(), and the flags are set.
  void set_long_key(std::string_view key) {
    const std::size_t at = sizeof(Item) + optional_bytes(flags());
    save(at, reinterpret_cast<std::uintptr_t>(key.data()));
    save(at + 8, static_cast<std::uint32_t>(key.size()));
  }
  [[gnu::always_inline]] char* key_data() { return base() + sizeof(Item) + optional_bytes(flags()); }
  [[gnu::always_inline]] char* value_data() {
    return has(kExtent) ? extent() : key_data() + key_bytes();
  }
  [[gnu::always_inline]] std::string_view value() const {
    return {const_cast<Item*>(this)->value_data(), value_bytes()};
  }

  std::uint32_t client_flags() const {
    return has(kHasClientFlags) ? load<std::uint32_t>(fields_offset()) : 0;
  }
  void set_client_flags(std::uint32_t value) { save(fields_offset(), value); }

  /// 0 = never.
  std::uint32_t deadline() const {
    return has(kHasDeadline) ? load<std::uint32_t>(deadline_offset()) : 0;
  }
  void set_deadline(std::uint32_t quarters) { save(deadline_offset(), quarters); }
  /// 0 = none of that kind, or never.
  std::int64_t deadline_ms() const {
    return has(kHasDeadlineMs) ? load<std::int64_t>(deadline_offset()) : 0;
  }
  void set_deadline_ms(std::int64_t value) { save(deadline_offset(), value); }

  /// The object the value points to. Requires: object().
  void* object_address() const {
    return reinterpret_cast<void*>(load<std::uintptr_t>(value_offset()));
  }
  void set_object(void* object) {
    save(value_offset(), reinterpret_cast<std::uintptr_t>(object));
    mark_value(kObject);
  }

  char* extent() const {
    return reinterpret_cast<char*>(load<std::uintptr_t>(extent_offset()));
  }
  void set_extent(char* value) { save(extent_offset(), reinterpret_cast<std::uintptr_t>(value)); }

  std::uint64_t cas() const { return has(kHasCas) ? load<std::uint64_t>(cas_offset()) : 0; }
  void set_cas(std::uint64_t value) { save(cas_offset(), value); }

 private:
  static constexpr unsigned kKeyShift = 24;
  static constexpr std::uint32_t kLongKeyMark = 255;
  static constexpr std::uint32_t kMarksMask = kObject | kStringMarks;
  static constexpr std::uint32_t kInlineMask = kInlineBytesMax;
  std::size_t value_offset() const { return sizeof(Item) + optional_bytes(flags()) + key_bytes(); }
  std::size_t fields_offset() const { return sizeof(Item) + (has(kPinnable) ? 4 : 0); }
  std::size_t deadline_offset() const { return fields_offset() + (has(kHasClientFlags) ? 4 : 0); }
  std::size_t extent_offset() const {
    return deadline_offset() + (has(kHasDeadline) ? 4 : 0) + (has(kHasDeadlineMs) ? 8 : 0);
  }
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
