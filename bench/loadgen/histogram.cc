#include "bench/loadgen/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace larder::bench {

// Below 2^kSubBits the index is the value. Above, a value with its highest bit at position b is
// shifted right by (b - kSubBits), which leaves kSubCount..2*kSubCount-1, and each shift starts
// its own run of kSubCount buckets.
std::size_t Histogram::bucket_index(std::uint64_t value) {
  if (value < kSubCount) return static_cast<std::size_t>(value);
  const int shift = static_cast<int>(std::bit_width(value)) - 1 - kSubBits;
  const auto within = static_cast<std::size_t>(value >> shift) - kSubCount;
  return (static_cast<std::size_t>(shift) + 1) * kSubCount + within;
}

std::uint64_t Histogram::bucket_last(std::size_t index) {
  if (index < kSubCount) return index;
  const std::size_t shift = index / kSubCount - 1;
  const std::uint64_t first = (index % kSubCount + kSubCount) << shift;
  return first + ((std::uint64_t{1} << shift) - 1);
}

void Histogram::record(std::uint64_t value, std::uint64_t count) {
  counts_[bucket_index(value)] += count;
  count_ += count;
  sum_ += static_cast<double>(value) * static_cast<double>(count);
  if (count != 0) max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::count_up_to(std::uint64_t value) const {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size() && bucket_last(i) <= value; ++i) seen += counts_[i];
  return seen;
}

std::uint64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(static_cast<double>(count_) * percent / 100.0);
  const std::uint64_t rank =
      std::clamp(static_cast<std::uint64_t>(wanted), std::uint64_t{1}, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(bucket_last(i), max_);
  }
  return max_;
}

}  // namespace larder::bench
