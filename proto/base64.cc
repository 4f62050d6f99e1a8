#include "proto/base64.h"

#include <array>
#include <cstdint>

namespace larder::proto {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kSkipped = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kSkipped);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  values[static_cast<unsigned char>('=')] = 0;
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = make_values();

std::uint32_t byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

}  // namespace

char* base64_encode(std::string_view bytes, char* to) {
  std::size_t at = 0;
  for (; bytes.size() - at >= 3; at += 3) {
    const std::uint32_t group =
        byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2);
    for (int shift = 18; shift >= 0; shift -= 6) *to++ = kAlphabet[group >> shift & 63];
  }
  const std::size_t rest = bytes.size() - at;
  if (rest == 0) return to;
  std::uint32_t group = byte_at(bytes, at) << 16;
  if (rest == 2) group |= byte_at(bytes, at + 1) << 8;
  *to++ = kAlphabet[group >> 18 & 63];
  *to++ = kAlphabet[group >> 12 & 63];
  *to++ = rest == 2 ? kAlphabet[group >> 6 & 63] : '=';
  *to++ = '=';
  return to;
}

std::size_t base64_decode(std::string_view text, char* to) {
  char* const begin = to;
  std::size_t characters = 0;
  for (const char c : text) characters += kValues[static_cast<unsigned char>(c)] != kSkipped;
  if (characters == 0 || characters % 4 != 0) return 0;

  std::uint32_t group = 0;
  unsigned filled = 0;
  unsigned padding = 0;
  for (const char c : text) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kSkipped) continue;
    if (c == '=') ++padding;
    group = group << 6 | value;
    if (++filled < 4) continue;
    if (padding > 2) return 0;
    for (unsigned byte = 0; byte < 3 - padding; ++byte) {
      *to++ = static_cast<char>(group >> (16 - 8 * byte) & 0xff);
    }
    if (padding > 0) break;
    group = 0;
    filled = 0;
  }
  return static_cast<std::size_t>(to - begin);
}

}  // namespace larder::proto
