// Latencies in logarithmic buckets, in the manner of HdrHistogram: every power of two is cut into
// 64 equal buckets, so a percentile is known to 1/64 (1.6 %) whatever its size, in fixed memory.
//
// Invariants
//  1. Values below 64 have a bucket each; above, bucket width / bucket start <= 1/64.
//  2. count() is the sum of all buckets; max() is exact.
// Threads: owned by one thread; merged after the threads have ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder::bench {

class Histogram {
 public:
  static constexpr int kSubBits = 6;
  static constexpr std::size_t kSubCount = std::size_t{1} << kSubBits;

  Histogram() : counts_(kSubCount * (64 - kSubBits + 1)) {}

  /// Counts `count` samples of `value` (any unit; the load generator uses nanoseconds).
  void record(std::uint64_t value, std::uint64_t count = 1);
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_); }
  /// The smallest bucket edge that at least `percent` (0..100) of the samples do not exceed: never
  /// below the exact percentile, at most 1/64 above it. 0 when nothing was recorded.
  std::uint64_t percentile(double percent) const;
  /// Samples in buckets that end at `value` or below it: exact for `value` = 2^n - 1.
  std::uint64_t count_up_to(std::uint64_t value) const;

 private:
  static std::size_t bucket_index(std::uint64_t value);
  static std::uint64_t bucket_last(std::size_t index);

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace larder::bench
