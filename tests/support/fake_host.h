// A process around a protocol that does nothing but remember what it was asked.
#pragma once

#include <string>
#include <string_view>

#include "proto/host.h"

namespace larder::test {

class FakeHost final : public proto::Host {
 public:
  /// A few rows for the groups with a form of their own.
  StatsResult stats(std::string_view words, engine::StatSink& sink) override {
    if (words.empty()) {
      sink.stat("pid", "42");
      sink.stat("empty", "");
      return StatsResult::ok;
    }
    if (words == "items") return StatsResult::ok;
    if (words == "settings") {
      sink.stat("maxconns", "1024");
      return StatsResult::ok;
    }
    if (words == "reset") return StatsResult::reset;
    if (words == "detail on") return StatsResult::detail_ok;
    if (words == "detail dump") {
      if (!dump_enabled) return StatsResult::not_allowed;
      sink.stat("a", "get 1 hit 0 set 2 del 0");
      sink.stat("b", "get 0 hit 0 set 1 del 1");
      return StatsResult::ok;
    }
    if (words.substr(0, 6) == "detail") return StatsResult::usage;
    return StatsResult::unknown;
  }
  void shutdown(bool graceful) override { stopped = graceful ? "graceful" : "at once"; }

  bool dump_enabled = true;
  std::string stopped;
};

}  // namespace larder::test
