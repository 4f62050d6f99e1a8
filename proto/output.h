// The replies of one batch of requests: bytes copied into one growing buffer, and large values
// that stay in their items, pinned. Memory only; the server writes it out (writev) and consumes.
//
// Invariants
//  1. segments_ in order cover all pending bytes; a segment is a range of buffer_ or a pinned view.
//  2. reserve(n) returns n writable bytes at the end of buffer_, and only reserve() may move
//     buffer_; what is written counts after advance().
//  3. size() is the number of bytes not yet consumed, pinned ones included; a protocol stops
//     executing requests when full() so that a reader that does not read bounds our memory.
// Threads: owned by one worker at a time.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace larder::proto {

class Output {
 public:
  /// Above this many pending bytes the protocol yields until some are written.
  static constexpr std::size_t kFullBytes = 1 << 20;

  Output() = default;
  Output(Output&&) = default;
  Output& operator=(Output&&) = default;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  bool full() const { return size_ >= kFullBytes; }
  /// Whether values are pinned, so that consuming gives items back to the engine.
  bool pinned() const { return pinned_first_ < pinned_.size(); }

  /// At least `bytes` of writable memory behind what is there.
  char* reserve(std::size_t bytes) {
    if (capacity_ - end_ < bytes) grow(bytes);
    return buffer_.get() + end_;
  }
  void advance(std::size_t bytes) {
    end_ += bytes;
    size_ += bytes;
  }
  [[gnu::always_inline]] void append(std::string_view bytes) {
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
    advance(bytes.size());
  }
  /// Adds a value that stays where it is until written.
  void append_pinned(engine::ItemPin pin, std::string_view bytes);

  /// Marks the end, for rewind(): takes back what was appended (copied bytes only) since.
  std::size_t mark() const { return end_; }
  void rewind(std::size_t mark) {
    size_ -= end_ - mark;
    end_ = mark;
  }

  /// As mark() and rewind(), for positions that stay good when the buffer moves: what was appended since is
  /// dropped, or `bytes` put before it. Nothing may have been consumed since.
  std::size_t position() const { return end_ - begin_; }
  void rewind_to(std::size_t position);
  void insert(std::size_t position, std::string_view bytes);

  /// Fills `vectors` (at most `count`) with the pending bytes in order; returns how many it filled.
  int gather(iovec* vectors, int count) const;
  /// Drops `bytes` from the front (they were written), and their pins.
  void consume(std::size_t bytes);
  /// Drops everything and gives back memory above `keep_bytes`.
  void clear(std::size_t keep_bytes);
  /// Bytes of memory held by the buffer.
  std::size_t capacity() const { return capacity_; }

 private:
  struct Pinned {
    std::size_t at;  // offset in buffer_ before which the pinned bytes come
    std::string_view bytes;
    engine::ItemPin pin;
  };
  void grow(std::size_t bytes);

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // first unconsumed byte of buffer_
  std::size_t end_ = 0;    // one past the last
  std::size_t size_ = 0;   // begin_..end_ plus what remains of the pinned values
  std::vector<Pinned> pinned_;
  std::size_t pinned_first_ = 0;  // pinned_ before this one are written
};

}  // namespace larder::proto
