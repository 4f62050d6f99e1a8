// The names of keys: a prefix and a number, padded with zeros to one fixed width, so that a key
// costs a copy and a few digits to write and every request of a kind has the same size.
//
// Threads: constant after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace larder::bench {

class KeyNames {
 public:
  static constexpr std::size_t kBytesMax = 250;  // memcached's limit

  /// Requires: fits(prefix, bytes, count).
  KeyNames(std::string_view prefix, std::size_t bytes, std::uint32_t count)
      : pattern_(prefix), count_(count) {
    pattern_.resize(bytes, '0');
  }
  /// Whether `count` different keys of `bytes` bytes can start with `prefix`.
  static bool fits(std::string_view prefix, std::size_t bytes, std::uint32_t count) {
    return bytes <= kBytesMax && prefix.size() + std::to_string(count - 1).size() <= bytes;
  }

  std::size_t bytes() const { return pattern_.size(); }
  std::uint32_t count() const { return count_; }

  /// Writes bytes() bytes. Requires: key < count().
  void write(char* to, std::uint32_t key) const {
    std::memcpy(to, pattern_.data(), pattern_.size());
    char* at = to + pattern_.size();
    for (; key != 0; key /= 10) *--at = static_cast<char>('0' + key % 10);
  }
  std::string name(std::uint32_t key) const {
    std::string text(bytes(), '0');
    write(text.data(), key);
    return text;
  }
  bool matches(std::string_view text, std::uint32_t key) const {
    char expected[kBytesMax];
    if (text.size() != bytes()) return false;
    write(expected, key);
    return std::memcmp(text.data(), expected, text.size()) == 0;
  }

 private:
  std::string pattern_;
  std::uint32_t count_;
};

}  // namespace larder::bench
