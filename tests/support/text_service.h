// An engine, a process that remembers what it was asked, and a text connection to them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/cache_engine.h"
#include "proto/make_text_protocol.h"
#include "tests/support/model_engine.h"
#include "tests/support/wire.h"

namespace larder::test {

/// Answers every group of statistics but "unknown" with one row that repeats its name.
class RecordingHost final : public proto::Host {
 public:
  StatsResult stats(std::string_view words, engine::StatSink& sink) override {
    asked = words;
    if (words == "reset") return StatsResult::reset;
    if (words == "detail on" || words == "detail off") return StatsResult::detail_ok;
    if (words == "unknown") return StatsResult::unknown;
    sink.stat("group", words);
    sink.stat("number", std::uint64_t{7});
    return StatsResult::ok;
  }
  void shutdown(bool graceful) override { stopped = graceful ? "graceful" : "at once"; }

  std::string asked = "nothing";
  std::string stopped;
};

/// One connection to a fresh engine.
template <typename Engine, typename Config>
struct TextService {
  explicit TextService(unsigned budget, const Config& config)
      : engine(config), wire(worker, proto::make_text_protocol(session()), budget) {}

  std::string ask(std::string_view bytes) {
    wire.feed(bytes);
    return wire.replies();
  }
  std::uint64_t counted(engine::Counter counter) const {
    return worker.counters.read(static_cast<std::size_t>(counter));
  }
  proto::Session session() { return {engine, worker, host, settings}; }

  Engine engine;
  engine::Worker& worker = engine.add_worker();
  RecordingHost host;
  proto::Settings settings;
  Wire wire;
};

struct ModelService : TextService<ModelEngine, ModelConfig> {
  explicit ModelService(unsigned budget = 20, const ModelConfig& config = {})
      : TextService(budget, config) {}
};

struct CacheService : TextService<engine::CacheEngine, engine::Config> {
  explicit CacheService(unsigned budget = 20) : CacheService(budget, small()) {}
  CacheService(unsigned budget, const engine::Config& config) : TextService(budget, config) {}
  static engine::Config small() {
    engine::Config config;
    config.threads = 1;
    config.hash_power = 12;
    return config;
  }
};

}  // namespace larder::test
