// Commands against a real engine without sockets: entries in all their shapes, databases, expiry, locks.
#include "engine/redis/redis_engine.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "tests/support/redis_service.h"

using namespace larder;
using Harness = redis::test::RedisService;

namespace {

// A structured value of one string, to try what the engine does with objects.
class Note final : public redis::CountedValue {
 public:
  static constexpr redis::Type kType = redis::Type::kList;
  explicit Note(std::string_view text) : CountedValue(kType), text_(text.begin(), text.end()) {}
  redis::Encoding encoding() const override { return redis::Encoding::kQuicklist; }
  Value* clone() const override { return new Note({text_.data(), text_.size()}); }
  std::size_t free_effort() const override { return text_.size(); }
  void check_integrity() const override {}
  std::size_t size() const { return text_.size(); }

 private:
  std::vector<char, redis::heap::Allocator<char>> text_;
};

void put_note(Harness& service, const std::string& name, std::string_view text) {
  const engine::Key key = service.engine().key(name);
  const engine::GateGuard gate(service.state().worker);
  auto& stripe = service.engine().stripe(service.client().database, key);
  std::lock_guard lock(stripe.lock);
  const auto old_ref = service.engine().live_entry(service.state(), stripe, key);
  const redis::heap::Meter meter;
  auto* note = new Note(text);
  note->charge(meter.delta());
  service.engine().put_object(service.state(), stripe, key, old_ref, note, 0);
}

// An integer reply.
std::int64_t number(const std::string& reply) { return std::stoll(reply.substr(1)); }

class CountingSink final : public engine::ItemSink {
 public:
  void item(const engine::ItemView& view) override { value = view.value; }
  std::string value;
};

}  // namespace

TEST_CASE("strings of all sizes under keys of all sizes are what was set") {
  Harness service;
  std::mt19937 random(1);
  for (const std::size_t key_bytes : {0, 1, 250, 251, 255, 256, 5000, 100000}) {
    for (const std::size_t value_bytes : {0, 1, 100, 8192, 8193, 40000, 600000, 3000000}) {
      const std::string key(key_bytes, 'k');
      std::string value(value_bytes, 'v');
      for (std::size_t i = 0; i < value.size(); i += 97) value[i] = static_cast<char>(random());
      REQUIRE(service.words({"set", key, value}) == "+OK");
      REQUIRE(service.words({"get", key}) == "\"" + value + "\"");
      REQUIRE(service.words({"pexpire", key, "100000"}) == ":1");
      REQUIRE(service.words({"pttl", key}) == ":100000");
      REQUIRE(service.words({"append", key, "!"}) == ":" + std::to_string(value_bytes + 1));
      REQUIRE(service.words({"get", key}) == "\"" + value + "!\"");
      REQUIRE(service.words({"pttl", key}) == ":100000");
      REQUIRE(service.words({"rename", key, key + "2"}) == "+OK");
      REQUIRE(service.words({"get", key + "2"}) == "\"" + value + "!\"");
      REQUIRE(service.words({"pttl", key + "2"}) == ":100000");
      REQUIRE(service.words({"exists", key}) == ":0");
    }
    service.engine().check_integrity();
  }
  CHECK(service.run("dbsize") == ":8");
  CHECK(service.run("flushall") == "+OK");
  CHECK(service.run("dbsize") == ":0");
  service.engine().check_integrity();
}

TEST_CASE("a string grows in place, over every chunk size and into an extent") {
  Harness service;
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string part(1 + static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    REQUIRE(service.words({"append", "s", part}) == ":" + std::to_string(expected.size() + part.size()));
    expected += part;
  }
  CHECK(service.words({"get", "s"}) == "\"" + expected + "\"");
  CHECK(service.run("object encoding s") == "\"raw\"");
  service.engine().check_integrity();
}

TEST_CASE("a string that a reader still sends is not written over") {
  Harness service;
  const std::string value(20000, 'v');
  service.words({"set", "s", value});
  const engine::Key key = service.engine().key("s");
  auto& keyspace = service.engine().keyspace();
  auto& stripe = service.engine().stripe(0, key);
  const auto ref = keyspace.find(stripe, key);
  service.engine().pin_item(ref);
  const std::string_view sent = keyspace.item(ref).value();
  CHECK(service.run("setrange s 0 XXXX") == ":20000");
  CHECK(service.run("pexpire s 1000") == ":1");
  CHECK(service.run("append s more") == ":20004");
  CHECK(sent == value);
  CHECK(service.run("getrange s 0 4") == "\"XXXXv\"");
  service.engine().unpin_item(ref);
  service.engine().check_integrity();
}

