#include "engine/cache_engine.h"

#include <fmt/format.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace larder::engine;

namespace {

struct Recorder final : ItemSink {
  std::string value;
  ItemView view;
  void item(const ItemView& seen) override {
    value.assign(seen.value);
    view = seen;
  }
};

struct Harness {
  explicit Harness(Config config = {}) : engine(make_cache_engine(config)), worker(engine->add_worker()) {}
  StoreStatus set(std::string_view key, std::string_view value, StoreRequest request = {}) {
    GateGuard gate(worker);
    return engine->store(worker, engine->key(key), request, value).status;
  }
  bool get(std::string_view key, std::string* value, GetRequest request = {}) {
    GateGuard gate(worker);
    Recorder recorder;
    const bool hit = engine->get(worker, engine->key(key), request, recorder) == GetStatus::hit;
    *value = recorder.value;
    return hit;
  }
  std::uint64_t stat(std::string_view name) {
    struct Sink final : StatSink {
      std::string_view wanted;
      std::uint64_t found = 0;
      void stat(std::string_view each, std::string_view value) override {
        if (each == wanted) found = std::stoull(std::string(value));
      }
    } sink;
    sink.wanted = name;
    engine->stats("", sink);
    return sink.found;
  }
  std::unique_ptr<CacheEngine> engine;
  Worker& worker;
};

Config small(std::size_t megabytes) {
  Config config;
  config.memory_bytes = megabytes << 20;
  return config;
}

// A value that tells its key and length, so that a mixed-up one is seen.
std::string value_for(const std::string& key, std::size_t bytes) {
  std::string value = key + ":";
  while (value.size() < bytes) value += static_cast<char>('a' + value.size() % 26);
  value.resize(bytes);
  return value;
}

}  // namespace

