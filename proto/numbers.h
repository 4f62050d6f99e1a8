// Numbers of the text protocols: read and written without locale, errno or format strings.
//
// memcached reads numbers in two ways, and clients can tell them apart:
//  - plain: the whole word, digits only (signed ones with a leading '-'), a limit on the number of
//    characters, an error when out of range. `-` alone reads as 0. All commands but those below.
//  - storage: the client flags and exptime of set, add, ... follow strtoul and strtol: white space
//    and a sign may lead, white space or a NUL ends the number, and 64-bit values are cut to
//    32 bits.
//
// Writing goes two digits at a time through a table of 00..99.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace larder::proto {

/// Plain numbers. False (and `*out` as it was) when the text is no such number, out of range, empty
/// or longer than 11 (32 bits) or 22 (64 bits) characters.
[[nodiscard]] bool parse_u32(std::string_view text, std::uint32_t* out);
[[nodiscard]] bool parse_i32(std::string_view text, std::int32_t* out);
[[nodiscard]] bool parse_u64(std::string_view text, std::uint64_t* out);

/// Storage numbers: client flags (a negative one is refused, higher bits are dropped) and exptime.
[[nodiscard]] bool parse_storage_flags(std::string_view text, std::uint32_t* out);
[[nodiscard]] bool parse_storage_exptime(std::string_view text, std::int32_t* out);

/// Most characters that write_u64 and write_i32 need.
inline constexpr std::size_t kU64Digits = 20;
inline constexpr std::size_t kI32Digits = 11;

namespace detail {
struct DigitPairs {
  char pairs[200];
};
consteval DigitPairs make_digit_pairs() {
  DigitPairs table{};
  for (int i = 0; i < 100; ++i) {
    table.pairs[2 * i] = static_cast<char>('0' + i / 10);
    table.pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return table;
}
inline constexpr DigitPairs kDigitPairs = make_digit_pairs();

/// Digits of `value` (its decimal length): the bit length picks a guess that is right or one short.
inline unsigned decimal_digits(std::uint64_t value) {
  static constexpr std::uint64_t kPowers[] = {0ULL,
                                              10ULL,
                                              100ULL,
                                              1000ULL,
                                              10000ULL,
                                              100000ULL,
                                              1000000ULL,
                                              10000000ULL,
                                              100000000ULL,
                                              1000000000ULL,
                                              10000000000ULL,
                                              100000000000ULL,
                                              1000000000000ULL,
                                              10000000000000ULL,
                                              100000000000000ULL,
                                              1000000000000000ULL,
                                              10000000000000000ULL,
                                              100000000000000000ULL,
                                              1000000000000000000ULL,
                                              10000000000000000000ULL};
  const unsigned guess = static_cast<unsigned>(std::bit_width(value | 1)) * 1233 >> 12;
  return guess + (value >= kPowers[guess] ? 1U : 0U);
}
}  // namespace detail

/// Writes the decimal digits of `value`; returns one past the last.
/// Requires: kU64Digits bytes at `at`.
inline char* write_u64(char* at, std::uint64_t value) {
  if (value < 10) {
    *at = static_cast<char>('0' + value);
    return at + 1;
  }
  char* const end = at + detail::decimal_digits(value);
  char* to = end;
  while (value >= 100) {
    to -= 2;
    std::memcpy(to, detail::kDigitPairs.pairs + 2 * (value % 100), 2);
    value /= 100;
  }
  if (value >= 10) {
    std::memcpy(at, detail::kDigitPairs.pairs + 2 * value, 2);
  } else {
    *at = static_cast<char>('0' + value);
  }
  return end;
}

/// As write_u64, with a leading '-' for negative values. Requires: kI32Digits bytes at `at`.
inline char* write_i32(char* at, std::int32_t value) {
  if (value >= 0) return write_u64(at, static_cast<std::uint64_t>(value));
  *at = '-';
  return write_u64(at + 1, static_cast<std::uint64_t>(-static_cast<std::int64_t>(value)));
}

/// Copies `text` to `at`; returns one past the last. Requires: that many bytes at `at`.
inline char* write_text(char* at, std::string_view text) {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());  // an empty one may point nowhere
  return at + text.size();
}

}  // namespace larder::proto
