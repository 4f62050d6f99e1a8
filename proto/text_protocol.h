// The memcached text protocol and its meta commands on one connection.
//
// How bytes become replies
//  - run() takes requests from the front of the input. Windows of pipelined requests in their usual
//    shape are parsed first, their keys prefetched together, then executed in order
//    (text_window.cc). Everything else is one line at a time: words, command table, handler.
//  - A request is executed only when all of it is there; until then nothing of it is consumed and
//    it is parsed anew. Exceptions, so that a client cannot make us hold much: values above
//    engine::kCopyBytesMax go straight into their item (Pending), and the keys of a retrieval line
//    longer than kLineBytesMax are served as they arrive (Mode::retrieval).
//
// Invariants
//  1. Which way a request takes depends on its bytes, never on how they were cut: any split of the
//     stream gives the same replies.
//  2. Between calls the object holds at most one Pending; everything else it knows of unfinished
//     requests is a few words.
//  3. out_, budget_ and noop_end_ are set only inside run() and received().
//  4. A dump (Mode::dump) goes on with every run() until the output is full, whatever the input.
//
// Counters: the engine counts what it does (cmd_get, get_hits, cmd_flush, ...). Counted here is
// what it cannot see: cmd_meta (one for each `me`) and cmd_flush of a flush_all that was refused.
//
// Threads: owned by one worker at a time; state() may be read from any thread.
// Source: memcached's doc/protocol.txt; deviations are listed in docs/memcached-text.md.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "engine/engine.h"
#include "proto/meta_flags.h"
#include "proto/protocol.h"
#include "proto/tokens.h"

namespace larder::proto {

/// A line may have this many bytes before its '\n', but for retrieval lines, which have no limit.
inline constexpr std::size_t kLineBytesMax = 2048;
/// The longest value the protocol can announce.
inline constexpr std::int32_t kValueBytesMax = 2147483645;
/// The "\r\n" behind a data block.
inline constexpr std::size_t kValueEndBytes = 2;

class TextProtocol final : public Protocol {
 public:
  explicit TextProtocol(Session session);
  ~TextProtocol() override;

  Progress run(std::string_view input, Output& output, unsigned& budget) override;
  Progress received(Output& output) override;
  std::string_view first_key(std::string_view input) const override;
  std::string_view state() const override;

 private:
  struct Request;
  struct Command;
  struct Planned;
  struct StoreJob;
  struct Pending;
  struct Dump;
  friend struct CommandTable;

  /// What follows a request (or a part of one).
  enum class Flow : std::uint8_t {
    proceed, wait, yield, receive, swallow, close, quit, shutdown, watch
  };
  /// What the next bytes of the input are.
  enum class Mode : std::uint8_t { commands, retrieval, discard, value_end, dump };
  enum class State : std::uint8_t { read, parse_cmd, nread, swallow };

  /// The unparsed part of the input.
  struct Cursor {
    const char* at;
    const char* end;
    std::size_t left() const { return static_cast<std::size_t>(end - at); }
  };

  using Handler = Flow (TextProtocol::*)(Request&);

  // text_protocol.cc: lines.
  Flow step(Cursor& in);
  Flow run_line(Cursor& in);
  Flow execute_line(Cursor& in, const char* newline, const engine::Key* key);
  Flow execute(const Command& command, Request& request);
  Flow unknown_command(Request& request);
  Flow begin_long_line(Cursor& in);
  Flow discard_line(Cursor& in);
  Progress progress(Flow flow, const char* begin, const Cursor& in);
  bool lines_watched() const { return session_.worker.events.wants(engine::stream::kCommandLines); }
  void tell_line(std::string_view line);
  bool pipelined(const Request& request) const;
  Flow skip(Cursor& in, std::size_t bytes);
  engine::Key key_of(const Request& request) const;
  [[gnu::always_inline]] void reply(std::string_view line) { out_->append(line); }
  [[gnu::always_inline]] void reply_unless(bool noreply, std::string_view line) {
    if (!noreply) out_->append(line);
  }

  // text_window.cc: pipelined requests of the usual shapes.
  Flow run_window(Cursor& in);
  static bool plan(const char* at, const char* end, Planned* planned);
  static bool plan_key(const char*& at, const char* end, char after, Planned* planned);
  static bool plan_get(const char* at, const char* end, Planned* planned);
  static bool plan_set(const char* at, const char* end, Planned* planned);
  static bool plan_meta(const char* line, const char* at, const char* end, bool has_value,
                        Planned* planned);
  Flow execute_planned(Cursor& in, const Planned& planned, const engine::Key& key);

