#include "engine/rebalancer.h"

#include <catch2/catch.hpp>
#include <vector>

using larder::engine::Rebalancer;
using Load = Rebalancer::Load;

namespace {
constexpr std::size_t kMiB = 1 << 20;

/// Carries out what the rebalancer decides; false when nothing moves.
bool follow(Rebalancer& rebalancer, std::vector<Load>& loads, std::uint32_t hot_percent) {
  const auto move = rebalancer.decide(loads, hot_percent);
  if (!move) return false;
  loads[move.from].held_bytes -= kMiB;
  loads[move.to].held_bytes += kMiB;
  return true;
}
}

TEST_CASE("a page moves from the class at rest to the one that evicts") {
  Rebalancer rebalancer(kMiB);
  std::vector<Load> loads{{}, {40 * kMiB, 100, 0, 0, 0}, {10 * kMiB, 100, 0, 0, 0}};
  CHECK_FALSE(rebalancer.decide(loads, 5));
  loads[2].evicted_bytes = 2 * kMiB;
  const auto move = rebalancer.decide(loads, 5);
  REQUIRE(move);
  CHECK(move.from == 1);
  CHECK(move.to == 2);
}

TEST_CASE("classes that turn over alike are left alone") {
  Rebalancer rebalancer(kMiB);
  std::vector<Load> loads{{}, {40 * kMiB, 100, 0, 0, 0}, {10 * kMiB, 100, 0, 0, 0}};
  for (int i = 0; i < 50; ++i) {
    loads[1].evicted_bytes += 4 * kMiB;
    loads[2].evicted_bytes += kMiB;
    CHECK_FALSE(rebalancer.decide(loads, 5));
  }
}

TEST_CASE("only a class that evicts now is given a page") {
  Rebalancer rebalancer(kMiB);
  std::vector<Load> loads{{}, {40 * kMiB, 100, 0, 0, 0}, {10 * kMiB, 100, 0, 0, 0}};
  loads[2].evicted_bytes = 8 * kMiB;
  CHECK(rebalancer.decide(loads, 5));
  CHECK_FALSE(rebalancer.decide(loads, 5));
}

TEST_CASE("the last page goes only when nothing was stored for a second") {
  Rebalancer rebalancer(kMiB);
  std::vector<Load> loads{{}, {kMiB, 100, 0, 0, 5}, {10 * kMiB, 100, 0, 0, 0}};
  rebalancer.tick(loads);
  loads[2].evicted_bytes += kMiB;
  CHECK_FALSE(rebalancer.decide(loads, 5));
  for (int i = 0; i < 10; ++i) rebalancer.tick(loads);
  loads[2].evicted_bytes += kMiB;
  CHECK(rebalancer.decide(loads, 5).from == 1);
  ++loads[1].stored_count;  // seen at once, not with the next tick
  loads[2].evicted_bytes += kMiB;
  CHECK_FALSE(rebalancer.decide(loads, 5));
}

TEST_CASE("moves end where lifetimes are about equal") {
  Rebalancer rebalancer(kMiB);
  std::vector<Load> loads{{}, {60 * kMiB, 100, 0, 0, 0}, {4 * kMiB, 100, 0, 0, 0}};
  int moves = 0;
  for (int i = 0; i < 1000; ++i) {
    // Both get the same stream of new bytes, so equal shares are right.
    loads[1].evicted_bytes += kMiB;
    loads[2].evicted_bytes += kMiB;
    moves += follow(rebalancer, loads, 5) ? 1 : 0;
  }
  CHECK(moves < 60);
  CHECK(loads[1].held_bytes >= 27 * kMiB);
  CHECK(loads[1].held_bytes <= 37 * kMiB);
}

TEST_CASE("items that pass by once draw no memory but what their probation takes") {
  Rebalancer rebalancer(kMiB);
  std::vector<Load> loads{{}, {50 * kMiB, 100, 0, 0, 0}, {50 * kMiB, 100, 0, 0, 0}};
  for (int i = 0; i < 2000; ++i) {
    // Of the first class nothing stays; of the second all does.
    loads[1].left_hot_bytes += 3 * kMiB;
    loads[2].left_hot_bytes += kMiB;
    loads[2].evicted_bytes += kMiB;
    follow(rebalancer, loads, 10);
  }
  // 7.5 MiB of probation, and some of the rest for what may come to stay.
  CHECK(loads[1].held_bytes >= 7 * kMiB);
  CHECK(loads[1].held_bytes <= 18 * kMiB);
  CHECK(rebalancer.hot_permille(1) >= 400);
  CHECK(rebalancer.hot_permille(2) <= 40);
}

TEST_CASE("the same bytes evicted, smaller items are given more memory") {
  Rebalancer rebalancer(kMiB);
  std::vector<Load> loads{{}, {50 * kMiB, 100, 0, 0, 0}, {50 * kMiB, 300, 0, 0, 0}};
  for (int i = 0; i < 2000; ++i) {
    loads[1].evicted_bytes += kMiB;
    loads[2].evicted_bytes += kMiB;
    follow(rebalancer, loads, 10);
  }
  CHECK(loads[1].held_bytes >= 67 * kMiB);
  CHECK(loads[1].held_bytes <= 80 * kMiB);
}

TEST_CASE("the ratio says how far lifetimes may be apart") {
  const auto moves_at = [](double ratio) {
    Rebalancer rebalancer(kMiB);
    rebalancer.configure({.ratio = ratio});
    std::vector<Load> loads{{}, {10 * kMiB, 100, 0, 0, 0}, {10 * kMiB, 100, 0, 0, 0}};
    rebalancer.decide(loads, 10);
    loads[1].evicted_bytes += 4 * kMiB;
    loads[2].evicted_bytes += 8 * kMiB;
    return static_cast<bool>(rebalancer.decide(loads, 10));
  };
  CHECK(moves_at(0.8));
  CHECK_FALSE(moves_at(0.4));  // the shorter life is about half of the longer one
}

TEST_CASE("the window says how long what was evicted counts") {
  const auto remembers = [](unsigned window) {
    Rebalancer rebalancer(kMiB);
    rebalancer.configure({.ratio = 0.5, .window = window});
    std::vector<Load> loads{{}, {50 * kMiB, 100, 0, 0, 0}, {50 * kMiB, 100, 0, 0, 0}};
    rebalancer.decide(loads, 10);
    loads[1].evicted_bytes += 40 * kMiB;  // once, long ago
    rebalancer.decide(loads, 10);
    for (int i = 0; i < 40; ++i) {
      loads[2].evicted_bytes += kMiB;
      if (rebalancer.decide(loads, 10)) return false;
    }
    return true;
  };
  CHECK(remembers(1800));
  CHECK_FALSE(remembers(3));
}
