// What values hold: every byte follows from (key, version, length), so a reader can tell whether
// what it got was ever written to that key, whole and unmixed, without remembering it.
//
//   offset 0      version, low V bytes, little endian          V = min(8, length / 2)
//   offset V      the same V bytes xor mask(key, length)       ties them to the key
//   offset 2V     mix(seed(key, version, length) + i), 8 bytes each, the last one cut
//
// Properties
//  1. check() accepts exactly the bytes that write() makes for that key: a value that is torn,
//  mixed
//     from two versions or cut is refused unless the bytes happen to be those of a whole one.
//  2. A change of one byte is always found: two values of a key and length differ in two places.
//  3. A value of another key or length is refused but for chance, 2^-64 from 16 bytes on.
// The version is chosen by the writer (verifier.h) and is never the same for two writes of a run.
// Below 16 bytes only its low V bytes are kept; below 2 bytes none.
// Threads: constant after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace larder::bench {

enum class LengthKind : std::uint8_t { uniform, lognormal };

/// Value lengths: min..max bytes. Lognormal puts the median at the geometric mean and min and max
/// three standard deviations away.
struct LengthSpec {
  std::uint32_t min = 100;
  std::uint32_t max = 100;
  LengthKind kind = LengthKind::uniform;
};

class ValueMaker {
 public:
  /// `salt` tells apart key spaces that share a server (a hash of the key prefix).
  ValueMaker(LengthSpec lengths, std::uint64_t salt);

  /// The length of a key's version: fixed by the two, so that it can be checked too.
  std::uint32_t length_of(std::uint32_t key, std::uint64_t version) const;
  void write(char* to, std::uint32_t key, std::uint64_t version, std::uint32_t length) const;
  /// Client flags of a key, for protocols that have them.
  std::uint32_t flags_of(std::uint32_t key) const;

  enum class Check : std::uint8_t { good, bad_length, bad_content };
  /// Whether `value` could have been written to `key`; if so, `version` gets its version as far as
  /// the value holds it (version_mask).
  Check check(std::string_view value, std::uint32_t key, std::uint64_t& version) const;
  /// The bits of a version that a value of this length holds.
  static std::uint64_t version_mask(std::uint32_t length);

  const LengthSpec& lengths() const { return lengths_; }

 private:
  LengthSpec lengths_;
  std::uint64_t salt_;
  std::vector<std::uint32_t> quantiles_;  // lognormal: lengths at equal steps of probability
};

}  // namespace larder::bench
