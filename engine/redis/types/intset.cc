#include "engine/redis/types/intset.h"

#include <bit>
#include <cstring>

#include "engine/redis/types/check.h"
#include "engine/redis/types/heap.h"

namespace larder::redis {

static_assert(std::endian::native == std::endian::little, "fields are stored as they are in memory");

namespace {
std::size_t width_of(std::int64_t value) {
  if (value >= INT16_MIN && value <= INT16_MAX) return 2;
  if (value >= INT32_MIN && value <= INT32_MAX) return 4;
  return 8;
}
}  // namespace

Intset::Intset() : IntsetView(static_cast<std::uint8_t*>(heap::allocate(kHeaderBytes))) {
  set_field(0, 2);
  set_field(1, 0);
}

Intset::Intset(std::span<const std::uint8_t> bytes)
    : IntsetView(static_cast<std::uint8_t*>(heap::allocate(bytes.size()))) {
  std::memcpy(writable(), bytes.data(), bytes.size());
}

Intset::~Intset() { heap::release(writable()); }

std::uint32_t IntsetView::field(std::size_t index) const {
  std::uint32_t value;
  std::memcpy(&value, bytes_ + 4 * index, sizeof value);
  return value;
}

void Intset::set_field(std::size_t index, std::size_t value) {
  const auto narrow = static_cast<std::uint32_t>(value);
  std::memcpy(writable() + 4 * index, &narrow, sizeof narrow);
}

std::int64_t IntsetView::at_width(std::size_t index, std::size_t width) const {
  const std::uint8_t* place = bytes_ + kHeaderBytes + index * width;
  if (width == 2) {
    std::int16_t value;
    std::memcpy(&value, place, sizeof value);
    return value;
  }
  if (width == 4) {
    std::int32_t value;
    std::memcpy(&value, place, sizeof value);
    return value;
  }
  std::int64_t value;
  std::memcpy(&value, place, sizeof value);
  return value;
}

void Intset::set(std::size_t index, std::int64_t value) {
  // The low bytes of a value are its narrower form.
  std::memcpy(writable() + kHeaderBytes + index * width(), &value, width());
}

void Intset::resize(std::size_t count) {
  bytes_ = static_cast<std::uint8_t*>(heap::resize(writable(), kHeaderBytes + count * width()));
}

// Widens all integers and makes room for one more, before them or after them.
void Intset::widen(std::size_t width, bool leaves_first) {
  const std::size_t narrow = this->width();
  const std::size_t count = size();
  set_field(0, width);
  resize(count + 1);
  for (std::size_t i = count; i-- > 0;) set(i + (leaves_first ? 1 : 0), at_width(i, narrow));
  set_field(1, count + 1);
}

std::size_t IntsetView::lower_bound(std::int64_t value) const {
  std::size_t low = 0;
  std::size_t high = size();
  if (high > 0 && at(high - 1) < value) return high;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (at(middle) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool IntsetView::contains(std::int64_t value) const {
  if (width_of(value) > width()) return false;
  const std::size_t index = lower_bound(value);
  return index < size() && at(index) == value;
}

bool Intset::insert(std::int64_t value) {
  const std::size_t count = size();
  if (width_of(value) > width()) {
    // Too wide for those here means below or above all of them.
    widen(width_of(value), value < 0);
    set(value < 0 ? 0 : count, value);
    return true;
  }
  const std::size_t index = lower_bound(value);
  if (index < count && at(index) == value) return false;
  resize(count + 1);
  std::uint8_t* place = writable() + kHeaderBytes + index * width();
  std::memmove(place + width(), place, (count - index) * width());
  set(index, value);
  set_field(1, count + 1);
  return true;
}

bool Intset::erase(std::int64_t value) {
  if (width_of(value) > width()) return false;
  const std::size_t index = lower_bound(value);
  if (index == size() || at(index) != value) return false;
  erase_at(index);
  return true;
}

void Intset::erase_at(std::size_t index) {
  const std::size_t count = size();
  std::uint8_t* place = writable() + kHeaderBytes + index * width();
  std::memmove(place, place + width(), (count - index - 1) * width());
  resize(count - 1);
  set_field(1, count - 1);
}

bool IntsetView::validate(std::span<const std::uint8_t> bytes, bool deep) {
  if (bytes.size() < kHeaderBytes) return false;
  std::uint32_t fields[2];
  std::memcpy(fields, bytes.data(), sizeof fields);
  const std::size_t width = fields[0];
  const std::size_t count = fields[1];
  if (width != 2 && width != 4 && width != 8) return false;
  if (count == 0) return false;
  if (bytes.size() != kHeaderBytes + count * width) return false;
  if (!deep) return true;
  const IntsetView view(bytes.data());
  for (std::size_t i = 1; i < count; ++i) {
    if (view.at(i - 1) >= view.at(i)) return false;
  }
  return true;
}

void Intset::check_integrity() const {
  if (size() == 0) return;
  require(validate(bytes(), true), "intset", "the bytes are no intset");
  require(heap::usable_bytes(bytes_) >= bytes().size(), "intset", "longer than its memory");
}

}  // namespace larder::redis
