#include "bench/loadgen/distribution.h"

#include <algorithm>
#include <cmath>

namespace larder::bench {

Distribution::Distribution(DistributionSpec spec, std::uint32_t count)
    : spec_(spec), count_(count) {
  if (spec_.kind != DistributionKind::zipf) return;
  integral_first_ = integral(1.5) - 1.0;
  integral_last_ = integral(static_cast<double>(count_) + 0.5);
  shortcut_ = 2.0 - integral_inverse(integral(2.5) - density(2.0));
}

double Distribution::density(double x) const { return std::exp(-spec_.theta * std::log(x)); }

// (x^(1-theta) - 1) / (1-theta), which is log(x) at theta = 1; expm1 keeps it exact near there.
double Distribution::integral(double x) const {
  const double log_x = std::log(x);
  const double power = (1.0 - spec_.theta) * log_x;
  return std::abs(power) > 1e-8 ? std::expm1(power) / power * log_x : log_x;
}

double Distribution::integral_inverse(double x) const {
  const double power = std::max(x * (1.0 - spec_.theta), -1.0);
  return std::abs(power) > 1e-8 ? std::exp(std::log1p(power) / power * x) : std::exp(x);
}

std::uint32_t Distribution::next_zipf(Random& random) const {
  while (true) {
    const double u = integral_last_ + random.unit() * (integral_first_ - integral_last_);
    const double x = integral_inverse(u);
    const double k = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(count_));
    if (k - x <= shortcut_ || u >= integral(k + 0.5) - density(k)) {
      return static_cast<std::uint32_t>(k) - 1;
    }
  }
}

}  // namespace larder::bench
