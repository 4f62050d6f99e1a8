#include "engine/redis/types/heap.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <thread>
#include <vector>

namespace heap = larder::redis::heap;

TEST_CASE("an allocation is counted by what was set aside for it, and uncounted") {
  const heap::Meter meter;
  void* memory = heap::allocate(100);
  CHECK(meter.delta() == static_cast<std::int64_t>(heap::usable_bytes(memory)));
  CHECK(heap::usable_bytes(memory) >= 100);
  heap::release(memory);
  CHECK(meter.delta() == 0);
  heap::release(nullptr);
  CHECK(meter.delta() == 0);
}

TEST_CASE("resizing keeps the contents and counts the difference") {
  const heap::Meter meter;
  void* memory = heap::resize(nullptr, 10);
  std::memcpy(memory, "0123456789", 10);
  memory = heap::resize(memory, 100'000);
  CHECK(std::memcmp(memory, "0123456789", 10) == 0);
  CHECK(meter.delta() == static_cast<std::int64_t>(heap::usable_bytes(memory)));
  memory = heap::resize(memory, 10);
  CHECK(std::memcmp(memory, "0123456789", 10) == 0);
  CHECK(meter.delta() == static_cast<std::int64_t>(heap::usable_bytes(memory)));
  heap::release(memory);
  CHECK(meter.delta() == 0);
}

TEST_CASE("a standard container's memory is counted") {
  const heap::Meter meter;
  {
    std::vector<int, heap::Allocator<int>> numbers(1000);
    CHECK(meter.delta() >= 4000);
  }
  CHECK(meter.delta() == 0);
}

TEST_CASE("the total is exact once threads have ended or folded") {
  heap::fold();
  const std::int64_t before = heap::total_bytes();
  std::vector<void*> held(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < held.size(); ++i) {
    threads.emplace_back([&held, i] {
      for (int round = 0; round < 1000; ++round) heap::release(heap::allocate(64));
      held[i] = heap::allocate(100);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::int64_t expected = 0;
  for (void* memory : held) expected += static_cast<std::int64_t>(heap::usable_bytes(memory));
  CHECK(heap::total_bytes() - before == expected);
  // Released by another thread than the ones that allocated.
  for (void* memory : held) heap::release(memory);
  heap::fold();
  CHECK(heap::total_bytes() == before);
}

TEST_CASE("the total is never further off than a thread may be") {
  heap::fold();
  const std::int64_t before = heap::total_bytes();
  std::vector<void*> held;
  std::int64_t expected = 0;
  for (int i = 0; i < 2000; ++i) {
    held.push_back(heap::allocate(static_cast<std::size_t>(i)));
    expected += static_cast<std::int64_t>(heap::usable_bytes(held.back()));
    const std::int64_t off = heap::total_bytes() - before - expected;
    REQUIRE(std::abs(off) <= heap::kFoldBytes);
  }
  for (void* memory : held) heap::release(memory);
}
