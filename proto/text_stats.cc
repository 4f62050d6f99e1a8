// stats [<group> ...]: the words are brought into their full form here, the figures come from
// Host::stats.
//
// Groups are recognised by any beginning of their name (`stats s` is `stats settings`), in
// memcached's order; those behind the table have to be spelled out. cachedump: text_dump.cc.
#include "proto/errors.h"
#include "proto/numbers.h"
#include "proto/text_protocol.h"

namespace larder::proto {

namespace {

/// Rows as lines: `<label> <name> <value>`.
class StatLines final : public engine::StatSink {
 public:
  StatLines(Output& out, std::string_view label) : out_(out), label_(label) {}
  using engine::StatSink::stat;

  void stat(std::string_view name, std::string_view value) override {
    char* const begin = out_.reserve(label_.size() + name.size() + value.size() + 4);
    char* at = write_text(begin, label_);
    *at++ = ' ';
    at = write_text(at, name);
    *at++ = ' ';
    at = write_text(write_text(at, value), "\r\n");
    out_.advance(static_cast<std::size_t>(at - begin));
  }

 private:
  Output& out_;
  const std::string_view label_;
};

}  // namespace

TextProtocol::Flow TextProtocol::stats(Request& request) {
  static constexpr std::string_view kAbbreviated[] = {"reset",     "detail", "settings",
                                                      "cachedump", "conns",  "extstore"};
  std::string_view group;
  if (request.words.count() > 1) {
    group = request.words[1];
    for (const std::string_view name : kAbbreviated) {
      if (!abbreviates(group, name)) continue;
      group = name;
      break;
    }
  }
  if (group == "detail") {
    stats_detail(request);
  } else if (group == "cachedump") {
    stats_cachedump(request);
  } else {
    stats_group(group, "STAT");
  }
  return Flow::proceed;
}

//   stats detail on|off|dump
void TextProtocol::stats_detail(Request& request) {
  if (!session_.settings.dump_enabled) return reply(text::kDetailNotAllowed);
  const std::string_view action = request.words.count() > 2 ? request.words[2] : "?";
  if (abbreviates(action, "on")) return stats_group("detail on", "");
  if (abbreviates(action, "off")) return stats_group("detail off", "");
  if (abbreviates(action, "dump")) return stats_group("detail dump", "PREFIX");
  reply(text::kDetailUsage);
}

void TextProtocol::stats_group(std::string_view group, std::string_view label) {
  StatLines lines(*out_, label);
  switch (session_.host.stats(group, lines)) {
    case Host::StatsResult::ok:
      return reply(text::kEnd);
    case Host::StatsResult::unknown:
      return reply(text::kError);
    case Host::StatsResult::reset:
      return reply(text::kReset);
    case Host::StatsResult::detail_ok:
      return reply(text::kOk);
    case Host::StatsResult::usage:
      return reply(text::kDetailUsage);
    case Host::StatsResult::not_allowed:
      return reply(text::kDetailNotAllowed);
  }
}

}  // namespace larder::proto
