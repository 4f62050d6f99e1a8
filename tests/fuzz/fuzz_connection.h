// A small cache engine with one connection, made anew for every input so that a finding repeats.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/cache_engine.h"
#include "proto/protocol_select.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/wire.h"

namespace larder::fuzz {

/// Answers `stats` from the engine where it can, as the server does.
class FuzzHost final : public proto::Host {
 public:
  explicit FuzzHost(engine::Engine& engine) : engine_(engine) {}
  StatsResult stats(std::string_view words, engine::StatSink& sink) override {
    if (words == "reset") return StatsResult::reset;
    if (words == "detail on") {
      engine_.prefix_stats().enable(true);
      return StatsResult::detail_ok;
    }
    if (words == "detail dump") {
      engine_.prefix_stats().dump(sink);
      return StatsResult::ok;
    }
    if (words.starts_with("detail")) return StatsResult::usage;
    return engine_.stats(words, sink) ? StatsResult::ok : StatsResult::unknown;
  }
  void shutdown(bool) override {}
  std::shared_ptr<const proto::ClusterConfig> cluster_config() const override { return cluster_; }
  bool set_cluster_config(std::shared_ptr<const proto::ClusterConfig> config) override {
    cluster_.swap(config);
    return config != nullptr;
  }

 private:
  engine::Engine& engine_;
  std::shared_ptr<const proto::ClusterConfig> cluster_;
};

class FuzzConnection {
 public:
  FuzzConnection(proto::Binding binding, std::uint8_t first_byte, unsigned budget)
      : engine_(config()),
        host_(engine_),
        wire_(std::make_unique<test::Wire>(
            worker_, proto::make_protocol({engine_, worker_, host_, settings_}, binding, first_byte),
            budget)) {
    settings_.shutdown_enabled = true;
  }

  void feed(std::string_view bytes) { wire_->feed(bytes); }
  /// Everything answered so far.
  const std::string& replies() { return replies_ += wire_->replies(); }
  bool closed() const { return wire_->closed(); }
  /// Ends the connection and looks at what it left behind.
  void finish() {
    wire_.reset();
    engine_.check_integrity();
  }

 private:
  // Values above 4 KiB lie in extents, so that short inputs get there.
  static engine::Config config() {
    engine::Config config;
    config.memory_bytes = 16 << 20;
    config.chunk_bytes_max = 4096;
    config.threads = 1;
    config.hash_power = 12;
    config.hash_seed = 1;
    config.track_sizes = true;
    return config;
  }

  engine::CacheEngine engine_;
  engine::Worker& worker_ = engine_.add_worker();
  FuzzHost host_;
  proto::Settings settings_;
  std::unique_ptr<test::Wire> wire_;
  std::string replies_;
};

/// Feeds `stream` whole to one connection and in pieces to another: what is answered must not depend
/// on how the bytes were cut. Returns the replies; `closed` tells how it ended.
inline std::string feed_both_ways(proto::Binding binding, std::string_view stream, unsigned cuts,
                                  unsigned budget, bool* closed) {
  const auto first = static_cast<std::uint8_t>(stream.empty() ? 0 : stream.front());
  FuzzConnection whole(binding, first, budget);
  whole.feed(stream);
  FuzzConnection cut(binding, first, budget);
  for (std::string_view rest = stream; !rest.empty();) {
    cuts = cuts * 1103515245 + 12345;
    const std::size_t bytes = 1 + (cuts >> 16) % ((cuts >> 8 & 7) == 0 ? 997 : 29);
    cut.feed(rest.substr(0, bytes));
    rest.remove_prefix(std::min(bytes, rest.size()));
  }
  const std::string answered = whole.replies();
  // A dump or a watch is refused behind replies that have not been sent, and whether they have depends
  // on the cuts: memcached's rule (text_dump.cc, text_admin.cc). From there on the two may part.
  const auto piped = [](const std::string& replies) {
    return replies.find("ERROR cannot pipeline") != std::string::npos;
  };
  *closed = whole.closed();
  if (!piped(answered) && !piped(cut.replies())) {
    if (answered != cut.replies()) {
      fail("a stream that comes in pieces is answered otherwise",
           "whole: " + answered.substr(0, 900) + "\npieces: " + cut.replies().substr(0, 900));
    }
    require(*closed == cut.closed(), "only one of whole and pieces closed", answered);
  }
  whole.finish();
  return answered;
}

}  // namespace larder::fuzz
