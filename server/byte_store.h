// Bytes kept from one event to the next: a growing buffer that is consumed from the front and costs
// nothing while empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace larder::server {

class ByteStore {
 public:
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view() const { return {bytes_.get() + begin_, size()}; }

  /// Keeps exactly `bytes`, which may lie in view() or anywhere else.
  void assign(std::string_view bytes) {
    const bool inside = bytes.data() >= bytes_.get() && bytes.data() < bytes_.get() + capacity_;
    if (bytes.empty()) {
      release();
    } else if (inside) {
      begin_ = static_cast<std::size_t>(bytes.data() - bytes_.get());
      end_ = begin_ + bytes.size();
    } else {
      begin_ = end_ = 0;
      std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
      end_ = bytes.size();
    }
  }

  /// At least `bytes` of writable memory behind what is kept; added() makes them part of it.
  char* room(std::size_t bytes) {
    if (capacity_ - end_ < bytes) grow(bytes);
    return bytes_.get() + end_;
  }
  void added(std::size_t bytes) { end_ += bytes; }

  /// Gives the memory back.
  void release() {
    bytes_.reset();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  static constexpr std::size_t kFirstCapacity = 64;

  void grow(std::size_t bytes) {
    const std::size_t live = size();
    const std::size_t capacity = std::max({kFirstCapacity, live + bytes, 2 * live});
    // make_unique would zero memory that is about to be written.
    std::unique_ptr<char[]> larger(new char[capacity]);
    if (live != 0) std::memcpy(larger.get(), bytes_.get() + begin_, live);
    bytes_ = std::move(larger);
    capacity_ = capacity;
    begin_ = 0;
    end_ = live;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace larder::server
