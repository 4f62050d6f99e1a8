#include "slab/arena.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

using larder::slab::Arena;
using larder::slab::kPageBytes;

TEST_CASE("pages are handed out up to the limit and come back through the pool") {
  Arena arena({.limit_bytes = 4 * kPageBytes});
  std::vector<std::uint32_t> pages;
  while (const std::uint32_t page = arena.take_page()) {
    CHECK(page != 0);
    std::memset(arena.page_at(page), 1, kPageBytes);
    pages.push_back(page);
  }
  CHECK(pages.size() == 4);
  CHECK(arena.charged() == 4 * kPageBytes);
  arena.give_page(pages.back());
  CHECK(arena.pool_pages() == 1);
  CHECK(arena.charged() == 4 * kPageBytes);
  CHECK(arena.take_page() == pages.back());
  arena.check_integrity();
}

TEST_CASE("references name every aligned address of a page") {
  Arena arena({.limit_bytes = 2 * kPageBytes});
  CHECK(arena.alignment() == 4);
  const std::uint32_t page = arena.take_page();
  for (std::size_t offset = 0; offset < kPageBytes; offset += 4 * 997) {
    char* address = arena.page_at(page) + offset / 4 * 4;
    const auto ref = arena.ref_of(address);
    CHECK(ref != 0);
    CHECK(arena.at(ref) == address);
    CHECK(arena.page_of(ref) == page);
  }
}

TEST_CASE("a limit above what 8-byte references reach gets a wider alignment") {
  Arena arena({.limit_bytes = std::size_t{40} << 30});
  CHECK(arena.alignment() == 16);
}

TEST_CASE("extents are charged by frames, reused when parked and released by purge") {
  Arena arena({.limit_bytes = 4 * kPageBytes});
  char* extent = arena.take_extent(600'000);
  REQUIRE(extent != nullptr);
  std::memset(extent, 7, 600'000);
  CHECK(arena.charged() == (600'000 + 4095) / 4096 * 4096);
  CHECK(arena.extent_bytes() == arena.charged());
  arena.give_extent(extent);
  CHECK(arena.extent_bytes() == 0);
  CHECK(arena.charged() != 0);
  CHECK(arena.take_extent(700'000) == extent);
  CHECK(arena.charged() == (700'000 + 4095) / 4096 * 4096);
  arena.give_extent(extent);
  CHECK(arena.take_extent(4 * kPageBytes) == nullptr);
  CHECK(arena.purge(4 * kPageBytes));
  CHECK(arena.charged() == 0);
  CHECK(arena.take_extent(4 * kPageBytes) != nullptr);
  CHECK(arena.take_page() == 0);
  CHECK_FALSE(arena.purge(1));
  arena.check_integrity();
}

TEST_CASE("a lowered limit stops takes until memory is released") {
  Arena arena({.limit_bytes = 4 * kPageBytes});
  const std::uint32_t first = arena.take_page();
  const std::uint32_t second = arena.take_page();
  arena.set_limit(kPageBytes);
  CHECK(arena.take_page() == 0);
  arena.give_page(first);
  CHECK(arena.take_page() == 0);
  CHECK(arena.purge(0));
  CHECK(arena.charged() == kPageBytes);
  arena.give_page(second);
  CHECK(arena.take_page() == second);
  arena.check_integrity();
}

TEST_CASE("random takes and gives keep the books") {
  Arena arena({.limit_bytes = 64 * kPageBytes});
  std::mt19937 random(11);
  std::vector<char*> extents;
  std::vector<std::uint32_t> pages;
  for (int i = 0; i < 5000; ++i) {
    switch (random() % 5) {
      case 0:
        if (char* extent = arena.take_extent(1 + random() % (5 * kPageBytes))) extents.push_back(extent);
        break;
      case 1:
        if (const std::uint32_t page = arena.take_page()) pages.push_back(page);
        break;
      case 2:
        if (extents.empty()) break;
        std::swap(extents[random() % extents.size()], extents.back());
        arena.give_extent(extents.back());
        extents.pop_back();
        break;
      case 3:
        if (pages.empty()) break;
        arena.give_page(pages.back());
        pages.pop_back();
        break;
      default: arena.purge(random() % (8 * kPageBytes));
    }
    REQUIRE(arena.charged() <= arena.limit());
    if (i % 100 == 0) arena.check_integrity();
  }
}
