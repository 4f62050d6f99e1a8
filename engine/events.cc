#include "engine/events.h"

#include <time.h>

#include <algorithm>

namespace larder::engine {

namespace {

constexpr std::size_t kRingBytesMin = 4096;

std::int64_t unix_us() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);  // no system call on the platforms we run on
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

void count(std::atomic<std::uint64_t>& counter) {  // one writer
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

EventRing::EventRing(std::size_t bytes)
    : capacity_(std::bit_ceil(std::max(bytes, kRingBytesMin))), bytes_(new char[capacity_]) {}

char* EventRing::claim(std::uint32_t bytes) {
  const std::uint64_t head = head_.load(std::memory_order_relaxed);
  const std::size_t at = head & (capacity_ - 1);
  const std::size_t rest = capacity_ - at;
  const std::size_t padding = bytes > rest ? rest : 0;
  if (head + padding + bytes - tail_.load(std::memory_order_acquire) > capacity_) return nullptr;
  if (padding != 0) {
    EventHeader header;
    header.bytes = static_cast<std::uint32_t>(padding);
    std::memcpy(bytes_.get() + at, &header, 8);
  }
  claimed_ = head + padding + bytes;
  return bytes_.get() + ((head + padding) & (capacity_ - 1));
}

void EventRing::publish() { head_.store(claimed_, std::memory_order_release); }

void EventLog::want(Streams streams, std::size_t ring_bytes) {
  if (ring_ == nullptr && streams != 0) ring_ = std::make_unique<EventRing>(ring_bytes);
  wanted_.store(streams, std::memory_order_release);
}

void EventLog::write(EventKind kind, Streams stream, const void* fields, std::size_t bytes,
                     std::string_view text) {
  if ((wanted_.load(std::memory_order_acquire) & stream) == 0) return;
  text = text.substr(0, kEventTextMax);
  EventHeader header;
  header.bytes = static_cast<std::uint32_t>((sizeof header + bytes + text.size() + 7) / 8 * 8);
  char* at = ring_->claim(header.bytes);
  if (at == nullptr) return count(dropped_);
  header.text_bytes = static_cast<std::uint16_t>(text.size());
  header.kind = kind;
  header.stream = stream;
  header.id = ids_.fetch_add(1, std::memory_order_relaxed) + 1;
  header.unix_us = unix_us();
  std::memcpy(at, &header, sizeof header);
  at += sizeof header;
  std::memcpy(at, fields, bytes);
  if (!text.empty()) std::memcpy(at + bytes, text.data(), text.size());
  ring_->publish();
  count(written_);
}

}  // namespace larder::engine
