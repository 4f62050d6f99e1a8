#include "engine/redis/types/dense_table.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

using larder::redis::DenseTable;
namespace heap = larder::redis::heap;

namespace {

struct Entry {
  std::string key;
  int value;
};
struct EntryTraits {
  using Element = Entry;
  static std::string_view key(const Entry& word) { return word.key; }
};

struct Entries : DenseTable<EntryTraits> {
  ~Entries() { clear([](Entry* word) { delete word; }); }
  void add(const std::string& key, int value = 0) { insert(new Entry{key, value}); }
  bool remove(const std::string& key) {
    Entry* removed = erase(key);
    const bool found = removed != nullptr;
    delete removed;
    return found;
  }
};

std::string name(std::size_t i) { return "word:" + std::to_string(i); }

// Elements that are visited by a whole SCAN, with `between` run after each step.
template <typename Between>
std::multiset<std::string> scanned(Entries& words, Between&& between) {
  std::multiset<std::string> seen;
  std::uint64_t cursor = 0;
  std::size_t steps = 0;
  do {
    cursor = words.scan(cursor, [&](const Entry& word) { seen.insert(word.key); });
    between();
    REQUIRE(++steps < 1'000'000);
  } while (cursor != 0);
  return seen;
}

}  // namespace

TEST_CASE("a table agrees with a map over random changes") {
  const auto seed = GENERATE(1u, 2u, 3u);
  std::mt19937 random(seed);
  Entries words;
  std::map<std::string, int> model;
  std::size_t span = 100;
  for (int step = 0; step < 60'000; ++step) {
    if (step % 10'000 == 0) span = std::size_t{1} << (random() % 14);
    const std::string key = name(random() % span);
    const bool shrinking = step / 5000 % 2 == 1;
    if (random() % 10 < (shrinking ? 3 : 7)) {
      if (Entry* word = words.find(key)) {
        REQUIRE(model.at(key) == word->value);
        auto* moved = new Entry{key, step};
        words.replace(word, moved);
        delete word;
      } else {
        words.add(key, step);
      }
      model[key] = step;
    } else {
      REQUIRE(words.remove(key) == (model.erase(key) == 1));
    }
    REQUIRE(words.size() == model.size());
    if (step % 1000 == 0) words.check_integrity();
  }
  for (const auto& [key, value] : model) {
    REQUIRE(words.find(key) != nullptr);
    CHECK(words.find(key)->value == value);
  }
  std::size_t visited = 0;
  words.for_each([&](const Entry& word) { visited += model.count(word.key); });
  CHECK(visited == model.size());
}

TEST_CASE("a table gives its memory back when it is emptied") {
  const heap::Meter meter;
  {
    Entries words;
    const std::int64_t empty = meter.delta();
    for (std::size_t i = 0; i < 100'000; ++i) words.add(name(i));
    words.check_integrity();
    CHECK(meter.delta() / 100'000 <= 14);
    for (std::size_t i = 0; i < 100'000; ++i) REQUIRE(words.remove(name(i)));
    words.check_integrity();
    CHECK(words.bucket_count() == 1);
    CHECK(meter.delta() <= empty + 1024);
  }
  CHECK(meter.delta() == 0);
}

TEST_CASE("no step moves more than a few buckets") {
  // Bytes allocated in one insertion: a bucket's chain, a chunk, or the list of chunks.
  Entries words;
  std::int64_t most = 0;
  for (std::size_t i = 0; i < 200'000; ++i) {
    const heap::Meter meter;
    words.add(name(i));
    most = std::max(most, meter.delta());
  }
  CHECK(most <= 80 * 1024);
}

TEST_CASE("a scan of a table that rests visits each element once") {
  const std::size_t count = GENERATE(0u, 1u, 6u, 7u, 100u, 5000u);
  Entries words;
  for (std::size_t i = 0; i < count; ++i) words.add(name(i));
  const auto seen = scanned(words, [] {});
  CHECK(seen.size() == count);
  CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == count);
}

TEST_CASE("a scan visits what stays, while the table grows and shrinks") {
  const auto seed = GENERATE(1u, 2u, 3u, 4u);
  std::mt19937 random(seed);
  Entries words;
  for (std::size_t i = 0; i < 500; ++i) words.add("stays:" + std::to_string(i));
  std::size_t added = 0;
  std::size_t removed = 0;
  bool growing = true;
  std::size_t swings = 0;
  const auto seen = scanned(words, [&] {
    for (int i = 0; i < 40; ++i) {
      if (growing) {
        words.add(name(added++));
      } else if (removed < added) {
        words.remove(name(removed++));
      }
    }
    if (random() % 60 == 0 && swings < 8) {
      growing = !growing;
      ++swings;
    }
    if (swings == 8) growing = false;
  });
  for (std::size_t i = 0; i < 500; ++i) REQUIRE(seen.count("stays:" + std::to_string(i)) >= 1);
  words.check_integrity();
}

TEST_CASE("a cursor nobody gave out is harmless") {
  Entries words;
  for (std::size_t i = 0; i < 1000; ++i) words.add(name(i));
  std::mt19937_64 random(5);
  for (int i = 0; i < 1000; ++i) words.scan(random(), [](const Entry&) {});
}

TEST_CASE("random elements are spread evenly") {
  const std::size_t count = GENERATE(2u, 7u, 100u, 611u);
  Entries words;
  for (std::size_t i = 0; i < count; ++i) words.add(name(i), static_cast<int>(i));
  std::mt19937_64 random(9);
  std::vector<double> hits(count);
  const std::size_t draws = count * 400;
  for (std::size_t i = 0; i < draws; ++i) {
    ++hits[static_cast<std::size_t>(words.random([&](std::size_t n) { return random() % n; })->value)];
  }
  double chi_square = 0;
  for (const double hit : hits) chi_square += (hit - 400) * (hit - 400) / 400;
  // Mean count - 1, variance twice that: five standard deviations.
  const auto freedom = static_cast<double>(count - 1);
  CHECK(chi_square < freedom + 5 * std::sqrt(2 * freedom) + 5);
}

TEST_CASE("room made at once serves as room made step by step") {
  Entries words;
  words.reserve(10'000);
  const std::size_t buckets = words.bucket_count();
  for (std::size_t i = 0; i < 10'000; ++i) words.add(name(i));
  CHECK(words.bucket_count() == buckets);
  words.check_integrity();
}

TEST_CASE("a long chain works: many elements under one hash") {
  // The hash is given, so all go to one bucket; erase() computes its own and would not find them.
  Entries words;
  std::vector<Entry*> made;
  for (int i = 0; i < 6; ++i) {
    made.push_back(new Entry{name(static_cast<std::size_t>(i)), i});
    words.insert(made.back(), 42);
  }
  for (int i = 0; i < 6; ++i) {
    CHECK(words.find(name(static_cast<std::size_t>(i)), 42) == made[static_cast<std::size_t>(i)]);
  }
  CHECK(words.find("absent", 42) == nullptr);
}
