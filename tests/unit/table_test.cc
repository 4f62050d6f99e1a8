#include "engine/table.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <vector>

using larder::engine::Table;
using Ref = Table::Ref;

namespace {
// Hash of a ref: a bijection, so that every ref has one.
std::uint64_t hash_of(Ref ref) { return (ref + 1) * 0x9e3779b97f4a7c15ull; }
std::uint64_t mixed(Ref ref) {
  std::uint64_t h = hash_of(ref);
  h ^= h >> 29;
  return h * 0xbf58476d1ce4e5b9ull;
}
Ref find(const Table& table, Ref ref) {
  return table.find(mixed(ref), [ref](Ref other) { return other == ref; });
}
}  // namespace

TEST_CASE("a table grows bucket by bucket and finds everything") {
  Table table(1, 1 << 16);
  for (Ref ref = 1; ref <= 100'000; ++ref) {
    const std::size_t before = table.bucket_count();
    table.insert(mixed(ref), ref, mixed);
    REQUIRE(table.bucket_count() <= before + 1);
  }
  CHECK(table.size() == 100'000);
  CHECK(table.bucket_count() * Table::kLoad >= 100'000);
  table.check_integrity();
  for (Ref ref = 1; ref <= 100'000; ++ref) REQUIRE(find(table, ref) == ref);
  for (Ref ref = 100'001; ref <= 110'000; ++ref) REQUIRE(find(table, ref) == 0);
  // About eight items a line: overflow stays a small part of the table.
  CHECK(table.memory_bytes() < 100'000 * 11);
}

TEST_CASE("random insertions, replacements and erasures agree with a map") {
  Table table(4, 1 << 14);
  std::map<Ref, Ref> model;  // identity -> stored ref
  std::mt19937 random(3);
  std::map<Ref, Ref> identity_of;  // stored ref -> identity
  const auto hash_stored = [&](Ref ref) { return mixed(identity_of.at(ref)); };
  Ref next = 1;
  for (int i = 0; i < 60'000; ++i) {
    const auto identity = static_cast<Ref>(1 + random() % 5000);
    const auto found = model.find(identity);
    if (found == model.end()) {
      identity_of[next] = identity;
      table.insert(mixed(identity), next, hash_stored);
      model[identity] = next++;
    } else if (random() % 2 == 0) {
      identity_of[next] = identity;
      table.replace(mixed(identity), found->second, next);
      found->second = next++;
    } else {
      REQUIRE(table.erase(mixed(identity), found->second));
      REQUIRE_FALSE(table.erase(mixed(identity), found->second));
      model.erase(found);
    }
  }
  table.check_integrity();
  CHECK(table.size() == model.size());
  for (const auto& [identity, ref] : model) {
    REQUIRE(table.find(mixed(identity), [r = ref](Ref other) { return other == r; }) == ref);
  }
  std::size_t visited = 0;
  for (std::size_t b = 0; b < table.bucket_count(); ++b) table.for_bucket(b, [&](Ref) { ++visited; });
  CHECK(visited == model.size());
}

TEST_CASE("equal hashes chain and can all be erased") {
  Table table(1, 1 << 10);
  table.set_growth(false);
  for (Ref ref = 1; ref <= 200; ++ref) table.insert(42, ref, [](Ref) { return std::uint64_t{42}; });
  table.check_integrity();
  for (Ref ref = 200; ref >= 1; --ref) REQUIRE(table.erase(42, ref));
  CHECK(table.size() == 0);
  table.check_integrity();
}

TEST_CASE("hints name items that are there") {
  Table table(1, 1 << 12);
  for (Ref ref = 1; ref <= 5000; ++ref) table.insert(mixed(ref), ref, mixed);
  int right = 0;
  for (Ref ref = 1; ref <= 5000; ++ref) right += table.hint(mixed(ref)) == ref ? 1 : 0;
  CHECK(right > 4500);
}

TEST_CASE("tables exchange their contents") {
  Table full(1, 1 << 10);
  for (Ref ref = 1; ref <= 500; ++ref) full.insert(mixed(ref), ref, mixed);
  Table empty(1, 1 << 10);
  full = std::move(empty);
  CHECK(full.size() == 0);
  CHECK(empty.size() == 500);
  CHECK(find(full, 7) == 0);
  CHECK(find(empty, 7) == 7);
  full.check_integrity();
  empty.check_integrity();
}
