#include "engine/redis/types/geohash.h"

#include <algorithm>
#include <cmath>

namespace larder::redis::geo {

namespace {

constexpr double kEarthRadius = 6372797.560856;
constexpr double kMercatorMax = 20037726.37;
constexpr double kRadian = M_PI / 180.0;

double radians(double degrees) { return degrees * kRadian; }
double degrees(double radians) { return radians / kRadian; }

constexpr std::uint64_t kEvenBits = 0x5555555555555555;

/// Moves bit i to bit 2i.
std::uint64_t spread(std::uint32_t value) {
  std::uint64_t bits = value;
  bits = (bits | bits << 16) & 0x0000ffff0000ffff;
  bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits << 2) & 0x3333333333333333;
  return (bits | bits << 1) & kEvenBits;
}

/// Moves bit 2i to bit i.
std::uint32_t gather(std::uint64_t bits) {
  bits &= kEvenBits;
  bits = (bits | bits >> 1) & 0x3333333333333333;
  bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits >> 4) & 0x00ff00ff00ff00ff;
  bits = (bits | bits >> 8) & 0x0000ffff0000ffff;
  return static_cast<std::uint32_t>(bits | bits >> 16);
}

Range cell(Range range, std::uint32_t index, unsigned step) {
  const double scale = range.max - range.min;
  const double cells = static_cast<double>(std::uint64_t{1} << step);
  return {range.min + (index * 1.0 / cells) * scale, range.min + ((index + 1) * 1.0 / cells) * scale};
}

double middle(Range range, double most) {
  return std::clamp((range.min + range.max) / 2, -most, most);
}

/// The neighbour dx cells east and dy cells north; it wraps around at the edges of the world.
Hash moved(Hash hash, int dx, int dy) {
  const std::uint64_t mask = (std::uint64_t{1} << hash.step) - 1;
  std::uint64_t x = gather(hash.bits >> 1);
  std::uint64_t y = gather(hash.bits);
  // A point on the eastern or northern edge has one bit more than its step; it stays if not moved.
  if (dx != 0) x = (x + static_cast<std::uint64_t>(dx)) & mask;
  if (dy != 0) y = (y + static_cast<std::uint64_t>(dy)) & mask;
  hash.bits = spread(static_cast<std::uint32_t>(x)) << 1 | spread(static_cast<std::uint32_t>(y));
  return hash;
}

double latitude_distance(double a, double b) { return kEarthRadius * std::fabs(radians(b) - radians(a)); }

/// The box of longitudes and latitudes around a shape.
Area bounding_box(const Shape& shape) {
  const bool circle = shape.kind == Shape::Kind::circle;
  const double height = shape.unit * (circle ? shape.radius : shape.height / 2);
  const double width = shape.unit * (circle ? shape.radius : shape.width / 2);
  const double longitude = shape.centre.longitude;
  const double latitude = shape.centre.latitude;
  const double up = degrees(height / kEarthRadius);
  // Towards the pole an arc of the same length covers more degrees; take the wider edge.
  const double edge = latitude < 0 ? latitude - up : latitude + up;
  const double aside = degrees(width / kEarthRadius / std::cos(radians(edge)));
  return {{longitude - aside, longitude + aside}, {latitude - up, latitude + up}};
}

unsigned estimated_step(double metres, double latitude) {
  if (metres == 0) return kStepMax;
  int step = 1;
  for (; metres < kMercatorMax; metres *= 2) ++step;
  step -= 2;  // so that most circles fit into nine cells
  if (std::fabs(latitude) > 66) --step;
  if (std::fabs(latitude) > 80) --step;
  return static_cast<unsigned>(std::clamp(step, 1, static_cast<int>(kStepMax)));
}

// In the order of the search: the centre, N, S, E, W, NE, NW, SE, SW.
struct Direction {
  int dx;
  int dy;
};
constexpr std::array<Direction, 9> kDirections{
    {{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}}};

/// Whether the nine cells around `hash` reach as far as the box.
bool reaches(Hash hash, const Area& box) {
  return !(decode(moved(hash, 0, 1)).latitude.max < box.latitude.max) &&
         !(decode(moved(hash, 0, -1)).latitude.min > box.latitude.min) &&
         !(decode(moved(hash, 1, 0)).longitude.max < box.longitude.max) &&
         !(decode(moved(hash, -1, 0)).longitude.min > box.longitude.min);
}

