// get, gets, gat, gats.
//
//   get|gets <key>*      gat|gats <exptime> <key>*
//   -> VALUE <key> <flags> <bytes> [<cas unique>]\r\n<data>\r\n ... END\r\n
//
// The keys of a line are served in windows: hash and prefetch up to kWindow of them, then look them
// up. Between windows, and when the output is full, only a few words of state remain
// (Mode::retrieval), so a line may have any number of keys. A line of up to kLineBytesMax bytes is
// checked for over-long keys before the first is served; in a longer one the error comes when the
// key does, behind the values already sent, and the rest of the line is dropped.
#include "proto/text_retrieval.h"

#include "proto/cluster_config.h"
#include "proto/errors.h"
#include "proto/key_window.h"
#include "proto/numbers.h"
#include "proto/text_protocol.h"

namespace larder::proto {

TextProtocol::Flow TextProtocol::retrieve(Request& request) {
  const Words& words = request.words;
  const bool touches = (request.command->variant & Command::kTouch) != 0;
  std::int32_t exptime = 0;
  if (touches && !parse_i32(words[1], &exptime)) {
    reply(text::kInvalidExptime);
    return Flow::proceed;
  }
  const char* const keys = words[touches ? 2 : 1].data();
  const char* const newline = request.in.at - 1;
  for (const char* at = keys; newline - at > std::ptrdiff_t{kKeyBytesMax};) {
    const char* const stop = find_word_end(at, newline);
    const bool carriage_return = stop == newline && stop[-1] == '\r';
    if (stop - at - carriage_return > std::ptrdiff_t{kKeyBytesMax}) {
      reply(text::kBadFormat);
      return Flow::proceed;
    }
    at = skip_spaces(stop, newline);
  }
  begin_retrieval(*request.command, exptime);
  request.in.at = keys;
  return run_retrieval(request.in);
}

void TextProtocol::begin_retrieval(const Command& command, std::int32_t exptime) {
  mode_ = Mode::retrieval;
  retrieval_with_cas_ = (command.variant & Command::kWithCas) != 0;
  retrieval_touches_ = (command.variant & Command::kTouch) != 0;
  retrieval_has_key_ = false;
  retrieval_deadline_ = session_.engine.clock().deadline(exptime);
}

/// A line whose end is not in sight. `at`: behind its verb; `limit`: where an exptime must have
/// ended.
TextProtocol::Flow TextProtocol::begin_long_retrieval(Cursor& in, const Command& command,
                                                      const char* at, const char* limit) {
  std::int32_t exptime = 0;
  if ((command.variant & Command::kTouch) != 0) {
    at = skip_spaces(at, limit);
    const char* const stop = find_byte(at, limit, ' ');
    if (stop == limit) return Flow::close;
    if (!parse_i32({at, static_cast<std::size_t>(stop - at)}, &exptime)) {
      reply(text::kInvalidExptime);
      mode_ = Mode::discard;
      return Flow::proceed;
    }
    at = stop;
  }
  begin_retrieval(command, exptime);
  in.at = at;
  return run_retrieval(in);
}

/// Serves keys until the line ends, the input does, or the output is full.
TextProtocol::Flow TextProtocol::run_retrieval(Cursor& in) {
  engine::GetRequest request;
  request.want_cas = retrieval_with_cas_;
  if (retrieval_touches_) {
    request.account = engine::Account::touch;
    request.touch = retrieval_deadline_;
  }
  while (true) {
    KeyWindow window;
    const WindowEnd end = window.fill(in.at, in.end, session_.engine);
    for (std::size_t i = 0; i < window.count(); ++i) {
      retrieval_has_key_ = true;
      get_value(window.key(i), request);
      if (out_->full()) {
        in.at = window.behind(i);
        return Flow::yield;
      }
    }
    in.at = window.at();
    switch (end) {
      case WindowEnd::full:
        break;
      case WindowEnd::input:
        state_.store(State::read, std::memory_order_relaxed);
        return Flow::wait;
      case WindowEnd::line:
        mode_ = Mode::commands;
        reply(retrieval_has_key_ ? text::kEnd : text::kBadFormat);
        return Flow::proceed;
      case WindowEnd::long_key:
        mode_ = Mode::discard;
        reply(text::kBadFormat);
        return Flow::proceed;
    }
  }
}

/// Adds the VALUE block of a key, if it is there.
void TextProtocol::get_value(const engine::Key& key, const engine::GetRequest& request) {
  ValueSink sink(*out_, key.bytes, request.want_cas);
  const engine::GetStatus status = session_.engine.get(session_.worker, key, request, sink);
  if (status != engine::GetStatus::hit && key.bytes == kClusterConfigKey) [[unlikely]] {
    get_cluster_config(request.want_cas);
  }
}

}  // namespace larder::proto
