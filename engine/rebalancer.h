// Which class should give a page to which: the policy alone, without memory or locks.
//
// Every class (and the values in extents) evicts its oldest items to make room for its own new ones.
// Over a stretch of time in which a class evicts as many bytes as it holds, nothing stays longer than
// that stretch: evicted / held is the inverse of how long an item lives unread. Were all memory one
// LRU, these lifetimes would be equal. So a page moves from the class that turns over slowest to the one
// that turns over fastest, as long as they differ by more than kImbalance. Counting bytes instead of
// seconds makes it independent of the clock and of how fast requests come.
//
// What was evicted by moving a page itself is not counted. Counts fade: once a quarter of the memory
// has been turned over, all are halved, so the policy follows a load that drifts. Only a class that
// evicts now is given a page, and only one that has stored nothing for a second loses its last.
//
// Threads: one (the maintainer). Compare memcached's slab_automove.h, which compares tail ages.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "slab/arena.h"
#include "slab/magazine.h"

namespace larder::engine {

class Rebalancer {
 public:
  struct Load {
    std::size_t held_bytes = 0;      // pages of the class, or bytes of extents
    std::uint64_t evicted_bytes = 0; // ever, rising
    std::uint64_t stored_count = 0;  // ever, rising
  };
  struct Move {
    std::size_t from = 0;
    std::size_t to = 0;  // 0: none
    explicit operator bool() const { return to != 0; }
  };

  explicit Rebalancer(std::size_t page_bytes) : page_bytes_(page_bytes) {}

  /// `loads` by LRU index, always of the same length; index 0 is ignored.
  Move decide(std::span<const Load> loads);
  /// Called ten times a second: notes which classes are at rest.
  void tick(std::span<const Load> loads);

 private:
  static constexpr double kImbalance = 1.25;
  static constexpr unsigned kQuietTicks = 10;
  double page() const { return static_cast<double>(page_bytes_); }
  void fade(std::span<const Load> loads);
  std::size_t receiver(std::span<const Load> loads, double* turnover) const;

  std::size_t page_bytes_;
  // Bytes evicted before the counts that matter, and those counts.
  std::array<std::uint64_t, slab::kClassCountMax> seen_{};
  std::array<double, slab::kClassCountMax> recent_{};
  std::array<bool, slab::kClassCountMax> evicting_{};  // since the last decision
  std::array<std::uint64_t, slab::kClassCountMax> stored_seen_{};
  std::array<unsigned, slab::kClassCountMax> quiet_ticks_{};
};

}  // namespace larder::engine
