#include "engine/redis/bits.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace larder::redis::bits {

namespace {

std::uint8_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }

// The bits of byte `i` that lie in first .. last.
std::uint8_t mask_of(std::uint64_t i, std::uint64_t first, std::uint64_t last) {
  unsigned mask = 0xff;
  if (i == first / 8) mask &= 0xffu >> (first % 8);
  if (i == last / 8) mask &= 0xffu << (7 - last % 8);
  return static_cast<std::uint8_t>(mask);
}

}  // namespace

std::uint64_t count(std::string_view bytes) {
  std::uint64_t sum = 0;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    sum += static_cast<std::uint64_t>(std::popcount(word));
  }
  for (; i < bytes.size(); ++i) sum += static_cast<std::uint64_t>(std::popcount(byte_at(bytes, i)));
  return sum;
}

std::uint64_t count(std::string_view bytes, std::uint64_t first, std::uint64_t last) {
  const std::uint64_t begin = first / 8;
  const std::uint64_t end = last / 8;
  const auto part = [&](std::uint64_t i) {
    return static_cast<std::uint64_t>(
        std::popcount(static_cast<std::uint8_t>(byte_at(bytes, i) & mask_of(i, first, last))));
  };
  if (begin == end) return part(begin);
  return part(begin) + count(bytes.substr(begin + 1, end - begin - 1)) + part(end);
}

std::int64_t find(std::string_view bytes, bool value, std::uint64_t first, std::uint64_t last) {
  const std::uint64_t end = last / 8;
  const std::uint64_t none = value ? 0 : ~std::uint64_t{0};
  for (std::uint64_t i = first / 8; i <= end; ++i) {
    // Whole words without such a bit are passed over.
    while (i != first / 8 && i + 8 <= end) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data() + i, sizeof word);
      if (word != none) break;
      i += 8;
    }
    const auto wanted = static_cast<std::uint8_t>(value ? byte_at(bytes, i) : ~byte_at(bytes, i));
    const auto found = static_cast<std::uint8_t>(wanted & mask_of(i, first, last));
    if (found != 0) return static_cast<std::int64_t>(i * 8 + static_cast<unsigned>(std::countl_zero(found)));
  }
  return -1;
}

std::uint64_t read(std::string_view bytes, std::uint64_t offset, unsigned width) {
  unsigned char window[9] = {};
  const std::uint64_t begin = offset / 8;
  if (begin < bytes.size()) {
    std::memcpy(window, bytes.data() + begin, std::min<std::size_t>(sizeof window, bytes.size() - begin));
  }
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    const std::uint64_t bit = offset % 8 + i;
    value = value << 1 | (window[bit / 8] >> (7 - bit % 8) & 1u);
  }
  return value;
}

void write(char* bytes, std::uint64_t offset, unsigned width, std::uint64_t value) {
  for (unsigned i = 0; i < width; ++i) {
    const std::uint64_t bit = offset + i;
    const auto mask = static_cast<unsigned char>(1u << (7 - bit % 8));
    auto& byte = reinterpret_cast<unsigned char&>(bytes[bit / 8]);
    const bool set = (value >> (width - 1 - i) & 1) != 0;
    byte = static_cast<unsigned char>(set ? byte | mask : byte & ~mask);
  }
}

}  // namespace larder::redis::bits
