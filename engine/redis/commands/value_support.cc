#include "engine/redis/commands/value_support.h"

#include <string>

namespace larder::redis {

bool ranged_integer(CommandContext& ctx, std::size_t argument, std::int64_t low, std::int64_t high,
                    std::int64_t* value, std::string_view error) {
  if (!ctx.integer(argument, value, error.empty() ? errors::kNotInteger : error)) return false;
  if (*value >= low && *value <= high) return true;
  if (error.empty()) {
    ctx.reply.error("ERR value is out of range, value must between " + std::to_string(low) + " and " +
                    std::to_string(high));
  } else {
    ctx.reply.error(error);
  }
  return false;
}

void wrong_arity(CommandContext& ctx) {
  ctx.reply.error("ERR wrong number of arguments for '" + std::string(ctx.command.full_name) + "' command");
}

}  // namespace larder::redis
