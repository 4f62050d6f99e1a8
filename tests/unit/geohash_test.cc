#include "engine/redis/types/geohash.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>

using namespace larder::redis;

namespace {
// Two places of the documentation of Redis' GEOADD.
constexpr geo::Point kPalermo{13.361389, 38.115556};
constexpr geo::Point kCatania{15.087269, 37.502669};
}  // namespace

TEST_CASE("geohash: scores, texts and the distance that Redis gives") {
  CHECK(geo::score_of(kPalermo) == 3479099956230698);
  CHECK(geo::score_of(kCatania) == 3479447370796909);
  const geo::Point palermo = geo::point_of(3479099956230698);
  const geo::Point catania = geo::point_of(3479447370796909);
  CHECK(std::string(geo::text_of(palermo).data(), 11) == "sqc8b49rny0");
  CHECK(std::string(geo::text_of(catania).data(), 11) == "sqdtr74hyu0");
  CHECK(geo::distance(palermo, catania) == Approx(166274.1516).epsilon(1e-9));
  CHECK(geo::distance(palermo, palermo) == 0);
}

TEST_CASE("geohash: a point and its score's point lie in one cell") {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> longitude(-180, 180);
  std::uniform_real_distribution<double> latitude(-geo::kLatitudeMax, geo::kLatitudeMax);
  for (int i = 0; i < 10'000; ++i) {
    const geo::Point point{longitude(random), latitude(random)};
    const double score = geo::score_of(point);
    CHECK(geo::score_of(geo::point_of(score)) == score);
    CHECK(geo::distance(point, geo::point_of(score)) < 1);
  }
}

TEST_CASE("geohash: edges of the world") {
  CHECK(geo::valid({180, geo::kLatitudeMax}));
  CHECK(geo::valid({-180, -geo::kLatitudeMax}));
  CHECK_FALSE(geo::valid({180.0001, 0}));
  CHECK_FALSE(geo::valid({0, 85.0512}));
  CHECK_FALSE(geo::valid({std::nan(""), 0}));
  for (const double score : {-1.0, 1e300, -1e300, double(INFINITY), 4503599627370496.0}) {
    CHECK(geo::valid(geo::point_of(score)));
  }
}

TEST_CASE("geohash: a cover holds every point of its shape") {
  std::mt19937_64 random(8);
  std::uniform_real_distribution<double> unit(0, 1);
  int inside = 0;
  for (int round = 0; round < 3000; ++round) {
    geo::Shape shape;
    shape.centre = {-179 + 358 * unit(random), -80 + 160 * unit(random)};
    const double size = std::pow(10, 1 + 5.5 * unit(random));
    shape.kind = round % 2 == 0 ? geo::Shape::Kind::circle : geo::Shape::Kind::box;
    shape.radius = size;
    shape.width = size * (0.5 + unit(random));
    shape.height = size * (0.5 + unit(random));
    const geo::Cover cover = geo::cover(shape);
    REQUIRE(cover.count > 0);
    for (int i = 0; i < 20; ++i) {
      const double degrees = size / 111'000;
      geo::Point point{shape.centre.longitude + degrees * (unit(random) - 0.5),
                       shape.centre.latitude + degrees * (unit(random) - 0.5)};
      if (!geo::valid(point)) continue;
      const double score = geo::score_of(point);
      if (!shape.distance_inside(geo::point_of(score))) continue;
      ++inside;
      int covered = 0;
      for (std::size_t k = 0; k < cover.count; ++k) {
        if (score >= cover.ranges[k].min && score < cover.ranges[k].max) ++covered;
      }
      CHECK(covered == 1);
    }
  }
  CHECK(inside > 1000);
}