TEST_CASE("values of every size class and of extents come back") {
  Config config = small(64);
  config.item_bytes_max = 32 << 20;
  Harness harness(config);
  for (const std::size_t bytes : {0u, 1u, 24u, 100u, 8192u, 8193u, 20'000u, 300'000u, 524'000u,
                                  525'000u, 1'048'576u, 5'000'000u}) {
    const std::string key = fmt::format("key{}", bytes);
    const std::string value = value_for(key, bytes);
    REQUIRE(harness.set(key, value) == StoreStatus::stored);
    std::string got;
    REQUIRE(harness.get(key, &got));
    CHECK((got == value));
  }
  harness.engine->check_integrity();
}

TEST_CASE("a cache full of small items takes large ones, and the other way round") {
  Harness harness(small(16));
  for (int i = 0; i < 150'000; ++i) {
    REQUIRE(harness.set(fmt::format("small{}", i), std::string(100, 's')) == StoreStatus::stored);
  }
  CHECK(harness.stat("evictions") > 0);
  for (int i = 0; i < 60; ++i) {
    REQUIRE(harness.set(fmt::format("large{}", i), std::string(900'000, 'l')) == StoreStatus::stored);
  }
  std::string got;
  CHECK(harness.get("large59", &got));
  harness.engine->check_integrity();
  for (int i = 0; i < 150'000; ++i) {
    REQUIRE(harness.set(fmt::format("again{}", i), std::string(100, 's')) == StoreStatus::stored);
  }
  CHECK(harness.get("again149999", &got));
  CHECK(harness.engine->keyspace().arena().charged() <= std::size_t{16} << 20);
  harness.engine->check_integrity();
}

TEST_CASE("drifting sizes never meet 'no memory'") {
  Harness harness(small(8));
  for (std::size_t bytes = 50; bytes < 700'000; bytes = bytes * 3 / 2) {
    for (int i = 0; i < 400; ++i) {
      REQUIRE(harness.set(fmt::format("k{}-{}", bytes, i), std::string(bytes, 'x')) == StoreStatus::stored);
    }
  }
  for (std::size_t bytes = 700'000; bytes > 50; bytes = bytes * 2 / 3) {
    for (int i = 0; i < 400; ++i) {
      REQUIRE(harness.set(fmt::format("k{}-{}", bytes, i), std::string(bytes, 'x')) == StoreStatus::stored);
    }
  }
  harness.engine->check_integrity();
}

TEST_CASE("without evictions a full cache refuses and keeps what it has") {
  Config config = small(4);
  config.evictions = false;
  Harness harness(config);
  int stored = 0;
  while (harness.set(fmt::format("k{}", stored), std::string(1000, 'x'), {.mode = StoreMode::add}) ==
         StoreStatus::stored) {
    REQUIRE(++stored < 10'000);
  }
  CHECK(stored > 3000);
  std::string got;
  for (int i = 0; i < stored; ++i) REQUIRE(harness.get(fmt::format("k{}", i), &got));
  harness.engine->check_integrity();
}

TEST_CASE("a cas unique appears when it is asked for and changes with each write") {
  Harness harness;
  harness.set("key", "one");
  std::string got;
  Recorder recorder;
  const auto cas_of = [&] {
    GateGuard gate(harness.worker);
    GetRequest request;
    request.want_cas = true;
    REQUIRE(harness.engine->get(harness.worker, harness.engine->key("key"), request, recorder) == GetStatus::hit);
    return recorder.view.cas;
  };
  const std::uint64_t first = cas_of();
  CHECK(first != 0);
  CHECK(cas_of() == first);
  StoreRequest compare;
  compare.compare = true;
  compare.compare_cas = first;
  CHECK(harness.set("key", "two", compare) == StoreStatus::stored);
  CHECK(harness.set("key", "three", compare) == StoreStatus::exists);
  CHECK(cas_of() > first);
  CHECK(harness.set("none", "three", compare) == StoreStatus::not_found);
  REQUIRE(harness.get("key", &got));
  CHECK(got == "two");
  harness.engine->check_integrity();
}

TEST_CASE("a pinned value outlives its item") {
  Harness harness;
  const std::string value = value_for("key", 100'000);
  harness.set("key", value);
  struct Pinner final : ItemSink {
    ItemPin pin;
    std::string_view bytes;
    void item(const ItemView& view) override {
      pin = view.pin();
      bytes = view.value;
    }
  } pinner;
  {
    GateGuard gate(harness.worker);
    harness.engine->get(harness.worker, harness.engine->key("key"), {}, pinner);
    harness.engine->remove(harness.worker, harness.engine->key("key"), {});
  }
  for (int i = 0; i < 2000; ++i) harness.set(fmt::format("other{}", i), std::string(100'000, 'o'));
  CHECK((pinner.bytes == value));
  pinner.pin.reset();
  harness.engine->check_integrity();
}

TEST_CASE("flush kills what was stored before and nothing after") {
  Harness harness;
  std::string got;
  for (int i = 0; i < 5000; ++i) harness.set(fmt::format("k{}", i), std::string(static_cast<std::size_t>(i), 'x'));
  {
    GateGuard gate(harness.worker);
    harness.engine->flush(harness.worker, Deadline::never());
  }
  CHECK(harness.stat("curr_items") == 0);
  CHECK(harness.stat("bytes") == 0);
  for (int i = 0; i < 5000; ++i) REQUIRE_FALSE(harness.get(fmt::format("k{}", i), &got));
  harness.set("after", "x");
  CHECK(harness.get("after", &got));
  harness.engine->check_integrity();
  // Dead items give their memory back.
  for (int i = 0; i < 200'000; ++i) REQUIRE(harness.set(fmt::format("n{}", i), std::string(500, 'x')) == StoreStatus::stored);
  harness.engine->check_integrity();
}

TEST_CASE("deadlines: lazily, by touch, and by the crawler") {
  Harness harness;
  std::string got;
  Clock& clock = harness.engine->clock();
  harness.set("soon", "x", {.deadline = clock.deadline(10)});
  harness.set("later", "x", {.deadline = clock.deadline(100)});
  harness.set("never", "x");
  clock.advance(9);
  CHECK(harness.get("soon", &got));
  clock.advance(1);
  CHECK_FALSE(harness.get("soon", &got));
  {
    GateGuard gate(harness.worker);
    CHECK(harness.engine->touch(harness.worker, harness.engine->key("never"), clock.deadline(50)));
    CHECK_FALSE(harness.engine->touch(harness.worker, harness.engine->key("none"), clock.deadline(50)));
  }
  CHECK(harness.get("never", &got));
  clock.advance(60);
  CHECK(harness.stat("curr_items") == 2);
  Reclaimer::WalkBudget budget;
  budget.fill(1000);
  for (std::size_t i = 0; i < harness.engine->keyspace().stripe_count(); ++i) {
    GateGuard gate(harness.worker);
    std::size_t bucket = 0;
    do {
      Stripe& stripe = harness.engine->keyspace().stripe(i);
      bucket = harness.engine->reclaimer().crawl(harness.worker, stripe, bucket, 16, budget);
    } while (bucket != 0);
  }
  CHECK(harness.stat("curr_items") == 1);
  CHECK(harness.get("later", &got));
  harness.engine->check_integrity();
}

TEST_CASE("append and prepend keep flags, grow through chunks and extents") {
  Config config = small(64);
  config.item_bytes_max = 8 << 20;
  Harness harness(config);
  std::string expected = "x";
  harness.set("key", expected, {.client_flags = 77});
  std::mt19937 random(7);
  while (expected.size() < 3'000'000) {
    const std::string part = value_for("part", 1 + random() % (1 + expected.size()));
    const bool append = random() % 2 == 0;
    REQUIRE(harness.set("key", part, {.mode = append ? StoreMode::append : StoreMode::prepend}) == StoreStatus::stored);
    expected = append ? expected + part : part + expected;
    std::string got;
    REQUIRE(harness.get("key", &got));
    REQUIRE((got == expected));
  }
  Recorder recorder;
  GateGuard gate(harness.worker);
  harness.engine->get(harness.worker, harness.engine->key("key"), {}, recorder);
  CHECK(recorder.view.client_flags == 77);
  harness.engine->check_integrity();
}

TEST_CASE("a small largest chunk is no trap for values that grow") {
  Config config = small(16);
  config.chunk_bytes_max = 1024;
  Harness harness(config);
  std::string expected(8192, 'a');
  REQUIRE(harness.set("key", expected) == StoreStatus::stored);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(harness.set("key", std::string(8192, 'b'), {.mode = StoreMode::append}) == StoreStatus::stored);
    expected += std::string(8192, 'b');
    std::string got;
    REQUIRE(harness.get("key", &got));
    CHECK((got == expected));
  }
  harness.engine->check_integrity();
}

TEST_CASE("many threads, one small cache: every value read is one that was written") {
  Config config = small(8);
  config.threads = 4;
  Harness harness(config);
  harness.engine->start_background();
  std::atomic<int> wrong{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    Worker& worker = harness.engine->add_worker();
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      CacheEngine& engine = *harness.engine;
      const std::size_t sizes[] = {10, 100, 1000, 9000, 60'000, 600'000};
      for (int i = 0; i < 15'000; ++i) {
        GateGuard gate(worker);
        const std::string key = fmt::format("key{}", random() % 3000);
        const Key hashed = engine.key(key);
        switch (random() % 12) {
          case 0: engine.remove(worker, hashed, {}); break;
          case 1: engine.touch(worker, hashed, engine.clock().deadline(random() % 100)); break;
          case 2:
            if (random() % 500 == 0) engine.flush(worker, Deadline::never());
            break;
          case 3:
          case 4:
          case 5:
          case 6: {
            const std::size_t bytes = sizes[random() % (i % 50 == 0 ? 6 : 4)] + key.size() + 1;
            StoreRequest request;
            request.want_cas = random() % 2 == 0;
            if (engine.store(worker, hashed, request, value_for(key, bytes)).status != StoreStatus::stored) ++refused;
            break;
          }
          default: {
            Recorder recorder;
            GetRequest request;
            request.want_cas = random() % 4 == 0;
            if (engine.get(worker, hashed, request, recorder) != GetStatus::hit) break;
            if (recorder.value != value_for(key, recorder.value.size())) ++wrong;
          }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(refused == 0);
  harness.engine->check_integrity();
}

TEST_CASE("a value of many pages gets its memory while other threads store small ones") {
  Config config = small(16);
  config.threads = 4;
  config.item_bytes_max = 8 << 20;
  Harness harness(config);
  harness.engine->start_background();
  std::atomic<bool> done{false};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 3; ++t) {
    Worker& worker = harness.engine->add_worker();
    threads.emplace_back([&, t] {
      const std::size_t sizes[] = {30, 100, 300, 1000, 3000};
      for (unsigned i = 0; !done; ++i) {
        GateGuard gate(worker);
        const std::string key = fmt::format("small{}-{}", t, i % 100'000);
        const std::string value(sizes[i / 5000 % 5], 's');
        const Key hashed = harness.engine->key(key);
        if (harness.engine->store(worker, hashed, {}, value).status != StoreStatus::stored) ++refused;
      }
    });
  }
  const std::string large(6'000'000, 'l');
  for (int i = 0; i < 30; ++i) {
    if (harness.set(fmt::format("large{}", i % 10), large) != StoreStatus::stored) ++refused;
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(refused == 0);
  harness.engine->check_integrity();
}

namespace {
void reclaim(Harness& harness, bool also_expired) {
  for (std::size_t i = 0; i < harness.engine->keyspace().stripe_count(); ++i) {
    GateGuard gate(harness.worker);
    Stripe& stripe = harness.engine->keyspace().stripe(i);
    harness.engine->reclaimer().reclaim_tails(harness.worker, stripe, also_expired);
  }
}
void flush(Harness& harness, Deadline when = Deadline::never()) {
  GateGuard gate(harness.worker);
  harness.engine->flush(harness.worker, when);
}
}  // namespace

TEST_CASE("expired items at the ends of lists count as reclaimed, those a walk finds as the crawler's") {
  Harness harness;
  Clock& clock = harness.engine->clock();
  std::string got;
  for (int i = 0; i < 10; ++i) harness.set(fmt::format("soon{}", i), "x", {.deadline = clock.deadline(10)});
  CHECK(harness.get("soon0", &got));
  clock.advance(10);
  reclaim(harness, false);
  CHECK(harness.stat("reclaimed") == 0);
  reclaim(harness, true);
  CHECK(harness.stat("reclaimed") == 10);
  CHECK(harness.stat("expired_unfetched") == 9);
  CHECK(harness.stat("crawler_reclaimed") == 0);

  for (int i = 0; i < 1000; ++i) harness.set(fmt::format("never{}", i), "x");
  for (int i = 0; i < 20; ++i) harness.set(fmt::format("later{}", i), "x", {.deadline = clock.deadline(10)});
  clock.advance(10);
  reclaim(harness, true);
  CHECK(harness.stat("reclaimed") == 10);  // what never expires is in front of them
  Reclaimer::WalkBudget budget{};
  const auto walk = [&] {
    for (std::size_t i = 0; i < harness.engine->keyspace().stripe_count(); ++i) {
      GateGuard gate(harness.worker);
      Stripe& stripe = harness.engine->keyspace().stripe(i);
      for (std::size_t bucket = 0;;) {
        bucket = harness.engine->reclaimer().crawl(harness.worker, stripe, bucket, 16, budget);
        if (bucket == 0) break;
      }
    }
  };
  walk();
  CHECK(harness.stat("crawler_items_checked") == 0);
  budget.fill(5000);
  walk();
  CHECK(harness.stat("crawler_reclaimed") == 20);
  CHECK(harness.stat("expired_unfetched") == 29);
  CHECK(harness.stat("reclaimed") == 10);
  harness.engine->check_integrity();
}

TEST_CASE("a key that a flush took is told from one that never was, once, until its memory is taken") {
  Harness harness;
  std::string got;
  for (int i = 0; i < 100; ++i) harness.set(fmt::format("k{}", i), "x");
  harness.set("large", std::string(100'000, 'l'));
  flush(harness);
  CHECK_FALSE(harness.get("k1", &got));
  CHECK_FALSE(harness.get("k1", &got));
  CHECK_FALSE(harness.get("large", &got));
  CHECK_FALSE(harness.get("none", &got));
  CHECK(harness.stat("get_flushed") == 2);
  harness.set("k2", "new");  // a store looks the key up, too
  CHECK(harness.stat("get_flushed") == 3);
  reclaim(harness, false);
  {
    GateGuard gate(harness.worker);
    harness.engine->reclaimer().free_shared_dead(harness.worker);
  }
  CHECK(harness.stat("reclaimed") == 101);
  CHECK_FALSE(harness.get("k3", &got));
  CHECK(harness.stat("get_flushed") == 3);
  CHECK(harness.get("k2", &got));
  flush(harness);
  flush(harness);
  CHECK_FALSE(harness.get("k2", &got));
  CHECK(harness.stat("get_flushed") == 4);
  harness.engine->check_integrity();
}

TEST_CASE("a flush of what was stored before the process began takes nothing, and nothing waits any more") {
  Harness harness;
  std::string got;
  harness.set("k", "x");
  flush(harness, harness.engine->clock().deadline(5));
  flush(harness, Deadline::past());
  CHECK(harness.get("k", &got));
  harness.engine->clock().advance(10);
  CHECK(harness.get("k", &got));
  CHECK(harness.stat("cmd_flush") == 2);
}

TEST_CASE("without a maintainer, stores take back what has expired or was flushed") {
  Config config;
  config.maintainer = false;
  config.crawler = false;
  config.lru.segmented = false;
  Harness harness(config);
  harness.set("k", "x");
  flush(harness);
  harness.set("k", "x");
  CHECK(harness.stat("reclaimed") == 1);
  harness.set("k", "x", {.deadline = harness.engine->clock().deadline(5)});
  harness.engine->clock().advance(5);
  for (int i = 0; i < 1000; ++i) harness.set(fmt::format("k{}", i), "x");
  CHECK(harness.stat("reclaimed") == 2);
  harness.engine->check_integrity();
}

TEST_CASE("a flat LRU evicts what was in HOT and WARM before") {
  Harness harness(small(8));
  std::string got;
  for (int i = 0; i < 20'000; ++i) harness.set(fmt::format("old{:06}", i), std::string(100, 'o'));
  harness.engine->reclaimer().policy().segmented = false;
  for (int i = 0; i < 200'000; ++i) harness.set(fmt::format("new{:06}", i), std::string(100, 'n'));
  int left = 0;
  for (int i = 0; i < 20'000; ++i) left += harness.get(fmt::format("old{:06}", i), &got) ? 1 : 0;
  CHECK(left == 0);
  harness.engine->check_integrity();
}
