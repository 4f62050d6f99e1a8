#include "engine/events.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "engine/cache_engine.h"

using namespace larder::engine;

namespace {

struct Seen {
  EventKind kind;
  std::uint64_t id;
  std::string text;
};

template <typename Event>
std::vector<Seen> read_all(EventLog& log) {
  std::vector<Seen> seen;
  log.read([&](const EventView& view) {
    seen.push_back({view.header.kind, view.header.id, std::string(view.text<Event>())});
  });
  return seen;
}

struct NullSink final : ItemSink {
  void item(const ItemView&) override {}
};

}  // namespace

TEST_CASE("nothing is written that nobody wants") {
  std::atomic<std::uint64_t> ids{0};
  EventLog log(ids);
  CHECK_FALSE(log.wants(stream::kFetchers));
  log.write(ItemGetEvent{}, "key");
  log.want(stream::kMutations, 4096);
  CHECK(log.wants(stream::kMutations));
  CHECK_FALSE(log.wants(stream::kFetchers));
  log.write(ItemGetEvent{}, "key");
  CHECK(read_all<ItemGetEvent>(log).empty());
  CHECK(log.written() == 0);
  CHECK(ids == 0);
}

TEST_CASE("records come out as they went in, around the end of the ring many times") {
  std::atomic<std::uint64_t> ids{0};
  EventLog log(ids);
  log.want(stream::kFetchers, 4096);
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::string key(i % 251, static_cast<char>('a' + i % 26));
    log.write(ItemGetEvent{.found = Found::found, .client = static_cast<std::int32_t>(i)}, key);
    if (i % 3 != 0) continue;
    log.read([&](const EventView& view) {
      const auto event = view.as<ItemGetEvent>();
      CHECK(view.header.id == ++expected);
      CHECK(event.client == static_cast<std::int32_t>(expected - 1));
      CHECK(view.text<ItemGetEvent>() ==
            std::string((expected - 1) % 251, static_cast<char>('a' + (expected - 1) % 26)));
    });
  }
  CHECK(log.written() == 2000);
  CHECK(log.dropped() == 0);
}

TEST_CASE("a full ring drops what comes, counts it and goes on") {
  std::atomic<std::uint64_t> ids{0};
  EventLog log(ids);
  log.want(stream::kDeletions, 4096);
  for (int i = 0; i < 1000; ++i) log.write(DeletionEvent{}, "some key");
  const std::uint64_t written = log.written();
  CHECK(written > 40);
  CHECK(log.dropped() == 1000 - written);
  CHECK(read_all<DeletionEvent>(log).size() == written);
  log.write(DeletionEvent{}, "after");
  const auto after = read_all<DeletionEvent>(log);
  REQUIRE(after.size() == 1);
  CHECK(after[0].text == "after");
  CHECK(after[0].id == written + 1);  // what is dropped takes no id
}

TEST_CASE("a text is cut to what fits a record") {
  std::atomic<std::uint64_t> ids{0};
  EventLog log(ids);
  log.want(stream::kCommandLines, 4096);
  log.write(CommandLineEvent{.client = 7}, std::string(3000, 'x'));
  CHECK(read_all<CommandLineEvent>(log).at(0).text == std::string(kEventTextMax, 'x'));
}

TEST_CASE("one thread writes while another reads: nothing is torn, nothing is lost but what is counted") {
  std::atomic<std::uint64_t> ids{0};
  EventLog log(ids);
  log.want(stream::kFetchers, 8192);
  constexpr int kEvents = 20000;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < kEvents; ++i) {
      log.write(ItemGetEvent{.client = i, .value_bytes = static_cast<std::uint32_t>(i)},
                std::string(static_cast<std::size_t>(i % 200), 'k'));
    }
    done = true;
  });
  std::uint64_t read = 0;
  std::uint64_t torn = 0;
  for (bool last = false; !last;) {
    last = done;
    log.read([&](const EventView& view) {
      const auto event = view.as<ItemGetEvent>();
      ++read;
      torn += event.value_bytes != static_cast<std::uint32_t>(event.client) ||
              view.text<ItemGetEvent>().size() != event.value_bytes % 200;
    });
  }
  writer.join();
  CHECK(torn == 0);
  CHECK(read == log.written());
  CHECK(log.written() + log.dropped() == kEvents);
}

TEST_CASE("the engine tells lookups, stores, deletions and evictions") {
  Config config;
  config.memory_bytes = 8 << 20;
  CacheEngine engine(config);
  Worker& worker = engine.add_worker();
  worker.events.want(~Streams{0}, 1 << 20);
  worker.events.set_client(42);
  NullSink sink;
  const auto kinds = [&] {
    std::vector<EventKind> found;
    worker.events.read([&](const EventView& view) { found.push_back(view.header.kind); });
    return found;
  };
  const GateGuard gate(worker);
  const Key key = engine.key("key");
  engine.get(worker, key, {}, sink);
  CHECK(kinds() == std::vector{EventKind::item_get});
  engine.store(worker, key, {}, "value");
  worker.events.read([&](const EventView& view) {
    if (view.header.kind != EventKind::item_store) return;
    const auto event = view.as<ItemStoreEvent>();
    CHECK(event.status == static_cast<std::uint8_t>(StoreStatus::stored));
    CHECK(event.client == 42);
    CHECK(event.value_bytes == 5);
    CHECK(view.text<ItemStoreEvent>() == "key");
  });
  engine.store(worker, key, {.mode = StoreMode::add}, "value");
  CHECK(kinds() == std::vector{EventKind::item_get, EventKind::item_store});
  engine.store(worker, key, {}, std::string(2 << 20, 'x'));  // too large: the old one goes
  CHECK(kinds() == std::vector{EventKind::item_store, EventKind::item_get});
  engine.arithmetic(worker, key, {.create = Deadline::never()});
  CHECK(kinds() == std::vector{EventKind::item_get, EventKind::item_get, EventKind::item_store});
  engine.remove(worker, key, {});
  CHECK(kinds() == std::vector{EventKind::item_get, EventKind::deletion});
  worker.events.want(stream::kEvictions, 1 << 20);
  const std::string value(4000, 'v');
  std::uint64_t evictions = 0;
  for (int i = 0; i < 4000; ++i) {
    engine.store(worker, engine.key("evicted" + std::to_string(i)), {}, value);
    evictions += kinds().size();
  }
  std::uint64_t counted = worker.counters.read(static_cast<std::size_t>(Counter::evictions));
  CHECK(evictions > 0);
  CHECK(evictions + worker.events.dropped() == counted);
}
