#include "server/socket_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

namespace larder::server {

namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;

  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr_in& v4() const { return reinterpret_cast<const sockaddr_in&>(storage); }
  const sockaddr_in6& v6() const { return reinterpret_cast<const sockaddr_in6&>(storage); }
  int family() const { return storage.ss_family; }
  int port() const {
    if (family() == AF_INET) return ntohs(v4().sin_port);
    if (family() == AF_INET6) return ntohs(v6().sin6_port);
    return 0;
  }
  std::string path() const {
    constexpr std::size_t kBefore = offsetof(sockaddr_un, sun_path);
    if (bytes <= kBefore) return {};
    const char* start = reinterpret_cast<const sockaddr_un&>(storage).sun_path;
    return {start, strnlen(start, bytes - kBefore)};
  }
};

std::string plain(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.family() == AF_INET) {
    inet_ntop(AF_INET, &address.v4().sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, address.port());
  }
  if (address.family() == AF_INET6) {
    inet_ntop(AF_INET6, &address.v6().sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, address.port());
  }
  return "unix:" + address.path();
}

std::string for_stats(const Address& address) {
  switch (address.family()) {
    case AF_INET: return "tcp:" + plain(address);
    case AF_INET6: return "tcp6:" + plain(address);
    case AF_UNIX:
      if (!address.path().empty()) return plain(address);
      break;
    default: break;
  }
  return "?:<AF 0>";
}

Address local(int fd) {
  Address address;
  if (getsockname(fd, address.generic(), &address.bytes) != 0) address = {};
  return address;
}

Address peer(int fd) {
  Address address;
  if (getpeername(fd, address.generic(), &address.bytes) != 0) address = {};
  return address;
}

}  // namespace

std::string local_address(int fd) { return plain(local(fd)); }
std::string local_address_for_stats(int fd) { return for_stats(local(fd)); }
int local_port(int fd) { return local(fd).port(); }

std::string peer_address_for_stats(int fd) { return for_stats(peer(fd)); }

std::string peer_address(int fd) {
  const Address address = peer(fd);
  if (address.family() == AF_INET || address.family() == AF_INET6) return plain(address);
  return local(fd).path() + ":0";
}

}  // namespace larder::server
