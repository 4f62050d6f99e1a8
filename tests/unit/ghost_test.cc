#include "engine/ghost.h"

#include <catch2/catch.hpp>
#include <random>

using larder::engine::Ghost;

namespace {
constexpr std::uint64_t name(std::uint64_t bits) { return bits << 24; }
}

TEST_CASE("a name is recalled once, from the set it was remembered in") {
  Ghost ghost(4);
  CHECK_FALSE(ghost.recall(0, name(7)));
  ghost.remember(0, name(7));
  CHECK_FALSE(ghost.recall(1, name(7)));
  CHECK_FALSE(ghost.recall(0, name(8)));
  CHECK(ghost.recall(0, name(7)));
  CHECK_FALSE(ghost.recall(0, name(7)));
}

TEST_CASE("a set remembers the last eight names") {
  Ghost ghost(4);
  for (std::uint64_t i = 1; i <= 12; ++i) ghost.remember(3, name(i));
  for (std::uint64_t i = 1; i <= 12; ++i) CHECK(ghost.recall(3, name(i)) == (i > 4));
}

TEST_CASE("a name that is nought is a name all the same, and nothing recalls an empty set") {
  Ghost ghost(1);
  ghost.remember(0, name(9));
  CHECK_FALSE(ghost.recall(0, name(0)));
  ghost.remember(0, name(0));
  CHECK(ghost.recall(0, name(0)));
}

TEST_CASE("few names are mistaken for others") {
  Ghost ghost(1000);
  std::mt19937_64 random(3);
  for (int i = 0; i < 8000; ++i) ghost.remember(random() % 1000, random());
  int mistaken = 0;
  for (int i = 0; i < 100'000; ++i) mistaken += ghost.recall(random() % 1000, random()) ? 1 : 0;
  CHECK(mistaken < 40);
}
