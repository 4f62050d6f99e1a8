// Engine::dump: what a walk shows while nothing changes, and while everything does.
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/cache_engine.h"

using namespace larder::engine;

namespace {

struct Walk final : ItemSink {
  std::map<std::string, int> seen;
  std::size_t in_step = 0;
  std::size_t most_in_step = 0;
  void item(const ItemView& view) override {
    ++seen[std::string(view.key)];
    most_in_step = std::max(most_in_step, ++in_step);
  }
};

struct Harness {
  explicit Harness(Config config = {})
      : engine(make_cache_engine(config)), worker(engine->add_worker()) {}

  void set(const std::string& key, const std::string& value, std::int64_t exptime = 0) {
    GateGuard gate(worker);
    StoreRequest request;
    request.deadline = engine->clock().deadline(exptime);
    REQUIRE(engine->store(worker, engine->key(key), request, value).status == StoreStatus::stored);
  }
  void fill(int count) {
    for (int i = 0; i < count; ++i) set("key" + std::to_string(i), "value");
  }
  void remove(const std::string& key) {
    GateGuard gate(worker);
    REQUIRE(engine->remove(worker, engine->key(key), {}) == DeleteStatus::deleted);
  }
  bool step(DumpCursor* cursor, Walk& walk) {
    GateGuard gate(worker);
    walk.in_step = 0;
    return engine->dump(worker, cursor, walk);
  }
  Walk dump(DumpCursor cursor = {}) {
    Walk walk;
    while (step(&cursor, walk)) continue;
    return walk;
  }

  std::unique_ptr<CacheEngine> engine;
  Worker& worker;
};

void check_each_once(const Walk& walk, int count) {
  CHECK(walk.seen.size() == static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const auto found = walk.seen.find("key" + std::to_string(i));
    if (found == walk.seen.end() || found->second != 1) FAIL("key" << i);
  }
  CHECK(walk.most_in_step <= kDumpItemsMax);
}

// A table that does not grow: hundreds of items a bucket.
Config crowded() {
  Config config;
  config.threads = 1;
  config.hash_power = 12;
  config.hash_growth = false;
  return config;
}

}  // namespace

TEST_CASE("dump: nothing, and after the end") {
  Harness harness;
  DumpCursor cursor;
  Walk walk;
  while (harness.step(&cursor, walk)) continue;
  CHECK_FALSE(harness.step(&cursor, walk));
  CHECK(walk.seen.empty());
}