/// Whether the cell in that direction cannot hold anything of the box.
bool useless(Direction to, const Area& cell, const Area& box) {
  return (to.dy < 0 && cell.latitude.min < box.latitude.min) ||
         (to.dy > 0 && cell.latitude.max > box.latitude.max) ||
         (to.dx < 0 && cell.longitude.min < box.longitude.min) ||
         (to.dx > 0 && cell.longitude.max > box.longitude.max);
}

double aligned(std::uint64_t bits, unsigned step) {
  return static_cast<double>(bits << (2 * kStepMax - 2 * step));
}

}  // namespace

bool valid(Point point) {
  return point.longitude >= -kLongitudeMax && point.longitude <= kLongitudeMax &&
         point.latitude >= -kLatitudeMax && point.latitude <= kLatitudeMax;
}

Hash encode(Point point, unsigned step, const Area& world) {
  const auto offset = [step](double value, Range range) {
    const double part = (value - range.min) / (range.max - range.min);
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(
        part * static_cast<double>(std::uint64_t{1} << step)));
  };
  return {spread(offset(point.latitude, world.latitude)) |
              spread(offset(point.longitude, world.longitude)) << 1,
          step};
}

Area decode(Hash hash) {
  return {cell(kWorld.longitude, gather(hash.bits >> 1), hash.step),
          cell(kWorld.latitude, gather(hash.bits), hash.step)};
}

double score_of(Point point) { return static_cast<double>(encode(point, kStepMax).bits); }

Point point_of(double score) {
  // A score that no geo command made may be anything; only what a cast cannot hold is left out.
  const double most = 9223372036854775808.0;
  const auto whole = static_cast<std::int64_t>(std::fabs(score) < most ? score : 0);
  const auto bits = static_cast<std::uint64_t>(whole);
  const Area area = decode({bits, kStepMax});
  return {middle(area.longitude, kLongitudeMax), middle(area.latitude, kLatitudeMax)};
}

std::array<char, 11> text_of(Point point) {
  static constexpr char kAlphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
  const std::uint64_t bits = encode(point, kStepMax, kStandardWorld).bits;
  std::array<char, 11> text;
  for (unsigned i = 0; i < 10; ++i) text[i] = kAlphabet[bits >> (52 - (i + 1) * 5) & 0x1f];
  text[10] = kAlphabet[0];  // 52 bits are ten characters and two bits
  return text;
}

double distance(Point a, Point b) {
  const double v = std::sin((radians(b.longitude) - radians(a.longitude)) / 2);
  if (v == 0.0) return latitude_distance(a.latitude, b.latitude);
  const double a_latitude = radians(a.latitude);
  const double b_latitude = radians(b.latitude);
  const double u = std::sin((b_latitude - a_latitude) / 2);
  const double h = u * u + std::cos(a_latitude) * std::cos(b_latitude) * v * v;
  return 2.0 * kEarthRadius * std::asin(std::sqrt(h));
}

std::optional<double> Shape::distance_inside(Point point) const {
  if (kind == Kind::circle) {
    const double metres = distance(centre, point);
    if (metres > radius * unit) return std::nullopt;
    return metres;
  }
  if (latitude_distance(point.latitude, centre.latitude) > height * unit / 2) return std::nullopt;
  if (distance(point, {centre.longitude, point.latitude}) > width * unit / 2) return std::nullopt;
  return distance(centre, point);
}

Cover cover(const Shape& shape) {
  const Area box = bounding_box(shape);
  const double half_width = shape.width / 2;
  const double half_height = shape.height / 2;
  const double metres =
      shape.unit * (shape.kind == Shape::Kind::circle
                        ? shape.radius
                        : std::sqrt(half_width * half_width + half_height * half_height));
  unsigned step = estimated_step(metres, shape.centre.latitude);
  Hash hash = encode(shape.centre, step);
  if (step > 1 && !reaches(hash, box)) hash = encode(shape.centre, --step);
  const Area centre = decode(hash);

  Cover cover;
  std::optional<Hash> before;
  for (const Direction to : kDirections) {
    if (step >= 2 && useless(to, centre, box)) continue;
    const Hash next = moved(hash, to.dx, to.dy);
    // With a radius of thousands of kilometres neighbours may coincide.
    if (before && before->bits == next.bits) continue;
    cover.ranges[cover.count++] = {aligned(next.bits, step), aligned(next.bits + 1, step)};
    if (to.dx != 0 || to.dy != 0) before = next;
  }
  return cover;
}

}  // namespace larder::redis::geo
