#include "engine/redis/types/set.h"

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

using larder::redis::Encoding;
using larder::redis::IntegerText;
using larder::redis::Intset;
using larder::redis::PackedValue;
using larder::redis::Set;
using larder::redis::SetLimits;
namespace heap = larder::redis::heap;

namespace {
std::multiset<std::string> members(const Set& set) {
  std::multiset<std::string> all;
  set.for_each([&](const PackedValue& member) {
    IntegerText room;
    all.emplace(member.text(room));
  });
  return all;
}
}  // namespace

TEST_CASE("a set agrees with a std::set over random changes, in each form and across them") {
  struct Kind {
    std::size_t span;
    bool words;
  };
  const Kind kind = GENERATE(Kind{10, false}, Kind{50, true}, Kind{400, false}, Kind{2000, false},
                             Kind{5000, true});
  std::mt19937_64 random(kind.span);
  const heap::Meter meter;
  {
    const SetLimits limits;
    Set set;
    std::set<std::string> model;
    for (int step = 0; step < 8000; ++step) {
      std::string member = std::to_string(random() % kind.span);
      if (kind.words && random() % 3 != 0) member = "member:" + member;
      if (kind.span == 5000 && random() % 50 == 0) member += std::string(300, 'x');
      if (random() % 10 < (step / 1600 % 2 == 0 ? 7 : 4)) {
        REQUIRE(set.insert(member, limits) == model.insert(member).second);
      } else {
        REQUIRE(set.erase(member) == (model.erase(member) == 1));
      }
      REQUIRE(set.size() == model.size());
      REQUIRE(set.contains(member) == (model.count(member) == 1));
      if (step % 1000 == 0) set.check_integrity();
    }
    const auto all = members(set);
    CHECK(std::set<std::string>(all.begin(), all.end()) == model);
    CHECK(all.size() == model.size());
    const std::unique_ptr<Set> copy(set.clone());
    copy->check_integrity();
    CHECK(members(*copy) == all);
    CHECK(copy->encoding() == set.encoding());
  }
  CHECK(meter.delta() == 0);
}

TEST_CASE("a set of integers is an intset up to the limit") {
  const SetLimits limits{5};
  Set set;
  for (int i = 0; i < 5; ++i) set.insert(std::to_string(i * 1000), limits);
  CHECK(set.encoding() == Encoding::kIntset);
  set.insert("0", limits);
  CHECK(set.encoding() == Encoding::kIntset);
  set.insert("-7", limits);
  CHECK(set.encoding() == Encoding::kHashtable);
  set.erase("-7");
  CHECK(set.encoding() == Encoding::kHashtable);
  CHECK(members(set) == std::multiset<std::string>{"0", "1000", "2000", "3000", "4000"});
}

TEST_CASE("a member that is no canonical integer ends the intset") {
  const std::string member = GENERATE(as<std::string>{}, "x", "01", "-0", "+1", "", "1 ",
                                      "9223372036854775808", std::string(1000, 'y'));
  Set set;
  set.insert("1", {});
  set.insert("2", {});
  CHECK_FALSE(set.contains(member));
  CHECK(set.insert(member, {}));
  CHECK(set.encoding() == Encoding::kHashtable);
  CHECK(members(set) == std::multiset<std::string>{"1", "2", member});
  CHECK(set.erase(member));
  set.check_integrity();
}

TEST_CASE("random members are spread evenly in each form") {
  const int form = GENERATE(0, 1, 2);
  Set set;
  const std::size_t count = form == 2 ? 200 : 20;
  for (std::size_t i = 0; i < count; ++i) {
    set.insert((form == 0 ? "" : "m") + std::to_string(i), {});
  }
  std::map<std::string, int> hits;
  std::mt19937_64 random(3);
  for (std::size_t i = 0; i < 300 * count; ++i) {
    IntegerText room;
    ++hits[std::string(set.random([&](std::size_t n) { return random() % n; }).text(room))];
  }
  CHECK(hits.size() == count);
  for (const auto& [member, times] : hits) {
    CHECK(times > 200);
    CHECK(times < 400);
  }
}

TEST_CASE("a scan of each form visits every member") {
  const std::size_t count = GENERATE(3u, 40u, 100u, 3000u);
  const bool words = GENERATE(false, true);
  Set set;
  for (std::size_t i = 0; i < count; ++i) set.insert((words ? "m" : "") + std::to_string(i), {});
  std::set<std::string> seen;
  std::uint64_t cursor = 0;
  do {
    cursor = set.scan(cursor, [&](const PackedValue& member) {
      IntegerText room;
      seen.emplace(member.text(room));
    });
  } while (cursor != 0);
  CHECK(seen.size() == count);
}

TEST_CASE("an intset from outside makes a set if it is sound") {
  Intset integers;
  for (int i = 0; i < 10; ++i) integers.insert(i);
  const std::unique_ptr<Set> set = Set::from_integers(integers.bytes(), {});
  REQUIRE(set != nullptr);
  CHECK(set->encoding() == Encoding::kIntset);
  CHECK(Set::from_integers(integers.bytes(), {5})->encoding() == Encoding::kHashtable);
  CHECK(Set::from_integers({}, {}) == nullptr);
}

TEST_CASE("what a set holds is known to the byte, through all forms and back to none") {
  const heap::Meter meter;
  const std::unique_ptr<Set> set(new Set);
  const auto agrees = [&] { return static_cast<std::int64_t>(set->heap_bytes()) == meter.delta(); };
  std::string member;
  for (int i = 0; i < 3000; ++i) {
    member = i < 40 ? std::to_string(i) : "m" + std::to_string(i);
    set->insert(member, {});
    REQUIRE(agrees());
  }
  member = std::string();
  CHECK(agrees());
  {
    const heap::Meter copied;
    const std::unique_ptr<Set> copy(set->clone());
    CHECK(static_cast<std::int64_t>(copy->heap_bytes()) == copied.delta());
  }
  for (int i = 0; i < 3000; ++i) set->erase(i < 40 ? std::to_string(i) : "m" + std::to_string(i));
  CHECK(set->size() == 0);
  CHECK(agrees());
}
