#include "engine/redis/commands/zset_args.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

namespace larder::redis {

SortedSet::Limits zset_limits(const CommandContext& ctx) {
  return {static_cast<std::size_t>(ctx.settings.zset_max_listpack_entries),
          static_cast<std::size_t>(ctx.settings.zset_max_listpack_value)};
}

std::optional<ScoreBound> parse_score_bound(std::string_view text) {
  ScoreBound bound;
  bound.exclusive = !text.empty() && text.front() == '(';
  if (bound.exclusive) text.remove_prefix(1);
  // As strtod has it: leading space is skipped, and nothing at all is zero.
  const std::string terminated(text);
  char* end = nullptr;
  bound.score = std::strtod(terminated.c_str(), &end);
  if (*end != '\0' || std::isnan(bound.score)) return std::nullopt;
  return bound;
}

std::optional<LexBound> parse_lex_bound(std::string_view text) {
  if (text == "-") return LexBound{.kind = LexBound::Kind::kLowest};
  if (text == "+") return LexBound{.kind = LexBound::Kind::kHighest};
  if (text.empty()) return std::nullopt;
  if (text.front() != '(' && text.front() != '[') return std::nullopt;
  return LexBound{LexBound::Kind::kName, text.front() == '(', text.substr(1)};
}

RankRange parse_rank_range(std::int64_t first, std::int64_t last, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  if (first < 0) first = std::max<std::int64_t>(first + count, 0);
  if (last < 0) last += count;
  last = std::min(last, count - 1);
  if (first > last) return {};
  return {static_cast<std::size_t>(first), static_cast<std::size_t>(last) + 1};
}

ElementReply::ElementReply(Reply& reply, std::size_t count, bool with_scores)
    : reply_(reply), with_scores_(with_scores) {
  reply.array(with_scores && !reply.resp3() ? count * 2 : count);
}

void ElementReply::element(std::string_view name, double score) {
  if (with_scores_ && reply_.resp3()) reply_.array(2);
  reply_.bulk(name);
  if (with_scores_) reply_.number(score);
}

}  // namespace larder::redis
