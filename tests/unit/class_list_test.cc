#include "engine/class_list.h"

#include <catch2/catch.hpp>

using larder::engine::parse_class_list;

TEST_CASE("class lists") {
  const auto set_of = [](std::string_view text) {
    std::uint64_t classes = 0;
    REQUIRE(parse_class_list(text, &classes));
    return classes;
  };
  CHECK(set_of("1") == 0b10);
  CHECK(set_of("1,3,3") == 0b1010);
  CHECK(set_of("63,01") == (std::uint64_t{1} << 63 | 0b10));
  CHECK(set_of(",1,,2,") == 0b110);
  CHECK(set_of(",") == 0);
  CHECK(set_of("") == 0);
  CHECK(set_of("all") == ~std::uint64_t{1});
  CHECK(set_of("hash") == ~std::uint64_t{1});
}

TEST_CASE("class lists that are none") {
  for (const char* text : {"0", "64", "1,64", "1,x", "x,1", "-1", "1.5", "al", "alle", "hashx",
                           "all,1", "99999999999999999999", "1;2"}) {
    std::uint64_t classes = 0;
    CAPTURE(text);
    CHECK_FALSE(parse_class_list(text, &classes));
  }
}
