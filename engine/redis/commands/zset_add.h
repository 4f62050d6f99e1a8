// Adding to a sorted set as ZADD does, for ZADD, ZINCRBY and GEOADD.
#pragma once

#include <span>
#include <string_view>

#include "engine/redis/command_context.h"

namespace larder::redis {

struct AddOptions {
  bool only_new = false;        // NX
  bool only_existing = false;   // XX
  bool only_greater = false;    // GT
  bool only_less = false;       // LT
  bool count_changed = false;   // CH
  bool increment = false;       // INCR
};

struct ScoredName {
  double score;
  std::string_view name;
};

/// Adds the elements to the set at argument `key` and answers. Requires: no score is NaN.
void add_to_zset(CommandContext& ctx, std::size_t key, std::span<const ScoredName> elements,
                 const AddOptions& options);

}  // namespace larder::redis
