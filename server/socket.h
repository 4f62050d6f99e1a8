// A client's socket: the one place where bytes enter and leave a connection. For plain sockets every
// call is one system call; a Transport (TLS) between the socket and the connection costs them one
// branch, and costs itself a virtual call.
//
// Requires: the descriptor is non-blocking. Owned by a connection and used by its worker.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <utility>

namespace larder::server {

/// What stands between a socket and its connection: bytes go through it in both directions and are
/// other bytes on the wire.
class Transport {
 public:
  virtual ~Transport() = default;

  /// As Socket::receive() and Socket::send(). EAGAIN from receive() means: nothing more until the
  /// socket is readable, or writable if wants_write().
  virtual ssize_t receive(iovec* vectors, int count) = 0;
  virtual ssize_t send(iovec* vectors, int count) = 0;
  /// Bytes have come off the socket that receive() has not handed out, or the stream has ended: the
  /// socket may never become readable for them, so call receive() again.
  virtual bool buffered() const = 0;
  /// The last receive() stopped because it has to write first (a handshake).
  virtual bool wants_write() const = 0;
};

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), transport_(std::move(other.transport_)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    transport_.reset();  // says good-bye through the descriptor
    if (fd_ >= 0) ::close(fd_);
  }

  int fd() const { return fd_; }
  /// Sends all bytes through `transport` from now on.
  void use(std::unique_ptr<Transport> transport) { transport_ = std::move(transport); }

  /// Bytes read into `vectors`, 0 at the end of the stream, -1 with errno set.
  ssize_t receive(iovec* vectors, int count) {
    if (transport_ != nullptr) [[unlikely]] return transport_->receive(vectors, count);
    ssize_t got = 0;
    do {
      got = count == 1 ? ::recv(fd_, vectors->iov_base, vectors->iov_len, 0)
                       : ::readv(fd_, vectors, count);
    } while (got < 0 && errno == EINTR);
    return got;
  }

  /// Bytes written from `vectors`, -1 with errno set. What was not written is offered again, in the
  /// same order, when the socket is writable.
  ssize_t send(iovec* vectors, int count) {
    if (transport_ != nullptr) [[unlikely]] return transport_->send(vectors, count);
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

  /// See Transport. A plain socket keeps nothing to itself.
  bool buffered() const { return transport_ != nullptr && transport_->buffered(); }
  bool wants_write() const { return transport_ != nullptr && transport_->wants_write(); }

 private:
  int fd_;
  std::unique_ptr<Transport> transport_;
};

}  // namespace larder::server
