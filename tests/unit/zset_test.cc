#include "engine/redis/types/zset.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace larder::redis;

namespace {

constexpr SortedSet::Limits kSmall{1'000'000, 1'000'000};
constexpr SortedSet::Limits kLarge{0, 0};

int draw(std::mt19937& random, int below) {
  return static_cast<int>(random() % static_cast<unsigned>(below));
}

using Entry = std::pair<double, std::string>;

std::vector<Entry> all_of(const SortedSet& set) {
  std::vector<Entry> entries;
  set.visit_all([&entries](std::string_view name, double score) { entries.emplace_back(score, name); });
  return entries;
}

std::vector<std::string> names_of(const SortedSet& set, RankRange ranks, bool descending = false) {
  std::vector<std::string> names;
  set.visit(ranks, descending, [&names](std::string_view name, double) {
    names.emplace_back(name);
    return true;
  });
  return names;
}

/// A sorted set beside two containers of the standard library.
struct Pair {
  explicit Pair(SortedSet::Limits with) : limits(with) {}
  void put(const std::string& name, double score) {
    const auto found = scores.find(name);
    const auto expected = found == scores.end()       ? SortedSet::Put::added
                          : found->second == score ? SortedSet::Put::unchanged
                                                      : SortedSet::Put::changed;
    if (found != scores.end()) order.erase({found->second, name});
    CHECK(set.put(name, score, limits) == expected);
    scores[name] = score;
    order.insert({score, name});
  }
  void erase(const std::string& name) {
    const auto found = scores.find(name);
    CHECK(set.erase(name) == (found != scores.end()));
    if (found == scores.end()) return;
    order.erase({found->second, name});
    scores.erase(found);
  }
  void check(std::mt19937& random) const {
    set.check_integrity();
    CHECK(all_of(set) == std::vector<Entry>(order.begin(), order.end()));
    std::size_t rank = 0;
    for (const auto& [score, name] : order) {
      if (random() % 8 == 0) {
        CHECK(set.rank(name) == rank);
        CHECK(set.score(name) == score);
      }
      ++rank;
    }
    CHECK_FALSE(set.rank("no such name"));
    CHECK_FALSE(set.score("no such name"));
  }

  SortedSet set;
  SortedSet::Limits limits;
  std::map<std::string, double> scores;
  std::set<Entry> order;
};

}  // namespace

TEST_CASE("sorted set: random changes keep step with a model, small, large and in between") {
  std::mt19937 random(21);
  for (const SortedSet::Limits limits : {kSmall, kLarge, SortedSet::Limits{128, 64}}) {
    Pair pair(limits);
    for (int step = 0; step < 4000; ++step) {
      const std::string name = random() % 2 == 0 ? std::to_string(random() % 300)
                                                 : "n" + std::to_string(random() % 300);
      const int kind = draw(random, 10);
      const double score = kind == 0 ? INFINITY : kind == 1 ? draw(random, 1000) / 7.0 : draw(random, 20);
      if (random() % 3 == 0) {
        pair.erase(name);
      } else {
        pair.put(name, score);
      }
      if (step % 400 == 0) pair.check(random);
    }
    pair.check(random);
    std::unique_ptr<SortedSet> copy(pair.set.clone());
    copy->check_integrity();
    CHECK(all_of(*copy) == all_of(pair.set));
    CHECK(copy->encoding() == pair.set.encoding());
  }
}

TEST_CASE("sorted set: it turns large with the element that the limits forbid") {
  const SortedSet::Limits limits{3, 5};
  SortedSet set;
  for (const char* name : {"a", "b", "c"}) set.put(name, 1, limits);
  CHECK(set.encoding() == Encoding::kListpack);
  set.put("a", 2, limits);
  CHECK(set.encoding() == Encoding::kListpack);
  set.put("d", 1, limits);
  CHECK(set.encoding() == Encoding::kSkiplist);
  set.erase("d");
  CHECK(set.encoding() == Encoding::kSkiplist);
  set.compact(limits);
  CHECK(set.encoding() == Encoding::kListpack);
  CHECK(names_of(set, {0, 3}) == std::vector<std::string>{"b", "c", "a"});
  set.erase("a");
  set.put("longer", 1, limits);
  CHECK(set.encoding() == Encoding::kSkiplist);
  set.compact(limits);
  CHECK(set.encoding() == Encoding::kSkiplist);
  set.check_integrity();
}

