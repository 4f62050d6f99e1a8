#include "proto/numbers.h"

#include <limits>

namespace larder::proto {

namespace {

constexpr std::size_t kMaxCharacters32 = 11;
constexpr std::size_t kMaxCharacters64 = 22;

/// Appends one decimal digit to `*sum`; false when `digit` is none or the sum would exceed `max`.
bool append_digit(char digit, std::uint64_t max, std::uint64_t* sum) {
  const unsigned value = static_cast<unsigned char>(digit) - unsigned{'0'};
  if (value > 9) return false;
  if (*sum > (max - value) / 10) return false;
  *sum = *sum * 10 + value;
  return true;
}

bool parse_digits(std::string_view text, std::uint64_t max, std::uint64_t* out) {
  std::uint64_t sum = 0;
  for (const char c : text) {
    if (!append_digit(c, max, &sum)) return false;
  }
  *out = sum;
  return true;
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The common part of strtoul and strtol: sign and magnitude, with the rules on what may lead and
/// follow. False when there is no number or it exceeds 64 bits.
bool parse_storage_number(std::string_view text, bool* negative, std::uint64_t* magnitude) {
  std::size_t at = 0;
  while (at < text.size() && is_space(text[at])) ++at;
  *negative = at < text.size() && text[at] == '-';
  if (*negative || (at < text.size() && text[at] == '+')) ++at;
  if (at == text.size() || !is_digit(text[at])) return false;
  std::uint64_t sum = 0;
  while (at < text.size() && is_digit(text[at])) {
    if (!append_digit(text[at], std::numeric_limits<std::uint64_t>::max(), &sum)) return false;
    ++at;
  }
  *magnitude = sum;
  return at == text.size() || is_space(text[at]) || text[at] == '\0';
}

}  // namespace

bool parse_u32(std::string_view text, std::uint32_t* out) {
  if (text.empty() || text.size() > kMaxCharacters32) return false;
  std::uint64_t value;
  if (!parse_digits(text, std::numeric_limits<std::uint32_t>::max(), &value)) return false;
  *out = static_cast<std::uint32_t>(value);
  return true;
}

bool parse_i32(std::string_view text, std::int32_t* out) {
  if (text.empty() || text.size() > kMaxCharacters32) return false;
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  const std::uint64_t max = std::uint64_t{std::numeric_limits<std::int32_t>::max()} + negative;
  std::uint64_t value;
  if (!parse_digits(text, max, &value)) return false;
  const auto magnitude = static_cast<std::int64_t>(value);
  *out = static_cast<std::int32_t>(negative ? -magnitude : magnitude);
  return true;
}

bool parse_u64(std::string_view text, std::uint64_t* out) {
  if (text.empty() || text.size() > kMaxCharacters64) return false;
  return parse_digits(text, std::numeric_limits<std::uint64_t>::max(), out);
}

bool parse_storage_flags(std::string_view text, std::uint32_t* out) {
  bool negative;
  std::uint64_t value;
  if (!parse_storage_number(text, &negative, &value)) return false;
  if (negative) {
    value = 0 - value;  // as strtoul: modulo 2^64
    if (static_cast<std::int64_t>(value) < 0) return false;
  }
  *out = static_cast<std::uint32_t>(value);
  return true;
}

bool parse_storage_exptime(std::string_view text, std::int32_t* out) {
  bool negative;
  std::uint64_t value;
  if (!parse_storage_number(text, &negative, &value)) return false;
  const std::uint64_t max = std::uint64_t{std::numeric_limits<std::int64_t>::max()} + negative;
  if (value > max) return false;
  *out = static_cast<std::int32_t>(static_cast<std::uint32_t>(negative ? 0 - value : value));
  return true;
}

}  // namespace larder::proto
