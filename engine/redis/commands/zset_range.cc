// Sorted sets: commands about ranges, by rank, by score and by name.
#include <string>
#include <variant>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/zset_args.h"

namespace larder::redis {

namespace {

constexpr std::string_view kScoreBoundError = "ERR min or max is not a float";
constexpr std::string_view kLexBoundError = "ERR min or max not valid string range item";

enum class By { rank, score, lex };

struct RankBounds {
  std::int64_t first;
  std::int64_t last;
};
using Bounds = std::variant<RankBounds, ScoreRange, LexRange>;

/// Reads the bounds at two arguments; false: the error has been answered.
bool parse_bounds(CommandContext& ctx, By by, std::size_t min_at, std::size_t max_at, Bounds& bounds) {
  if (by == By::rank) {
    RankBounds ranks{};
    if (!ctx.integer(min_at, &ranks.first) || !ctx.integer(max_at, &ranks.last)) return false;
    bounds = ranks;
    return true;
  }
  if (by == By::score) {
    const std::optional<ScoreBound> min = parse_score_bound(ctx.argument(min_at));
    const std::optional<ScoreBound> max = parse_score_bound(ctx.argument(max_at));
    if (min && max) bounds = ScoreRange{*min, *max};
    if (!min || !max) ctx.reply.error(kScoreBoundError);
    return min && max;
  }
  const std::optional<LexBound> min = parse_lex_bound(ctx.argument(min_at));
  const std::optional<LexBound> max = parse_lex_bound(ctx.argument(max_at));
  if (min && max) bounds = LexRange{*min, *max};
  if (!min || !max) ctx.reply.error(kLexBoundError);
  return min && max;
}

RankRange ranks_of(const SortedSet& set, const Bounds& bounds) {
  if (const auto* ranks = std::get_if<RankBounds>(&bounds)) {
    return parse_rank_range(ranks->first, ranks->last, set.size());
  }
  if (const auto* scores = std::get_if<ScoreRange>(&bounds)) return set.ranks(*scores);
  return set.ranks(std::get<LexRange>(bounds));
}

/// What ZRANGE and its older forms ask for.
struct RangeRequest {
  By by = By::rank;
  bool descending = false;
  bool with_scores = false;
  std::int64_t offset = 0;
  std::int64_t limit = -1;  // negative: no limit
  Bounds bounds;
};

/// Which options the command's name has decided already.
enum class Form { open, fixed };

/// Reads what stands behind the key at argument `key`; false: the error has been answered.
bool parse_request(CommandContext& ctx, std::size_t key, Form form, bool store, RangeRequest& request) {
  const std::size_t size = ctx.args.size();
  bool by_given = form == Form::fixed;
  bool direction_given = form == Form::fixed;
  for (std::size_t i = key + 3; i < size; ++i) {
    if (!store && ctx.is(i, "withscores")) {
      request.with_scores = true;
    } else if (ctx.is(i, "limit") && i + 2 < size) {
      if (!ctx.integer(i + 1, &request.offset) || !ctx.integer(i + 2, &request.limit)) return false;
      i += 2;
    } else if (!direction_given && ctx.is(i, "rev")) {
      direction_given = true;
      request.descending = true;
    } else if (!by_given && (ctx.is(i, "bylex") || ctx.is(i, "byscore"))) {
      by_given = true;
      request.by = ctx.is(i, "bylex") ? By::lex : By::score;
    } else {
      ctx.syntax_error();
      return false;
    }
  }
  if (request.limit != -1 && request.by == By::rank) {
    ctx.reply.error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    return false;
  }
  if (request.with_scores && request.by == By::lex) {
    ctx.reply.error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    return false;
  }
  const bool swapped = request.descending && request.by != By::rank;
  return parse_bounds(ctx, request.by, key + (swapped ? 2 : 1), key + (swapped ? 1 : 2), request.bounds);
}

/// The ranks that the request selects; a descending one takes them from the end.
RankRange selected(const SortedSet& set, const RangeRequest& request) {
  RankRange ranks = ranks_of(set, request.bounds);
  if (request.by == By::rank) {
    // Ranks of a descending request count from the highest score.
    if (request.descending && ranks.size() > 0) ranks = {set.size() - ranks.last, set.size() - ranks.first};
    return ranks;
  }
  const std::size_t found = ranks.size();
  if (request.offset < 0 || static_cast<std::uint64_t>(request.offset) >= found) return {};
  const auto offset = static_cast<std::size_t>(request.offset);
  std::size_t count = found - offset;
  if (request.limit >= 0) count = std::min(count, static_cast<std::size_t>(request.limit));
  if (request.descending) return {ranks.last - offset - count, ranks.last - offset};
  return {ranks.first + offset, ranks.first + offset + count};
}

void reply_range(CommandContext& ctx, Form form, RangeRequest request) {
  if (!parse_request(ctx, 1, form, false, request)) return;
  SortedSet* set = nullptr;
  if (!ctx.read(1, &set)) return;
  if (set == nullptr) return ctx.reply.empty_array();
  const RankRange ranks = selected(*set, request);
  ElementReply reply(ctx.reply, ranks.size(), request.with_scores);
  set->visit(ranks, request.descending, [&reply](std::string_view name, double score) {
    reply.element(name, score);
    return true;
  });
}

void zrange(CommandContext& ctx) { reply_range(ctx, Form::open, {}); }
void zrevrange(CommandContext& ctx) { reply_range(ctx, Form::fixed, {.descending = true}); }
void zrangebyscore(CommandContext& ctx) { reply_range(ctx, Form::fixed, {.by = By::score}); }
void zrangebylex(CommandContext& ctx) { reply_range(ctx, Form::fixed, {.by = By::lex}); }
void zrevrangebyscore(CommandContext& ctx) {
  reply_range(ctx, Form::fixed, {.by = By::score, .descending = true});
}
void zrevrangebylex(CommandContext& ctx) {
  reply_range(ctx, Form::fixed, {.by = By::lex, .descending = true});
}

void zrangestore(CommandContext& ctx) {
  RangeRequest request;
  if (!parse_request(ctx, 2, Form::open, true, request)) return;
  SortedSet* source = nullptr;
  if (!ctx.read(2, &source)) return;
  const RankRange ranks = source == nullptr ? RankRange{} : selected(*source, request);
  if (ranks.size() == 0) {
    if (ctx.remove(1)) ctx.modified(1, "del");
    return ctx.reply.integer(0);
  }
  auto result = ctx.make<SortedSet>();
  const SortedSet::Limits limits = zset_limits(ctx);
  if (request.by == By::rank && ranks.size() > limits.entries) {
    // Known to be large: so scores of minus zero, which the small form has not, survive as in Redis.
    SortedSetBuilder builder;
    source->visit(ranks, false, [&builder](std::string_view name, double score) {
      builder.add(name, score);
      return true;
    });
    builder.finish(*result, limits);
  } else {
    source->visit(ranks, false, [&](std::string_view name, double score) {
      result->put(name, score, limits);
      return true;
    });
  }
  ctx.put(1, std::move(result));
  ctx.modified(1, "zrangestore");
  ctx.reply.integer(static_cast<std::int64_t>(ranks.size()));
}

void count_range(CommandContext& ctx, By by) {
  Bounds bounds;
  if (!parse_bounds(ctx, by, 2, 3, bounds)) return;
  SortedSet* set = nullptr;
  if (!ctx.read(1, &set)) return;
  ctx.reply.integer(set == nullptr ? 0 : static_cast<std::int64_t>(ranks_of(*set, bounds).size()));
}

void zcount(CommandContext& ctx) { count_range(ctx, By::score); }
void zlexcount(CommandContext& ctx) { count_range(ctx, By::lex); }

void remove_range(CommandContext& ctx, By by, std::string_view event) {
  Bounds bounds;
  if (!parse_bounds(ctx, by, 2, 3, bounds)) return;
  SortedSet* set = nullptr;
  if (!ctx.write(1, &set)) return;
  const std::size_t erased = set == nullptr ? 0 : set->erase_ranks(ranks_of(*set, bounds));
  if (erased > 0) {
    ctx.modified(1, event);
    if (ctx.remove_if_empty(1, set)) ctx.modified(1, "del");
  }
  ctx.reply.integer(static_cast<std::int64_t>(erased));
}

void zremrangebyrank(CommandContext& ctx) { remove_range(ctx, By::rank, "zremrangebyrank"); }
void zremrangebyscore(CommandContext& ctx) { remove_range(ctx, By::score, "zremrangebyscore"); }
void zremrangebylex(CommandContext& ctx) { remove_range(ctx, By::lex, "zremrangebylex"); }

constexpr std::string_view kRangeCost = "O(log(N)+M) for M elements";

constexpr CommandSpec kRows[] = {
    {.name = "zcount", .handler = zcount, .arity = 4, .flags = kReadonly | kFast, .categories = kAclSortedSet,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set, .since = "2.0.0",
     .complexity = "O(log(N))", .summary = "Counts the elements of a range of scores"},
    {.name = "zlexcount", .handler = zlexcount, .arity = 4, .flags = kReadonly | kFast,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set,
     .since = "2.8.9", .complexity = "O(log(N))", .summary = "Counts the elements of a range of names"},
    {.name = "zrange", .handler = zrange, .arity = -4, .flags = kReadonly, .categories = kAclSortedSet,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set, .since = "1.2.0",
     .complexity = kRangeCost, .summary = "Gives the elements of a range of ranks, scores or names"},
    {.name = "zrangebylex", .handler = zrangebylex, .arity = -4, .flags = kReadonly | kDeprecated,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set,
     .since = "2.8.9", .complexity = kRangeCost, .summary = "Gives the elements of a range of names",
     .replaced_by = "`ZRANGE` with the `BYLEX` argument", .deprecated_since = "6.2.0"},
    {.name = "zrangebyscore", .handler = zrangebyscore, .arity = -4, .flags = kReadonly | kDeprecated,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set,
     .since = "1.0.5", .complexity = kRangeCost, .summary = "Gives the elements of a range of scores",
     .replaced_by = "`ZRANGE` with the `BYSCORE` argument", .deprecated_since = "6.2.0"},
    {.name = "zrangestore", .handler = zrangestore, .arity = -5, .flags = kWrite | kDenyOom,
     .categories = kAclSortedSet,
     .keys = key_at(1, kKeyOW | kKeyUpdate) + key_at(2, kKeyRO | kKeyAccess), .group = Group::sorted_set,
     .since = "6.2.0", .complexity = kRangeCost, .summary = "Stores the elements of a range in another key"},
    {.name = "zremrangebylex", .handler = zremrangebylex, .arity = 4, .flags = kWrite,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRW | kKeyDelete), .group = Group::sorted_set,
     .since = "2.8.9", .complexity = kRangeCost, .summary = "Removes the elements of a range of names"},
    {.name = "zremrangebyrank", .handler = zremrangebyrank, .arity = 4, .flags = kWrite,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRW | kKeyDelete), .group = Group::sorted_set,
     .since = "2.0.0", .complexity = kRangeCost, .summary = "Removes the elements of a range of ranks"},
    {.name = "zremrangebyscore", .handler = zremrangebyscore, .arity = 4, .flags = kWrite,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRW | kKeyDelete), .group = Group::sorted_set,
     .since = "1.2.0", .complexity = kRangeCost, .summary = "Removes the elements of a range of scores"},
    {.name = "zrevrange", .handler = zrevrange, .arity = -4, .flags = kReadonly | kDeprecated,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set,
     .since = "1.2.0", .complexity = kRangeCost, .summary = "Gives elements by rank, from the highest score",
     .replaced_by = "`ZRANGE` with the `REV` argument", .deprecated_since = "6.2.0"},
    {.name = "zrevrangebylex", .handler = zrevrangebylex, .arity = -4, .flags = kReadonly | kDeprecated,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set,
     .since = "2.8.9", .complexity = kRangeCost, .summary = "Gives elements by name, from the last",
     .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments", .deprecated_since = "6.2.0"},
    {.name = "zrevrangebyscore", .handler = zrevrangebyscore, .arity = -4, .flags = kReadonly | kDeprecated,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set,
     .since = "2.2.0", .complexity = kRangeCost, .summary = "Gives elements by score, from the highest",
     .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments", .deprecated_since = "6.2.0"},
};

}  // namespace

std::span<const CommandSpec> zset_range_commands() { return kRows; }

}  // namespace larder::redis
