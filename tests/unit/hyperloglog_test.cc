#include "engine/redis/types/hyperloglog.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using namespace larder::redis;

namespace {
constexpr std::size_t kSparseMax = 3000;

hll::Registers registers_of(const std::string& value) {
  hll::Registers registers{};
  REQUIRE(hll::merge(value, registers));
  return registers;
}
}  // namespace

TEST_CASE("hyperloglog: a new value is sparse, sound and counts nothing") {
  const std::string value = hll::make();
  CHECK(value.size() == hll::kHeaderBytes + 2);
  CHECK(hll::is_sparse(value));
  CHECK(hll::check_integrity(value));
  CHECK(hll::count(value) == 0);
  CHECK(hll::cached_count(value) == 0);
  CHECK(hll::decoded(value) == "Z:16384");
}

TEST_CASE("hyperloglog: the bytes that Redis 7.0 makes of a, b and c") {
  std::string value = hll::make();
  for (const char* element : {"a", "b", "c"}) {
    CHECK(hll::add(value, element, kSparseMax) == hll::Added::changed);
  }
  CHECK(hll::add(value, "a", kSparseMax) == hll::Added::unchanged);
  CHECK(hll::decoded(value) == "Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603");
  CHECK_FALSE(hll::cached_count(value));
  CHECK(hll::count(value) == 3);
}

TEST_CASE("hyperloglog: sparse and dense agree, and err within six standard errors") {
  std::string sparse = hll::make();
  std::string dense = hll::make();
  REQUIRE(hll::to_dense(dense));
  std::mt19937_64 random(5);
  std::uint64_t added = 0;
  for (const std::uint64_t checkpoint : {10u, 100u, 1000u, 10'000u, 100'000u}) {
    for (; added < checkpoint; ++added) {
      const std::uint64_t element = random();
      const std::string_view bytes(reinterpret_cast<const char*>(&element), sizeof element);
      const bool changed = hll::add(sparse, bytes, kSparseMax) == hll::Added::changed;
      CHECK(changed == hll::add_dense(dense.data(), bytes));
    }
    REQUIRE(hll::check_integrity(sparse));
    CHECK(registers_of(sparse) == registers_of(dense));
    CHECK(hll::is_sparse(sparse) == (checkpoint <= 1000));
    const auto count = static_cast<double>(*hll::count(dense));
    CHECK(hll::count(sparse) == hll::count(dense));
    CHECK(hll::count(registers_of(sparse)) == hll::count(dense));
    const auto exact = static_cast<double>(checkpoint);
    CHECK(std::fabs(count - exact) <= std::ceil(6 * 1.04 / 128 * exact));
  }
}

TEST_CASE("hyperloglog: raising registers keeps sparse runs sound in every neighbourhood") {
  std::mt19937 random(6);
  for (int round = 0; round < 300; ++round) {
    std::string value = hll::make();
    hll::Registers model{};
    for (int step = 0; step < 120; ++step) {
      const std::size_t index = random() % 2 == 0 ? random() % 12 : 16384 - 1 - random() % 80;
      const auto to = static_cast<std::uint8_t>(1 + random() % 3);
      const bool changes = model[index] < to;
      if (changes) model[index] = to;
      CHECK((hll::raise(value, index, to, kSparseMax) == hll::Added::changed) == changes);
    }
    REQUIRE(hll::is_sparse(value));
    REQUIRE(hll::check_integrity(value));
    CHECK(registers_of(value) == model);
  }
}

TEST_CASE("hyperloglog: a value that sparse runs cannot hold makes it dense") {
  std::string value = hll::make();
  CHECK(hll::raise(value, 16383, 33, kSparseMax) == hll::Added::changed);
  CHECK_FALSE(hll::is_sparse(value));
  CHECK(value.size() == hll::kDenseBytes);
  CHECK(registers_of(value)[16383] == 33);
  std::string small = hll::make();
  CHECK(hll::raise(small, 5, 1, small.size()) == hll::Added::changed);
  CHECK_FALSE(hll::is_sparse(small));
}

TEST_CASE("hyperloglog: broken values are found") {
  CHECK_FALSE(hll::has_header("HYLL"));
  std::string value = hll::make();
  CHECK(hll::has_header(value));
  value[0] = 'h';
  CHECK_FALSE(hll::has_header(value));
  value = hll::make();
  value[4] = 2;
  CHECK_FALSE(hll::has_header(value));
  value[4] = 0;  // says dense, but is too short
  CHECK_FALSE(hll::has_header(value));
  for (const std::string& broken : {hll::make() + "hello", hll::make().substr(0, 16),
                                    hll::make().substr(0, 17), hll::make() + "\x80"}) {
    CHECK(hll::has_header(broken));
    CHECK_FALSE(hll::check_integrity(broken));
    CHECK_FALSE(hll::count(broken));
    hll::Registers registers{};
    CHECK_FALSE(hll::merge(broken, registers));
    std::string copy = broken;
    CHECK_FALSE(hll::to_dense(copy));
    CHECK(copy == broken);
  }
}

TEST_CASE("hyperloglog: the cached count") {
  std::string value = hll::make();
  hll::set_cached_count(value.data(), 0x1234567890);
  CHECK(hll::cached_count(value) == 0x1234567890);
  hll::invalidate_count(value.data());
  CHECK_FALSE(hll::cached_count(value));
}
