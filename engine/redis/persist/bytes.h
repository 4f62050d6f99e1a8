// Where serialised values go to and come from: a buffer for DUMP and RESTORE, a file or a socket for
// snapshots. The coders (rdb_coding.h, value_writer.h, value_reader.h) see nothing else.
//
// A sink that fails (disk full) swallows what follows and says so at the end (`ok`), so coders need no
// check per write. A source fails by reading short; a coder passes that on at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace larder::redis::persist {

class ByteSink {
 public:
  virtual void write(std::string_view bytes) = 0;
  virtual bool ok() const = 0;

 protected:
  ~ByteSink() = default;
};

class ByteSource {
 public:
  /// Fills all `bytes` bytes, or returns false with nothing promised about `into`.
  [[nodiscard]] virtual bool read(char* into, std::size_t bytes) = 0;
  /// Bytes that may still come, at most: a length that says more is refused before memory is reserved.
  virtual std::uint64_t remaining() const = 0;

 protected:
  ~ByteSource() = default;
};

/// Appends to a string of the caller's.
class StringSink final : public ByteSink {
 public:
  explicit StringSink(std::string& out) : out_(out) {}
  void write(std::string_view bytes) override { out_.append(bytes); }
  bool ok() const override { return true; }

 private:
  std::string& out_;
};

/// Reads from bytes that outlive it.
class ViewSource final : public ByteSource {
 public:
  explicit ViewSource(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] bool read(char* into, std::size_t bytes) override {
    if (bytes > rest_.size()) return false;
    if (bytes > 0) std::memcpy(into, rest_.data(), bytes);
    rest_.remove_prefix(bytes);
    return true;
  }
  std::uint64_t remaining() const override { return rest_.size(); }

 private:
  std::string_view rest_;
};

}  // namespace larder::redis::persist
