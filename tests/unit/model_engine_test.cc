#include "tests/support/model_engine.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

using namespace larder::engine;
using larder::test::ModelConfig;
using larder::test::ModelEngine;

namespace {

/// Remembers what it was shown.
struct RecordingSink final : ItemSink {
  void item(const ItemView& view) override {
    ++shown;
    value = view.value;
    last = view;
    if (view.value.size() > kCopyBytesMax) {
      pinned = view.value;
      pin = view.pin();
    }
  }
  int shown = 0;
  std::string value;
  ItemView last;
  std::string_view pinned;
  ItemPin pin;
};

/// An engine with one worker and short words for its verbs.
struct Bench {
  explicit Bench(ModelConfig config = {}) : engine(config), worker(engine.add_worker()) {}

  StoreResult store(std::string_view key, std::string_view value, StoreRequest request = {}) {
    request.want_cas = true;
    GateGuard gate(worker);
    return engine.store(worker, engine.key(key), request, value);
  }
  RecordingSink get(std::string_view key, GetRequest request = {}) {
    request.want_cas = true;
    RecordingSink sink;
    GateGuard gate(worker);
    status = engine.get(worker, engine.key(key), request, sink);
    CHECK(sink.shown == (status == GetStatus::hit || status == GetStatus::vivified ? 1 : 0));
    return sink;
  }
  std::string value(std::string_view key) {
    const RecordingSink sink = get(key);
    return status == GetStatus::hit ? sink.value : "(miss)";
  }
  ArithmeticResult add(std::string_view key, std::uint64_t delta, ArithmeticRequest request = {}) {
    request.delta = delta;
    request.want_cas = true;
    GateGuard gate(worker);
    return engine.arithmetic(worker, engine.key(key), request);
  }
  DeleteStatus remove(std::string_view key, DeleteRequest request = {}) {
    GateGuard gate(worker);
    return engine.remove(worker, engine.key(key), request);
  }
  void flush(Deadline when) {
    GateGuard gate(worker);
    engine.flush(worker, when);
  }
  std::uint64_t counted(Counter counter) const {
    return worker.counters.read(static_cast<std::size_t>(counter));
  }
  Deadline in(std::uint32_t seconds) const { return Deadline::at_second(engine.clock().now() + seconds); }

  ModelEngine engine;
  Worker& worker;
  GetStatus status = GetStatus::miss;
};

}  // namespace

TEST_CASE("model: store modes see what is there") {
  Bench bench;
  CHECK(bench.store("k", "1", {.mode = StoreMode::replace}).status == StoreStatus::not_stored);
  CHECK(bench.store("k", "1", {.mode = StoreMode::append}).status == StoreStatus::not_stored);
  CHECK(bench.store("k", "1", {.mode = StoreMode::add, .client_flags = 7}).status ==
        StoreStatus::stored);
  CHECK(bench.store("k", "2", {.mode = StoreMode::add}).status == StoreStatus::not_stored);
  const StoreResult appended = bench.store("k", "2", {.mode = StoreMode::append});
  CHECK(appended.status == StoreStatus::stored);
  CHECK(appended.value_bytes == 2);
  CHECK(bench.store("k", "0", {.mode = StoreMode::prepend}).status == StoreStatus::stored);
  CHECK(bench.value("k") == "012");
  CHECK(bench.get("k").last.client_flags == 7);
  CHECK(bench.store("k", "x", {.mode = StoreMode::replace}).status == StoreStatus::stored);
  CHECK(bench.get("k").last.client_flags == 0);
  StoreRequest vivify{.mode = StoreMode::prepend};
  vivify.vivify = Deadline::never();
  CHECK(bench.store("new", "v", vivify).status == StoreStatus::stored);
  CHECK(bench.value("new") == "v");
}

TEST_CASE("model: cas") {
  Bench bench;
  StoreRequest cas{.compare = true};
  CHECK(bench.store("k", "1", cas).status == StoreStatus::not_found);
  const std::uint64_t first = bench.store("k", "1").cas;
  CHECK(bench.get("k").last.cas == first);
  CHECK(bench.store("k", "2", cas).status == StoreStatus::exists);  // 0 never matches
  cas.compare_cas = first;
  const StoreResult second = bench.store("k", "2", cas);
  CHECK(second.status == StoreStatus::stored);
  CHECK(second.cas > first);
  CHECK(bench.store("k", "3", cas).status == StoreStatus::exists);
  CHECK(bench.value("k") == "2");

  cas.mode = StoreMode::append;
  CHECK(bench.store("k", "3", cas).status == StoreStatus::exists);
  cas.mode = StoreMode::add;  // add does not look at cas
  CHECK(bench.store("other", "3", cas).status == StoreStatus::stored);
  CHECK(bench.store("k", "4", {.explicit_cas = 99}).cas == 99);
}

TEST_CASE("model: without cas nothing ever matches") {
  Bench bench({.cas_enabled = false});
  CHECK(bench.store("k", "1").cas == 0);
  CHECK(bench.store("k", "1", {.compare = true}).status == StoreStatus::exists);
  CHECK(bench.store("k", "1", {.compare = true, .compare_cas = 5}).status == StoreStatus::exists);
  CHECK(bench.engine.item_bytes(1, 0, 1) == 53);
}

