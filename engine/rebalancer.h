// Which class should give a page to which: the policy alone, without memory or locks.
//
// Every class (and the values in extents) evicts its own items to make room for its new ones. What is on
// probation (lru.h) should be so for as long whatever its size. What stays should stay the longer the
// smaller it is: a byte brings most hits where the item that goes next, for its size, is asked for least;
// as far as popularity does not depend on size that is where lifetimes are as 1 / size (the argument of
// size-aware policies such as GDSF, Cherkasova 1998, for a class at a time). Over a stretch of time a
// list passes rate x lifetime bytes; so each class should have
//   of the memory for probation    a share as of the bytes that left probation
//   of the rest                    a share as of the items evicted from there
// A page moves from the class that has most of what it should to the one that has least, as long as the
// one's part of it is less than Settings::ratio of the other's (memcached's slab_automove_ratio), and
// probation gets its part of each class (hot_permille). Counting bytes instead of seconds makes it
// independent of the clock and of how fast requests come. Without the distinction, items that pass by
// once would draw memory to their class.
//
// What was evicted by moving a page itself is not counted. Counts fade: once a part of the memory has
// been turned over (Settings::window: a quarter at 10), all are halved, so the policy follows a load that
// drifts. Only a class that evicts now is given a page, and only one that has stored nothing for a second
// loses its last.
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
    std::size_t held_bytes = 0;       // pages of the class, or bytes of extents
    std::size_t item_bytes = 0;       // of one item of the class, about
    std::uint64_t left_hot_bytes = 0; // that ended probation, ever, rising
    std::uint64_t evicted_bytes = 0;  // from elsewhere, ever, rising
    std::uint64_t stored_count = 0;   // ever, rising
  };
  /// memcached's figures, with its defaults.
  struct Settings {
    double ratio = 0.8;    // slab_automove_ratio
    unsigned window = 10;  // slab_automove_window: how long the past counts
  };
  struct Move {
    std::size_t from = 0;
    std::size_t to = 0;  // 0: none
    explicit operator bool() const { return to != 0; }
  };

  explicit Rebalancer(std::size_t page_bytes) : page_bytes_(page_bytes) {}

  void configure(const Settings& settings) { settings_ = settings; }
  /// `loads` by LRU index, always of the same length; index 0 is ignored. `hot_percent`: probation's
  /// part of all memory.
  Move decide(std::span<const Load> loads, std::uint32_t hot_percent);
  /// Probation's part of a class, as of the last decision; 0: nothing is known.
  std::uint16_t hot_permille(std::size_t lru_index) const { return hot_permille_[lru_index]; }
  /// Called ten times a second: notes which classes are at rest.
  void tick(std::span<const Load> loads);

 private:
  static constexpr double kWindowOfAll = 40;  // the window in which all memory is turned over
  // Where nothing is evicted but from probation, that has to tell what a class needs.
  static constexpr double kHotWeight = 0.02;
  static constexpr unsigned kQuietTicks = 10;
  double page() const { return static_cast<double>(page_bytes_); }
  void fade(std::span<const Load> loads);
  void share_out(std::span<const Load> loads, std::uint32_t hot_percent);
  double recent(std::size_t index) const { return recent_hot_[index] + recent_[index]; }
  std::size_t receiver(std::span<const Load> loads, double* want) const;

  std::size_t page_bytes_;
  Settings settings_;
  // Bytes seen before the counts that matter, and those counts: of probation, of the rest.
  std::array<std::uint64_t, slab::kClassCountMax> seen_hot_{};
  std::array<std::uint64_t, slab::kClassCountMax> seen_{};
  std::array<double, slab::kClassCountMax> recent_hot_{};
  std::array<double, slab::kClassCountMax> recent_{};
  std::array<double, slab::kClassCountMax> want_{};  // bytes, as far as the counts tell
  std::array<std::uint16_t, slab::kClassCountMax> hot_permille_{};
  std::array<bool, slab::kClassCountMax> evicting_{};  // since the last decision
  std::array<std::uint64_t, slab::kClassCountMax> stored_seen_{};
  std::array<unsigned, slab::kClassCountMax> quiet_ticks_{};
};

}  // namespace larder::engine
