// Integers as text, in the one spelling that encodings may store as a number and give back unchanged.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder::redis {

/// Reads a 64-bit integer in its only canonical spelling: no plus, no leading zero or space, no -0.
inline bool parse_integer(std::string_view text, std::int64_t* value) {
  if (text.empty() || text.size() > 20) return false;
  const std::size_t sign = text[0] == '-' ? 1 : 0;
  if (text.size() == sign) return false;
  if (text[sign] < '0' || text[sign] > '9') return false;
  if (text[sign] == '0' && text.size() > 1) return false;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && stop == text.data() + text.size();
}

/// Room for the text of one integer.
class IntegerText {
 public:
  std::string_view of(std::int64_t value) {
    char* end = std::to_chars(digits_, digits_ + sizeof digits_, value).ptr;
    return {digits_, static_cast<std::size_t>(end - digits_)};
  }

 private:
  char digits_[20];
};

}  // namespace larder::redis
