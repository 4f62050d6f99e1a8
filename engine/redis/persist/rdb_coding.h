// The atoms of Redis' serialised form (RDB files and DUMP payloads): lengths, strings, numbers, and
// the numbers of value types.
//
//   length   00nnnnnn | 01nnnnnn nnnnnnnn | 10000000 and 4 bytes | 10000001 and 8 bytes (big-endian)
//   string   a length and as many bytes, or
//            11000000 int8 | 11000001 int16 | 11000010 int32 (little-endian; stands for its decimal text)
//            11000011 LZF: length of the compressed text, length of the text, compressed text
//   double   8 bytes, little-endian; the old form is a length byte and text (253 NaN, 254 inf, 255 -inf)
//   time     milliseconds, 8 bytes, little-endian
//
// The numbers reach the disk: they are never changed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/redis/persist/bytes.h"

namespace larder::redis::persist {

/// What is written; up to kVersionMax is read.
inline constexpr unsigned kVersion = 10;
inline constexpr unsigned kVersionMax = 12;

/// How a value is serialised.
enum class Form : std::uint8_t {
  kString = 0,
  kListPlain = 1,
  kSetPlain = 2,
  kZsetText = 3,
  kHashPlain = 4,
  kZset = 5,
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntset = 11,
  kZsetZiplist = 12,
  kHashZiplist = 13,
  kListQuicklistZiplist = 14,
  kStream1 = 15,
  kHashListpack = 16,
  kZsetListpack = 17,
  kListQuicklist = 18,
  kStream2 = 19,
  kSetListpack = 20,
  kStream3 = 21,
  kHashFieldTtlEarly = 22,
  kHashListpackExEarly = 23,
  kHashFieldTtl = 24,
  kHashListpackEx = 25,
};

class RdbWriter {
 public:
  explicit RdbWriter(ByteSink& sink, bool compress = true) : sink_(sink), compress_(compress) {}

  void form(Form form) { byte(static_cast<std::uint8_t>(form)); }
  void byte(std::uint8_t value);
  void length(std::uint64_t value);
  /// Short decimal numbers as integers, longer texts compressed where that makes them shorter.
  void string(std::string_view bytes);
  void raw(std::string_view bytes) { sink_.write(bytes); }
  void u64(std::uint64_t value);
  void real(double value);

 private:
  ByteSink& sink_;
  bool compress_;
  std::string compressed_;
};

/// Every function returns false when the source ends early or what comes is not well formed.
class RdbReader {
 public:
  explicit RdbReader(ByteSource& source) : source_(source) {}

  [[nodiscard]] bool byte(std::uint8_t& value);
  [[nodiscard]] bool length(std::uint64_t& value);
  /// Refuses a string that claims more than what may still come can hold.
  [[nodiscard]] bool string(std::string& bytes);
  [[nodiscard]] bool raw(char* into, std::size_t bytes) { return source_.read(into, bytes); }
  [[nodiscard]] bool u64(std::uint64_t& value);
  [[nodiscard]] bool real(double& value);
  [[nodiscard]] bool text_real(double& value);
  /// Elements of at least one byte each that may still come: no loop and no reservation needs more.
  std::uint64_t remaining() const { return source_.remaining(); }

 private:
  enum class Special : std::uint8_t { kNone, kInt8, kInt16, kInt32, kLzf };
  [[nodiscard]] bool length_or_special(std::uint64_t& value, Special& special);
  template <typename Integer>
  [[nodiscard]] bool integer_text(std::string& bytes);
  [[nodiscard]] bool compressed(std::string& bytes);

  ByteSource& source_;
};

}  // namespace larder::redis::persist
