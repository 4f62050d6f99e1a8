// Keys as they appear in dumps and logs: every byte that does not stand for itself in a URI (RFC 3986,
// unreserved) as % and two hexadecimal digits.
#pragma once

#include <array>
#include <string_view>

namespace larder::proto {

inline constexpr std::array<bool, 256> kUriUnreserved = [] {
  std::array<bool, 256> unreserved{};
  for (unsigned char c = '0'; c <= '9'; ++c) unreserved[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) unreserved[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) unreserved[c] = true;
  for (const unsigned char c : {'-', '.', '_', '~'}) unreserved[c] = true;
  return unreserved;
}();

/// Up to three bytes for each of `bytes`; returns one past the last.
inline char* write_uri(char* at, std::string_view bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (kUriUnreserved[byte]) {
      *at++ = c;
    } else {
      *at++ = '%';
      *at++ = kDigits[byte >> 4];
      *at++ = kDigits[byte & 15];
    }
  }
  return at;
}

}  // namespace larder::proto