TEST_CASE("deadlines count milliseconds, lazily and whatever set them") {
  Harness service;
  CHECK(service.run("set a 1 px 100") == "+OK");
  CHECK(service.run("psetex b 101 1") == "+OK");
  service.advance_ms(99);
  CHECK(service.run("pttl a") == ":1");
  service.advance_ms(1);
  CHECK(service.run("get a") == "nil");
  CHECK(service.run("pttl a") == ":-2");
  CHECK(service.run("exists b") == ":1");
  CHECK(service.run("persist b") == ":1");
  service.advance_ms(1000000);
  CHECK(service.run("exists b") == ":1");
  CHECK(service.run("pexpireat b 9223372036854775807") == ":1");
  CHECK(service.run("pexpiretime b") == ":9223372036854775807");
  service.engine().check_integrity();
}

TEST_CASE("memcached verbs and commands see one keyspace") {
  Harness service;
  auto& engine = service.engine();
  engine::Worker& worker = service.state().worker;
  const engine::Key key = engine.key("k");
  const auto memcached_get = [&](bool touch) {
    const engine::GateGuard gate(worker);
    CountingSink sink;
    engine::GetRequest request;
    if (touch) request.touch = engine.clock().deadline(100);
    const bool hit = engine.get(worker, key, request, sink) == engine::GetStatus::hit;
    return hit ? sink.value : std::string("miss");
  };
  const auto memcached_store = [&](engine::StoreMode mode, std::string_view value) {
    const engine::GateGuard gate(worker);
    engine::StoreRequest request;
    request.mode = mode;
    request.client_flags = 7;
    return engine.store(worker, key, request, value).status;
  };
  SECTION("strings") {
    CHECK(service.run("set k 41 px 50000") == "+OK");
    CHECK(memcached_get(false) == "41");
    {
      const engine::GateGuard gate(worker);
      CHECK(engine.arithmetic(worker, key, {}).value == 42);
    }
    CHECK(service.run("get k") == "\"42\"");
    CHECK(service.run("pttl k") == ":50000");
    CHECK(memcached_get(true) == "42");
    // memcached's deadlines are whole seconds of the engine's clock, which need not begin with the wall clock's.
    const std::string left = service.run("ttl k");
    CHECK((left == ":99" || left == ":100"));
    CHECK(memcached_store(engine::StoreMode::append, "!") == engine::StoreStatus::stored);
    CHECK(service.run("get k") == "\"42!\"");
    CHECK(service.run("append k ?") == ":4");
    CHECK(memcached_get(false) == "42!?");
  }
  SECTION("objects") {
    put_note(service, "k", "note");
    CHECK(service.run("get k").starts_with("-WRONGTYPE"));
    CHECK(service.run("type k") == "+list");
    CHECK(memcached_get(false) == "miss");
    CHECK(memcached_get(true) == "miss");
    CHECK(service.run("ttl k") == ":-1");
    CHECK(memcached_store(engine::StoreMode::add, "v") == engine::StoreStatus::not_stored);
    CHECK(memcached_store(engine::StoreMode::append, "v") == engine::StoreStatus::not_stored);
    {
      const engine::GateGuard gate(worker);
      CHECK(engine.arithmetic(worker, key, {}).status == engine::ArithmeticStatus::non_numeric);
      CHECK_FALSE(engine.touch(worker, key, engine::Deadline::never()));
    }
    CHECK(memcached_store(engine::StoreMode::replace, "v") == engine::StoreStatus::stored);
    CHECK(service.run("get k") == "\"v\"");
    put_note(service, "k", "again");
    {
      const engine::GateGuard gate(worker);
      CHECK(engine.remove(worker, key, {}) == engine::DeleteStatus::deleted);
    }
    CHECK(service.run("exists k") == ":0");
  }
  engine.check_integrity();
}

TEST_CASE("objects are charged, copied, moved and freed") {
  const std::int64_t before = redis::heap::total_bytes();
  {
    Harness service;
    const std::string long_key(1000, 'k');
    put_note(service, "a", std::string(5000, 'x'));
    put_note(service, long_key, "short");
    CHECK(number(service.run("memory usage a")) > 5000);
    CHECK(number(service.words({"memory", "usage", long_key})) > 1000);
    CHECK(service.run("copy a b") == ":1");
    // The allocator may set a little more aside for one than for the other.
    CHECK(std::abs(number(service.run("memory usage b")) - number(service.run("memory usage a"))) < 100);
    CHECK(service.run("copy a c db 3") == ":1");
    CHECK(service.run("pexpire a 1000") == ":1");
    CHECK(service.run("rename a d") == "+OK");
    CHECK(service.run("pttl d") == ":1000");
    CHECK(service.run("type d") == "+list");
    CHECK(service.run("move b 3") == ":1");
    CHECK(service.words({"rename", long_key, long_key + "2"}) == "+OK");
    CHECK(service.words({"pexpire", long_key + "2", "5000"}) == ":1");
    CHECK(service.words({"type", long_key + "2"}) == "+list");
    CHECK(service.run("select 3") == "+OK");
    CHECK(service.run("dbsize") == ":2");
    CHECK(service.run("del b") == ":1");
    service.engine().check_integrity();
  }
  redis::heap::fold();
  CHECK(redis::heap::total_bytes() == before);
}

