// Listpack: a sequence of strings and integers in one allocation, in Redis' byte format, since DUMP
// payloads and RDB files carry these bytes as they are.
//
//   | bytes u32 | count u16 | entry | entry | ... | 0xff |            little-endian
//   entry: | encoding (and number) | string bytes | back length 1..5 |
//
//   encoding                       what it holds
//   0nnnnnnn                       0..127
//   10llllll + bytes               string of up to 63 bytes
//   110nnnnn nnnnnnnn              -4096..4095, high bits first
//   1110llll llllllll + bytes      string of up to 4095 bytes, high bits first
//   f0 + u32 + bytes               any string
//   f1, f2, f3, f4 + 2, 3, 4, 8 bytes   integers, little-endian
//
// The back length is the length of what precedes it in the entry, in groups of 7 bits, the high
// group first; each byte but the first has its top bit set, so it is read from its end backwards.
// `count` is 65535 when there are that many or more, and then a walk counts. A string that is the
// canonical text of an integer is always stored as the integer.
//
// Invariants
//  1. `bytes` is the length of the whole, the end mark included, and at most kBytesMax after any
//     insertion that asked fits() first.
//  2. Walking from the front meets each entry and ends on the end mark; so does walking back.
//
// Positions are offsets of entries from the first byte, kNone for none; any change of the pack
// invalidates them but where a function returns one. Locking: the owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "engine/redis/types/integer_text.h"

namespace larder::redis {

/// What an entry holds.
struct PackedValue {
  std::string_view bytes;  // of a string
  std::int64_t integer = 0;
  bool is_integer = false;

  /// Its text; the number's digits are written into `room`.
  std::string_view text(IntegerText& room) const { return is_integer ? room.of(integer) : bytes; }
};

/// Reading, over bytes that somebody else owns and that are known to be sound (see validate()).
class ListpackView {
 public:
  using Position = std::size_t;
  static constexpr Position kNone = 0;
  static constexpr std::size_t kHeaderBytes = 6;
  static constexpr std::size_t kBytesMax = std::size_t{1} << 30;

  explicit ListpackView(const std::uint8_t* bytes) : bytes_(bytes) {}

  std::span<const std::uint8_t> bytes() const { return {bytes_, byte_count()}; }
  std::size_t byte_count() const;
  std::size_t size() const;
  bool empty() const { return bytes_[kHeaderBytes] == 0xff; }
  /// Whether `added` more bytes of content may be put in without growing past kBytesMax.
  bool fits(std::size_t added) const { return byte_count() + added <= kBytesMax; }

  Position first() const { return empty() ? kNone : kHeaderBytes; }
  Position last() const;
  Position next(Position position) const;
  Position previous(Position position) const;
  /// The entry of that index, from the end when negative (-1 is the last).
  Position seek(std::int64_t index) const;
  PackedValue at(Position position) const;
  /// Whether the entry's text is `text`.
  bool equals(Position position, std::string_view text) const;
  /// The first entry from `position` on that is `text`, looking at one of `1 + skip` entries.
  Position find(Position position, std::string_view text, std::size_t skip = 0) const;

  /// Whether bytes from outside are a listpack: shallow looks at the frame, deep at each entry.
  static bool validate(std::span<const std::uint8_t> bytes, bool deep);
  /// Bytes that an entry for `text` takes.
  static std::size_t entry_bytes(std::string_view text);

 protected:
  const std::uint8_t* bytes_;
};

/// A listpack that owns its bytes (heap.h).
class Listpack : public ListpackView {
 public:
  Listpack();
  /// A copy of sound bytes.
  explicit Listpack(std::span<const std::uint8_t> bytes);
  Listpack(Listpack&& other) noexcept : ListpackView(std::exchange(other.bytes_, nullptr)) {}
  Listpack& operator=(Listpack&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Listpack();

  void push_back(std::string_view text) { insert(kNone, text); }
  void push_back(std::int64_t value) { insert(kNone, value); }
  void push_front(std::string_view text) { insert(first(), text); }
  /// Puts an entry before the one at `position`, at the end for kNone; returns where it is. `text`
  /// must not lie in this pack.
  Position insert(Position position, std::string_view text);
  Position insert(Position position, std::int64_t value);
  Position replace(Position position, std::string_view text);
  Position replace(Position position, std::int64_t value);
  /// Takes `count` entries from `position` on (fewer if there are not so many) out; returns the
  /// position of the entry behind them, kNone if there is none.
  Position erase(Position position, std::size_t count = 1);
  /// Copies all entries of another pack to the end.
  void append(const ListpackView& other);
  /// Gives the bytes away: to be released with heap::release.
  std::uint8_t* release() { return const_cast<std::uint8_t*>(std::exchange(bytes_, nullptr)); }
  /// Takes over sound bytes that were allocated by heap.h.
  static Listpack adopt(std::uint8_t* bytes) { return Listpack(bytes); }

  void check_integrity() const;

 private:
  explicit Listpack(std::uint8_t* bytes) : ListpackView(bytes) {}
  std::uint8_t* writable() { return const_cast<std::uint8_t*>(bytes_); }
  struct Encoded;
  static Encoded encode(std::string_view text);
  static Encoded encode(std::int64_t value);
  Position splice(Position position, std::size_t removed, std::size_t removed_count,
                  const Encoded* added);
};

}  // namespace larder::redis