TEST_CASE("sorted set: ranges by score and by name") {
  for (const SortedSet::Limits limits : {kSmall, kLarge}) {
    SortedSet set;
    for (int i = 0; i < 100; ++i) set.put("n" + std::to_string(100 + i), i / 10, limits);
    CHECK(set.ranks(ScoreRange{{3, false}, {4, false}}).first == 30);
    CHECK(set.ranks(ScoreRange{{3, false}, {4, false}}).last == 50);
    CHECK(set.ranks(ScoreRange{{3, true}, {4, false}}).first == 40);
    CHECK(set.ranks(ScoreRange{{3, false}, {4, true}}).last == 40);
    CHECK(set.ranks(ScoreRange{{4, false}, {3, false}}).size() == 0);
    CHECK(set.ranks(ScoreRange{{3, true}, {3, false}}).size() == 0);
    CHECK(set.ranks(ScoreRange{{-INFINITY, false}, {INFINITY, false}}).size() == 100);

    SortedSet names;
    for (const char* name : {"", "alpha", "bar", "cool", "down"}) names.put(name, 0, limits);
    const auto bound = [](std::string_view name, bool exclusive) {
      return LexBound{LexBound::Kind::kName, exclusive, name};
    };
    const LexBound lowest{.kind = LexBound::Kind::kLowest};
    const LexBound highest{.kind = LexBound::Kind::kHighest};
    using Names = std::vector<std::string>;
    CHECK(names_of(names, names.ranks(LexRange{lowest, highest})) ==
          Names{"", "alpha", "bar", "cool", "down"});
    CHECK(names_of(names, names.ranks(LexRange{bound("bar", false), bound("cool", false)})) ==
          Names{"bar", "cool"});
    CHECK(names_of(names, names.ranks(LexRange{bound("bar", true), bound("down", true)})) == Names{"cool"});
    CHECK(names_of(names, names.ranks(LexRange{lowest, bound("alpha", true)})) == Names{""});
    CHECK(names_of(names, names.ranks(LexRange{highest, lowest})).empty());
    CHECK(names_of(names, names.ranks(LexRange{highest, highest})).empty());
    CHECK(names_of(names, {1, 4}, true) == Names{"cool", "bar", "alpha"});
  }
}

TEST_CASE("sorted set: ranks are erased at once") {
  std::mt19937 random(22);
  for (const SortedSet::Limits limits : {kSmall, kLarge}) {
    Pair pair(limits);
    for (int i = 0; i < 500; ++i) pair.put(std::to_string(i), draw(random, 50));
    while (!pair.order.empty()) {
      const std::size_t first = random() % pair.order.size();
      const std::size_t last = first + random() % (pair.order.size() - first) / 3 + 1;
      CHECK(pair.set.erase_ranks({first, last}) == last - first);
      for (std::size_t i = first; i < last; ++i) {
        const auto at = std::next(pair.order.begin(), static_cast<long>(first));
        pair.scores.erase(at->second);
        pair.order.erase(at);
      }
      pair.check(random);
    }
    CHECK(pair.set.erase_ranks({0, 0}) == 0);
  }
}

