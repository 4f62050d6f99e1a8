#include "engine/redis/persist/rdb_coding.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>

using namespace larder::redis::persist;
using namespace std::string_literals;

namespace {

template <typename Write>
std::string written(Write write) {
  std::string bytes;
  StringSink sink(bytes);
  RdbWriter out(sink);
  write(out);
  return bytes;
}

template <typename Read>
bool reads(std::string_view bytes, Read read) {
  ViewSource source(bytes);
  RdbReader in(source);
  return read(in) && source.remaining() == 0;
}

}  // namespace

TEST_CASE("rdb: lengths take the shortest form and come back") {
  const std::pair<std::uint64_t, std::string> cases[] = {
      {0, "\x00"s},
      {63, "\x3f"},
      {64, "\x40\x40"},
      {16383, "\x7f\xff"},
      {16384, "\x80\x00\x00\x40\x00"s},
      {0xffffffff, "\x80\xff\xff\xff\xff"},
      {0x100000000, "\x81\x00\x00\x00\x01\x00\x00\x00\x00"s},
      {std::numeric_limits<std::uint64_t>::max(), "\x81\xff\xff\xff\xff\xff\xff\xff\xff"},
  };
  for (const auto& [value, bytes] : cases) {
    CHECK(written([v = value](RdbWriter& out) { out.length(v); }) == bytes);
    CHECK(reads(bytes, [v = value](RdbReader& in) {
      std::uint64_t length = 1;
      return in.length(length) && length == v;
    }));
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      CHECK_FALSE(reads(bytes.substr(0, cut), [](RdbReader& in) {
        std::uint64_t length = 0;
        return in.length(length);
      }));
    }
  }
  std::uint64_t length = 0;
  CHECK_FALSE(reads("\x82", [&](RdbReader& in) { return in.length(length); }));
  CHECK_FALSE(reads("\xc0\x01", [&](RdbReader& in) { return in.length(length); }));
}

TEST_CASE("rdb: strings as they are, as integers and compressed") {
  const auto encoded = [](std::string_view text) {
    return written([text](RdbWriter& out) { out.string(text); });
  };
  CHECK(encoded("") == "\x00"s);
  CHECK(encoded("abc") == "\x03" "abc");
  CHECK(encoded("0") == "\xc0\x00"s);
  CHECK(encoded("-128") == "\xc0\x80");
  CHECK(encoded("128") == "\xc1\x80\x00"s);
  CHECK(encoded("-32769") == "\xc2\xff\x7f\xff\xff");
  CHECK(encoded("2147483647") == "\xc2\xff\xff\xff\x7f");
  for (const char* text : {"2147483648", "007", "+1", "-0", " 1", "1 ", "-", "1.0"}) {
    CHECK(encoded(text).substr(1) == text);
  }
  CHECK(encoded(std::string(1000, 'x')).size() < 50);
  std::mt19937 random(41);
  for (int round = 0; round < 300; ++round) {
    std::string text(random() % 300, '\0');
    for (char& c : text) c = static_cast<char>(round % 2 == 0 ? random() : 'a' + random() % 3);
    CHECK(reads(encoded(text), [&text](RdbReader& in) {
      std::string again;
      return in.string(again) && again == text;
    }));
  }
  for (const char* text : {"0", "-128", "127", "128", "-32768", "-32769", "2147483647", "-2147483648"}) {
    CHECK(reads(encoded(text), [text](RdbReader& in) {
      std::string again;
      return in.string(again) && again == text;
    }));
  }
}

TEST_CASE("rdb: strings that claim more than there is are refused before memory is taken") {
  std::string text;
  const auto read = [&text](RdbReader& in) { return in.string(text); };
  CHECK_FALSE(reads("\x81\xff\xff\xff\xff\xff\xff\xff\xff", read));
  CHECK_FALSE(reads("\x80\x7f\xff\xff\xff" "abc", read));
  CHECK_FALSE(reads("\x05" "abcd", read));
  CHECK_FALSE(reads("\xc3\x03\x80\x7f\xff\xff\xff" "abc", read));  // 2 GB out of three bytes
  CHECK_FALSE(reads("\xc3\x7f\xff\x05" "abc", read));
  CHECK_FALSE(reads("\xc4", read));
  CHECK_FALSE(reads("", read));
}

TEST_CASE("rdb: numbers") {
  for (const double value : {0.0, -0.0, 1.5, 1e300, -1e-300, double(INFINITY)}) {
    CHECK(reads(written([value](RdbWriter& out) { out.real(value); }), [value](RdbReader& in) {
      double again = 7;
      return in.real(again) && again == value;
    }));
  }
  double value = 0;
  const auto read = [&value](RdbReader& in) { return in.text_real(value); };
  CHECK(reads("\x03" "1.5", read));
  CHECK(value == 1.5);
  CHECK(reads("\xfe", read));
  CHECK(value == INFINITY);
  CHECK(reads("\xff", read));
  CHECK(value == -INFINITY);
  CHECK_FALSE(reads("\xfd", read));
  CHECK_FALSE(reads("\x03" "abc", read));
  CHECK_FALSE(reads("\x03" "1.", read));
}
