// Random operations on two engines that have to give the same answers: the model, which is
// memcached in its plainest form, and the real one.
//
// cas uniques are compared by meaning, not by number: for each key, a number of one engine stands
// for one number of the other, and both ways. An engine may number an item only when somebody asks,
// so comparisons use numbers that were given out (or numbers that nobody can have).
//
// A failure prints the seed and the operations that led to it.
#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/cache_engine.h"
#include "tests/support/model_engine.h"

using namespace larder::engine;
using larder::test::ModelConfig;
using larder::test::ModelEngine;

namespace {

constexpr std::uint64_t kExplicitBase = 1ull << 40;  // numbers the clients choose start here
constexpr std::uint64_t kNobodys = 1ull << 60;

/// What a get shows, and perhaps a pin on it.
struct Seen final : ItemSink {
  explicit Seen(bool pins) : keep(pins) {}
  void item(const ItemView& shown) override {
    view = shown;
    value = shown.value;
    if (keep && shown.value.size() > kCopyBytesMax) {
      pinned = shown.value;
      pin = shown.pin();
    }
  }
  bool keep;
  ItemView view;
  std::string value;
  std::string_view pinned;
  ItemPin pin;
};

/// A pinned value and what it has to be until it is let go.
struct Held {
  ItemPin pin;
  std::string_view bytes;
  std::string expected;
};

struct Upload {
  std::size_t key;
  StoreRequest requests[2];
  std::string_view value;
  Allocation rooms[2];
};

class Differential {
 public:
  Differential(Engine& model, Worker& model_worker, Engine& real, Worker& real_worker,
               std::uint64_t seed)
      : engines_{&model, &real}, workers_{&model_worker, &real_worker}, seed_(seed), random_(seed) {
    for (std::size_t i = 0; i < kKeys; ++i) {
      keys_.push_back(std::string(1 + i * 35, static_cast<char>('a' + i)));
    }
    for (const char* text :
         {"", "0", "7", "99", "100", "18446744073709551615", "18446744073709551616", " 7", "7 ",
          "7x", "+7", "-7", "7 x", "007", "text", "some longer text"}) {
      values_.emplace_back(text);
    }
    for (const std::size_t bytes : {70u, 100u, 1000u, 5000u}) values_.push_back(pattern(bytes));
    for (const std::size_t bytes :
         {kCopyBytesMax, kCopyBytesMax + 1, std::size_t{20'000}, std::size_t{300'000},
          std::size_t{600'000}, std::size_t{1'100'000}}) {
      large_values_.push_back(pattern(bytes));
    }
  }

  /// Values of these lengths, too, and of some less.
  void add_lengths(const std::vector<std::size_t>& lengths) {
    for (const std::size_t length : lengths) {
      for (const std::size_t less : {0u, 4u, 8u, 12u, 16u}) {
        if (length < less + 2) continue;
        std::string text = pattern(length - less);
        if (one_in(3)) text[0] = '7', text[1] = ' ';  // a number, for incr
        limit_values_.push_back(std::move(text));
      }
    }
  }

  void run(int operations) {
    for (int i = 0; i < operations; ++i) {
      operation_ = i;
      step();
    }
    uploads_.clear();
    while (!held_.empty()) release();
  }

 private:
  static constexpr std::size_t kKeys = 8;
  static constexpr int kModel = 0;
  static constexpr int kReal = 1;

  // --- choices ---
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::string pattern(std::size_t bytes) {
    std::string text(bytes, ' ');
    for (char& each : text) each = static_cast<char>('a' + below(26));
    return text;
  }
  std::string_view any_value() {
    if (!limit_values_.empty() && one_in(20)) return limit_values_[below(limit_values_.size())];
    return one_in(20) ? large_values_[below(large_values_.size())] : values_[below(values_.size())];
  }
  Deadline any_deadline() {
    switch (below(6)) {
      case 0:
        return Deadline::at_second(engines_[kModel]->clock().now() + 1 + static_cast<std::uint32_t>(below(10)));
      case 1:
        return Deadline::at_second(engines_[kModel]->clock().now() + 1000);
      case 2:
        return one_in(10) ? Deadline::past() : Deadline::never();
      default:
        return Deadline::never();
    }
  }
  std::optional<Deadline> maybe_deadline(std::uint64_t n) {
    return one_in(n) ? std::optional(any_deadline()) : std::nullopt;
  }
  std::uint64_t maybe_explicit_cas() { return one_in(8) ? kExplicitBase + ++explicit_count_ : 0; }
  /// A number to compare with, as each engine knows it.
  std::array<std::uint64_t, 2> any_cas(std::size_t key) {
    const auto& given = given_[key];
    if (given.empty() || one_in(10))
      return one_in(2) ? std::array{kNobodys, kNobodys} : std::array<std::uint64_t, 2>{0, 0};
    const std::size_t back = one_in(3) ? below(std::min<std::size_t>(given.size(), 5)) : 0;
    return given[given.size() - 1 - back];
  }

  // --- verdicts ---
  template <typename... Args>
  void log(fmt::format_string<Args...> format, Args&&... args) {
    log_.push_back(fmt::format("{}: ", operation_) +
                   fmt::format(format, std::forward<Args>(args)...));
    if (log_.size() > 40) log_.pop_front();
  }
  template <typename T>
  void same(const char* what, const T& model, const T& real) {
    if (model == real) return;
    std::string text;
    for (const std::string& line : log_) text += line + "\n";
    UNSCOPED_INFO("seed " << seed_ << ", operation " << operation_ << "\n" << text);
    if constexpr (std::is_enum_v<T>) {
      FAIL(what << ": model " << static_cast<int>(model) << ", engine " << static_cast<int>(real));
    } else {
      FAIL(what << ": model " << model << ", engine " << real);
    }
  }
  /// The two numbers stand for the same version of the key.
  void same_cas(std::size_t key, std::uint64_t model, std::uint64_t real) {
    same("has a cas unique", model != 0, real != 0);
    if (model == 0) return;
    const auto [to_real, new_model] = model_to_real_[key].try_emplace(model, real);
    const auto [to_model, new_real] = real_to_model_[key].try_emplace(real, model);
    same("cas unique, as the model counts", to_model->second, model);
    same("cas unique, as the engine counts", to_real->second, real);
    auto& given = given_[key];
    if (given.empty() || given.back()[kModel] != model) given.push_back({model, real});
  }

  // --- operations ---
  void step() {
    const std::size_t key = below(kKeys);
    const std::uint64_t dice = below(1000);
    if (dice < 300) return get(key);
    if (dice < 560) return store(key);
    if (dice < 720) return arithmetic(key);
    if (dice < 820) return remove(key);
    if (dice < 870) return touch(key);
    if (dice < 900) return allocate(key);
    if (dice < 930) return commit();
    if (dice < 960) return release();
    if (dice < 997) return advance();
    flush();
  }

  Key key_of(int side, std::size_t key) { return engines_[side]->key(keys_[key]); }

  void get(std::size_t key) {
    GetRequest request;
    request.account = static_cast<Account>(below(3));
    request.want_cas = one_in(2);
    request.bump = !one_in(3);
    request.lease = one_in(2);
    request.touch = maybe_deadline(4);
    request.vivify = maybe_deadline(4);
    if (one_in(3)) request.recache_s = static_cast<std::uint32_t>(below(12));
    if (request.vivify) request.explicit_cas = maybe_explicit_cas();
    const bool pins = one_in(2);
    log("get key {} want_cas {} bump {} lease {} touch {} vivify {} recache {} explicit {}", key,
        request.want_cas, request.bump, request.lease, text(request.touch), text(request.vivify),
        request.recache_s ? static_cast<int>(*request.recache_s) : -1, request.explicit_cas);
    Seen seen[2] = {Seen(pins), Seen(pins)};
    GetStatus status[2];
    for (const int side : {kModel, kReal}) {
      GateGuard gate(*workers_[side]);
      status[side] = engines_[side]->get(*workers_[side], key_of(side, key), request, seen[side]);
    }
    same("get", status[kModel], status[kReal]);
    const ItemView& model = seen[kModel].view;
    const ItemView& real = seen[kReal].view;
    same("value", seen[kModel].value, seen[kReal].value);
    same("client flags", model.client_flags, real.client_flags);
    same("ttl", model.ttl_s, real.ttl_s);
    same("fetched before", model.fetched_before, real.fetched_before);
    same("created", model.created, real.created);
    same("idle time", model.idle_s, real.idle_s);
    if (request.lease) {
      same("won", model.won, real.won);
      same("stale", model.stale, real.stale);
      same("token sent", model.token_sent, real.token_sent);
    }
    if (request.want_cas) same_cas(key, model.cas, real.cas);
    for (Seen& each : seen) {
      if (each.pin) held_.push_back({std::move(each.pin), each.pinned, each.value});
    }
    if (held_.size() > 40) release();
  }

  StoreRequest any_store(std::size_t key, StoreRequest* for_real) {
    StoreRequest request;
    request.mode = static_cast<StoreMode>(below(5));
    request.client_flags = one_in(3) ? static_cast<std::uint32_t>(1 + below(1000)) : 0;
    request.deadline = any_deadline();
    request.want_cas = one_in(2);
    request.explicit_cas = maybe_explicit_cas();
    request.vivify = maybe_deadline(4);
    request.remove_on_failure = one_in(2);
    *for_real = request;
    if (!one_in(3)) return request;
    const auto cas = any_cas(key);
    request.compare = for_real->compare = true;
    request.compare_cas = cas[kModel];
    for_real->compare_cas = cas[kReal];
    // Only a number that the engine itself gave out is known to be older than an unnumbered item.
    request.accept_older = for_real->accept_older = cas[kModel] < kExplicitBase && one_in(2);
    return request;
  }

  void store(std::size_t key) {
    StoreRequest requests[2];
    requests[kModel] = any_store(key, &requests[kReal]);
    const std::string_view value = any_value();
    log("store {}", text(key, requests[kModel], value.size()));
    StoreResult results[2];
    for (const int side : {kModel, kReal}) {
      GateGuard gate(*workers_[side]);
      results[side] =
          engines_[side]->store(*workers_[side], key_of(side, key), requests[side], value);
    }
    same_store(key, requests[kModel], results);
  }

  void same_store(std::size_t key, const StoreRequest& request, const StoreResult (&results)[2]) {
    same("store", results[kModel].status, results[kReal].status);
    same("value bytes", results[kModel].value_bytes, results[kReal].value_bytes);
    if (request.want_cas) same_cas(key, results[kModel].cas, results[kReal].cas);
  }

  void allocate(std::size_t key) {
    if (uploads_.size() == 4) return commit();
    Upload upload;
    upload.key = key;
    upload.requests[kModel] = any_store(key, &upload.requests[kReal]);
    upload.value = any_value();
    log("allocate {}", text(key, upload.requests[kModel], upload.value.size()));
    AllocateStatus status[2];
    for (const int side : {kModel, kReal}) {
      GateGuard gate(*workers_[side]);
      status[side] =
          engines_[side]->allocate(*workers_[side], key_of(side, key), upload.requests[side],
                                   upload.value.size(), &upload.rooms[side]);
    }
    same("allocate", status[kModel], status[kReal]);
    if (status[kModel] != AllocateStatus::ok) return;
    for (Allocation& room : upload.rooms) {
      same("room", room.bytes(), upload.value.size());
      if (room.bytes() != 0) std::memcpy(room.value(), upload.value.data(), room.bytes());
    }
    uploads_.push_back(std::move(upload));
  }

  void commit() {
    if (uploads_.empty()) return;
    const std::size_t index = below(uploads_.size());
    Upload upload = std::move(uploads_[index]);
    uploads_.erase(uploads_.begin() + static_cast<std::ptrdiff_t>(index));
    log("{} {}", one_in(4) ? "discard" : "commit",
        text(upload.key, upload.requests[kModel], upload.value.size()));
    if (log_.back().find("discard") != std::string::npos) return;
    StoreResult results[2];
    for (const int side : {kModel, kReal}) {
      GateGuard gate(*workers_[side]);
      results[side] = engines_[side]->commit(*workers_[side], key_of(side, upload.key),
                                             upload.requests[side], std::move(upload.rooms[side]));
    }
    same_store(upload.key, upload.requests[kModel], results);
  }

  void arithmetic(std::size_t key) {
    ArithmeticRequest requests[2];
    ArithmeticRequest& request = requests[kModel];
    request.decrement = one_in(2);
    request.delta = one_in(20) ? ~0ull - below(3) : below(120);
    request.create = maybe_deadline(4);
    request.initial = one_in(10) ? ~0ull : below(100);
    request.touch = maybe_deadline(6);
    request.want_cas = one_in(2);
    request.explicit_cas = maybe_explicit_cas();
    requests[kReal] = request;
    if (one_in(4)) {
      const auto cas = any_cas(key);
      for (const int side : {kModel, kReal}) {
        requests[side].compare = true;
        requests[side].compare_cas = cas[static_cast<std::size_t>(side)];
      }
    }
    log("{} key {} by {} create {} initial {} touch {} want_cas {} explicit {} compare {} {}",
        request.decrement ? "decr" : "incr", key, request.delta, text(request.create),
        request.initial, text(request.touch), request.want_cas, request.explicit_cas,
        request.compare, request.compare_cas);
    ArithmeticResult results[2];
    for (const int side : {kModel, kReal}) {
      GateGuard gate(*workers_[side]);
      results[side] =
          engines_[side]->arithmetic(*workers_[side], key_of(side, key), requests[side]);
    }
    same("arithmetic", results[kModel].status, results[kReal].status);
    same("number", results[kModel].value, results[kReal].value);
    same("ttl", results[kModel].ttl_s, results[kReal].ttl_s);
    if (request.want_cas) same_cas(key, results[kModel].cas, results[kReal].cas);
  }

  void remove(std::size_t key) {
    DeleteRequest requests[2];
    DeleteRequest& request = requests[kModel];
    request.mark_stale = one_in(2);
    request.clear_value = one_in(3);
    request.touch = maybe_deadline(3);
    if (request.clear_value && one_in(2))
      request.client_flags = static_cast<std::uint32_t>(below(100));
    request.explicit_cas = maybe_explicit_cas();
    requests[kReal] = request;
    if (one_in(3)) {
      const auto cas = any_cas(key);
      for (const int side : {kModel, kReal}) {
        requests[side].compare = true;
        requests[side].compare_cas = cas[static_cast<std::size_t>(side)];
      }
    }
    log("remove key {} stale {} clear {} touch {} explicit {} compare {} {}", key,
        request.mark_stale, request.clear_value, text(request.touch), request.explicit_cas,
        request.compare, request.compare_cas);
    DeleteStatus status[2];
    for (const int side : {kModel, kReal}) {
      GateGuard gate(*workers_[side]);
      status[side] = engines_[side]->remove(*workers_[side], key_of(side, key), requests[side]);
    }
    same("remove", status[kModel], status[kReal]);
  }

  void touch(std::size_t key) {
    const Deadline deadline = any_deadline();
    log("touch key {} {}", key, deadline.quarters);
    bool found[2];
    for (const int side : {kModel, kReal}) {
      GateGuard gate(*workers_[side]);
      found[side] = engines_[side]->touch(*workers_[side], key_of(side, key), deadline);
    }
    same("touch", found[kModel], found[kReal]);
  }

  void advance() {
    const auto seconds = static_cast<std::int32_t>(1 + below(3));
    log("advance {}", seconds);
    for (Engine* engine : engines_) engine->clock().advance(seconds);
  }

  void flush() {
    const Deadline when =
        one_in(2)
            ? Deadline::never()
            : Deadline::at_second(engines_[kModel]->clock().now() + 1 + static_cast<std::uint32_t>(below(20)));
    log("flush {}", when.quarters);
    for (const int side : {kModel, kReal}) {
      GateGuard gate(*workers_[side]);
      engines_[side]->flush(*workers_[side], when);
    }
  }

  /// Lets a pinned value go; it must not have changed.
  void release() {
    if (held_.empty()) return;
    const std::size_t index = below(held_.size());
    same("pinned value", std::string_view(held_[index].expected), held_[index].bytes);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  static std::string text(const std::optional<Deadline>& deadline) {
    return deadline ? std::to_string(deadline->quarters) : "-";
  }
  static std::string text(std::size_t key, const StoreRequest& request, std::size_t bytes) {
    constexpr const char* kModes[] = {"set", "add", "replace", "append", "prepend"};
    return fmt::format(
        "{} key {} bytes {} flags {} deadline {} compare {} {} older {} want_cas {} explicit {} "
        "vivify {}",
        kModes[static_cast<int>(request.mode)], key, bytes, request.client_flags,
        request.deadline.quarters, request.compare, request.compare_cas, request.accept_older,
        request.want_cas, request.explicit_cas, text(request.vivify));
  }

  std::array<Engine*, 2> engines_;
  std::array<Worker*, 2> workers_;
  const std::uint64_t seed_;
  std::mt19937_64 random_;
  std::vector<std::string> keys_;
  std::vector<std::string> values_;
  std::vector<std::string> large_values_;
  std::vector<std::string> limit_values_;
  std::uint64_t explicit_count_ = 0;
  int operation_ = 0;
  std::deque<std::string> log_;
  std::array<std::map<std::uint64_t, std::uint64_t>, kKeys> model_to_real_;
  std::array<std::map<std::uint64_t, std::uint64_t>, kKeys> real_to_model_;
  std::array<std::vector<std::array<std::uint64_t, 2>>, kKeys> given_;
  std::vector<Held> held_;
  std::vector<Upload> uploads_;
};

/// Counters that mean the same in both engines (the others are about memory).
constexpr Counter kSharedCounters[] = {
    Counter::cmd_get,    Counter::get_hits,       Counter::get_misses,  Counter::cmd_touch,
    Counter::touch_hits, Counter::touch_misses,   Counter::delete_hits, Counter::delete_misses,
    Counter::incr_hits,  Counter::incr_misses,    Counter::decr_hits,   Counter::decr_misses,
    Counter::cas_hits,   Counter::cas_badval,     Counter::cas_misses,  Counter::cmd_flush,
    Counter::cmd_set,    Counter::store_too_large};

}  // namespace

TEST_CASE("the cache engine answers as the model does", "[model]") {
  const bool cas = GENERATE(true, false);
  const std::size_t chunk_bytes_max = GENERATE(4 << 10, 16 << 10, 512 << 10);
  constexpr std::uint64_t kSeed = 20;
  Config config;
  config.memory_bytes = 256 << 20;
  config.cas = cas;
  config.chunk_bytes_max = chunk_bytes_max;
  const std::unique_ptr<CacheEngine> real = make_cache_engine(config);
  Worker& real_worker = real->add_worker();
  ModelConfig same_rules{.cas_enabled = cas};
  same_rules.in_pieces = [&](std::size_t, std::size_t value_bytes) {
    return value_bytes > config.chunk_bytes_max;
  };
  same_rules.no_number = [&](std::size_t key_bytes, std::size_t value_bytes) {
    return real->keyspace().needs_extent(key_bytes, value_bytes);
  };
  ModelEngine model(same_rules);
  Worker& model_worker = model.add_worker();
  Differential differential(model, model_worker, *real, real_worker, kSeed);
  // Values that just fit a chunk with the first key, before any optional field is added.
  std::vector<std::size_t> lengths;
  const auto& classes = real->keyspace().classes();
  for (std::size_t id = 1; id <= classes.count(); id += 1 + id / 8) {
    lengths.push_back(classes.chunk_bytes(id) - Item::chunk_bytes(0, 1, 0));
  }
  lengths.push_back(classes.chunk_bytes(classes.count()) - Item::chunk_bytes(0, 1, 0));
  differential.add_lengths(lengths);
  differential.run(40'000);
  CHECK(model.handle_count() == 0);
  for (const Counter counter : kSharedCounters) {
    const auto index = static_cast<std::size_t>(counter);
    INFO(kCounterNames[index]);
    CHECK(model_worker.counters.read(index) == real_worker.counters.read(index));
  }
  real->check_integrity();
}
