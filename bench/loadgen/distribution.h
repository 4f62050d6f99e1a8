// Which key comes next: uniform, Zipf, or always the same one (a hot key).
//
// The Zipf sampler is rejection-inversion (W. Hörmann, G. Derflinger: Rejection-inversion to
// generate variates from monotone discrete distributions, 1996): no table, a little over one try a
// sample, any exponent > 0. Index 0 is the most frequent key.
// Threads: constant after construction; the caller brings its own Random.
#pragma once

#include <cstdint>

#include "bench/loadgen/random.h"

namespace larder::bench {

enum class DistributionKind : std::uint8_t { uniform, zipf, single };

struct DistributionSpec {
  DistributionKind kind = DistributionKind::uniform;
  double theta = 0.99;  // Zipf exponent; YCSB's usual value
};

class Distribution {
 public:
  /// Indexes 0..count-1. Requires: count > 0; theta > 0 for Zipf.
  Distribution(DistributionSpec spec, std::uint32_t count);

  std::uint32_t next(Random& random) const {
    switch (spec_.kind) {
      case DistributionKind::uniform:
        return random.below(count_);
      case DistributionKind::zipf:
        return next_zipf(random);
      case DistributionKind::single:
        break;
    }
    return 0;
  }

 private:
  std::uint32_t next_zipf(Random& random) const;
  double integral(double x) const;
  double integral_inverse(double x) const;
  double density(double x) const;

  DistributionSpec spec_;
  std::uint32_t count_;
  double integral_first_ = 0;  // upper end of the range that is inverted
  double integral_last_ = 0;   // lower end
  double shortcut_ = 0;        // a candidate nearer than this is accepted without computing more
};

}  // namespace larder::bench
