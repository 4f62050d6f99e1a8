#include "proto/resp_protocol.h"

#include <algorithm>

#include "engine/redis/errors.h"
#include "proto/resp_reply.h"

namespace larder::proto {

namespace {

// Whether an address as CLIENT LIST shows it is that of a unix socket or the loopback interface.
bool of_this_machine(std::string_view address) {
  return address.empty() || address.ends_with(":0") || address.starts_with("127.") ||
         address.starts_with("[::1]:") || address.starts_with("[::ffff:127.");
}

}  // namespace

RespProtocol::RespProtocol(Session session)
    : engine_(*session.engine.redis()), state_(engine_.state_of(session.worker)) {
  client_.connected_ms = engine::read_unix_ms();
  client_.address = session.host.address(session.descriptor, Host::End::theirs);
  client_.local_address = session.host.address(session.descriptor, Host::End::ours);
  client_.local = of_this_machine(client_.address);
  client_.descriptor = session.descriptor;
  state_.count(redis::Counter::connections);
  engine_.add_client(client_);
}

// A client of another machine, while everybody would be let in (protected-mode).
bool RespProtocol::shut_out() const {
  const redis::Settings& settings = engine_.settings();
  return settings.protected_mode && settings.requirepass.empty() && !client_.local;
}

RespProtocol::~RespProtocol() { engine_.remove_client(client_); }

// The second argument of a request in its usual shape: mostly a key.
std::string_view RespProtocol::first_key(std::string_view input) const {
  constexpr std::size_t kHeaderBytesMax = 16;
  if (client_.database != 0 || parser_.in_request() || input.size() < 4 || input[0] != '*') return {};
  const auto skip_line = [&](std::size_t at) {
    const std::size_t end = input.substr(at, kHeaderBytesMax).find('\n');
    return end == std::string_view::npos ? input.size() : at + end + 1;
  };
  std::size_t at = skip_line(0);
  for (int argument = 0; argument < 2; ++argument) {
    if (at >= input.size() || input[at] != '$') return {};
    std::size_t bytes = 0;
    std::size_t digits = at + 1;
    while (digits < input.size() && input[digits] >= '0' && input[digits] <= '9' && digits - at < 5) {
      bytes = bytes * 10 + static_cast<std::size_t>(input[digits++] - '0');
    }
    at = digits + 2;
    if (at > input.size() || bytes > input.size() - at) return {};
    if (argument == 1) return input.substr(at, bytes);
    at += bytes + 2;
  }
  return {};
}

Progress RespProtocol::received(Output&) { return {}; }

// Parses up to `limit` requests into the window; returns the bytes they take.
std::size_t RespProtocol::plan(std::string_view input, std::size_t limit) {
  const RespParser::Limits limits{static_cast<std::size_t>(engine_.settings().proto_max_bulk_len),
                                  client_.authenticated};
  std::vector<redis::PipelinedRequest>& window = state_.window;
  std::vector<std::string_view>& arguments = state_.arguments;
  window.clear();
  arguments.clear();
  std::size_t at = 0;
  stopped_ = RespParser::Status::request;
  while (window.size() < limit) {
    if (at == input.size()) {
      stopped_ = RespParser::Status::incomplete;
      break;
    }
    const std::size_t first = arguments.size();
    std::size_t taken = 0;
    stopped_ = parser_.take(input.substr(at), limits, &arguments, &taken);
    if (stopped_ == RespParser::Status::incomplete || stopped_ == RespParser::Status::error) break;
    at += taken;
    if (stopped_ == RespParser::Status::empty) continue;
    window.push_back({{}, first, arguments.size() - first, at});
    // Inline words lie in the parser until the next request.
    if (input[at - taken] != '*') break;
  }
  // Arguments have stopped moving.
  engine::Key keys[kWindow];
  std::size_t key_count = 0;
  for (redis::PipelinedRequest& planned : window) {
    planned.request.args = {arguments.data() + planned.first_argument, planned.argument_count};
    engine_.prepare(&planned.request);
    if (planned.request.key.bytes.data() != nullptr) keys[key_count++] = planned.request.key;
  }
  // A lone key is looked up at once, so a hint would come too late.
  if (key_count > 1) engine_.prefetch(client_.database, {keys, key_count});
  return at;
}

void RespProtocol::execute(const redis::Request& request, Output& output) {
  RespReply reply(output, client_);
  if (client_.reply_mode == redis::ReplyMode::on) [[likely]] {
    return engine_.call(state_, client_, request, reply);
  }
  const std::size_t mark = output.position();
  const redis::ReplyMode before = client_.reply_mode;
  engine_.call(state_, client_, request, reply);
  // CLIENT REPLY ON answers; what it silenced does not.
  if (client_.reply_mode != redis::ReplyMode::on) output.rewind_to(mark);
  if (before == redis::ReplyMode::skip) {
    output.rewind_to(mark);
    client_.reply_mode = redis::ReplyMode::on;
  } else if (client_.reply_mode == redis::ReplyMode::skip_next) {
    client_.reply_mode = redis::ReplyMode::skip;
  }
}

bool RespProtocol::overdue(std::size_t pending_bytes) {
  const redis::Settings& settings = engine_.settings();
  const std::int64_t now_ms = engine::read_unix_ms();
  if (pending_bytes == 0) {
    over_soft_limit_ms_ = 0;
    return settings.timeout != 0 && now_ms - client_.active_ms > settings.timeout * 1000;
  }
  const redis::OutputLimit& limit = settings.output_limits[static_cast<std::size_t>(redis::ClientClass::normal)];
  if (limit.soft_bytes == 0 || pending_bytes <= static_cast<std::size_t>(limit.soft_bytes)) {
    over_soft_limit_ms_ = 0;
    return false;
  }
  if (over_soft_limit_ms_ == 0) over_soft_limit_ms_ = now_ms;
  return now_ms - over_soft_limit_ms_ > limit.soft_s * 1000;
}

// The replies have become large: written first, before more is executed, or too large for the client's class.
Progress RespProtocol::after_large_reply(std::size_t consumed, Output& output) {
  parser_.forget();  // what came behind is read again
  const redis::OutputLimit& limit =
      engine_.settings().output_limits[static_cast<std::size_t>(redis::ClientClass::normal)];
  if (limit.hard_bytes == 0 || output.size() <= static_cast<std::size_t>(limit.hard_bytes)) {
    return {consumed, Next::yield};
  }
  output.clear(Output::kFullBytes);
  return {consumed, Next::close};
}

Progress RespProtocol::run(std::string_view input, Output& output, unsigned& budget) {
  state_.now_ms = engine::read_unix_ms();
  client_.active_ms = state_.now_ms;
  pending_bytes_max_ = static_cast<std::size_t>(engine_.settings().client_query_buffer_limit);
  if (first_run_) [[unlikely]] {
    first_run_ = false;
    client_.authenticated = engine_.settings().requirepass.empty();
    if (shut_out()) {
      RespReply(output, client_).error(redis::errors::kProtectedMode);
      return {input.size(), Next::close};
    }
  }
  // Above this the replies so far are written before more is executed.
  const std::int64_t hard_bytes = engine_.settings().output_limits[0].hard_bytes;
  const std::size_t most =
      hard_bytes == 0 ? Output::kFullBytes : std::min(Output::kFullBytes, static_cast<std::size_t>(hard_bytes) + 1);
  std::size_t consumed = 0;
  while (true) {
    if (output.full() || budget == 0) return {consumed, Next::yield};
    const std::string_view rest = input.substr(consumed);
    // Before AUTH each request may change what the next may be.
    const std::size_t limit = client_.authenticated ? std::min<std::size_t>(kWindow, budget) : 1;
    const std::size_t covered = plan(rest, limit);
    for (const redis::PipelinedRequest& planned : state_.window) {
      execute(planned.request, output);
      --budget;
      if (client_.close_after_reply || client_.killed.load(std::memory_order_relaxed)) [[unlikely]] {
        return {consumed + planned.end, Next::close};
      }
      if (output.size() >= most) [[unlikely]] {
        return after_large_reply(consumed + planned.end, output);
      }
    }
    consumed += covered;
    if (stopped_ == RespParser::Status::error) {
      state_.count(redis::Counter::protocol_errors);
      RespReply(output, client_).error(parser_.error());
      return {input.size(), Next::close};
    }
    if (stopped_ == RespParser::Status::incomplete) return {consumed, Next::read};
  }
}

}  // namespace larder::proto
