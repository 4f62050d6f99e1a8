// Dumps: a line for each item that is stored.
//
//   lru_crawler metadump|mgdump <classes>|all|hash      stats cachedump <class> <limit>
//
// A dump is made in steps of a few items (Engine::dump), each of which counts as one request, so
// that other connections and exclusive sections get their turn, and it stops while the output is
// full: it never holds more than that, however many items there are. Several may run at a time.
//
// Forms
//   metadump   key=<URI-encoded> exp=<unix>|-1 la=<unix> cas=<n> fetch=yes|no cls=<n> size=<n>
//   flags=<n> \n mgdump     mg <key>\r\n, or mg <base64> b\r\n for a key that would not survive in
//   a line cachedump  ITEM <key> [<value bytes> b; <unix>|0 s]\r\n, without keys of that sort
#include "proto/text_dump.h"

#include <algorithm>
#include <limits>

#include "engine/class_list.h"
#include "proto/base64.h"
#include "proto/errors.h"
#include "proto/meta_flags.h"
#include "proto/numbers.h"
#include "proto/uri.h"

namespace larder::proto {

namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
/// memcached's bound of a cachedump reply, its end included.
constexpr std::uint64_t kCachedumpBytesMax = 2 << 20;
/// Room for the longest line of any form: a key at three bytes each, numbers, labels.
constexpr std::size_t kLineRoom = 3 * kKeyBytesMax + 6 * kU64Digits + 64;

/// Whether a key has a space or control byte in it.
bool is_binary(std::string_view key) {
  return std::any_of(key.begin(), key.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

std::uint64_t expires_unix(const engine::ItemView& view, const engine::Clock& clock) {
  return static_cast<std::uint64_t>(clock.unix_now() + view.ttl_s);
}

char* metadump_line(char* at, const engine::ItemView& view, const engine::Clock& clock) {
  at = write_uri(write_text(at, "key="), view.key);
  at = write_text(at, " exp=");
  at = view.ttl_s < 0 ? write_text(at, "-1") : write_u64(at, expires_unix(view, clock));
  at = write_u64(write_text(at, " la="),
                 static_cast<std::uint64_t>(clock.unix_now() - std::int64_t{view.idle_s}));
  at = write_u64(write_text(at, " cas="), view.cas);
  at = write_text(at, view.fetched_before ? " fetch=yes" : " fetch=no");
  at = write_u64(write_text(at, " cls="), view.class_id);
  at = write_u64(write_text(at, " size="), view.total_bytes);
  at = write_u64(write_text(at, " flags="), view.client_flags);
  return write_text(at, " \n");
}

char* mgdump_line(char* at, const engine::ItemView& view, const engine::Clock&) {
  at = write_text(at, "mg ");
  if (!is_binary(view.key)) return write_text(write_text(at, view.key), "\r\n");
  return write_text(base64_encode(view.key, at), " b\r\n");
}

char* cachedump_line(char* at, const engine::ItemView& view, const engine::Clock& clock) {
  if (is_binary(view.key)) return at;
  at = write_text(write_text(at, "ITEM "), view.key);
  at = write_u64(write_text(at, " ["), view.value.size());
  at = write_u64(write_text(at, " b; "), view.ttl_s < 0 ? 0 : expires_unix(view, clock));
  return write_text(at, " s]\r\n");
}

}  // namespace

/// What tells dumps apart.
struct DumpForm {
  std::string_view name;
  std::string_view not_allowed;
  std::string_view pipelined;
  std::string_view end;
  /// Writes the line of an item, or nothing; returns one past the last byte.
  char* (*line)(char* at, const engine::ItemView& view, const engine::Clock& clock);
};

namespace {

constexpr DumpForm kCrawlerDumps[] = {
    {"metadump", text::kMetadumpNotAllowed, text::kMetadumpPipelined, text::kEnd, metadump_line},
    {"mgdump", text::kMgdumpNotAllowed, text::kMgdumpPipelined, text::kMetaMiss, mgdump_line},
};
constexpr DumpForm kCachedump = {"cachedump", text::kCachedumpNotAllowed, "", text::kEnd,
                                 cachedump_line};

/// Writes the lines of one step. All the room they may take is reserved when it is made, before any
/// lock.
class DumpLines final : public engine::ItemSink {
 public:
  DumpLines(Output& out, const engine::Clock& clock, const DumpForm& form,
            std::uint64_t* lines_left, std::uint64_t* bytes_left)
      : begin_(out.reserve(engine::kDumpItemsMax * kLineRoom)),
        at_(begin_),
        clock_(clock),
        form_(form),
        lines_left_(*lines_left),
        bytes_left_(*bytes_left) {}

  void item(const engine::ItemView& view) override {
    if (lines_left_ == 0) return;
    char* const stop = form_.line(at_, view, clock_);
    const auto bytes = static_cast<std::uint64_t>(stop - at_);
    if (bytes == 0) return;
    if (bytes > bytes_left_) {
      lines_left_ = 0;
      return;
    }
    bytes_left_ -= bytes;
    --lines_left_;
    at_ = stop;
  }
  std::size_t bytes() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  char* const begin_;
  char* at_;
  const engine::Clock& clock_;
  const DumpForm& form_;
  std::uint64_t& lines_left_;
  std::uint64_t& bytes_left_;
};

}  // namespace

//   lru_crawler metadump|mgdump <classes>|all|hash     and what only the engine knows of
TextProtocol::Flow TextProtocol::lru_crawler(Request& request) {
  const Words& words = request.words;
  if (words.count() != 3) return engine_command(request);
  const auto* const form =
      std::find_if(std::begin(kCrawlerDumps), std::end(kCrawlerDumps),
                   [&](const DumpForm& each) { return abbreviates(words[1], each.name); });
  if (form == std::end(kCrawlerDumps)) return engine_command(request);
  engine::DumpCursor cursor;
  std::string_view refusal;
  if (!session_.engine.crawler_enabled()) {
    refusal = text::kCrawlerDisabled;
  } else if (!session_.settings.dump_enabled) {
    refusal = form->not_allowed;
  } else if (pipelined(request)) {
    refusal = form->pipelined;
  } else if (!engine::parse_class_list(words[2], &cursor.classes)) {
    refusal = text::kBadClass;
  } else if (cursor.classes.none()) {
    refusal = text::kNothingToCrawl;
  }
  if (!refusal.empty()) {
    reply_unless(request.noreply, refusal);
    return Flow::proceed;
  }
  reply(text::kOk);
  dump_ = std::make_unique<Dump>(Dump{*form, cursor, kUnlimited, kUnlimited});
  mode_ = Mode::dump;
  return Flow::proceed;
}

//   stats cachedump <class> <limit>
void TextProtocol::stats_cachedump(Request& request) {
  const Words& words = request.words;
  if (!session_.settings.dump_enabled) return reply(kCachedump.not_allowed);
  if (words.count() < 4) return reply(text::kBadCommandLine);
  std::uint32_t class_id;
  std::uint32_t limit;
  if (!parse_u32(words[2], &class_id) || !parse_u32(words[3], &limit)) {
    return reply(text::kBadFormat);
  }
  if (class_id >= slab::kClassCountMax) return reply(text::kIllegalSlabId);
  engine::DumpCursor cursor;
  cursor.classes.reset().set(class_id);
  dump_ = std::make_unique<Dump>(Dump{kCachedump, cursor, limit == 0 ? kUnlimited : limit,
                                      kCachedumpBytesMax - text::kEnd.size() - 1});
  mode_ = Mode::dump;
}

/// Goes on with a dump until it is done, the output is full or it is another's turn.
TextProtocol::Flow TextProtocol::run_dump() {
  Dump& dump = *dump_;
  for (bool more = true; more;) {
    if (*budget_ == 0 || out_->full()) return Flow::yield;
    --*budget_;
    DumpLines lines(*out_, session_.engine.clock(), dump.form, &dump.lines_left, &dump.bytes_left);
    more = session_.engine.dump(session_.worker, &dump.cursor, lines) && dump.lines_left != 0;
    out_->advance(lines.bytes());
  }
  reply(dump.form.end);
  dump_.reset();
  mode_ = Mode::commands;
  return Flow::proceed;
}

}  // namespace larder::proto
