#include "engine/redis/numbers.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace larder::redis;

TEST_CASE("integers are strict: what is read prints as it was") {
  const auto read = [](std::string_view text) {
    std::int64_t value = 0;
    return parse_i64(text, &value) ? std::to_string(value) : std::string("no");
  };
  for (const char* text : {"0", "1", "-1", "9223372036854775807", "-9223372036854775808", "1000000000000000000"}) {
    CHECK(read(text) == text);
  }
  for (const char* text : {"", "-", "-0", "01", "+1", " 1", "1 ", "1a", "9223372036854775808",
                           "-9223372036854775809", "10000000000000000000", "0x1", "1.0"}) {
    CHECK(read(text) == "no");
  }
}

TEST_CASE("doubles are what strtod reads of the whole text") {
  double value = 0;
  CHECK(parse_double("3.0e3", &value));
  CHECK(value == 3000);
  CHECK(parse_double("-inf", &value));
  CHECK(std::isinf(value));
  CHECK(parse_double("0x1p3", &value));
  CHECK(value == 8);
  for (const char* text : {"", " 1", "1 ", "nan", "1e999", "abc", "1,5"}) CHECK_FALSE(parse_double(text, &value));
}

TEST_CASE("doubles are written with 17 digits, INCRBYFLOAT's without an exponent") {
  NumberText text;
  CHECK(text.of(3.0) == "3");
  CHECK(text.of(0.1) == "0.10000000000000001");
  CHECK(text.of(1e21) == "1e+21");
  CHECK(text.of(-0.0) == "-0");
  CHECK(text.of(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(human_text(3.0L) == "3");
  CHECK(human_text(10.6L) == "10.6");
  CHECK(human_text(5.0e3L) == "5000");
  CHECK(human_text(-0.0L) == "0");
}
