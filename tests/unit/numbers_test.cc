#include "proto/numbers.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

using namespace larder::proto;

namespace {

/// The value of a text, or nothing; a refused text must leave the result alone.
template <typename Number, typename Parse>
std::optional<Number> parsed(Parse parse, std::string_view text) {
  Number value = 77;
  if (parse(text, &value)) return value;
  CHECK(value == 77);
  return std::nullopt;
}
std::optional<std::uint32_t> u32(std::string_view text) {
  return parsed<std::uint32_t>(parse_u32, text);
}
std::optional<std::int32_t> i32(std::string_view text) {
  return parsed<std::int32_t>(parse_i32, text);
}
std::optional<std::uint64_t> u64(std::string_view text) {
  return parsed<std::uint64_t>(parse_u64, text);
}
std::optional<std::uint32_t> client_flags(std::string_view text) {
  return parsed<std::uint32_t>(parse_storage_flags, text);
}
std::optional<std::int32_t> exptime(std::string_view text) {
  return parsed<std::int32_t>(parse_storage_exptime, text);
}

std::string written(std::uint64_t value) {
  char digits[kU64Digits];
  return {digits, write_u64(digits, value)};
}
std::string written_i32(std::int32_t value) {
  char digits[kI32Digits];
  return {digits, write_i32(digits, value)};
}

}  // namespace

TEST_CASE("numbers: plain unsigned") {
  CHECK(u32("0") == 0u);
  CHECK(u32("4294967295") == 4294967295u);
  CHECK(u32("00000000001") == 1u);
  CHECK(u64("18446744073709551615") == 18446744073709551615u);
  CHECK(u64("0018446744073709551615") == 18446744073709551615u);
  for (const char* text : {"", "-", "-1", "+1", " 1", "1 ", "1x", "x", "4294967296", "9999999999",
                           "000000000001", "1.5", "0x1", "/", ":", "\xb1"}) {
    INFO(text);
    CHECK_FALSE(u32(text));
  }
  for (const char* text : {"", "-1", "+1", "x", "18446744073709551616", "99999999999999999999",
                           "00000000000000000000001", "1\t"}) {
    INFO(text);
    CHECK_FALSE(u64(text));
  }
}

TEST_CASE("numbers: plain signed") {
  CHECK(i32("0") == 0);
  CHECK(i32("-0") == 0);
  CHECK(i32("-") == 0);
  CHECK(i32("2147483647") == 2147483647);
  CHECK(i32("-2147483648") == std::numeric_limits<std::int32_t>::min());
  CHECK(i32("-1") == -1);
  CHECK(i32("00000000001") == 1);
  CHECK(i32("-0000000001") == -1);
  for (const char* text : {"", "--1", "+1", "1-", "2147483648", "-2147483649", "99999999999",
                           "000000000001", "-00000000001", "1 ", "x"}) {
    INFO(text);
    CHECK_FALSE(i32(text));
  }
}

TEST_CASE("numbers: client flags of storage commands") {
  CHECK(client_flags("0") == 0u);
  CHECK(client_flags("+5") == 5u);
  CHECK(client_flags("\t5") == 5u);
  CHECK(client_flags("5\tx") == 5u);
  CHECK(client_flags(std::string_view("5\0x", 3)) == 5u);
  CHECK(client_flags("-0") == 0u);
  CHECK(client_flags("4294967295") == 4294967295u);
  CHECK(client_flags("4294967297") == 1u);
  CHECK(client_flags("18446744073709551615") == 4294967295u);
  CHECK(client_flags("-18446744073709551615") == 1u);
  CHECK(client_flags("000000000000000000000000000001") == 1u);
  for (const char* text : {"", "-1", "-", "+", "x", "5x", "+-5", "\t", "18446744073709551616",
                           "-9223372036854775808"}) {
    INFO(text);
    CHECK_FALSE(client_flags(text));
  }
}

TEST_CASE("numbers: exptime of storage commands") {
  CHECK(exptime("0") == 0);
  CHECK(exptime("-1") == -1);
  CHECK(exptime("+\t1") == std::nullopt);
  CHECK(exptime("\t+1") == 1);
  CHECK(exptime("2147483648") == std::numeric_limits<std::int32_t>::min());
  CHECK(exptime("4294967295") == -1);
  CHECK(exptime("4294967296") == 0);
  CHECK(exptime("9223372036854775807") == -1);
  CHECK(exptime("-9223372036854775808") == 0);
  for (const char* text : {"", "-", "x", "1x", "9223372036854775808", "-9223372036854775809",
                           "18446744073709551616"}) {
    INFO(text);
    CHECK_FALSE(exptime(text));
  }
}

TEST_CASE("numbers: written as std::to_string does") {
  CHECK(written(0) == "0");
  CHECK(written(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  std::uint64_t power = 1;
  for (int digits = 1; digits <= 20; ++digits, power *= 10) {
    for (const std::uint64_t value : {power - 1, power, power + 1, power * 5 + 7}) {
      CHECK(written(value) == std::to_string(value));
    }
  }
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t value = std::uint64_t{1} << bit;
    CHECK(written(value) == std::to_string(value));
    CHECK(written(value - 1) == std::to_string(value - 1));
  }
  for (std::uint64_t value = 0; value < 20'000; ++value) {
    if (written(value) != std::to_string(value)) FAIL(value);
  }
  for (const std::int32_t value : {0, 1, -1, 42, -42, std::numeric_limits<std::int32_t>::max(),
                                   std::numeric_limits<std::int32_t>::min()}) {
    CHECK(written_i32(value) == std::to_string(value));
  }
}