TEST_CASE("model: an older cas with accept_older stores stale and keeps the deadline") {
  Bench bench;
  const std::uint64_t first = bench.store("k", "1", {.deadline = bench.in(50)}).cas;
  bench.remove("k", {.mark_stale = true});
  StoreRequest late{.deadline = bench.in(500), .compare = true, .compare_cas = first};
  CHECK(bench.store("k", "2", late).status == StoreStatus::exists);
  late.accept_older = true;
  CHECK(bench.store("k", "2", late).status == StoreStatus::stored);
  const RecordingSink seen = bench.get("k", {.lease = true});
  CHECK(seen.value == "2");
  CHECK(seen.last.stale);
  CHECK(seen.last.won);
  CHECK(seen.last.ttl_s == 50);
}

TEST_CASE("model: leases go to one client") {
  Bench bench;
  GetRequest vivify{.lease = true};
  vivify.vivify = bench.in(30);
  const RecordingSink first = bench.get("k", vivify);
  CHECK(bench.status == GetStatus::vivified);
  CHECK(first.last.won);
  CHECK_FALSE(first.last.token_sent);
  CHECK(first.last.ttl_s == 30);
  const RecordingSink second = bench.get("k", vivify);
  CHECK(bench.status == GetStatus::hit);
  CHECK_FALSE(second.last.won);
  CHECK(second.last.token_sent);

  bench.store("k", "v", {.deadline = bench.in(30)});
  CHECK_FALSE(bench.get("k", {.lease = true, .recache_s = 30}).last.won);
  CHECK(bench.get("k", {.lease = true, .recache_s = 31}).last.won);
  CHECK_FALSE(bench.get("k", {.lease = true, .recache_s = 31}).last.won);

  // An invalidation opens the race again, once.
  const std::uint64_t before = bench.get("k").last.cas;
  CHECK(bench.remove("k", {.mark_stale = true, .touch = bench.in(10)}) == DeleteStatus::deleted);
  const RecordingSink winner = bench.get("k", {.lease = true});
  CHECK(winner.last.stale);
  CHECK(winner.last.won);
  CHECK(winner.last.ttl_s == 10);
  CHECK(winner.last.cas > before);
  const RecordingSink loser = bench.get("k", {.lease = true});
  CHECK(loser.last.stale);
  CHECK(loser.last.token_sent);
  CHECK_FALSE(loser.last.won);
  bench.store("k", "v");
  CHECK_FALSE(bench.get("k", {.lease = true}).last.stale);
}

TEST_CASE("model: clear_value empties and keeps the cas unique") {
  Bench bench;
  const std::uint64_t cas = bench.store("k", "v", {.client_flags = 5, .deadline = bench.in(9)}).cas;
  CHECK(bench.remove("k", {.compare = true, .compare_cas = cas + 1}) == DeleteStatus::exists);
  CHECK(bench.remove("k", {.clear_value = true}) == DeleteStatus::deleted);
  const RecordingSink seen = bench.get("k");
  CHECK(seen.value.empty());
  CHECK(seen.last.cas == cas);
  CHECK(seen.last.client_flags == 0);
  CHECK(seen.last.ttl_s == -1);
  DeleteRequest full{.mark_stale = true, .clear_value = true};
  full.touch = bench.in(20);
  full.client_flags = 3;
  full.explicit_cas = 1234;
  CHECK(bench.remove("k", full) == DeleteStatus::deleted);
  const RecordingSink after = bench.get("k", {.lease = true});
  CHECK(after.last.cas == 1234);
  CHECK(after.last.client_flags == 3);
  CHECK(after.last.ttl_s == 20);
  CHECK(after.last.stale);
}

TEST_CASE("model: numbers") {
  Bench bench;
  CHECK(bench.add("n", 1).status == ArithmeticStatus::not_found);
  ArithmeticRequest create;
  create.create = bench.in(60);
  create.initial = 9;
  CHECK(bench.add("n", 1, create).status == ArithmeticStatus::created);
  const std::uint64_t cas = bench.get("n").last.cas;
  const ArithmeticResult ten = bench.add("n", 1, create);
  CHECK(ten.status == ArithmeticStatus::ok);
  CHECK(ten.value == 10);
  CHECK(ten.ttl_s == 60);
  CHECK(ten.cas > cas);
  CHECK(bench.add("n", 3, {.decrement = true}).value == 7);
  CHECK(bench.value("n") == "7 ");  // written over "10"
  CHECK(bench.add("n", 8, {.decrement = true}).value == 0);
  CHECK(bench.add("n", 1, {.compare = true, .compare_cas = cas}).status ==
        ArithmeticStatus::exists);
  bench.store("n", "18446744073709551615");
  CHECK(bench.add("n", 2).value == 1);

  const auto numeric = [&](std::string_view value) {
    bench.store("n", value);
    return bench.add("n", 1).status == ArithmeticStatus::ok;
  };
  CHECK(numeric(" 5"));
  CHECK(numeric("5 x"));
  CHECK(numeric("+5"));
  for (const char* text : {"", " ", "x", "5x", "-5", "18446744073709551616"}) {
    INFO(text);
    CHECK_FALSE(numeric(text));
  }
}

