// An element of a large sorted set: one allocation that the hash table (by name) and the score tree
// (by score, then name) share.
//
//   offset size field
//        0    8 score
//        8    1 length of the name; 255: four bytes of length follow, little-endian
//   9 or 13      name
//
// A name of 23 bytes still fits 32, the size in which the allocator would serve one of 12 anyway.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/redis/types/heap.h"

namespace larder::redis {

struct ZsetMember {
  double score;

  static ZsetMember* make(double score, std::string_view name) {
    const bool is_short = name.size() < kLong;
    auto* bytes = static_cast<char*>(heap::allocate((is_short ? kShortAt : kLongAt) + name.size()));
    auto* member = reinterpret_cast<ZsetMember*>(bytes);
    member->score = score;
    bytes[kLengthAt] = static_cast<char>(is_short ? name.size() : kLong);
    if (!is_short) {
      const auto length = static_cast<std::uint32_t>(name.size());
      std::memcpy(bytes + kShortAt, &length, sizeof length);
    }
    if (!name.empty()) std::memcpy(bytes + (is_short ? kShortAt : kLongAt), name.data(), name.size());
    return member;
  }
  static void release(ZsetMember* member) { heap::release(member); }

  std::string_view name() const {
    const char* bytes = reinterpret_cast<const char*>(this);
    const auto length = static_cast<unsigned char>(bytes[kLengthAt]);
    if (length < kLong) return {bytes + kShortAt, length};
    std::uint32_t long_length;
    std::memcpy(&long_length, bytes + kShortAt, sizeof long_length);
    return {bytes + kLongAt, long_length};
  }

 private:
  static constexpr std::size_t kLengthAt = 8;
  static constexpr std::size_t kShortAt = 9;
  static constexpr std::size_t kLongAt = 13;
  static constexpr std::size_t kLong = 255;
};
static_assert(sizeof(ZsetMember) == 8);

}  // namespace larder::redis
