#include "engine/redis/types/score_tree.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

using larder::redis::ScoreTree;
using larder::redis::ZsetMember;

namespace {

using Entry = std::pair<double, std::string>;

/// Elements of a tree beside a sorted set of the standard library.
class Pair {
 public:
  ~Pair() {
    for (ZsetMember* member : members_) ZsetMember::release(member);
  }
  void insert(double score, const std::string& name) {
    if (!model.insert({score, name}).second) return;
    members_.push_back(ZsetMember::make(score, name));
    tree.insert(members_.back());
  }
  void erase(std::size_t which) {
    ZsetMember* member = members_[which];
    model.erase({member->score, std::string(member->name())});
    tree.erase(member);
    ZsetMember::release(member);
    members_[which] = members_.back();
    members_.pop_back();
  }
  void check() const {
    tree.check_integrity();
    REQUIRE(tree.size() == model.size());
    std::size_t rank = 0;
    auto cursor = tree.at(0);
    for (const auto& [score, name] : model) {
      REQUIRE(cursor.valid());
      CHECK((cursor.score() == score && cursor.member().name() == name));
      if (rank % 17 == 0) {
        CHECK(tree.rank_of(score, name) == rank);
        CHECK(tree.at(rank).member().name() == name);
      }
      ++rank;
      cursor.next();
    }
    CHECK_FALSE(cursor.valid());
    if (rank > 0) cursor = tree.at(rank - 1);
    for (auto it = model.rbegin(); it != model.rend(); ++it, cursor.previous()) {
      REQUIRE(cursor.valid());
      CHECK(cursor.member().name() == it->second);
    }
    CHECK_FALSE(cursor.valid());
  }
  std::size_t size() const { return members_.size(); }
  ZsetMember* member(std::size_t which) { return members_[which]; }

  ScoreTree tree;
  std::set<Entry> model;

 private:
  std::vector<ZsetMember*> members_;
};

}  // namespace

TEST_CASE("score tree: empty") {
  ScoreTree tree;
  tree.check_integrity();
  CHECK(tree.size() == 0);
  CHECK_FALSE(tree.at(0).valid());
  CHECK(tree.rank_of(1, "a") == 0);
}

TEST_CASE("score tree: names of any length, and scores that are equal") {
  Pair pair;
  for (const std::size_t length : {0u, 1u, 23u, 254u, 255u, 256u, 70'000u}) {
    pair.insert(1, std::string(length, 'n'));
    pair.insert(1, std::string(length, '\xff'));
  }
  pair.insert(INFINITY, "inf");
  pair.insert(-INFINITY, "inf");
  pair.check();
}

TEST_CASE("score tree: ascending and descending insertions fill the leaves") {
  for (const bool ascending : {true, false}) {
    Pair pair;
    for (int i = 0; i < 5000; ++i) pair.insert(ascending ? i : -i, "m");
    pair.check();
    while (pair.size() > 0) pair.erase(pair.size() - 1);
    pair.check();
  }
}

TEST_CASE("score tree: random insertions and erasures keep step with a std::set") {
  std::mt19937 random(11);
  for (const unsigned scores : {1u, 10u, 1'000'000u}) {
    Pair pair;
    for (const unsigned grow : {90u, 50u, 10u, 70u, 0u}) {
      for (int step = 0; step < 6000; ++step) {
        if (random() % 100 < grow) {
          pair.insert(static_cast<double>(random() % scores), std::to_string(random() % 100'000));
        } else if (pair.size() > 0) {
          pair.erase(random() % pair.size());
        }
      }
      pair.check();
    }
    while (pair.size() > 0) pair.erase(random() % pair.size());
    pair.check();
  }
}

TEST_CASE("score tree: edges of ranges by a predicate") {
  Pair pair;
  for (int i = 0; i < 3000; ++i) pair.insert(i / 3, std::to_string(i));
  for (int score = -1; score <= 1001; score += 7) {
    const std::size_t below =
        pair.tree.count_while([score](double s, const ZsetMember&) { return s < score; });
    CHECK(below == static_cast<std::size_t>(std::clamp(score, 0, 1000)) * 3);
  }
}

TEST_CASE("score tree: a score changes in place where the order allows it") {
  std::mt19937 random(12);
  Pair pair;
  for (int i = 0; i < 2000; ++i) pair.insert(i * 10, std::to_string(i));
  int in_place = 0;
  for (int step = 0; step < 5000; ++step) {
    ZsetMember* member = pair.member(random() % pair.size());
    const std::string name(member->name());
    const double score = member->score + static_cast<int>(random() % 13) - 6;
    if (!pair.model.insert({score, name}).second) continue;
    pair.model.erase({member->score, name});
    if (pair.tree.rescore_in_place(member, score)) {
      member->score = score;
      ++in_place;
    } else {
      pair.tree.erase(member);
      member->score = score;
      pair.tree.insert(member);
    }
  }
  CHECK(in_place > 2000);
  pair.check();
}