  // text_retrieval.cc
  Flow retrieve(Request& request);
  void begin_retrieval(const Command& command, std::int32_t exptime);
  Flow begin_long_retrieval(Cursor& in, const Command& command, const char* at, const char* limit);
  Flow run_retrieval(Cursor& in);
  void get_value(const engine::Key& key, const engine::GetRequest& request);

  // text_storage.cc
  Flow store(Request& request);
  Flow begin_store(Cursor& in, const char* line, StoreJob& job);
  Flow allocate_store(Cursor& in, StoreJob& job);
  Flow finish_pending(Cursor& in);
  void reply_stored(const StoreJob& job, const engine::StoreResult& result);
  void reply_bad_chunk(const StoreJob& job);
  static bool parse_value_bytes(std::string_view word, std::size_t* bytes);
  static std::string_view stored_line(engine::StoreStatus status);

  // text_update.cc
  Flow touch(Request& request);
  Flow remove(Request& request);
  Flow arithmetic(Request& request);
  void reply_number(std::uint64_t value);

  // text_admin.cc
  Flow version(Request& request);
  Flow quit(Request& request);
  Flow shutdown(Request& request);
  Flow verbosity(Request& request);
  Flow flush_all(Request& request);
  Flow watch(Request& request);
  Flow misbehave(Request& request);
  Flow refresh_certs(Request& request);
  Flow engine_command(Request& request);

  // text_discovery.cc
  Flow config(Request& request);
  Flow config_set(Request& request);
  void get_cluster_config(bool with_cas);

  // text_dump.cc
  Flow lru_crawler(Request& request);
  void stats_cachedump(Request& request);
  Flow run_dump();

  // text_stats.cc
  Flow stats(Request& request);
  void stats_detail(Request& request);
  void stats_group(std::string_view group, std::string_view label);

  // meta_get.cc, and what all meta commands need
  Flow meta_noop(Request& request);
  Flow meta_get(Request& request);
  Flow meta_debug(Request& request);
  std::string_view read_flags(const Request& request, KeyBuffer* key_buffer,
                              MetaFlags* flags) const;
  engine::Key meta_key(const Request& request, const MetaFlags& flags) const;
  void reply_meta_status(std::string_view status, const MetaFlags& flags);

  // meta_set.cc
  Flow meta_set(Request& request);
  void reply_meta_stored(const StoreJob& job, const engine::StoreResult& result);

  // meta_update.cc
  Flow meta_delete(Request& request);
  Flow meta_arithmetic(Request& request);
  void reply_meta_arithmetic(const MetaFlags& flags, const engine::ArithmeticResult& result);

  Session session_;
  Output* out_ = nullptr;
  unsigned* budget_ = nullptr;
  const char* noop_end_ = nullptr;  // behind the last `mn` of the input of this run()

  Mode mode_ = Mode::commands;
  std::atomic<State> state_{State::read};
  // Mode::retrieval: the line whose keys are being served.
  bool retrieval_with_cas_ = false;
  bool retrieval_touches_ = false;
  bool retrieval_has_key_ = false;
  engine::Deadline retrieval_deadline_;

  std::size_t transfer_bytes_ = 0;    // Flow::receive, Flow::swallow
  engine::Streams streams_ = 0;       // Flow::watch
  std::unique_ptr<Pending> pending_;  // Flow::receive and Mode::value_end
  std::unique_ptr<Dump> dump_;        // Mode::dump
};

/// One line, and the input behind it.
struct TextProtocol::Request {
  const Command* command;
  const Words& words;
  bool noreply;
  Cursor& in;              // behind the line; a handler takes its data block from here
  const char* line;        // where the request begins
  const engine::Key* key;  // of words[1], when it has been hashed already
};

/// One row of the command table (text_commands.cc).
struct TextProtocol::Command {
  std::string_view verb;
  Handler handler;
  std::uint8_t words_min;    // fewer: CLIENT_ERROR bad command line format
  std::uint8_t variant = 0;  // what tells verbs with the same handler apart
  bool noreply = false;      // a last word `noreply` silences it
  bool spaced = false;       // also known behind leading spaces, as memcached's rare commands are
  std::uint8_t flags_from = 0;  // meta: the first word that has to look like a flag

  // Variants of retrieve.
  static constexpr std::uint8_t kWithCas = 1;
  static constexpr std::uint8_t kTouch = 2;
  // Variants of store: a StoreMode, or this.
  static constexpr std::uint8_t kCas = 0xff;
  // Variant of arithmetic.
  static constexpr std::uint8_t kDecrement = 1;

  /// The row of a verb, or nullptr.
  static const Command* find(std::string_view verb);
};

}  // namespace larder::proto
