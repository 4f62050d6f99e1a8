#include "engine/redis/persist/rdb_coding.h"

#include <array>
#include <bit>
#include <charconv>
#include <limits>

#include "engine/redis/persist/lzf.h"
#include "engine/redis/types/score_text.h"

namespace larder::redis::persist {

static_assert(std::endian::native == std::endian::little);

namespace {

constexpr std::uint8_t kLength32 = 0x80;
constexpr std::uint8_t kLength64 = 0x81;
constexpr std::uint8_t kSpecial = 0xc0;
constexpr std::size_t kIntegerTextMax = 11;    // -2147483648
constexpr std::size_t kCompressedFrom = 21;    // shorter strings are not worth it
constexpr std::size_t kStringBytesMax = std::size_t{512} << 20;

template <typename Number>
std::string_view bytes_of(const Number& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

/// Writes the text as an integer if exactly that text would be read back.
bool put_integer(std::string_view text, RdbWriter& out) {
  if (text.empty() || text.size() > kIntegerTextMax) return false;
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return false;
  std::array<char, 24> again;
  const auto end = std::to_chars(again.data(), again.data() + again.size(), value).ptr;
  if (std::string_view(again.data(), static_cast<std::size_t>(end - again.data())) != text) return false;
  const auto put = [&out]<typename Integer>(std::uint8_t code, Integer integer) {
    out.byte(static_cast<std::uint8_t>(kSpecial | code));
    out.raw(bytes_of(integer));
    return true;
  };
  const auto fits = [value]<typename Integer>(Integer) {
    return value >= std::numeric_limits<Integer>::min() && value <= std::numeric_limits<Integer>::max();
  };
  if (fits(std::int8_t{})) return put(0, static_cast<std::int8_t>(value));
  if (fits(std::int16_t{})) return put(1, static_cast<std::int16_t>(value));
  if (fits(std::int32_t{})) return put(2, static_cast<std::int32_t>(value));
  return false;
}

}  // namespace

void RdbWriter::byte(std::uint8_t value) { sink_.write(bytes_of(value)); }

void RdbWriter::length(std::uint64_t value) {
  if (value < 1u << 6) return byte(static_cast<std::uint8_t>(value));
  if (value < 1u << 14) {
    byte(static_cast<std::uint8_t>(0x40 | value >> 8));
    return byte(static_cast<std::uint8_t>(value));
  }
  if (value <= std::numeric_limits<std::uint32_t>::max()) {
    byte(kLength32);
    return raw(bytes_of(__builtin_bswap32(static_cast<std::uint32_t>(value))));
  }
  byte(kLength64);
  raw(bytes_of(__builtin_bswap64(value)));
}

void RdbWriter::string(std::string_view bytes) {
  if (put_integer(bytes, *this)) return;
  if (compress_ && bytes.size() >= kCompressedFrom && lzf_compress(bytes, bytes.size() - 4, compressed_)) {
    byte(kSpecial | 3);
    length(compressed_.size());
    length(bytes.size());
    return raw(compressed_);
  }
  length(bytes.size());
  raw(bytes);
}

void RdbWriter::u64(std::uint64_t value) { raw(bytes_of(value)); }
void RdbWriter::real(double value) { raw(bytes_of(value)); }

bool RdbReader::byte(std::uint8_t& value) { return raw(reinterpret_cast<char*>(&value), sizeof value); }
bool RdbReader::u64(std::uint64_t& value) { return raw(reinterpret_cast<char*>(&value), sizeof value); }
bool RdbReader::real(double& value) { return raw(reinterpret_cast<char*>(&value), sizeof value); }

bool RdbReader::length_or_special(std::uint64_t& value, Special& special) {
  special = Special::kNone;
  std::uint8_t first = 0;
  if (!byte(first)) return false;
  switch (first >> 6) {
    case 0:
      value = first;
      return true;
    case 1: {
      std::uint8_t second = 0;
      if (!byte(second)) return false;
      value = static_cast<std::uint64_t>(first & 0x3f) << 8 | second;
      return true;
    }
    case 2:
      break;
    default:
      if ((first & 0x3f) > 3) return false;
      special = static_cast<Special>((first & 0x3f) + 1);
      return true;
  }
  if (first == kLength32) {
    std::uint32_t big = 0;
    if (!raw(reinterpret_cast<char*>(&big), sizeof big)) return false;
    value = __builtin_bswap32(big);
    return true;
  }
  if (first != kLength64) return false;
  std::uint64_t big = 0;
  if (!u64(big)) return false;
  value = __builtin_bswap64(big);
  return true;
}

bool RdbReader::length(std::uint64_t& value) {
  Special special;
  return length_or_special(value, special) && special == Special::kNone;
}

template <typename Integer>
bool RdbReader::integer_text(std::string& bytes) {
  Integer value = 0;
  if (!raw(reinterpret_cast<char*>(&value), sizeof value)) return false;
  bytes = std::to_string(value);
  return true;
}

bool RdbReader::compressed(std::string& bytes) {
  std::uint64_t compressed_bytes = 0;
  std::uint64_t plain_bytes = 0;
  if (!length(compressed_bytes) || !length(plain_bytes)) return false;
  if (compressed_bytes > source_.remaining()) return false;
  if (plain_bytes > lzf_expanded_max(compressed_bytes) || plain_bytes > kStringBytesMax) return false;
  std::string compressed(compressed_bytes, '\0');
  if (!raw(compressed.data(), compressed.size())) return false;
  bytes.resize(plain_bytes);
  return lzf_expand(compressed, bytes.data(), bytes.size());
}

bool RdbReader::string(std::string& bytes) {
  std::uint64_t size = 0;
  Special special;
  if (!length_or_special(size, special)) return false;
  switch (special) {
    case Special::kNone:
      break;
    case Special::kInt8:
      return integer_text<std::int8_t>(bytes);
    case Special::kInt16:
      return integer_text<std::int16_t>(bytes);
    case Special::kInt32:
      return integer_text<std::int32_t>(bytes);
    case Special::kLzf:
      return compressed(bytes);
  }
  if (size > source_.remaining() || size > kStringBytesMax) return false;
  bytes.resize(size);
  return raw(bytes.data(), bytes.size());
}

bool RdbReader::text_real(double& value) {
  std::uint8_t bytes = 0;
  if (!byte(bytes)) return false;
  if (bytes >= 253) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    value = bytes == 254 ? kInfinity : -kInfinity;
    return bytes != 253;  // NaN is no score
  }
  std::array<char, 256> text;
  if (!raw(text.data(), bytes)) return false;
  const auto parsed = parse_score_text({text.data(), bytes});
  if (parsed) value = *parsed;
  return parsed.has_value();
}

}  // namespace larder::redis::persist
