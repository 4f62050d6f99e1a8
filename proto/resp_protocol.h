// RESP2 and RESP3 on one connection.
//
// A window of pipelined requests is parsed and looked up first; the table lines and items of those with
// one key are prefetched together; then they are executed in order (as text_window.cc does for
// memcached). Arguments are views into the input.
//
// Invariants
//  1. A request is executed only when all of it is there; how the stream was cut changes nothing.
//  2. Between calls nothing is kept but the client's state and how far an incomplete request was read.
//
// Threads: owned by one worker at a time.
#pragma once

#include <string_view>

#include "engine/redis/redis_engine.h"
#include "proto/protocol.h"
#include "proto/resp_parser.h"

namespace larder::proto {

class RespProtocol final : public Protocol {
 public:
  /// Requires: the session's engine is a redis::RedisEngine.
  explicit RespProtocol(Session session);
  ~RespProtocol() override;

  Progress run(std::string_view input, Output& output, unsigned& budget) override;
  Progress received(Output& output) override;
  std::string_view first_key(std::string_view input) const override;
  std::string_view state() const override { return "conn_read"; }
  std::size_t pending_bytes_max() const override { return pending_bytes_max_; }
  bool overdue(std::size_t pending_bytes) override;

 private:
  /// Requests that are prefetched together.
  static constexpr std::size_t kWindow = 32;
  std::size_t plan(std::string_view input, std::size_t limit);
  void execute(const redis::Request& request, Output& output);
  bool shut_out() const;
  Progress after_large_reply(std::size_t consumed, Output& output);

  redis::RedisEngine& engine_;
  redis::WorkerState& state_;
  redis::Client client_;
  RespParser parser_;
  bool first_run_ = true;
  // Settings are read under the worker's gate only, that is in run(); nothing is pending before its first.
  std::size_t pending_bytes_max_ = ~std::size_t{0};
  std::int64_t over_soft_limit_ms_ = 0;  // since when replies wait that are above it; 0: they do not
  RespParser::Status stopped_ = RespParser::Status::incomplete;  // why the last window ended
};

}  // namespace larder::proto
