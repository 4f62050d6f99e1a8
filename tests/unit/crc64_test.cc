#include "engine/redis/persist/crc64.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using larder::redis::persist::crc64;

TEST_CASE("crc64: the check value of the Jones polynomial, and nothing for nothing") {
  CHECK(crc64(0, "123456789") == 0xe9c6d914c4b8d9ca);
  CHECK(crc64(0, "") == 0);
  CHECK(crc64(7, "") == 7);
}

TEST_CASE("crc64: pieces give what the whole gives, wherever it is cut") {
  std::mt19937 random(1);
  std::string text(61, '\0');
  for (char& c : text) c = static_cast<char>(random());
  const std::uint64_t whole = crc64(0, text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string_view view = text;
    CHECK(crc64(crc64(0, view.substr(0, cut)), view.substr(cut)) == whole);
  }
}

TEST_CASE("crc64: each changed bit changes the sum") {
  std::string text(40, 'x');
  const std::uint64_t whole = crc64(0, text);
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    CHECK(crc64(0, text) != whole);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
}
