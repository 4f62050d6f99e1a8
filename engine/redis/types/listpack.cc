#include "engine/redis/types/listpack.h"

#include <bit>
#include <cstring>

#include "engine/redis/types/check.h"
#include "engine/redis/types/heap.h"

namespace larder::redis {

static_assert(std::endian::native == std::endian::little, "fields are stored as they are in memory");

namespace {

constexpr std::uint8_t kEnd = 0xff;
constexpr std::uint16_t kCountUnknown = 0xffff;
constexpr std::size_t kBackBytesMax = 5;

template <typename T>
T load(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
void store(std::uint8_t* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

// The bounds are those of Redis, which leaves out the last number of two and more groups.
constexpr std::size_t back_bytes(std::size_t length) {
  if (length <= 127) return 1;
  if (length < (1u << 14) - 1) return 2;
  if (length < (1u << 21) - 1) return 3;
  if (length < (1u << 28) - 1) return 4;
  return 5;
}

std::size_t write_back_length(std::uint8_t* at, std::size_t length) {
  const std::size_t bytes = back_bytes(length);
  for (std::size_t i = 0; i < bytes; ++i) {
    const auto group = static_cast<std::uint8_t>(length >> (7 * (bytes - 1 - i)) & 127);
    at[i] = static_cast<std::uint8_t>(group | (i == 0 ? 0 : 128));
  }
  return bytes;
}

// Reads the back length that ends before `end`; at most five bytes and none before `begin`.
bool read_back_length(const std::uint8_t* begin, const std::uint8_t* end, std::size_t* length) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < kBackBytesMax; ++i) {
    if (end - begin <= static_cast<std::ptrdiff_t>(i)) return false;
    const std::uint8_t byte = *(end - 1 - i);
    value |= static_cast<std::size_t>(byte & 127) << (7 * i);
    if ((byte & 128) == 0) {
      *length = value;
      return true;
    }
  }
  return false;
}

// Bytes of the encoding and the length or number that follows it, without the string's bytes; 0
// for a byte that begins no entry.
std::size_t head_bytes(std::uint8_t first) {
  if (first < 0xc0) return 1;
  if (first < 0xf0) return 2;
  constexpr std::uint8_t kRest[] = {5, 3, 4, 5, 9};
  return first <= 0xf4 ? kRest[first - 0xf0] : 0;
}

// Bytes of a string, once the head is known to be there; 0 for integers.
std::size_t string_bytes(const std::uint8_t* entry) {
  if ((entry[0] & 0xc0) == 0x80) return entry[0] & 0x3f;
  if ((entry[0] & 0xf0) == 0xe0) return static_cast<std::size_t>(entry[0] & 0x0f) << 8 | entry[1];
  if (entry[0] == 0xf0) return load<std::uint32_t>(entry + 1);
  return 0;
}

// Bytes of an entry without its back length.
std::size_t content_bytes(const std::uint8_t* entry) {
  return head_bytes(entry[0]) + string_bytes(entry);
}

std::size_t whole_bytes(const std::uint8_t* entry) {
  const std::size_t content = content_bytes(entry);
  return content + back_bytes(content);
}

std::size_t integer_bytes(std::int64_t value) {
  if (value >= 0 && value <= 127) return 1;
  if (value >= -4096 && value <= 4095) return 2;
  if (value >= INT16_MIN && value <= INT16_MAX) return 3;
  if (value >= -(1 << 23) && value <= (1 << 23) - 1) return 4;
  if (value >= INT32_MIN && value <= INT32_MAX) return 5;
  return 9;
}

}  // namespace

// An entry to be: its head, and the string's bytes, which are copied from where they are.
struct Listpack::Encoded {
  std::uint8_t head[9];
  std::size_t head_size;
  std::string_view bytes;

