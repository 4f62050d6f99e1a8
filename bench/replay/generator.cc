#include "bench/replay/generator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bench/loadgen/distribution.h"
#include "bench/loadgen/random.h"

namespace larder::bench::replay {

namespace {

/// Key spaces that must not meet, kept apart by the upper bits.
enum KeySpace : std::uint64_t { kPopular = 1, kOneHit = 2, kScan = 3, kResized = 4 };
constexpr std::uint64_t key_in(KeySpace space, std::uint64_t number) {
  return (std::uint64_t{space} << 48) + number;
}

/// What a key is like, from nothing but its name and the seed.
class KeyTraits {
 public:
  explicit KeyTraits(const TraceSpec& spec) : spec_(spec) {}

  std::uint64_t size(std::uint64_t key, double factor) const {
    // Box and Muller's transform of two uniform numbers.
    const double radius = std::sqrt(-2.0 * std::log(1.0 - unit(key, 1)));
    const double normal = radius * std::cos(2.0 * std::numbers::pi * unit(key, 2));
    const double bytes = factor * spec_.size_median * std::exp(spec_.size_sigma * normal);
    return static_cast<std::uint64_t>(
        std::clamp(bytes, double{kSizeMin}, static_cast<double>(spec_.size_max)));
  }
  std::uint32_t ttl_seconds(std::uint64_t key) const {
    return unit(key, 3) < spec_.short_ttl_share ? spec_.short_ttl_seconds : spec_.long_ttl_seconds;
  }

 private:
  double unit(std::uint64_t key, std::uint64_t trait) const {
    return to_unit(mix(mix(key * kGolden + spec_.seed) + trait * kGolden));
  }

  const TraceSpec& spec_;
};

/// Which key each request asks for.
class KeySequence {
 public:
  explicit KeySequence(const TraceSpec& spec)
      : spec_(spec),
        random_(spec.seed),
        popularity_({DistributionKind::zipf, spec.theta}, spec.keys) {}

  std::uint64_t next(std::uint64_t index) {
    if (in_scan(index)) return key_in(kScan, index % spec_.scan_every / 2);
    if (spec_.one_hit_share > 0 && random_.unit() < spec_.one_hit_share) {
      return key_in(kOneHit, index);
    }
    const std::uint64_t rank = popularity_.next(random_);
    const bool resized = spec_.resize_factor != 1 && index >= spec_.requests / 2;
    // Newer keys have lower numbers; the oldest rank points past those that were there at first.
    const std::uint64_t born = spec_.drift_every == 0 ? 0 : index / spec_.drift_every;
    return key_in(resized ? kResized : kPopular, (std::uint64_t{1} << 40) - born + rank);
  }

 private:
  /// Scans take every other request from where they start.
  bool in_scan(std::uint64_t index) const {
    if (spec_.scan_every == 0) return false;
    const std::uint64_t since = index % spec_.scan_every;
    return since % 2 == 1 && since / 2 < spec_.scan_keys;
  }

  const TraceSpec& spec_;
  Random random_;
  Distribution popularity_;
};

}  // namespace

std::string check_spec(const TraceSpec& spec) {
  const auto is_share = [](double share) { return share >= 0 && share <= 1; };
  if (spec.requests == 0 || spec.requests >= kNever) return "bad number of requests";
  if (spec.keys == 0) return "there must be keys";
  if (!(spec.theta > 0)) return "the Zipf exponent must be above 0";
  if (!(spec.requests_per_second > 0)) return "trace time must pass";
  if (!(spec.size_median > 0) || spec.size_sigma < 0) return "bad distribution of sizes";
  if (spec.size_max < kSizeMin || spec.size_max > kSizeMax) return "bad largest size";
  if (!is_share(spec.one_hit_share) || !is_share(spec.short_ttl_share)) {
    return "a share is a number from 0 to 1";
  }
  if (std::uint64_t{spec.scan_keys} * 2 > spec.scan_every) return "scans would overlap";
  if (!(spec.resize_factor > 0)) return "the size factor must be above 0";
  return {};
}

Trace generate(const TraceSpec& spec) {
  const KeyTraits traits(spec);
  KeySequence sequence(spec);
  TraceBuilder builder;
  builder.reserve(spec.requests);
  for (std::uint64_t index = 0; index < spec.requests; ++index) {
    const std::uint64_t key = sequence.next(index);
    const bool resized = key >> 48 == kResized;
    const auto time_ms =
        static_cast<std::uint64_t>(static_cast<double>(index) * 1000 / spec.requests_per_second);
    builder.add(key, time_ms, traits.size(key, resized ? spec.resize_factor : 1),
                traits.ttl_seconds(key));
  }
  return builder.take();
}

}  // namespace larder::bench::replay
