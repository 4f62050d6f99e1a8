#include "bench/loadgen/socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace larder::bench {

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

namespace {

FileDescriptor connect_address(int family, const sockaddr* address, socklen_t bytes,
                               std::string& error) {
  FileDescriptor fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || connect(fd.get(), address, bytes) != 0) {
    error = std::strerror(errno);
    return {};
  }
  return fd;
}

FileDescriptor connect_unix(const std::string& path, std::string& error) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    error = "socket path too long";
    return {};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return connect_address(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof(address),
                         error);
}

FileDescriptor connect_tcp(const std::string& host, const std::string& port, std::string& error) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (status != 0) {
    error = gai_strerror(status);
    return {};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    FileDescriptor fd = connect_address(at->ai_family, at->ai_addr, at->ai_addrlen, error);
    if (!fd) continue;
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
  }
  return {};
}

}  // namespace

FileDescriptor connect_to_server(const Options& options, std::string& error) {
  return options.socket_path.empty() ? connect_tcp(options.host, options.port, error)
                                     : connect_unix(options.socket_path, error);
}

bool set_nonblocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

}  // namespace larder::bench
