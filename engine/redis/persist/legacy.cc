#include "engine/redis/persist/legacy.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace larder::redis::persist {

namespace {

/// What is left of the bytes; every step says whether there were enough.
class Bytes {
 public:
  explicit Bytes(std::string_view rest) : rest_(rest) {}
  std::size_t left() const { return rest_.size(); }

  template <typename Integer>
  bool take(Integer& value) {
    if (rest_.size() < sizeof value) return false;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return true;
  }
  bool take(std::size_t bytes, std::string_view& value) {
    if (bytes > rest_.size()) return false;
    value = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return true;
  }

 private:
  std::string_view rest_;
};

class Text {
 public:
  std::string_view of(std::int64_t value) {
    const auto end = std::to_chars(buffer_.data(), buffer_.data() + buffer_.size(), value).ptr;
    return {buffer_.data(), static_cast<std::size_t>(end - buffer_.data())};
  }

 private:
  std::array<char, 24> buffer_;
};

constexpr std::uint8_t kEnd = 255;
constexpr std::uint8_t kLongLength = 254;

template <typename Integer>
bool take_integer(Bytes& bytes, Text& text, std::string_view& entry) {
  Integer value = 0;
  if (!bytes.take(value)) return false;
  entry = text.of(value);
  return true;
}

bool take_int24(Bytes& bytes, Text& text, std::string_view& entry) {
  std::string_view three;
  if (!bytes.take(3, three)) return false;
  std::uint32_t value = 0;
  std::memcpy(reinterpret_cast<char*>(&value) + 1, three.data(), 3);  // into the top: keeps the sign
  entry = text.of(static_cast<std::int32_t>(value) >> 8);
  return true;
}

/// Requires: the code's top bits are 11.
bool take_number(std::uint8_t code, Bytes& bytes, Text& text, std::string_view& entry) {
  switch (code) {
    case 0xc0:
      return take_integer<std::int16_t>(bytes, text, entry);
    case 0xd0:
      return take_integer<std::int32_t>(bytes, text, entry);
    case 0xe0:
      return take_integer<std::int64_t>(bytes, text, entry);
    case 0xf0:
      return take_int24(bytes, text, entry);
    case 0xfe:
      return take_integer<std::int8_t>(bytes, text, entry);
    default:
      if (code < 0xf1 || code > 0xfd) return false;
      entry = text.of(code - 0xf1);
      return true;
  }
}

bool take_entry(Bytes& bytes, Text& text, std::string_view& entry) {
  std::uint8_t code = 0;
  if (!bytes.take(code)) return false;
  switch (code >> 6) {
    case 0:
      return bytes.take(code, entry);
    case 1: {
      std::uint8_t low = 0;
      return bytes.take(low) && bytes.take(static_cast<std::size_t>(code & 0x3f) << 8 | low, entry);
    }
    case 2: {
      std::uint32_t length = 0;
      return bytes.take(length) && bytes.take(__builtin_bswap32(length), entry);
    }
    default:
      return take_number(code, bytes, text, entry);
  }
}

/// A length of one byte, or 254 and four. `first` was read already.
bool take_length(std::uint8_t first, Bytes& bytes, std::uint32_t& length) {
  length = first;
  return first < kLongLength || (first == kLongLength && bytes.take(length));
}

}  // namespace

bool walk_ziplist(std::string_view blob, const EntryVisitor& visit) {
  Bytes bytes(blob);
  std::uint32_t total = 0;
  std::uint32_t tail = 0;
  std::uint16_t count = 0;
  if (!bytes.take(total) || !bytes.take(tail) || !bytes.take(count)) return false;
  if (total != blob.size()) return false;
  Text text;
  std::size_t seen = 0;
  std::size_t last_at = blob.size() - bytes.left();
  std::size_t bytes_before = 0;
  for (;;) {
    const std::size_t at = blob.size() - bytes.left();
    std::uint8_t first = 0;
    if (!bytes.take(first)) return false;
    if (first == kEnd) break;
    std::uint32_t length_before = 0;
    if (!take_length(first, bytes, length_before)) return false;
    if (length_before != bytes_before) return false;
    std::string_view entry;
    if (!take_entry(bytes, text, entry)) return false;
    if (!visit(entry)) return false;
    bytes_before = blob.size() - bytes.left() - at;
    last_at = at;
    ++seen;
  }
  if (bytes.left() != 0) return false;
  if (tail != last_at) return false;
  return count == UINT16_MAX || count == seen;
}

bool walk_zipmap(std::string_view blob, const EntryVisitor& visit) {
  Bytes bytes(blob);
  std::uint8_t count = 0;
  if (!bytes.take(count)) return false;
  std::size_t seen = 0;
  for (;;) {
    std::uint8_t first = 0;
    if (!bytes.take(first)) return false;
    if (first == kEnd) break;
    std::uint32_t length = 0;
    std::string_view field;
    if (!take_length(first, bytes, length) || !bytes.take(length, field)) return false;
    std::uint8_t unused = 0;
    std::string_view value;
    std::string_view gap;
    if (!bytes.take(first) || !take_length(first, bytes, length) || !bytes.take(unused)) return false;
    if (!bytes.take(length, value) || !bytes.take(unused, gap)) return false;
    if (!visit(field) || !visit(value)) return false;
    ++seen;
  }
  return bytes.left() == 0 && (count >= kLongLength || count == seen);
}

}  // namespace larder::redis::persist
