// A growing run of bytes with a consumed front: requests on their way out, replies on their way in.
// Unlike std::string it hands out room without filling it first.
//
// Invariant: begin_ <= end_ <= capacity_; data() covers [begin_, end_).
// Threads: owned by one thread.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace larder::bench {

class ByteBuffer {
 public:
  char* data() { return bytes_.get() + begin_; }
  std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  void clear() { begin_ = end_ = 0; }

  /// At least `bytes` of room behind the contents; they count after commit().
  char* reserve(std::size_t bytes) {
    if (capacity_ - end_ < bytes) grow(bytes);
    return bytes_.get() + end_;
  }
  void commit(std::size_t bytes) { end_ += bytes; }
  std::size_t room() const { return capacity_ - end_; }

  /// Adds `bytes` bytes, whose content the caller fills in before anything else is added.
  char* extend(std::size_t bytes) {
    char* start = reserve(bytes);
    end_ += bytes;
    return start;
  }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;  // its data may be null
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  void append_number(std::uint64_t number) {
    char* start = reserve(20);
    end_ += static_cast<std::size_t>(std::to_chars(start, start + 20, number).ptr - start);
  }
  void consume(std::size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) clear();
  }

 private:
  void grow(std::size_t bytes) {
    const std::size_t live = size();
    std::size_t capacity = capacity_ == 0 ? 4096 : capacity_;
    while (capacity - live < bytes) capacity *= 2;
    std::unique_ptr<char[]> moved(new char[capacity]);
    if (live != 0) std::memcpy(moved.get(), bytes_.get() + begin_, live);
    bytes_ = std::move(moved);
    capacity_ = capacity;
    begin_ = 0;
    end_ = live;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace larder::bench
