// Lines: finding them, dispatching them, and the two kinds that are too long to wait for.
#include "proto/text_protocol.h"

#include <algorithm>

#include "proto/errors.h"
#include "proto/make_text_protocol.h"
#include "proto/text_dump.h"
#include "proto/text_store_job.h"

namespace larder::proto {

namespace {

/// memcached refuses shorter lines (line end included) as malformed, so `mn\n` is an error.
constexpr std::ptrdiff_t kLineBytesMin = 4;
/// Leading spaces after which a long line is no longer taken for a retrieval.
constexpr std::ptrdiff_t kLeadingSpacesMax = 100;

}  // namespace

std::unique_ptr<Protocol> make_text_protocol(Session session) {
  return std::make_unique<TextProtocol>(session);
}

TextProtocol::TextProtocol(Session session) : session_(session) {}
TextProtocol::~TextProtocol() = default;

std::string_view TextProtocol::state() const {
  switch (state_.load(std::memory_order_relaxed)) {
    case State::read:
      return "conn_read";
    case State::parse_cmd:
      return "conn_parse_cmd";
    case State::nread:
      return "conn_nread";
    case State::swallow:
      return "conn_swallow";
  }
  return "";
}

Progress TextProtocol::run(std::string_view input, Output& output, unsigned& budget) {
  out_ = &output;
  budget_ = &budget;
  noop_end_ = nullptr;
  state_.store(State::parse_cmd, std::memory_order_relaxed);
  Cursor in{input.data(), input.data() + input.size()};
  Flow flow;
  do {
    flow = step(in);
  } while (flow == Flow::proceed);
  return progress(flow, input.data(), in);
}

Progress TextProtocol::received(Output&) {
  mode_ = Mode::value_end;
  return {};
}

TextProtocol::Flow TextProtocol::step(Cursor& in) {
  if (in.at == in.end && mode_ != Mode::dump) {
    state_.store(mode_ == Mode::value_end ? State::nread : State::read, std::memory_order_relaxed);
    return Flow::wait;
  }
  if (*budget_ == 0 || out_->full()) return Flow::yield;
  switch (mode_) {
    case Mode::commands:
      return run_window(in);
    case Mode::retrieval:
      return run_retrieval(in);
    case Mode::discard:
      return discard_line(in);
    case Mode::value_end:
      return finish_pending(in);
    case Mode::dump:
      return run_dump();
  }
  return Flow::close;
}

Progress TextProtocol::progress(Flow flow, const char* begin, const Cursor& in) {
  Progress progress;
  progress.consumed = static_cast<std::size_t>(in.at - begin);
  switch (flow) {
    case Flow::proceed:
    case Flow::wait:
      progress.next = Next::read;
      break;
    case Flow::yield:
      progress.next = Next::yield;
      break;
    case Flow::receive:
      progress.next = Next::receive;
      progress.into = pending_->allocation.value();
      progress.bytes = transfer_bytes_;
      state_.store(State::nread, std::memory_order_relaxed);
      break;
    case Flow::swallow:
      progress.next = Next::swallow;
      progress.bytes = transfer_bytes_;
      state_.store(State::swallow, std::memory_order_relaxed);
      break;
    case Flow::close:
      progress.next = Next::close;
      break;
    case Flow::quit:
      progress.next = Next::quit;
      break;
    case Flow::shutdown:
      progress.next = Next::shutdown;
      break;
    case Flow::watch:
      progress.next = Next::watch;
      progress.streams = streams_;
      break;
  }
  return progress;
}

/// Leaves out the next `bytes` of the stream: those at hand at once, the rest as they come.
TextProtocol::Flow TextProtocol::skip(Cursor& in, std::size_t bytes) {
  const std::size_t at_hand = std::min(bytes, in.left());
  in.at += at_hand;
  transfer_bytes_ = bytes - at_hand;
  return transfer_bytes_ == 0 ? Flow::proceed : Flow::swallow;
}

TextProtocol::Flow TextProtocol::run_line(Cursor& in) {
  const char* const limit = in.at + std::min(in.left(), kLineBytesMax + 1);
  const char* const newline = find_byte(in.at, limit, '\n');
  if (newline != limit) return execute_line(in, newline, nullptr);
  if (in.left() > kLineBytesMax) return begin_long_line(in);
  state_.store(State::read, std::memory_order_relaxed);
  return Flow::wait;
}

/// Runs the line that ends at `newline`. `key`: of its second word, if known.
TextProtocol::Flow TextProtocol::execute_line(Cursor& in, const char* newline,
                                              const engine::Key* key) {
  const char* const begin = in.at;
  in.at = newline + 1;
  --*budget_;
  if (in.at - begin < kLineBytesMin) {
    reply(text::kBadFormat);
    return Flow::proceed;
  }
  const char* const end = newline[-1] == '\r' ? newline - 1 : newline;
  const std::string_view line(begin, static_cast<std::size_t>(end - begin));
  const Words words(line);
  // The verb ends at the first space even if that is the first byte: a leading space makes another,
  // empty verb of it.
  const std::string_view verb(begin, static_cast<std::size_t>(find_byte(begin, end, ' ') - begin));
  Request request{Command::find(verb), words, false, in, begin, key};
  const Flow flow =
      request.command != nullptr ? execute(*request.command, request) : unknown_command(request);
  // A line that waits for its data is executed again when that has come.
  if (lines_watched() && flow != Flow::wait) [[unlikely]] tell_line(line);
  return flow;
}

void TextProtocol::tell_line(std::string_view line) {
  session_.worker.events.write(
      engine::CommandLineEvent{.client = session_.worker.events.client()}, line);
}

/// Whether replies are waiting that `mn` does not stand behind: a command that takes the connection
/// over wants none.
bool TextProtocol::pipelined(const Request& request) const {
  return !out_->empty() && request.line != noop_end_;
}

TextProtocol::Flow TextProtocol::execute(const Command& command, Request& request) {
  const bool malformed =
      request.words.count() < command.words_min ||
      (command.flags_from != 0 && !meta_flags_well_formed(request.words, command.flags_from));
  if (malformed) {
    reply(text::kBadFormat);
    return Flow::proceed;
  }
  request.command = &command;
  request.noreply = command.noreply && request.words.last() == "noreply";
  return (this->*command.handler)(request);
}

TextProtocol::Flow TextProtocol::unknown_command(Request& request) {
  if (request.words.count() == 0) {
    reply(text::kError);
    return Flow::proceed;
  }
  const Command* const command = Command::find(request.words[0]);
  if (command != nullptr && command->spaced) return execute(*command, request);
  const std::string_view last = request.words.last();
  if (request.words.count() > 1 && last.starts_with("HTTP/")) return Flow::close;
  reply_unless(last == "noreply", text::kError);
  return Flow::proceed;
}

/// More than kLineBytesMax bytes and no line end. Only retrievals may be that long.
TextProtocol::Flow TextProtocol::begin_long_line(Cursor& in) {
  const char* const limit = in.at + kLineBytesMax + 1;
  const char* const verb = skip_spaces(in.at, limit);
  if (verb - in.at > kLeadingSpacesMax) return Flow::close;
  const char* const verb_end = find_byte(verb, limit, ' ');
  const Command* const command = Command::find({verb, static_cast<std::size_t>(verb_end - verb)});
  if (verb_end == limit || command == nullptr || command->handler != &TextProtocol::retrieve) {
    return Flow::close;
  }
  --*budget_;
  if (verb == in.at) return begin_long_retrieval(in, *command, verb_end, limit);
  // No retrieval begins with a space, but the line may end in peace.
  mode_ = Mode::discard;
  reply(text::kError);
  return Flow::proceed;
}

TextProtocol::Flow TextProtocol::discard_line(Cursor& in) {
  const char* const newline = find_byte(in.at, in.end, '\n');
  if (newline == in.end) {
    in.at = in.end;
    return Flow::proceed;
  }
  in.at = newline + 1;
  mode_ = Mode::commands;
  return Flow::proceed;
}

/// The key of the request's second word.
engine::Key TextProtocol::key_of(const Request& request) const {
  return request.key != nullptr ? *request.key : session_.engine.key(request.words[1]);
}

}  // namespace larder::proto
