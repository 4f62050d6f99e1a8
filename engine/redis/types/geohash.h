// Places on the earth as 52-bit numbers, as Redis' geo commands keep them in the scores of a sorted set.
//
// A geohash halves the ranges of longitude and latitude in turn, `step` times each; bit 0 is the last
// halving of latitude, bit 1 the last of longitude (Morton order). Scores have step 26. Latitude is
// limited to +-85.05112878 degrees (EPSG:3857), where a Mercator map is a square.
//
// Distances: haversine on a sphere of 6372797.560856 m. Every operation is done in the order in which
// Redis does it, because clients see the last digits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace larder::redis::geo {

inline constexpr double kLongitudeMax = 180;
inline constexpr double kLatitudeMax = 85.05112878;
inline constexpr unsigned kStepMax = 26;

struct Point {
  double longitude = 0;
  double latitude = 0;
};
/// Whether a point can be kept at all. False for NaN.
bool valid(Point point);

struct Hash {
  std::uint64_t bits = 0;
  unsigned step = 0;  // 0: no hash
};
struct Range {
  double min = 0;
  double max = 0;
};
struct Area {
  Range longitude;
  Range latitude;
};

inline constexpr Area kWorld{{-kLongitudeMax, kLongitudeMax}, {-kLatitudeMax, kLatitudeMax}};
/// The ranges of the public geohash.org text form.
inline constexpr Area kStandardWorld{{-180, 180}, {-90, 90}};

/// Requires: the point lies inside `world`.
Hash encode(Point point, unsigned step, const Area& world = kWorld);
Area decode(Hash hash);
/// The score of a valid point.
double score_of(Point point);
/// The middle of the score's cell.
Point point_of(double score);
/// The 11 characters of GEOHASH.
std::array<char, 11> text_of(Point point);
/// Metres between two points.
double distance(Point a, Point b);

/// A circle or a box around a point; lengths in the client's unit, `unit` metres each.
struct Shape {
  enum class Kind { circle, box };
  Kind kind = Kind::circle;
  Point centre;
  double unit = 1;
  double radius = 0;
  double width = 0;
  double height = 0;

  /// Metres from the centre to the point, if it lies inside.
  std::optional<double> distance_inside(Point point) const;
};

/// Scores [min, max).
struct ScoreRange {
  double min;
  double max;
};
/// Up to nine cells that cover a shape, in the order in which Redis searches them; a range that
/// equals the one searched before it is left out.
struct Cover {
  std::array<ScoreRange, 9> ranges;
  std::size_t count = 0;
};
Cover cover(const Shape& shape);

}  // namespace larder::redis::geo
