// Reading numbers out of option values the way memcached does.
#pragma once

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace larder::server {

/// The leading number of `text`, as atoi(3) reads it, but held to the range of int: "64MB" is 64,
/// "x" is 0.
inline int leading_number(const char* text) {
  const long number = std::strtol(text, nullptr, 10);
  if (number > std::numeric_limits<int>::max()) return std::numeric_limits<int>::max();
  if (number < std::numeric_limits<int>::min()) return std::numeric_limits<int>::min();
  return static_cast<int>(number);
}

/// A 32-bit count as memcached takes it: leading blanks and a plus sign may stand there, a blank may end
/// it, and of a longer number the low bits count. Nothing: no number, or a negative one.
inline std::optional<std::uint32_t> unsigned_number(const std::string& text) {
  errno = 0;
  char* end = nullptr;
  const unsigned long number = std::strtoul(text.c_str(), &end, 10);
  if (errno == ERANGE || end == text.c_str()) return std::nullopt;
  if (*end != '\0' && std::isspace(static_cast<unsigned char>(*end)) == 0) return std::nullopt;
  if (static_cast<long>(number) < 0 && text.find('-') != std::string::npos) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

/// `text` as a whole number of type T; nothing when anything else stands in it.
template <typename T>
std::optional<T> whole_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace larder::server
