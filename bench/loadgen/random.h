// Pseudo-random numbers for the load: fast, seeded, the same on every machine.
//
// Source: the SplitMix64 generator (Steele, Lea, Flood 2014). mix() is its finaliser: a bijection
// of 64 bits, which the value content relies on (value.h). Threads: a Random belongs to one thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder::bench {

/// Odd, so that multiplying by it is a bijection of 64 bits.
inline constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ULL;

/// Spreads every bit of `x` over all bits of the result. Bijective.
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// A hash of `text`, the same on every machine.
constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = text.size();
  for (const char c : text) hash = mix(hash + kGolden + static_cast<unsigned char>(c));
  return hash;
}

/// The top 53 bits of `x` as a number in [0, 1).
constexpr double to_unit(std::uint64_t x) { return static_cast<double>(x >> 11) * 0x1.0p-53; }

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(mix(seed + kGolden)) {}

  std::uint64_t next() { return mix(state_ += kGolden); }
  /// Uniform in [0, limit). Requires: limit > 0. The bias is at most limit / 2^32.
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>(((next() >> 32) * limit) >> 32);
  }
  double unit() { return to_unit(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace larder::bench
