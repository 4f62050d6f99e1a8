// Cursor and options of SCAN, SSCAN, HSCAN and ZSCAN.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/redis/command_context.h"
#include "engine/redis/glob.h"

namespace larder::redis {

struct ScanOptions {
  std::int64_t count = 10;
  std::string_view pattern;
  bool any = true;         // no pattern, or one that matches everything
  std::string_view type;   // SCAN: only keys of that type; empty: all
  bool matches(std::string_view text) const { return any || glob_match(pattern, text); }
};

/// False: the error has been answered.
inline bool read_cursor(CommandContext& ctx, std::size_t i, std::uint64_t* cursor) {
  if (parse_u64(ctx.argument(i), cursor)) return true;
  ctx.reply.error(errors::kInvalidCursor);
  return false;
}

/// Options from argument `i` on. `of_keys`: TYPE is one. False: the error has been answered.
inline bool read_scan_options(CommandContext& ctx, std::size_t i, bool of_keys, ScanOptions* options) {
  for (; i < ctx.args.size(); i += 2) {
    const bool has_value = i + 1 < ctx.args.size();
    if (has_value && ctx.is(i, "count")) {
      if (!ctx.integer(i + 1, &options->count)) return false;
      if (options->count < 1) {
        ctx.syntax_error();
        return false;
      }
    } else if (has_value && ctx.is(i, "match")) {
      options->pattern = ctx.argument(i + 1);
      options->any = options->pattern == "*";
    } else if (has_value && of_keys && ctx.is(i, "type")) {
      options->type = ctx.argument(i + 1);
    } else {
      ctx.syntax_error();
      return false;
    }
  }
  return true;
}

}  // namespace larder::redis
