#include "engine/redis/commands/scan_args.h"

#include <cerrno>
#include <cstdlib>

#include "engine/redis/glob.h"

namespace larder::redis {

bool ScanArguments::matches(std::string_view name) const {
  return !pattern || *pattern == "*" || glob_match(*pattern, name);
}

bool parse_scan_cursor(CommandContext& ctx, std::size_t at, ScanArguments* scan) {
  // As strtoul() reads it: a sign is fine, and no digits at all are 0.
  const std::string text(ctx.argument(at));
  const bool space = text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r');
  char* end = nullptr;
  errno = 0;
  scan->cursor = std::strtoull(text.c_str(), &end, 10);
  if (!space && *end == '\0' && errno != ERANGE) return true;
  ctx.reply.error(errors::kInvalidCursor);
  return false;
}

bool parse_scan_options(CommandContext& ctx, std::size_t at, ScanArguments* scan) {
  for (; at < ctx.args.size(); at += 2) {
    const bool has_value = at + 1 < ctx.args.size();
    if (has_value && ctx.is(at, "match")) {
      scan->pattern = ctx.argument(at + 1);
    } else if (has_value && ctx.is(at, "count")) {
      if (!ctx.integer(at + 1, &scan->count)) return false;
      if (scan->count < 1) return ctx.syntax_error(), false;
    } else {
      return ctx.syntax_error(), false;
    }
  }
  return true;
}

void reply_empty_scan(Reply& reply) {
  reply.array(2);
  reply.bulk("0");
  reply.empty_array();
}

void ScanResult::reply(Reply& reply) const {
  reply.array(2);
  reply.bulk(std::to_string(cursor_));
  reply.array(texts_.size());
  for (const std::string& text : texts_) reply.bulk(text);
}

}  // namespace larder::redis
