// A small cache engine with one connection, made anew for every input so that a finding repeats.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/cache_engine.h"
#include "proto/protocol_select.h"
#include "tests/fuzz/frozen_clock.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/wire.h"

namespace larder::fuzz {

/// An engine that is quickly made and checked. Values above 4 KiB lie in extents, so that short inputs get
/// there.
inline engine::Config small_engine() {
  engine::Config config;
  config.memory_bytes = 4 << 20;
  config.chunk_bytes_max = 4096;
  config.threads = 1;
  config.hash_power = 12;
  config.hash_seed = 1;
  config.track_sizes = true;
  return config;
}

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
      : engine_(small_engine()),
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
  engine::CacheEngine engine_;
  engine::Worker& worker_ = engine_.add_worker();
  FuzzHost host_;
  proto::Settings settings_;
  std::unique_ptr<test::Wire> wire_;
  std::string replies_;
};

/// The length of the next piece of a stream: mostly short.
inline std::size_t next_piece(unsigned* cuts) {
  *cuts = *cuts * 1103515245 + 12345;
  return 1 + (*cuts >> 16) % ((*cuts >> 8 & 7) == 0 ? 997 : 29);
}

/// Feeds `stream` whole to one connection and in pieces to another: what is answered must not depend
/// on how the bytes were cut. Returns the replies; `closed` tells how it ended.
inline std::string feed_both_ways(proto::Binding binding, std::string_view stream, unsigned cuts,
                                  unsigned budget, bool* closed) {
  const FrozenClock clock;
  const auto first = static_cast<std::uint8_t>(stream.empty() ? 0 : stream.front());
  FuzzConnection whole(binding, first, budget);
  whole.feed(stream);
  FuzzConnection cut(binding, first, budget);
  for (std::string_view rest = stream; !rest.empty();) {
    const std::size_t bytes = next_piece(&cuts);
    cut.feed(rest.substr(0, bytes));
    rest.remove_prefix(std::min(bytes, rest.size()));
  }
  const std::string& answered = whole.replies();
  const std::string& in_pieces = cut.replies();
  // A dump or a watch is refused behind replies that have not been sent, and whether they have depends
  // on the cuts: memcached's rule (text_dump.cc, text_admin.cc). From there on the two may part.
  constexpr std::string_view kPiped = "ERROR cannot pipeline";
  const std::size_t parting = std::min(answered.find(kPiped), in_pieces.find(kPiped));
  if (answered.compare(0, parting, in_pieces, 0, parting) != 0) {
    fail("a stream that comes in pieces is answered otherwise",
         "whole: " + answered.substr(0, 900) + "\npieces: " + in_pieces.substr(0, 900));
  }
  *closed = whole.closed();
  require(parting != std::string::npos || *closed == cut.closed(), "only one of whole and pieces closed",
          answered);
  whole.finish();
  return answered;
}

}  // namespace larder::fuzz
