#include "engine/class_list.h"

#include <catch2/catch.hpp>
#include <initializer_list>

using larder::engine::parse_class_list;
using Classes = std::bitset<larder::slab::kClassCountMax>;

TEST_CASE("class lists") {
  const auto set_of = [](std::string_view text) {
    Classes classes;
    REQUIRE(parse_class_list(text, &classes));
    return classes;
  };
  const auto these = [](std::initializer_list<std::size_t> ids) {
    Classes classes;
    for (const std::size_t id : ids) classes.set(id);
    return classes;
  };
  CHECK(set_of("1") == these({1}));
  CHECK(set_of("1,3,3") == these({1, 3}));
  CHECK(set_of("79,01") == these({1, 79}));
  CHECK(set_of(",1,,2,") == these({1, 2}));
  CHECK(set_of(",").none());
  CHECK(set_of("").none());
  CHECK(set_of("all") == ~these({0}));
  CHECK(set_of("hash") == ~these({0}));
}

TEST_CASE("class lists that are none") {
  for (const char* text : {"0", "80", "1,80", "1,x", "x,1", "-1", "1.5", "al", "alle", "hashx",
                           "all,1", "99999999999999999999", "1;2"}) {
    Classes classes;
    CAPTURE(text);
    CHECK_FALSE(parse_class_list(text, &classes));
  }
}
