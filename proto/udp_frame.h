// The header in front of every UDP datagram of memcached, both ways; eight bytes, big-endian.
//
//   0        2          4          6        8
//   +--------+----------+----------+--------+----
//   | id     | sequence | count    | 0      | up to kUdpPayloadMax bytes of a request or reply
//   +--------+----------+----------+--------+----
//
// A request is one datagram (count 1). A reply has the request's id and is cut into as many datagrams
// as it needs, numbered from 0. Pure: no sockets. Source: memcached's doc/protocol.txt, "UDP protocol".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace larder::proto {

inline constexpr std::size_t kUdpHeaderBytes = 8;
/// memcached's: what a path with an MTU of 1500 carries for certain.
inline constexpr std::size_t kUdpDatagramMax = 1400;
inline constexpr std::size_t kUdpPayloadMax = kUdpDatagramMax - kUdpHeaderBytes;
inline constexpr std::size_t kUdpCountMax = 65535;

struct UdpRequest {
  std::uint16_t id = 0;
  std::string_view payload;
};

/// Nothing: too short, empty, or one of several datagrams.
inline std::optional<UdpRequest> parse_udp_request(std::string_view datagram) {
  if (datagram.size() <= kUdpHeaderBytes) return std::nullopt;
  const auto number = [&](std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(datagram[at]) << 8 |
                                      static_cast<unsigned char>(datagram[at + 1]));
  };
  if (number(4) != 1) return std::nullopt;
  return UdpRequest{number(0), datagram.substr(kUdpHeaderBytes)};
}

/// Datagrams of a reply.
inline std::size_t udp_datagram_count(std::size_t reply_bytes) {
  return (reply_bytes + kUdpPayloadMax - 1) / kUdpPayloadMax;
}

/// Whether a reply has at most `ratio` times the bytes of its request, headers included (0: any length).
inline bool udp_reply_in_proportion(std::size_t datagram_bytes, std::size_t reply_bytes,
                                    std::size_t ratio) {
  const std::size_t sent = reply_bytes + udp_datagram_count(reply_bytes) * kUdpHeaderBytes;
  return ratio == 0 || sent <= ratio * datagram_bytes;
}

inline std::array<char, kUdpHeaderBytes> udp_reply_header(std::uint16_t id, std::uint16_t sequence,
                                                          std::uint16_t count) {
  const auto high = [](std::uint16_t number) { return static_cast<char>(number >> 8); };
  const auto low = [](std::uint16_t number) { return static_cast<char>(number); };
  return {high(id), low(id), high(sequence), low(sequence), high(count), low(count), 0, 0};
}

}  // namespace larder::proto
