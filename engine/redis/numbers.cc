#include "engine/redis/numbers.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace larder::redis {

namespace {

constexpr std::size_t kDoubleTextMax = 5 * 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The whole of `text` as strtod and strtold read it, which need a terminated copy.
template <typename Float, Float (*kRead)(const char*, char**)>
bool parse_float(std::string_view text, Float* value) {
  if (text.empty() || text.size() >= kDoubleTextMax || is_space(text.front())) return false;
  char copy[kDoubleTextMax];
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  char* end = nullptr;
  errno = 0;
  const Float read = kRead(copy, &end);
  if (end != copy + text.size() || std::isnan(read)) return false;
  if (errno == ERANGE && (std::isinf(read) || read == 0)) return false;
  *value = read;
  return true;
}

}  // namespace

bool parse_i64(std::string_view text, std::int64_t* value) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = negative ? text.substr(1) : text;
  if (digits.empty() || digits.size() > 19) return false;
  if (digits.front() == '0') {
    if (digits.size() != 1 || negative) return false;
    *value = 0;
    return true;
  }
  std::uint64_t sum = 0;
  for (const char c : digits) {
    const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
    if (digit > 9) return false;
    sum = sum * 10 + digit;  // 19 digits fit
  }
  constexpr std::uint64_t kMost = std::uint64_t{1} << 63;
  if (negative ? sum > kMost : sum >= kMost) return false;
  *value = static_cast<std::int64_t>(negative ? 0 - sum : sum);
  return true;
}

bool parse_u64(std::string_view text, std::uint64_t* value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  return !text.empty() && error == std::errc() && stop == end;
}

bool parse_double(std::string_view text, double* value) {
  return parse_float<double, std::strtod>(text, value);
}

bool parse_long_double(std::string_view text, long double* value) {
  return parse_float<long double, std::strtold>(text, value);
}

std::string_view NumberText::of(std::int64_t value) {
  const auto end = std::to_chars(room, room + sizeof room, value).ptr;
  return {room, static_cast<std::size_t>(end - room)};
}

std::string_view NumberText::of(double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  // Most are whole: those print faster, and alike below 2^53.
  constexpr double kWholeMax = 9007199254740992.0;
  if (value == std::trunc(value) && std::fabs(value) < kWholeMax && (value != 0 || !std::signbit(value))) {
    return of(static_cast<std::int64_t>(value));
  }
  const auto result =
      std::to_chars(room, room + sizeof room, value, std::chars_format::general, 17);
  std::string_view text{room, static_cast<std::size_t>(result.ptr - room)};
  return text;
}

std::string human_text(long double value) {
  char text[kNumberBytesMax];
  const int length = std::snprintf(text, sizeof text, "%.17Lf", value);
  std::string_view view(text, static_cast<std::size_t>(length));
  if (view.find('.') != std::string_view::npos) {
    view = view.substr(0, view.find_last_not_of('0') + 1);
    if (view.ends_with('.')) view.remove_suffix(1);
  }
  return std::string(view == "-0" ? "0" : view);
}

bool equals_nocase(std::string_view text, std::string_view lower_text) {
  if (text.size() != lower_text.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_text[i]) return false;
  }
  return true;
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

std::string to_upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  }
  return result;
}

}  // namespace larder::redis
