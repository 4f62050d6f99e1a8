// Warm restart of an engine, without a process around it: what one engine leaves in a file, the next
// finds.
#include <catch2/catch.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <string>

#include "engine/cache_engine.h"

using namespace larder::engine;

namespace {

/// A file in memory, as on a RAM disk.
class File {
 public:
  File() : fd_(memfd_create("larder-test", 0)) { REQUIRE(fd_ >= 0); }
  ~File() { ::close(fd_); }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Config config_for(const File& file, unsigned threads = 1) {
  Config config;
  config.memory_bytes = 16 << 20;
  config.threads = threads;
  config.hash_power = 12;
  config.hash_seed = 5;
  config.memory_fd = file.fd();
  return config;
}

class Collect final : public ItemSink {
 public:
  void item(const ItemView& view) override { value = std::string(view.value); }
  std::string value;
};

struct Node {
  explicit Node(const Config& config) : engine(config) {}
  void set(const std::string& key, const std::string& value, std::uint32_t deadline = 0) {
    GateGuard gate(worker);
    StoreRequest request;
    request.deadline = Deadline::at_second(deadline);
    const Key hashed = engine.key(key);
    if (value.size() <= kCopyBytesMax) {
      REQUIRE(engine.store(worker, hashed, request, value).status == StoreStatus::stored);
      return;
    }
    Allocation allocation;
    REQUIRE(engine.allocate(worker, hashed, request, value.size(), &allocation) == AllocateStatus::ok);
    std::memcpy(allocation.value(), value.data(), value.size());
    REQUIRE(engine.commit(worker, hashed, request, std::move(allocation)).status == StoreStatus::stored);
  }
  std::string get(const std::string& key) {
    GateGuard gate(worker);
    Collect sink;
    return engine.get(worker, engine.key(key), {}, sink) == GetStatus::hit ? sink.value : "-";
  }
  CacheEngine engine;
  Worker& worker = engine.add_worker();
};

std::string value_of(int number) {
  const int bytes = number % 40 == 0 ? number * 100 % 300'000 : number * 37 % 900;
  return std::to_string(number) + std::string(static_cast<std::size_t>(bytes), 'v');
}

}  // namespace

TEST_CASE("items, their order and the memory's books survive") {
  const unsigned threads_after = GENERATE(1U, 8U);
  const File file;
  constexpr int kCount = 3000;
  SavedState state;
  {
    Node node(config_for(file));
    for (int i = 0; i < kCount; ++i) node.set("k" + std::to_string(i), value_of(i));
    for (int i = 0; i < kCount; i += 3) {
      GateGuard gate(node.worker);
      node.engine.remove(node.worker, node.engine.key("k" + std::to_string(i)), {});
    }
    node.engine.check_integrity();
    state = node.engine.save();
  }
  CHECK_FALSE(state.pages.empty());
  Node node(config_for(file, threads_after));
  REQUIRE(node.engine.restore(state));
  node.engine.check_integrity();
  for (int i = 0; i < kCount; ++i) {
    CHECK(node.get("k" + std::to_string(i)) == (i % 3 == 0 ? "-" : value_of(i)));
  }
  // The memory can be filled and evicted from as ever.
  for (int i = 0; i < 3 * kCount; ++i) node.set("new" + std::to_string(i), value_of(i));
  CHECK(node.get("new" + std::to_string(3 * kCount - 1)) == value_of(3 * kCount - 1));
  node.engine.check_integrity();
}

TEST_CASE("what flush_all killed does not come back") {
  const File file;
  SavedState state;
  {
    Node node(config_for(file));
    node.set("small", "v");
    node.set("large", std::string(200'000, 'v'));
    GateGuard gate(node.worker);
    node.engine.flush(node.worker, Deadline::never());
    state = node.engine.save();
  }
  Node node(config_for(file));
  REQUIRE(node.engine.restore(state));
  node.engine.check_integrity();
  CHECK(node.get("small") == "-");
  CHECK(node.get("large") == "-");
}

TEST_CASE("engine time goes on, deadlines with it") {
  const File file;
  SavedState state;
  std::uint32_t now = 0;
  {
    Node node(config_for(file));
    now = node.engine.clock().now();
    node.set("short", "v", now + 5);
    node.set("long", "v", now + 5000);
    state = node.engine.save();
  }
  state.started_unix -= 10;  // ten seconds have passed since
  Node node(config_for(file));
  REQUIRE(node.engine.restore(state));
  CHECK(node.engine.clock().now() >= now + 10);
  CHECK(node.get("short") == "-");
  CHECK(node.get("long") == "v");
  node.engine.clock().tick(Deadline::at_second(3));
  CHECK(node.engine.clock().now() >= now + 13);
}

TEST_CASE("a state that does not fit the memory is noticed") {
  const File file;
  SavedState state;
  {
    Node node(config_for(file));
    for (int i = 0; i < 500; ++i) node.set("k" + std::to_string(i), value_of(i));
    state = node.engine.save();
  }
  const auto refused = [&](auto&& damage) {
    SavedState damaged = state;
    damage(damaged);
    Node node(config_for(file));
    CHECK_FALSE(node.engine.restore(damaged));
  };
  refused([](SavedState& s) { s.pages[0].number = 1 << 30; });
  refused([](SavedState& s) { s.pages[0].class_id = 63; });
  refused([](SavedState& s) { s.pages[0].class_id = 0; });
  refused([](SavedState& s) { s.pages[0].carved = 1 << 30; });
  refused([](SavedState& s) { s.pages.push_back(s.pages[0]); });
  refused([](SavedState& s) { s.base += 4096; });
}
