// A short string in one allocation, its length in front of it: the element of a large set.
//
//   | length u8, below 255 | bytes |        or    | 255 | length u32 | bytes |
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/redis/types/heap.h"

namespace larder::redis {

class PackedString {
 public:
  /// To be released with heap::release. Requires: shorter than 4 GiB.
  static PackedString* make(std::string_view text) {
    const bool is_long = text.size() >= kLong;
    const std::size_t head = is_long ? kLongHead : 1;
    auto* bytes = static_cast<std::uint8_t*>(heap::allocate(head + text.size()));
    bytes[0] = is_long ? kLong : static_cast<std::uint8_t>(text.size());
    if (is_long) {
      const auto length = static_cast<std::uint32_t>(text.size());
      std::memcpy(bytes + 1, &length, sizeof length);
    }
    if (!text.empty()) std::memcpy(bytes + head, text.data(), text.size());
    return reinterpret_cast<PackedString*>(bytes);
  }

  std::string_view text() const {
    const auto* bytes = reinterpret_cast<const char*>(this);
    const auto length = static_cast<std::uint8_t>(bytes[0]);
    if (length < kLong) return {bytes + 1, length};
    std::uint32_t long_length;
    std::memcpy(&long_length, bytes + 1, sizeof long_length);
    return {bytes + kLongHead, long_length};
  }

 private:
  static constexpr std::uint8_t kLong = 255;
  static constexpr std::size_t kLongHead = 5;
  [[maybe_unused]] std::uint8_t first_;  // read through the object's address
};

}  // namespace larder::redis
