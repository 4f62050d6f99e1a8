// Client sockets: connect to a TCP address or a unix socket.
#pragma once

#include <string>
#include <utility>

#include "bench/loadgen/options.h"

namespace larder::bench {

/// Owns a file descriptor. Move-only.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Connects (blocking) to where the options say, without Nagle's delay. On failure the result is
/// empty and `error` says why.
FileDescriptor connect_to_server(const Options& options, std::string& error);

/// False when the descriptor cannot be made non-blocking.
bool set_nonblocking(int fd);

}  // namespace larder::bench
