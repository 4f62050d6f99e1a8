// What the commands of sorted sets have in common: limits, bounds of ranges, and elements in replies.
#pragma once

#include <optional>
#include <string_view>

#include "engine/redis/command_context.h"
#include "engine/redis/types/zset.h"

namespace larder::redis {

/// The small form's limits by the settings.
SortedSet::Limits zset_limits(const CommandContext& ctx);

/// "1.5", "(1.5", "-inf"...; nothing if it is no number.
std::optional<ScoreBound> parse_score_bound(std::string_view text);
/// "[name", "(name", "-", "+".
std::optional<LexBound> parse_lex_bound(std::string_view text);

/// Ranks as clients give them: negative ones count from the end.
RankRange parse_rank_range(std::int64_t first, std::int64_t last, std::size_t size);

/// Elements of a reply, with or without their scores: a flat array in RESP2, pairs in RESP3.
class ElementReply {
 public:
  /// Writes the header for `count` elements.
  ElementReply(Reply& reply, std::size_t count, bool with_scores);
  void element(std::string_view name, double score);

 private:
  Reply& reply_;
  bool with_scores_;
};

}  // namespace larder::redis
