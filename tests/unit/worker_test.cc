#include "engine/worker.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "engine/clock.h"

using namespace larder::engine;

TEST_CASE("an exclusive section sees no batch half done, and busy gates do not starve it") {
  GateSet gates;
  std::atomic<bool> stop{false};
  // Each worker keeps two cells equal outside its batches.
  struct Pair {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
  };
  std::vector<Pair> pairs(3);
  std::vector<std::thread> threads;
  for (Pair& pair : pairs) {
    Worker& worker = gates.add_worker();
    threads.emplace_back([&, &own = pair] {
      while (!stop.load()) {
        GateGuard gate(worker);
        ++own.first;
        if (own.first % 64 == 0) std::this_thread::yield();
        ++own.second;
      }
    });
  }
  Worker& caller = gates.add_worker();
  int torn = 0;
  for (int i = 0; i < 300; ++i) {
    GateGuard gate(caller);
    ExclusiveSection section(gates, &caller);
    for (const Pair& pair : pairs) torn += pair.first != pair.second ? 1 : 0;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(torn == 0);
}

TEST_CASE("counters are named once and summed") {
  GateSet gates;
  Worker& worker = gates.add_worker();
  worker.count(Counter::cmd_get, 3);
  worker.count(Counter::cmd_get);
  worker.count(7, ClassCounter::touch_hits);
  CHECK(worker.counters.read(static_cast<std::size_t>(Counter::cmd_get)) == 4);
  CHECK(kCounterNames[static_cast<std::size_t>(Counter::lru_bumps_dropped)] == "lru_bumps_dropped");
  CHECK(worker.class_counters[7].read(static_cast<std::size_t>(ClassCounter::touch_hits)) == 1);
}

TEST_CASE("exptimes become deadlines by memcached's rule") {
  Clock clock;
  const std::uint32_t now = clock.now();
  CHECK(clock.deadline(0) == Deadline::never());
  CHECK(clock.deadline(-1) == Deadline::past());
  CHECK(clock.deadline(1).seconds() == now + 1);
  CHECK(clock.deadline(Clock::kRelativeMax).seconds() == now + 2592000);
  CHECK(clock.deadline(Clock::kRelativeMax + 1) == Deadline::past());
  CHECK(clock.deadline(clock.unix_now() + 100).seconds() == now + 100);
  CHECK(clock.deadline(clock.to_unix(0)) == Deadline::past());
  // A deadline given in the middle of a second is kept to the quarter, and told in whole seconds.
  clock.tick({3});
  CHECK(clock.now() == now);
  CHECK(clock.deadline(2).quarters == Deadline::at_second(now + 2).quarters + 3);
  CHECK(clock.deadline(2).seconds() == now + 2);
  clock.tick({10});
  CHECK_FALSE(clock.reached({Deadline::at_second(now + 2).quarters + 3}));
  clock.tick({11});
  CHECK(clock.reached({Deadline::at_second(now + 2).quarters + 3}));
  CHECK_FALSE(clock.reached(Deadline::never()));
  clock.tick(Deadline::at_second(5));
  CHECK(clock.now() == Clock::kStart + 5);
  clock.advance(10);
  clock.tick(Deadline::at_second(6));
  CHECK(clock.now() == Clock::kStart + 16);
  clock.pause(true);
  clock.tick(Deadline::at_second(60));
  CHECK(clock.now() == Clock::kStart + 16);
}
