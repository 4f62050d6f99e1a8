#include "slab/slab_allocator.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "slab/item.h"

using namespace larder::slab;

namespace {
struct Fixture {
  explicit Fixture(std::size_t megabytes)
      : arena({.limit_bytes = megabytes * kPageBytes}), classes({}, arena.alignment()), slabs(arena, classes) {}
  Arena arena;
  SizeClasses classes;
  SlabAllocator slabs;
  Magazines magazines;
};
}  // namespace

TEST_CASE("size classes rise by the factor, are aligned and end at half a page") {
  const SizeClasses classes({.chunk_bytes_min = 72, .growth_factor = 1.25}, 8);
  REQUIRE(classes.count() > 30);
  CHECK(classes.chunk_bytes(1) == 72);
  CHECK(classes.chunk_bytes(classes.count()) == 512 * 1024);
  for (std::size_t id = 2; id <= classes.count(); ++id) {
    CHECK(classes.chunk_bytes(id) > classes.chunk_bytes(id - 1));
    CHECK(classes.chunk_bytes(id) % 8 == 0);
  }
  for (std::size_t bytes = 1; bytes <= 512 * 1024; bytes += 61) {
    const std::size_t id = classes.class_of(bytes);
    REQUIRE(id != 0);
    CHECK(classes.chunk_bytes(id) >= bytes);
    CHECK((id == 1 || classes.chunk_bytes(id - 1) < bytes));
  }
  CHECK(classes.class_of(512 * 1024 + 1) == 0);
}

TEST_CASE("a factor close to one stays within the number of classes") {
  const SizeClasses classes({.chunk_bytes_min = 72, .growth_factor = 1.01}, 8);
  CHECK(classes.count() == kLastClass);
  CHECK(classes.class_of(300'000) == classes.count());
}

TEST_CASE("explicit sizes are taken as they are") {
  const SizeClasses classes({.chunk_bytes_min = 72, .explicit_sizes = {100, 1000, 5000}}, 8);
  CHECK(classes.count() == 4);
  CHECK(classes.chunk_bytes(1) == 104);
  CHECK(classes.chunk_bytes(2) == 1000);
  CHECK(classes.chunk_bytes(4) == 512 * 1024);
}

TEST_CASE("chunks are distinct, writable and all come back") {
  Fixture f(4);
  std::set<Ref> refs;
  while (const Ref ref = f.slabs.allocate(f.magazines, 5)) {
    REQUIRE(refs.insert(ref).second);
    std::memset(f.arena.at(ref) + 8, 0xee, f.classes.chunk_bytes(5) - 8);
  }
  CHECK(refs.size() == 4 * (kPageBytes / f.classes.chunk_bytes(5)));
  CHECK(f.slabs.usage(5).pages == 4);
  for (const Ref ref : refs) f.slabs.free(f.magazines, ref);
  f.slabs.check_integrity();
  CHECK(f.slabs.usage(5).free_chunks + f.magazines.count(5) == refs.size());
  std::size_t again = 0;
  while (f.slabs.allocate(f.magazines, 5) != 0) ++again;
  CHECK(again == refs.size());
}

TEST_CASE("an emptied page goes to another class") {
  Fixture f(1);
  std::vector<Ref> refs;
  while (const Ref ref = f.slabs.allocate(f.magazines, 3)) refs.push_back(ref);
  CHECK(f.slabs.allocate(f.magazines, 9) == 0);
  auto busy = f.slabs.begin_drain(3);
  REQUIRE(busy);
  CHECK_FALSE(f.slabs.end_drain(busy));
  for (const Ref ref : refs) f.slabs.free(f.magazines, ref);
  const auto drain = f.slabs.begin_drain(3);
  REQUIRE(drain);
  CHECK(f.slabs.allocate_from_pages(f.magazines, 3) != 0);  // out of the magazine
  f.slabs.pull_back(f.magazines, drain);
  f.slabs.check_integrity();
  CHECK_FALSE(f.slabs.end_drain(drain));  // one chunk is out
  f.slabs.check_integrity();
}

TEST_CASE("chunks of a draining page are not handed out again") {
  Fixture f(1);
  std::vector<Ref> refs;
  while (const Ref ref = f.slabs.allocate(f.magazines, 3)) refs.push_back(ref);
  const auto drain = f.slabs.begin_drain(3);
  f.slabs.pull_back(f.magazines, drain);
  for (const Ref ref : refs) f.slabs.free(f.magazines, ref);
  CHECK(f.slabs.allocate(f.magazines, 3) == 0);
  CHECK(f.slabs.end_drain(drain));
  CHECK(f.arena.pool_pages() == 1);
  CHECK(f.slabs.page_count(3) == 0);
  CHECK(f.slabs.allocate(f.magazines, 9) != 0);
  f.slabs.check_integrity();
}

TEST_CASE("threads allocate and free at once") {
  Fixture f(16);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&f, t] {
      Magazines magazines;
      std::mt19937 random(t);
      std::vector<Ref> held;
      for (int i = 0; i < 40'000; ++i) {
        if (held.size() < 500 && random() % 2 == 0) {
          const std::size_t id = 1 + random() % 12;
          if (const Ref ref = f.slabs.allocate(magazines, id)) {
            reinterpret_cast<Item*>(f.arena.at(ref))->sizes = t;
            held.push_back(ref);
          }
        } else if (!held.empty()) {
          std::swap(held[random() % held.size()], held.back());
          if (reinterpret_cast<Item*>(f.arena.at(held.back()))->sizes != t) std::abort();
          f.slabs.free(magazines, held.back());
          held.pop_back();
        }
      }
      for (const Ref ref : held) f.slabs.free(magazines, ref);
    });
  }
  for (std::thread& thread : threads) thread.join();
  f.slabs.check_integrity();
}
