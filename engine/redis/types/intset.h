// Intset: a sorted array of distinct integers, all in the smallest of three widths that holds them,
// in Redis' byte format (DUMP payloads and RDB files carry it).
//
//   | width u32: 2, 4 or 8 | count u32 | integers, ascending |       little-endian
//
// Invariants: the integers ascend strictly; the width never shrinks. Locking: the owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace larder::redis {

/// Reading, over bytes that somebody else owns and that are known to be sound (see validate()).
class IntsetView {
 public:
  static constexpr std::size_t kHeaderBytes = 8;

  explicit IntsetView(const std::uint8_t* bytes) : bytes_(bytes) {}

  std::span<const std::uint8_t> bytes() const { return {bytes_, kHeaderBytes + size() * width()}; }
  std::size_t size() const { return field(1); }
  std::size_t width() const { return field(0); }
  /// Requires: index < size().
  std::int64_t at(std::size_t index) const { return at_width(index, width()); }
  bool contains(std::int64_t value) const;

  /// Whether bytes from outside are an intset that is not empty: shallow looks at width and length,
  /// deep at the order too.
  static bool validate(std::span<const std::uint8_t> bytes, bool deep);

 protected:
  std::uint32_t field(std::size_t index) const;
  std::int64_t at_width(std::size_t index, std::size_t width) const;
  /// The first index whose integer is not below `value`.
  std::size_t lower_bound(std::int64_t value) const;

  const std::uint8_t* bytes_;
};

/// An intset that owns its bytes (heap.h).
class Intset : public IntsetView {
 public:
  Intset();
  /// A copy of sound bytes.
  explicit Intset(std::span<const std::uint8_t> bytes);
  Intset(Intset&& other) noexcept : IntsetView(std::exchange(other.bytes_, nullptr)) {}
  Intset& operator=(Intset&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Intset();

  /// False when it was there already.
  bool insert(std::int64_t value);
  /// False when it was not there.
  bool erase(std::int64_t value);
  void erase_at(std::size_t index);

  /// Gives the bytes away: to be released with heap::release.
  std::uint8_t* release() { return const_cast<std::uint8_t*>(std::exchange(bytes_, nullptr)); }
  /// Takes over sound bytes that were allocated by heap.h.
  static Intset adopt(std::uint8_t* bytes) { return Intset(bytes); }

  void check_integrity() const;

 private:
  explicit Intset(std::uint8_t* bytes) : IntsetView(bytes) {}
  std::uint8_t* writable() { return const_cast<std::uint8_t*>(bytes_); }
  void set_field(std::size_t index, std::size_t value);
  void set(std::size_t index, std::int64_t value);
  void resize(std::size_t count);
  void widen(std::size_t width, bool leaves_first);
};

}  // namespace larder::redis