TEST_CASE("dump: each item once") {
  Harness harness;
  harness.fill(50'000);
  check_each_once(harness.dump(), 50'000);
}

TEST_CASE("dump: chains longer than a step") {
  Harness harness(crowded());
  harness.fill(60'000);
  check_each_once(harness.dump(), 60'000);
}

TEST_CASE("dump: does not count as a read") {
  Harness harness;
  harness.fill(1);
  struct Fetched final : ItemSink {
    bool fetched = true;
    void item(const ItemView& view) override { fetched = view.fetched_before; }
  } sink;
  harness.dump();
  DumpCursor cursor;
  GateGuard gate(harness.worker);
  while (harness.engine->dump(harness.worker, &cursor, sink)) continue;
  CHECK_FALSE(sink.fetched);
  CHECK(harness.worker.counters.read(static_cast<std::size_t>(Counter::cmd_get)) == 0);
}

TEST_CASE("dump: expired and flushed items are left out") {
  Harness harness;
  harness.set("key0", "v");
  harness.set("soon", "v", 10);
  harness.set("past", "v", -1);
  harness.set("later", "v", 100);
  harness.engine->clock().advance(10);
  CHECK(harness.dump().seen == std::map<std::string, int>{{"key0", 1}, {"later", 1}});
  {
    GateGuard gate(harness.worker);
    harness.engine->flush(harness.worker, harness.engine->clock().deadline(5));
  }
  CHECK(harness.dump().seen.size() == 2);
  harness.engine->clock().advance(5);
  CHECK(harness.dump().seen.empty());
}

TEST_CASE("dump: only the classes that are asked for") {
  Harness harness;
  harness.set("small", "v");
  harness.set("large", std::string(9000, 'x'));
  harness.set("extent", std::string(800'000, 'x'));
  struct Classes final : ItemSink {
    std::map<std::string, unsigned> of;
    void item(const ItemView& view) override { of[std::string(view.key)] = view.class_id; }
  } sink;
  DumpCursor all;
  {
    GateGuard gate(harness.worker);
    while (harness.engine->dump(harness.worker, &all, sink)) continue;
  }
  REQUIRE(sink.of.size() == 3);
  CHECK(sink.of["small"] == 1);
  CHECK(sink.of["extent"] == kExtentLru);
  for (const auto& [key, class_id] : sink.of) {
    DumpCursor cursor;
    cursor.classes.reset().set(class_id);
    CHECK(harness.dump(cursor).seen == std::map<std::string, int>{{key, 1}});
    cursor.classes = ~cursor.classes;
    CHECK(harness.dump(cursor).seen.size() == 2);
  }
}

TEST_CASE("dump: items that stay are shown while others come and go") {
  for (const bool grows : {true, false}) {
    Config config = crowded();
    config.hash_growth = grows;
    Harness harness(config);
    constexpr int kStay = 20'000;
    harness.fill(kStay);
    for (int i = 0; i < 5'000; ++i) harness.set("leaves" + std::to_string(i), "v");
    DumpCursor cursor;
    Walk walk;
    int left = 0;
    for (int steps = 0; harness.step(&cursor, walk); ++steps) {
      REQUIRE(steps < 100'000);
      // Enough that tables grow under the walk, and that chains are trimmed.
      for (int i = 0; i < 20; ++i) harness.set("comes" + std::to_string(steps * 20 + i), "v");
      for (int i = 0; i < 10 && left < 5'000; ++i)
        harness.remove("leaves" + std::to_string(left++));
    }
    CHECK(left == 5'000);
    CHECK(walk.most_in_step <= kDumpItemsMax);
    for (int i = 0; i < kStay; ++i) {
      if (walk.seen.count("key" + std::to_string(i)) == 0) FAIL("key" << i << " is missing");
    }
  }
}

TEST_CASE("dump: a flush in the middle ends what was there") {
  Harness harness;
  harness.fill(30'000);
  DumpCursor cursor;
  Walk walk;
  for (int steps = 0; steps < 100; ++steps) REQUIRE(harness.step(&cursor, walk));
  const std::size_t before = walk.seen.size();
  CHECK(before > 0);
  {
    GateGuard gate(harness.worker);
    harness.engine->flush(harness.worker, Deadline::never());
  }
  while (harness.step(&cursor, walk)) continue;
  CHECK(walk.seen.size() == before);
}

TEST_CASE("dump: the crawler switch") {
  Config off;
  off.crawler = false;
  CHECK_FALSE(make_cache_engine(off)->crawler_enabled());
  CHECK(make_cache_engine({})->crawler_enabled());
}

TEST_CASE("stats sizes: live items in steps of 32 bytes") {
  struct Rows final : StatSink {
    std::vector<std::pair<std::string, std::string>> rows;
    void stat(std::string_view name, std::string_view value) override {
      rows.emplace_back(name, value);
    }
  };
  Config config;
  config.track_sizes = true;
  Harness harness(config);
  // 20 bytes of header, 4 for a deadline, 4 for pins when large.
  for (int i = 0; i < 200; ++i) harness.set("a" + std::to_string(100 + i), "1234");  // 32
  harness.set("b", "123456789012");                                                  // 33
  harness.set("c", std::string(31, 'x'), 100);                                       // 56
  harness.set("d", std::string(31, 'x'), -1);                                        // expired
  harness.set("e", std::string(9975, 'x'));                                          // 10000
  harness.set("f", std::string(900'000, 'x'));  // a chunk that points to an extent
  Rows sizes;
  REQUIRE(harness.engine->stats("sizes", sizes));
  using Row = std::pair<std::string, std::string>;
  CHECK(sizes.rows ==
        std::vector<Row>{{"32", "200"}, {"64", "2"}, {"10016", "1"}, {"900064", "1"}});

  Rows off;
  REQUIRE(make_cache_engine({})->stats("sizes", off));
  CHECK(off.rows == std::vector<Row>{{"sizes_status", "disabled"}});
}
