// The address of a client, small enough to be kept with every connection.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace larder::server {

/// Room for any address as text.
using AddressText = std::array<char, INET6_ADDRSTRLEN>;

struct PeerAddress {
  sa_family_t family = AF_UNSPEC;  // AF_INET, AF_INET6; anything else: a unix socket
  std::uint16_t port = 0;
  std::array<std::uint8_t, 16> bytes{};  // of IPv4, the first four

  static PeerAddress of(const sockaddr_storage& from) {
    PeerAddress address;
    address.family = from.ss_family;
    if (from.ss_family == AF_INET) {
      const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
      address.port = ntohs(v4.sin_port);
      std::memcpy(address.bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
    } else if (from.ss_family == AF_INET6) {
      const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
      address.port = ntohs(v6.sin6_port);
      std::memcpy(address.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
    }
    return address;
  }
  bool network() const { return family == AF_INET || family == AF_INET6; }
  bool loopback() const {
    if (family == AF_INET) return bytes[0] == 127;
    return family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(reinterpret_cast<const in6_addr*>(bytes.data()));
  }
  /// "127.0.0.1", "::1" or "unix", in `text`.
  std::string_view text(AddressText& text) const {
    if (!network()) return "unix";
    return inet_ntop(family, bytes.data(), text.data(), static_cast<socklen_t>(text.size()));
  }
};

}  // namespace larder::server
