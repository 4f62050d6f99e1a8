// Numbers as Redis reads and writes them.
//
// Integers are strict: an optional minus, digits without leading zeros, nothing else; what is read
// prints as it was. Doubles are what strtod(3) reads of the whole text, but for leading white space
// and NaN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder::redis {

[[nodiscard]] bool parse_i64(std::string_view text, std::int64_t* value);
/// Digits only.
[[nodiscard]] bool parse_u64(std::string_view text, std::uint64_t* value);
[[nodiscard]] bool parse_double(std::string_view text, double* value);
[[nodiscard]] bool parse_long_double(std::string_view text, long double* value);

/// Room that any of the writers below needs.
inline constexpr std::size_t kNumberBytesMax = 5 * 1024 + 32;
/// The text of a number; the view is into `room`.
struct NumberText {
  char room[32];
  std::string_view of(std::int64_t value);
  /// 17 significant digits, as replies have it; infinities are inf and -inf.
  std::string_view of(double value);
};
/// At most 17 digits behind the point, no trailing zeros, never an exponent (INCRBYFLOAT).
std::string human_text(long double value);

/// Whether two texts are equal but for the case of ASCII letters. `lower` is in lower case.
bool equals_nocase(std::string_view text, std::string_view lower);
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

}  // namespace larder::redis
