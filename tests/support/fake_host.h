// A process around a protocol that does nothing but remember what it was asked.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
  std::shared_ptr<const proto::ClusterConfig> cluster_config() const override { return config; }
  bool set_cluster_config(std::shared_ptr<const proto::ClusterConfig> other) override {
    return std::exchange(config, std::move(other)) != nullptr;
  }
  void shutdown(bool graceful) override { stopped = graceful ? "graceful" : "at once"; }

  bool knows_user(std::string_view name, std::string_view secret) override {
    return name == user && secret == password;
  }
  /// PLAIN, and TWOSTEP, which wants "pong" for "ping". nullptr while there is no user.
  std::unique_ptr<proto::SaslExchange> sasl_exchange() override {
    if (user.empty()) return nullptr;
    return std::make_unique<Exchange>('\0' + user + '\0' + password);
  }

  std::shared_ptr<const proto::ClusterConfig> config;
  bool dump_enabled = true;
  std::string user;
  std::string password;
  std::string stopped;

 private:
  class Exchange final : public proto::SaslExchange {
   public:
    explicit Exchange(std::string token) : token_(std::move(token)) {}
    std::optional<std::string> mechanisms() override { return "PLAIN TWOSTEP"; }
    Outcome start(std::string_view mechanism, std::string_view token,
                  std::string_view* challenge) override {
      if (mechanism == "PLAIN") return token == token_ ? Outcome::done : Outcome::failed;
      if (mechanism != "TWOSTEP") return Outcome::failed;
      *challenge = "ping";
      return Outcome::more;
    }
    Outcome step(std::string_view token, std::string_view*) override {
      return token == "pong" ? Outcome::done : Outcome::failed;
    }

   private:
    const std::string token_;
  };
};

}  // namespace larder::test
