#include "proto/output.h"

#include <algorithm>

namespace larder::proto {

namespace {
constexpr std::size_t kFirstCapacity = 16 * 1024;
}

void Output::grow(std::size_t bytes) {
  const std::size_t live = end_ - begin_;
  std::size_t capacity = std::max(capacity_, kFirstCapacity);
  while (capacity - live < bytes) capacity *= 2;
  // make_unique would zero memory that is about to be written.
  std::unique_ptr<char[]> buffer(new char[capacity]);
  if (live != 0) std::memcpy(buffer.get(), buffer_.get() + begin_, live);
  for (std::size_t i = pinned_first_; i < pinned_.size(); ++i) pinned_[i].at -= begin_;
  buffer_ = std::move(buffer);
  capacity_ = capacity;
  begin_ = 0;
  end_ = live;
}

void Output::append_pinned(engine::ItemPin pin, std::string_view bytes) {
  pinned_.push_back({end_, bytes, std::move(pin)});
  size_ += bytes.size();
}

void Output::rewind_to(std::size_t position) {
  const std::size_t at = begin_ + position;
  while (pinned_.size() > pinned_first_ && pinned_.back().at > at) {
    size_ -= pinned_.back().bytes.size();
    pinned_.pop_back();
  }
  size_ -= end_ - at;
  end_ = at;
}

void Output::insert(std::size_t position, std::string_view bytes) {
  reserve(bytes.size());
  char* const at = buffer_.get() + begin_ + position;
  std::memmove(at + bytes.size(), at, static_cast<std::size_t>(buffer_.get() + end_ - at));
  std::memcpy(at, bytes.data(), bytes.size());
  for (std::size_t i = pinned_.size(); i-- > pinned_first_ && pinned_[i].at > begin_ + position;) {
    pinned_[i].at += bytes.size();
  }
  advance(bytes.size());
}

int Output::gather(iovec* vectors, int count) const {
  int filled = 0;
  std::size_t at = begin_;
  std::size_t next = pinned_first_;
  while (filled < count) {
    const std::size_t stop = next < pinned_.size() ? pinned_[next].at : end_;
    if (at < stop) {
      vectors[filled++] = {buffer_.get() + at, stop - at};
      at = stop;
    } else if (next < pinned_.size()) {
      const std::string_view bytes = pinned_[next++].bytes;
      if (!bytes.empty()) vectors[filled++] = {const_cast<char*>(bytes.data()), bytes.size()};
    } else {
      break;
    }
  }
  return filled;
}

void Output::consume(std::size_t bytes) {
  size_ -= bytes;
  while (true) {
    const bool more_pinned = pinned_first_ < pinned_.size();
    const std::size_t stop = more_pinned ? pinned_[pinned_first_].at : end_;
    const std::size_t copied = std::min(bytes, stop - begin_);
    begin_ += copied;
    bytes -= copied;
    if (begin_ != stop || !more_pinned) break;
    Pinned& pinned = pinned_[pinned_first_];
    const std::size_t taken = std::min(bytes, pinned.bytes.size());
    pinned.bytes.remove_prefix(taken);
    bytes -= taken;
    if (!pinned.bytes.empty()) break;
    pinned.pin.reset();
    ++pinned_first_;
  }
  if (pinned_first_ == pinned_.size()) {
    pinned_.clear();
    pinned_first_ = 0;
    if (begin_ == end_) begin_ = end_ = 0;
  }
}

void Output::clear(std::size_t keep_bytes) {
  pinned_.clear();
  pinned_first_ = 0;
  begin_ = end_ = size_ = 0;
  if (capacity_ > keep_bytes) {
    buffer_.reset();
    capacity_ = 0;
    pinned_.shrink_to_fit();
  }
}

}  // namespace larder::proto
