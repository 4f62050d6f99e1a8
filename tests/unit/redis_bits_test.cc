#include "engine/redis/bits.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace larder::redis;

TEST_CASE("counting and finding agree with looking at every bit") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string bytes(1 + random() % 40, '\0');
    const int kind = static_cast<int>(random() % 3);
    for (char& byte : bytes) byte = static_cast<char>(kind == 0 ? 0 : kind == 1 ? 0xff : random());
    const std::uint64_t total = bytes.size() * 8;
    const std::uint64_t first = random() % total;
    const std::uint64_t last = first + random() % (total - first);
    std::uint64_t counted = 0;
    std::int64_t found[2] = {-1, -1};
    for (std::uint64_t i = first; i <= last; ++i) {
      const std::uint64_t bit = bits::read(bytes, i, 1);
      counted += bit;
      if (found[bit] == -1) found[bit] = static_cast<std::int64_t>(i);
    }
    CHECK(bits::count(bytes, first, last) == counted);
    CHECK(bits::find(bytes, false, first, last) == found[0]);
    CHECK(bits::find(bytes, true, first, last) == found[1]);
  }
}

TEST_CASE("fields of any width read as they were written") {
  std::mt19937_64 random(3);
  std::string bytes(64, '\0');
  for (int round = 0; round < 1000; ++round) {
    const auto width = static_cast<unsigned>(1 + random() % 64);
    const std::uint64_t offset = random() % (bytes.size() * 8 - width);
    const std::uint64_t value = width == 64 ? random() : random() & ((std::uint64_t{1} << width) - 1);
    bits::write(bytes.data(), offset, width, value);
    REQUIRE(bits::read(bytes, offset, width) == value);
  }
  CHECK(bits::read("\xff", 4, 8) == 0xf0);
  CHECK(bits::read("", 100, 64) == 0);
}