TEST_CASE("databases are apart, and can be exchanged and emptied alone") {
  Harness service;
  const std::string large(20000, 'v');
  for (const char* number : {"0", "1", "15"}) {
    service.run(std::string("select ") + number);
    service.run(std::string("set k ") + number);
    service.words({"set", "large", large});
  }
  CHECK(service.run("swapdb 0 15") == "+OK");
  CHECK(service.run("get k") == "\"0\"");
  service.run("select 0");
  CHECK(service.run("get k") == "\"15\"");
  // memcached's is whatever is number 0 now.
  CountingSink sink;
  {
    const engine::GateGuard gate(service.state().worker);
    service.engine().get(service.state().worker, service.engine().key("k"), {}, sink);
  }
  CHECK(sink.value == "15");
  CHECK(service.run("flushdb") == "+OK");
  CHECK(service.run("dbsize") == ":0");
  service.run("select 1");
  CHECK(service.run("get large") == "\"" + large + "\"");
  service.engine().check_integrity();
  CHECK(service.run("flushall async") == "+OK");
  CHECK(service.run("dbsize") == ":0");
  service.engine().check_integrity();
}

TEST_CASE("a scan shows every key that is there all the time") {
  Harness service;
  for (int i = 0; i < 500; ++i) service.run("set stays" + std::to_string(i) + " 1");
  std::vector<int> seen(500);
  std::string cursor = "0";
  int added = 0;
  do {
    const std::string reply = service.run("scan " + cursor + " count 7 match stays*");
    const std::size_t begin = reply.find('"') + 1;
    cursor = reply.substr(begin, reply.find('"', begin) - begin);
    for (std::size_t at = reply.find("\"stays"); at != std::string::npos; at = reply.find("\"stays", at + 1)) {
      seen[static_cast<std::size_t>(std::stoi(reply.substr(at + 6)))] = 1;
    }
    // The table grows under the walk.
    for (int i = 0; i < 300 && added < 6000; ++i) service.run("set new" + std::to_string(added++) + " 1");
  } while (cursor != "0");
  CHECK(std::count(seen.begin(), seen.end(), 1) == 500);
}

TEST_CASE("memory beyond the limit is refused or evicted, as the policy says") {
  Harness service(redis::default_settings(), 8 << 20);
  CHECK(service.run("config set maxmemory 8mb") == "+OK");
  const std::string value(1000, 'v');
  const auto fill = [&] {
    int stored = 0;
    for (int i = 0; i < 12000; ++i) {
      const std::string reply = service.words({"set", "k" + std::to_string(i), value, "ex", "1000"});
      if (reply == "+OK") ++stored;
      if (reply != "+OK") REQUIRE(reply.starts_with("-OOM command not allowed"));
    }
    return stored;
  };
  SECTION("noeviction") {
    const int stored = fill();
    CHECK(stored > 5000);
    CHECK(stored < 9000);
    CHECK(service.run("get k0") == "\"" + value + "\"");
    CHECK(service.run("del k0") == ":1");
  }
  for (const char* policy : {"allkeys-lru", "volatile-lru", "volatile-ttl", "volatile-random", "volatile-lfu"}) {
    SECTION(policy) {
      CHECK(service.run(std::string("config set maxmemory-policy ") + policy) == "+OK");
      CHECK(fill() == 12000);
      CHECK(number(service.run("dbsize")) < 9000);
      CHECK(number(service.run("dbsize")) > 3000);
    }
  }
  service.engine().check_integrity();
}

TEST_CASE("multi-key commands are atomic to every other thread") {
  Harness service;
  auto& engine = service.engine();
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  const auto thread = [&](unsigned seed, bool writes) {
    redis::WorkerState& state = engine.state_of(engine.add_worker());
    redis::Client client;
    std::mt19937 random(seed);
    for (int i = 0; i < 4000 && !stop; ++i) {
      state.now_ms = engine::read_unix_ms();
      const std::string number = std::to_string(random());
      const std::vector<std::string_view> write{"mset", "x", number, "y", number, "z", number};
      const std::vector<std::string_view> read{"mget", "z", "x", "y"};
      redis::test::Recorder reply(false);
      const engine::GateGuard gate(state.worker);
      redis::RedisEngine::Request request;
      request.args = writes ? write : read;
      engine.prepare(&request);
      engine.call(state, client, request, reply);
      if (writes) continue;
      const std::string text = reply.take();
      const std::string first = text.substr(text.rfind(' '));
      if (text != "*3" + first + first + first) ++torn;
    }
  };
  service.run("mset x 0 y 0 z 0");
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(thread, i, i % 2 == 0);
  for (std::thread& each : threads) each.join();
  CHECK(torn == 0);
}
