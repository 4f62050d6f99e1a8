#include "engine/redis/types/intset.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <vector>

#include "engine/redis/types/heap.h"

using larder::redis::Intset;
namespace heap = larder::redis::heap;
using Bytes = std::vector<std::uint8_t>;

TEST_CASE("an intset's bytes are those of the format, at each width") {
  Intset set;
  CHECK(set.insert(5));
  CHECK(set.insert(-2));
  const auto bytes = [&] { return Bytes(set.bytes().begin(), set.bytes().end()); };
  CHECK(bytes() == Bytes{2, 0, 0, 0, 2, 0, 0, 0, 0xfe, 0xff, 5, 0});
  CHECK(set.insert(65'536));
  CHECK(bytes() == Bytes{4, 0, 0, 0, 3, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 5, 0, 0, 0, 0, 0, 1, 0});
  CHECK(set.insert(INT64_MIN));
  CHECK(set.width() == 8);
  CHECK(set.at(0) == INT64_MIN);
  CHECK(set.at(3) == 65'536);
}

TEST_CASE("an intset agrees with a set over random changes") {
  const int bits = GENERATE(4, 14, 30, 62);
  std::mt19937_64 random(static_cast<std::uint64_t>(bits));
  const heap::Meter meter;
  {
    Intset set;
    std::set<std::int64_t> model;
    for (int step = 0; step < 5000; ++step) {
      auto value = static_cast<std::int64_t>(random() >> (64 - static_cast<unsigned>(random() % static_cast<unsigned>(bits) + 1)));
      if (random() % 2 == 0) value = -value;
      switch (random() % 3) {
        case 0: REQUIRE(set.erase(value) == (model.erase(value) == 1)); break;
        default: REQUIRE(set.insert(value) == model.insert(value).second);
      }
      REQUIRE(set.size() == model.size());
      REQUIRE(set.contains(value) == (model.count(value) == 1));
      if (step % 250 == 0) set.check_integrity();
    }
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < set.size(); ++i) all.push_back(set.at(i));
    CHECK(all == std::vector<std::int64_t>(model.begin(), model.end()));
    CHECK(Intset::validate(set.bytes(), true));
  }
  CHECK(meter.delta() == 0);
}

TEST_CASE("damaged intsets are refused") {
  const Bytes sound = {2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0};
  CHECK(Intset::validate(sound, true));
  for (std::size_t cut = 0; cut < sound.size(); ++cut) {
    CHECK_FALSE(Intset::validate(std::span(sound).first(cut), false));
  }
  CHECK_FALSE(Intset::validate(Bytes{3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0}, false));
  CHECK_FALSE(Intset::validate(Bytes{2, 0, 0, 0, 0, 0, 0, 0}, false));
  CHECK_FALSE(Intset::validate(Bytes{2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 2, 0}, false));
  const Bytes unsorted = {2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0};
  CHECK(Intset::validate(unsorted, false));
  CHECK_FALSE(Intset::validate(unsorted, true));
  CHECK_FALSE(Intset::validate(Bytes{2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0}, true));
}
