// Reading numbers out of option values the way memcached does.
#pragma once

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

/// `text` as a whole number of type T; nothing when anything else stands in it.
template <typename T>
std::optional<T> whole_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace larder::server
