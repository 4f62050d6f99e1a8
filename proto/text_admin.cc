// Commands for operators: what concerns the connection and the process is answered here, what
// concerns stored items (slabs, lru, lru_crawler, cache_memlimit, extstore, debug commands) is
// handed to Engine::execute with its words as they were sent.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "proto/errors.h"
#include "proto/numbers.h"
#include "proto/text_protocol.h"

namespace larder::proto {

namespace {

constexpr std::uint32_t kVerbosityMax = 2;

/// Engine replies as lines. Bulk bytes are passed on as they are: dumps bring their own line ends.
class LineReply final : public engine::Reply {
 public:
  LineReply(Output& out, bool silent) : out_(out), silent_(silent) {}

  void status(std::string_view line) override { add_line(line); }
  void error(std::string_view line) override { add_line(line); }
  void integer(std::int64_t value) override {
    char digits[kU64Digits + 1];
    char* at = digits;
    if (value < 0) *at++ = '-';
    const auto magnitude = static_cast<std::uint64_t>(value);
    at = write_u64(at, value < 0 ? 0 - magnitude : magnitude);
    add_line({digits, static_cast<std::size_t>(at - digits)});
  }
  void bulk(std::string_view bytes) override {
    if (!silent_) out_.append(bytes);
  }
  // Lines have no frame: nothing announces how many follow.
  void null() override {}
  void array(std::size_t) override {}
  void map(std::size_t) override {}

 private:
  void add_line(std::string_view line) {
    if (silent_) return;
    out_.append(line);
    out_.append("\r\n");
  }

  Output& out_;
  const bool silent_;
};

}  // namespace

TextProtocol::Flow TextProtocol::version(Request&) {
  reply("VERSION ");
  reply(kMemcachedVersion);
  reply("\r\n");
  return Flow::proceed;
}

TextProtocol::Flow TextProtocol::quit(Request&) { return Flow::quit; }

//   shutdown [graceful]
TextProtocol::Flow TextProtocol::shutdown(Request& request) {
  const Words& words = request.words;
  const bool graceful = words.count() == 2 && abbreviates(words[1], "graceful");
  if (!session_.settings.shutdown_enabled) {
    reply_unless(request.noreply, text::kShutdownNotEnabled);
    return Flow::proceed;
  }
  if (words.count() > 1 && !graceful) {
    reply_unless(request.noreply, text::kInvalidShutdownMode);
    return Flow::proceed;
  }
  session_.host.shutdown(graceful);
  return Flow::shutdown;
}

//   verbosity <level> [noreply]
TextProtocol::Flow TextProtocol::verbosity(Request& request) {
  std::uint32_t level;
  if (request.words.count() < 2 || !parse_u32(request.words[1], &level)) {
    reply_unless(request.noreply, text::kBadFormat);
    return Flow::proceed;
  }
  session_.settings.verbosity.store(static_cast<int>(std::min(level, kVerbosityMax)),
                                    std::memory_order_relaxed);
  reply_unless(request.noreply, text::kOk);
  return Flow::proceed;
}

//   flush_all [<delay>] [noreply]
TextProtocol::Flow TextProtocol::flush_all(Request& request) {
  if (!session_.settings.flush_enabled) {
    session_.worker.count(engine::Counter::cmd_flush);
    reply_unless(request.noreply, text::kFlushNotAllowed);
    return Flow::proceed;
  }
  std::int32_t delay = 0;
  const bool has_delay = request.words.count() != (request.noreply ? 2 : 1);
  if (has_delay && !parse_i32(request.words[1], &delay)) {
    session_.worker.count(engine::Counter::cmd_flush);
    reply_unless(request.noreply, text::kInvalidExptime);
    return Flow::proceed;
  }
  const auto when = delay > 0 ? session_.engine.clock().deadline(delay) : engine::Deadline::never();
  session_.engine.flush(session_.worker, when);
  reply_unless(request.noreply, text::kOk);
  return Flow::proceed;
}

//   watch [<stream> ...]
// Any beginning of a name is enough. The connection turns into a watcher: it answers, or refuses when there
// are too many.
TextProtocol::Flow TextProtocol::watch(Request& request) {
  struct Row {
    std::string_view name;
    engine::Streams stream;
  };
  static constexpr Row kRows[] = {
      {"rawcmds", engine::stream::kCommandLines}, {"evictions", engine::stream::kEvictions},
      {"fetchers", engine::stream::kFetchers},    {"mutations", engine::stream::kMutations},
      {"sysevents", engine::stream::kSystem},     {"connevents", engine::stream::kConnections},
      {"proxyreqs", 0},                           {"proxyevents", 0},  // there is no proxy
      {"proxyuser", 0},                           {"deletions", engine::stream::kDeletions}};
  std::string_view refusal;
  if (!session_.settings.watch_enabled) {
    refusal = text::kWatchNotAllowed;
  } else if (pipelined(request)) {
    refusal = text::kWatchPipelined;
  }
  streams_ = request.words.count() == 1 ? engine::stream::kFetchers : 0;
  for (std::size_t i = 1; i < request.words.count() && refusal.empty(); ++i) {
    const auto* const row =
        std::find_if(std::begin(kRows), std::end(kRows),
                     [&](const Row& each) { return abbreviates(request.words[i], each.name); });
    if (row == std::end(kRows)) {
      refusal = text::kError;
    } else {
      streams_ |= row->stream;
    }
  }
  if (refusal.empty()) return Flow::watch;
  reply(refusal);
  return Flow::proceed;
}

/// For memcached's tests of dropped privileges; not in a release.
TextProtocol::Flow TextProtocol::misbehave(Request& request) {
#ifdef LARDER_DEBUG_COMMANDS
  const bool refused = !session_.host.misbehave();
#else
  const bool refused = false;
#endif
  reply_unless(request.noreply, refused ? text::kOk : text::kError);
  return Flow::proceed;
}

TextProtocol::Flow TextProtocol::refresh_certs(Request& request) {
  const std::optional<std::string> failure = session_.host.refresh_certs();
  if (!failure) {
    reply_unless(request.noreply, text::kOk);
  } else if (!request.noreply) {
    reply(*failure);
    reply("\r\n");
  }
  return Flow::proceed;
}

TextProtocol::Flow TextProtocol::engine_command(Request& request) {
  std::array<std::string_view, Words::kMax> words;
  for (std::size_t i = 0; i < request.words.count(); ++i) words[i] = request.words[i];
  LineReply lines(*out_, request.noreply);
  const bool known =
      session_.engine.execute(session_.worker, {words.data(), request.words.count()}, lines);
  if (!known) reply_unless(request.noreply, text::kError);
  return Flow::proceed;
}

}  // namespace larder::proto
