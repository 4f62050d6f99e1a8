// A small Redis engine with one connection, made anew for every input so that a finding repeats: no
// background threads, random numbers that begin at the same place.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/redis/redis_engine.h"
#include "tests/fuzz/fuzz_connection.h"
#include "tests/fuzz/replies.h"

namespace larder::fuzz {

/// Strings stay short, and with `small` a handful of elements is too many for the packed encodings.
inline redis::Settings redis_settings(bool small) {
  redis::Settings settings = redis::default_settings();
  settings.proto_max_bulk_len = 16 * 1024;
  if (!small) return settings;
  settings.list_max_listpack_size = 3;
  settings.list_packed_threshold = 64;
  settings.hash_max_listpack_entries = 3;
  settings.hash_max_listpack_value = 16;
  settings.set_max_intset_entries = 3;
  settings.zset_max_listpack_entries = 3;
  settings.zset_max_listpack_value = 16;
  settings.stream_node_max_entries = 3;
  settings.hll_sparse_max_bytes = 20;
  return settings;
}

class RedisConnection {
 public:
  explicit RedisConnection(redis::Settings settings, unsigned budget = 20)
      : engine_(config(), std::move(settings)),
        host_(engine_),
        wire_(std::make_unique<test::Wire>(
            worker_, proto::make_protocol({engine_, worker_, host_, settings_}, proto::Binding::resp, '*'),
            budget)) {
    engine_.state_of(worker_).random.seed(1);
  }

  void feed(std::string_view bytes) { wire_->feed(bytes); }
  /// Everything answered since the last time.
  std::string replies() { return wire_->replies(); }
  bool closed() const { return wire_->closed(); }
  /// Executes one command; its whole reply.
  std::string ask(const std::vector<std::string>& words) {
    std::string request;
    append_request(words, &request);
    feed(request);
    return replies();
  }
  /// One request as an array of strings.
  template <typename Words>
  static void append_request(const Words& words, std::string* stream) {
    *stream += '*' + std::to_string(words.size()) + "\r\n";
    for (const auto& word : words) {
      *stream += '$' + std::to_string(word.size()) + "\r\n";
      *stream += word;
      *stream += "\r\n";
    }
  }
  redis::RedisEngine& engine() { return engine_; }

 private:
  static engine::Config config() {
    engine::Config config = small_engine();
    config.databases = 16;
    config.track_sizes = false;
    return config;
  }

  redis::RedisEngine engine_;
  engine::Worker& worker_ = engine_.add_worker();
  FuzzHost host_;
  proto::Settings settings_;
  std::unique_ptr<test::Wire> wire_;
};

}  // namespace larder::fuzz
