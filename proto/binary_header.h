// The header of every packet of memcached's binary protocol, both directions. All numbers are
// big-endian on the wire.
//
//   offset size field        request                    reply
//        0    1 magic        0x80                       0x81
//        1    1 opcode       what to do                 that of the request
//        2    2 key_bytes
//        4    1 extras_bytes
//        5    1 data_type    ignored                    0
//        6    2 status       ignored (vbucket)          Status (binary_reply.h)
//        8    4 body_bytes   extras + key + value
//       12    4 opaque       chosen by the client       that of the request
//       16    8 cas          0, or the one to compare   cas unique, 0 if there is none
//       24      extras, key, value
//
// Source: memcached's doc/protocol-binary.txt.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace larder::proto::binary {

inline constexpr std::uint8_t kRequestMagic = 0x80;
inline constexpr std::uint8_t kReplyMagic = 0x81;

struct Header {
  std::uint8_t magic;
  std::uint8_t opcode;
  std::uint16_t key_bytes;
  std::uint8_t extras_bytes;
  std::uint8_t data_type;
  std::uint16_t status;
  std::uint32_t body_bytes;
  std::uint32_t opaque;  // never interpreted, so left in wire order
  std::uint64_t cas;
};
inline constexpr std::size_t kHeaderBytes = 24;

static_assert(sizeof(Header) == kHeaderBytes);
static_assert(offsetof(Header, key_bytes) == 2);
static_assert(offsetof(Header, extras_bytes) == 4);
static_assert(offsetof(Header, status) == 6);
static_assert(offsetof(Header, body_bytes) == 8);
static_assert(offsetof(Header, opaque) == 12);
static_assert(offsetof(Header, cas) == 16);
static_assert(std::endian::native == std::endian::little, "the swaps below assume it");

inline std::uint16_t swapped(std::uint16_t value) { return __builtin_bswap16(value); }
inline std::uint32_t swapped(std::uint32_t value) { return __builtin_bswap32(value); }
inline std::uint64_t swapped(std::uint64_t value) { return __builtin_bswap64(value); }

/// A big-endian number at any address.
template <typename Number>
Number load_number(const char* from) {
  Number value;
  std::memcpy(&value, from, sizeof value);
  return swapped(value);
}
template <typename Number>
void save_number(char* to, Number value) {
  value = swapped(value);
  std::memcpy(to, &value, sizeof value);
}

/// Requires: kHeaderBytes readable at `from`.
inline Header load_header(const char* from) {
  Header header;
  std::memcpy(&header, from, sizeof header);
  header.key_bytes = swapped(header.key_bytes);
  header.status = swapped(header.status);
  header.body_bytes = swapped(header.body_bytes);
  header.cas = swapped(header.cas);
  return header;
}
/// Requires: kHeaderBytes writable at `to`.
inline void save_header(char* to, Header header) {
  header.key_bytes = swapped(header.key_bytes);
  header.status = swapped(header.status);
  header.body_bytes = swapped(header.body_bytes);
  header.cas = swapped(header.cas);
  std::memcpy(to, &header, sizeof header);
}

}  // namespace larder::proto::binary
