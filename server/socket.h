// A client's socket: the one place where bytes enter and leave a connection, so that another
// transport (TLS) needs no change elsewhere. For plain sockets every call is one system call.
//
// Requires: the descriptor is non-blocking. Owned by a connection and used by its worker.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace larder::server {

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd() const { return fd_; }

  /// Bytes read into `vectors`, 0 at the end of the stream, -1 with errno set.
  ssize_t receive(iovec* vectors, int count) {
    ssize_t got = 0;
    do {
      got = count == 1 ? ::recv(fd_, vectors->iov_base, vectors->iov_len, 0)
                       : ::readv(fd_, vectors, count);
    } while (got < 0 && errno == EINTR);
    return got;
  }

  /// Bytes written from `vectors`, -1 with errno set.
  ssize_t send(iovec* vectors, int count) {
    ssize_t sent = 0;
    do {
      if (count == 1) {
        sent = ::send(fd_, vectors->iov_base, vectors->iov_len, MSG_NOSIGNAL);
      } else {
        msghdr message{};
        message.msg_iov = vectors;
        message.msg_iovlen = static_cast<std::size_t>(count);
        sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
      }
    } while (sent < 0 && errno == EINTR);
    return sent;
  }

 private:
  int fd_;
};

}  // namespace larder::server
