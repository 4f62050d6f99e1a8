// Times to live as commands give them, and the moment they stand for.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/redis/command_context.h"

namespace larder::redis {

enum class TimeUnit : std::uint8_t { seconds, milliseconds };

/// Turns the time in argument `i` into Unix milliseconds; false: the error has been answered. `absolute`: it
/// is a moment, not a duration. `positive`: only times above 0 are taken.
inline bool read_deadline(CommandContext& ctx, std::size_t i, TimeUnit unit, bool absolute, bool positive,
                          std::int64_t* deadline_ms) {
  constexpr std::int64_t kMost = INT64_MAX;
  std::int64_t time = 0;
  if (!ctx.integer(i, &time)) return false;
  const std::int64_t scale = unit == TimeUnit::seconds ? 1000 : 1;
  const bool in_range = (!positive || time > 0) && time <= kMost / scale && time >= -(kMost / scale);
  if (in_range) {
    time *= scale;
    if (absolute || time <= kMost - ctx.now_ms) {
      *deadline_ms = absolute ? time : time + ctx.now_ms;
      return true;
    }
  }
  ctx.reply.error("ERR invalid expire time in '" + ctx.command.full_name + "' command");
  return false;
}

}  // namespace larder::redis