TEST_CASE("model: items expire by the engine's clock") {
  Bench bench;
  bench.store("past", "v", {.deadline = Deadline::past()});
  CHECK(bench.value("past") == "(miss)");
  bench.store("k", "v", {.deadline = bench.in(2)});
  bench.engine.clock().advance(1);
  CHECK(bench.get("k").last.ttl_s == 1);
  bench.engine.clock().advance(1);
  CHECK(bench.value("k") == "(miss)");
  CHECK(bench.counted(Counter::get_expired) == 2);
  CHECK(bench.engine.item_count() == 0);

  bench.store("k", "v", {.deadline = bench.in(2)});
  {
    GateGuard gate(bench.worker);
    CHECK(bench.engine.touch(bench.worker, bench.engine.key("k"), Deadline::never()));
    CHECK_FALSE(bench.engine.touch(bench.worker, bench.engine.key("none"), Deadline::never()));
  }
  bench.engine.clock().advance(100);
  CHECK(bench.value("k") == "v");
  GetRequest touching{.account = Account::touch};
  touching.touch = bench.in(1);
  CHECK(bench.get("k", touching).last.ttl_s == -1);  // as found
  CHECK(bench.get("k").last.ttl_s == 1);
  CHECK(bench.counted(Counter::touch_hits) == 2);
  CHECK(bench.counted(Counter::touch_misses) == 1);
}

TEST_CASE("model: flush at once and later") {
  Bench bench;
  bench.store("k", "v");
  bench.flush(Deadline::never());
  CHECK(bench.value("k") == "(miss)");
  bench.store("old", "v");
  CHECK(bench.value("old") == "v");
  bench.flush(bench.in(2));
  bench.engine.clock().advance(1);
  CHECK(bench.value("old") == "v");
  bench.engine.clock().advance(1);
  bench.store("new", "v");
  CHECK(bench.value("old") == "(miss)");
  CHECK(bench.value("new") == "v");
  CHECK(bench.counted(Counter::get_flushed) == 1);
  bench.flush(bench.in(1));
  bench.flush(bench.in(50));  // replaces the earlier one
  bench.engine.clock().advance(10);
  CHECK(bench.value("new") == "v");
}

TEST_CASE("model: sizes") {
  Bench bench({.item_bytes_max = 1024, .limit_bytes = 2000});
  const std::size_t most = 1024 - bench.engine.item_bytes(1, 0, 0);
  bench.store("k", "old");
  CHECK(bench.store("k", std::string(most + 1, 'x'), {.mode = StoreMode::add}).status ==
        StoreStatus::too_large);
  CHECK(bench.value("k") == "old");
  CHECK(bench.store("k", std::string(most, 'x')).status == StoreStatus::stored);
  CHECK(bench.store("k", "y", {.mode = StoreMode::append}).status == StoreStatus::not_stored);
  CHECK(bench.store("k", std::string(most, 'x'), {.client_flags = 1}).status ==
        StoreStatus::too_large);
  CHECK(bench.value("k") == "(miss)");  // a refused set leaves nothing old behind
  CHECK(bench.engine.too_large(1, most + 1));
  CHECK_FALSE(bench.engine.too_large(1, most));
  bench.store("a", std::string(most, 'a'));
  CHECK(bench.store("b", std::string(most, 'b')).status == StoreStatus::no_memory);
}

TEST_CASE("model: a pinned value outlives its item, an allocation may be dropped") {
  Bench bench;
  const std::string large(kCopyBytesMax + 1, 'v');
  bench.store("k", large);
  {
    RecordingSink sink = bench.get("k");
    CHECK(bench.engine.handle_count() == 1);
    bench.store("k", "small");
    CHECK(sink.pinned == large);
  }
  CHECK(bench.engine.handle_count() == 0);

  const Key key = bench.engine.key("k");
  GateGuard gate(bench.worker);
  {
    Allocation dropped;
    CHECK(bench.engine.allocate(bench.worker, key, {}, 100, &dropped) == AllocateStatus::ok);
    CHECK(bench.engine.handle_count() == 1);
  }
  CHECK(bench.engine.handle_count() == 0);
  Allocation filled;
  REQUIRE(bench.engine.allocate(bench.worker, key, {}, 5, &filled) == AllocateStatus::ok);
  std::memcpy(filled.value(), "large", 5);
  CHECK(bench.engine.commit(bench.worker, key, {}, std::move(filled)).status ==
        StoreStatus::stored);
  CHECK(bench.engine.handle_count() == 0);
  RecordingSink sink;
  bench.engine.get(bench.worker, key, {}, sink);
  CHECK(sink.value == "large");
  CHECK(bench.engine.allocate(bench.worker, key, {}, 2 << 20, &filled) ==
        AllocateStatus::too_large);
}