  std::size_t content() const { return head_size + bytes.size(); }
  std::size_t whole() const { return content() + back_bytes(content()); }
  void write(std::uint8_t* at) const {
    std::memcpy(at, head, head_size);
    if (!bytes.empty()) std::memcpy(at + head_size, bytes.data(), bytes.size());
    write_back_length(at + content(), content());
  }
};

Listpack::Encoded Listpack::encode(std::int64_t value) {
  Encoded encoded;
  encoded.head_size = integer_bytes(value);
  std::uint8_t* head = encoded.head;
  const auto bits = static_cast<std::uint64_t>(value);
  if (encoded.head_size == 1) {
    head[0] = static_cast<std::uint8_t>(bits);
  } else if (encoded.head_size == 2) {
    head[0] = static_cast<std::uint8_t>(0xc0 | (bits >> 8 & 0x1f));
    head[1] = static_cast<std::uint8_t>(bits);
  } else {
    const std::size_t width = encoded.head_size - 1;
    head[0] = static_cast<std::uint8_t>(width == 8 ? 0xf4 : 0xef + width);
    std::memcpy(head + 1, &bits, width);
  }
  return encoded;
}

Listpack::Encoded Listpack::encode(std::string_view text) {
  std::int64_t value;
  if (parse_integer(text, &value)) return encode(value);
  Encoded encoded;
  encoded.bytes = text;
  std::uint8_t* head = encoded.head;
  if (text.size() < 64) {
    encoded.head_size = 1;
    head[0] = static_cast<std::uint8_t>(0x80 | text.size());
  } else if (text.size() < 4096) {
    encoded.head_size = 2;
    head[0] = static_cast<std::uint8_t>(0xe0 | text.size() >> 8);
    head[1] = static_cast<std::uint8_t>(text.size());
  } else {
    encoded.head_size = 5;
    head[0] = 0xf0;
    store(head + 1, static_cast<std::uint32_t>(text.size()));
  }
  return encoded;
}

std::size_t ListpackView::byte_count() const { return load<std::uint32_t>(bytes_); }

std::size_t ListpackView::size() const {
  const auto count = load<std::uint16_t>(bytes_ + 4);
  if (count != kCountUnknown) return count;
  std::size_t counted = 0;
  for (Position at = first(); at != kNone; at = next(at)) ++counted;
  return counted;
}

ListpackView::Position ListpackView::last() const {
  const Position end = byte_count() - 1;
  return end == kHeaderBytes ? kNone : previous(end);
}

ListpackView::Position ListpackView::next(Position position) const {
  position += whole_bytes(bytes_ + position);
  return bytes_[position] == kEnd ? kNone : position;
}

ListpackView::Position ListpackView::previous(Position position) const {
  if (position == kHeaderBytes) return kNone;
  std::size_t content = 0;
  read_back_length(bytes_, bytes_ + position, &content);
  return position - content - back_bytes(content);
}

ListpackView::Position ListpackView::seek(std::int64_t index) const {
  bool forward = index >= 0;
  const auto count = load<std::uint16_t>(bytes_ + 4);
  if (count != kCountUnknown) {
    if (index < 0) index += count;
    if (index < 0 || index >= count) return kNone;
    forward = index < count / 2 + 1;
    if (!forward) index -= count;
  }
  Position at = forward ? first() : last();
  for (std::int64_t i = forward ? index : -1 - index; i > 0 && at != kNone; --i) {
    at = forward ? next(at) : previous(at);
  }
  return at;
}

PackedValue ListpackView::at(Position position) const {
  const std::uint8_t* entry = bytes_ + position;
  const std::uint8_t first = entry[0];
  const auto integer = [](std::int64_t value) { return PackedValue{{}, value, true}; };
  if (first < 0x80) return integer(first);
  if ((first & 0xe0) == 0xc0) {
    const int bits = (first & 0x1f) << 8 | entry[1];
    return integer(bits >= 1 << 12 ? bits - (1 << 13) : bits);
  }
  switch (first) {
    case 0xf1: return integer(load<std::int16_t>(entry + 1));
    case 0xf2: {
      const std::int32_t bits = entry[1] | entry[2] << 8 | entry[3] << 16;
      return integer(bits >= 1 << 23 ? bits - (1 << 24) : bits);
    }
    case 0xf3: return integer(load<std::int32_t>(entry + 1));
    case 0xf4: return integer(load<std::int64_t>(entry + 1));
    default: break;
  }
  const auto* text = reinterpret_cast<const char*>(entry + head_bytes(first));
  return PackedValue{{text, string_bytes(entry)}, 0, false};
}

bool ListpackView::equals(Position position, std::string_view text) const {
  const PackedValue value = at(position);
  if (!value.is_integer) return value.bytes == text;
  std::int64_t wanted;
  return parse_integer(text, &wanted) && wanted == value.integer;
}

ListpackView::Position ListpackView::find(Position position, std::string_view text,
                                          std::size_t skip) const {
  std::int64_t wanted = 0;
  const bool wants_integer = parse_integer(text, &wanted);
  std::size_t passed = 0;
  while (position != kNone) {
    if (passed == 0) {
      const PackedValue value = at(position);
      if (value.is_integer ? wants_integer && value.integer == wanted : value.bytes == text) {
        return position;
      }
      passed = skip;
    } else {
      --passed;
    }
    position = next(position);
  }
  return kNone;
}

bool ListpackView::validate(std::span<const std::uint8_t> bytes, bool deep) {
  if (bytes.size() < kHeaderBytes + 1) return false;
  if (load<std::uint32_t>(bytes.data()) != bytes.size()) return false;
  if (bytes.back() != kEnd) return false;
  if (!deep) return true;
  const std::size_t end = bytes.size() - 1;
  std::size_t counted = 0;
  std::size_t at = kHeaderBytes;
  while (at < end) {
    const std::uint8_t* entry = bytes.data() + at;
    const std::size_t head = head_bytes(entry[0]);
    if (head == 0 || head > end - at) return false;
    const std::size_t content = head + string_bytes(entry);
    if (content > end - at) return false;
    const std::size_t back = back_bytes(content);
    if (back > end - at - content) return false;
    at += content + back;
    std::size_t told = 0;
    if (!read_back_length(entry, bytes.data() + at, &told) || told != content) return false;
    ++counted;
  }
  const auto count = load<std::uint16_t>(bytes.data() + 4);
  return count == kCountUnknown || count == counted;
}

std::size_t ListpackView::entry_bytes(std::string_view text) {
  std::int64_t value;
  std::size_t content;
  if (parse_integer(text, &value)) {
    content = integer_bytes(value);
  } else {
    content = (text.size() < 64 ? 1u : text.size() < 4096 ? 2u : 5u) + text.size();
  }
  return content + back_bytes(content);
}

Listpack::Listpack() : ListpackView(nullptr) {
  auto* bytes = static_cast<std::uint8_t*>(heap::allocate(kHeaderBytes + 1));
  store(bytes, static_cast<std::uint32_t>(kHeaderBytes + 1));
  store(bytes + 4, std::uint16_t{0});
  bytes[kHeaderBytes] = kEnd;
  bytes_ = bytes;
}

Listpack::Listpack(std::span<const std::uint8_t> bytes) : ListpackView(nullptr) {
  auto* copy = static_cast<std::uint8_t*>(heap::allocate(bytes.size()));
  std::memcpy(copy, bytes.data(), bytes.size());
  bytes_ = copy;
}

Listpack::~Listpack() { heap::release(writable()); }

// Takes `removed` bytes (`removed_count` entries) at the position out and puts an entry there.
ListpackView::Position Listpack::splice(Position position, std::size_t removed,
                                        std::size_t removed_count, const Encoded* added) {
  const std::size_t before = byte_count();
  if (position == kNone) position = before - 1;
  const std::size_t added_bytes = added == nullptr ? 0 : added->whole();
  const std::size_t after = before - removed + added_bytes;
  std::uint8_t* bytes = writable();
  if (added_bytes > removed) {
    if (heap::usable_bytes(bytes) < after) {
      bytes = static_cast<std::uint8_t*>(heap::resize(bytes, after));
    }
  }
  const std::size_t tail = before - position - removed;
  std::memmove(bytes + position + added_bytes, bytes + position + removed, tail);
  if (added != nullptr) added->write(bytes + position);
  if (added_bytes < removed) bytes = static_cast<std::uint8_t*>(heap::resize(bytes, after));
  store(bytes, static_cast<std::uint32_t>(after));
  const auto count = load<std::uint16_t>(bytes + 4);
  if (count != kCountUnknown) {
    const std::size_t counted = count - removed_count + (added == nullptr ? 0 : 1);
    store(bytes + 4, static_cast<std::uint16_t>(counted));
  }
  bytes_ = bytes;
  return position;
}

ListpackView::Position Listpack::insert(Position position, std::string_view text) {
  const Encoded encoded = encode(text);
  return splice(position, 0, 0, &encoded);
}

ListpackView::Position Listpack::insert(Position position, std::int64_t value) {
  const Encoded encoded = encode(value);
  return splice(position, 0, 0, &encoded);
}

ListpackView::Position Listpack::replace(Position position, std::string_view text) {
  const Encoded encoded = encode(text);
  return splice(position, whole_bytes(bytes_ + position), 1, &encoded);
}

ListpackView::Position Listpack::replace(Position position, std::int64_t value) {
  const Encoded encoded = encode(value);
  return splice(position, whole_bytes(bytes_ + position), 1, &encoded);
}

ListpackView::Position Listpack::erase(Position position, std::size_t count) {
  std::size_t end = position;
  std::size_t erased = 0;
  while (erased < count && bytes_[end] != kEnd) {
    end += whole_bytes(bytes_ + end);
    ++erased;
  }
  splice(position, end - position, erased, nullptr);
  return bytes_[position] == kEnd ? kNone : position;
}

void Listpack::append(const ListpackView& other) {
  const std::size_t before = byte_count();
  const std::size_t content = other.byte_count() - kHeaderBytes - 1;
  const std::size_t count = size() + other.size();
  auto* bytes = static_cast<std::uint8_t*>(heap::resize(writable(), before + content));
  std::memcpy(bytes + before - 1, other.bytes().data() + kHeaderBytes, content + 1);
  store(bytes, static_cast<std::uint32_t>(before + content));
  store(bytes + 4, static_cast<std::uint16_t>(count < kCountUnknown ? count : kCountUnknown));
  bytes_ = bytes;
}

void Listpack::check_integrity() const {
  require(validate(bytes(), true), "listpack", "the bytes are no listpack");
  require(heap::usable_bytes(bytes_) >= byte_count(), "listpack", "longer than its memory");
  std::size_t backwards = 0;
  for (Position at = last(); at != kNone; at = previous(at)) ++backwards;
  require(backwards == size(), "listpack", "counts forwards and backwards differ");
}

}  // namespace larder::redis