TEST_CASE("sorted set: scan and chance meet every element") {
  std::mt19937 random(23);
  const auto below = [&random](std::size_t n) { return random() % n; };
  for (const SortedSet::Limits limits : {kSmall, kLarge}) {
    SortedSet set;
    for (int i = 0; i < 200; ++i) set.put(std::to_string(i), i, limits);
    std::map<std::string, int> scanned;
    std::uint64_t cursor = 0;
    do {
      cursor = set.scan(cursor, [&](std::string_view name, double score) {
        CHECK(std::to_string(static_cast<int>(score)) == name);
        ++scanned[std::string(name)];
      });
    } while (cursor != 0);
    CHECK(scanned.size() == 200);
    std::map<std::string, int> drawn;
    for (int i = 0; i < 20'000; ++i) {
      set.visit_random(below, [&](std::string_view name, double) { ++drawn[std::string(name)]; });
    }
    CHECK(drawn.size() == 200);
    for (const auto& [name, times] : drawn) CHECK((times > 40 && times < 180));
  }
}

TEST_CASE("sorted set: the builder gathers, changes and sorts") {
  std::mt19937 random(24);
  for (const SortedSet::Limits limits : {kSmall, kLarge}) {
    std::map<std::string, double> model;
    SortedSetBuilder builder;
    for (int i = 0; i < 3000; ++i) {
      const std::string name = std::to_string(random() % 1000);
      const double score = draw(random, 100);
      if (double* old = builder.find(name)) {
        *old += score;
      } else {
        builder.add(name, score);
      }
      model[name] += score;
      if (i % 10 == 0) {
        builder.erase(name);
        model.erase(name);
      }
    }
    SortedSet set;
    builder.finish(set, limits);
    set.check_integrity();
    CHECK(set.encoding() == (limits.entries == 0 ? Encoding::kSkiplist : Encoding::kListpack));
    REQUIRE(set.size() == model.size());
    for (const auto& [name, score] : model) CHECK(set.score(name) == score);
  }
}

TEST_CASE("sorted set: scores survive the small form") {
  SortedSet set;
  for (const double score :
       std::vector<double>{0.1, 1e300, -1e-300, 4611686018427387904.0, 9.2e18, -INFINITY, INFINITY,
                           3.0, 1.7976931348623157e308, 5e-324}) {
    set.put("x", score, kSmall);
    CHECK(set.score("x") == score);
    set.check_integrity();
  }
  CHECK(set.encoding() == Encoding::kListpack);
}

TEST_CASE("sorted set: packed bytes come back; unsound ones are refused") {
  SortedSet set;
  for (int i = 0; i < 50; ++i) set.put(std::to_string(i * 7 % 50), i % 5 + 0.5 * (i % 2), kSmall);
  const std::string packed(set.packed());
  const auto copy = SortedSet::from_packed(packed, kSmall);
  REQUIRE(copy);
  CHECK(all_of(*copy) == all_of(set));
  const auto large = SortedSet::from_packed(packed, SortedSet::Limits{10, 64});
  REQUIRE(large);
  CHECK(large->encoding() == Encoding::kSkiplist);
  CHECK(all_of(*large) == all_of(set));

  const auto pack = [](const std::vector<std::string>& entries) {
    Listpack made;
    for (const std::string& entry : entries) made.push_back(entry);
    return std::string(reinterpret_cast<const char*>(made.bytes().data()), made.byte_count());
  };
  CHECK(SortedSet::from_packed(pack({"a", "1", "b", "0.5"}), kSmall)->rank("b") == 0u);
  CHECK_FALSE(SortedSet::from_packed(pack({}), kSmall));
  CHECK_FALSE(SortedSet::from_packed(pack({"a"}), kSmall));
  CHECK_FALSE(SortedSet::from_packed(pack({"a", "x"}), kSmall));
  CHECK_FALSE(SortedSet::from_packed(pack({"a", "nan"}), kSmall));
  CHECK_FALSE(SortedSet::from_packed(pack({"a", "1", "a", "2"}), kSmall));
  std::mt19937 random(25);
  for (int round = 0; round < 5000; ++round) {
    std::string changed = packed;
    for (int i = 0; i < 2; ++i) changed[random() % changed.size()] = static_cast<char>(random());
    if (const auto survived = SortedSet::from_packed(changed, kSmall)) survived->check_integrity();
  }
}
