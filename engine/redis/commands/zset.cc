// Sorted sets: commands about elements. Ranges are in zset_range.cc, unions and the like in
// zset_combine.cc.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/scan_args.h"
#include "engine/redis/commands/zset_add.h"
#include "engine/redis/commands/zset_args.h"
#include "engine/redis/types/score_text.h"

namespace larder::redis {

namespace {

constexpr std::string_view kNotANumber = "ERR resulting score is not a number (NaN)";

/// What happened to the elements of one ZADD.
struct Changes {
  std::int64_t added = 0;
  std::int64_t changed = 0;
  std::int64_t processed = 0;
  double score = 0;     // of the last element processed
  bool not_a_number = false;
};

void add_element(SortedSet& set, std::string_view name, double score, const AddOptions& options,
                 const SortedSet::Limits& limits, Changes& changes) {
  if (const std::optional<double> old = set.score(name)) {
    if (options.only_new) return;
    if (options.increment) score += *old;
    if (std::isnan(score)) {
      changes.not_a_number = true;
      return;
    }
    if (options.only_greater && score <= *old) return;
    if (options.only_less && score >= *old) return;
  } else if (options.only_existing) {
    return;
  }
  const SortedSet::Put put = set.put(name, score, limits);
  changes.added += put == SortedSet::Put::added ? 1 : 0;
  changes.changed += put == SortedSet::Put::changed ? 1 : 0;
  ++changes.processed;
  changes.score = score;
}

}  // namespace

void add_to_zset(CommandContext& ctx, std::size_t key, std::span<const ScoredName> elements,
                 const AddOptions& options) {
  SortedSet* set = nullptr;
  if (!ctx.write(key, &set)) return;
  Changes changes;
  if (set == nullptr && !options.only_existing) set = ctx.create<SortedSet>(key);
  if (set != nullptr) {
    for (const auto& [score, name] : elements) {
      add_element(*set, name, score, options, zset_limits(ctx), changes);
      if (changes.not_a_number) break;
    }
  }
  if (changes.added + changes.changed > 0) ctx.modified(key, options.increment ? "zincr" : "zadd");
  if (changes.not_a_number) return ctx.reply.error(kNotANumber);
  if (options.increment) {
    changes.processed > 0 ? ctx.reply.number(changes.score) : ctx.reply.null();
  } else {
    ctx.reply.integer(options.count_changed ? changes.added + changes.changed : changes.added);
  }
}

namespace {

void zadd(CommandContext& ctx) {
  AddOptions options;
  std::size_t first = 2;
  for (; first < ctx.args.size(); ++first) {
    if (ctx.is(first, "nx")) options.only_new = true;
    else if (ctx.is(first, "xx")) options.only_existing = true;
    else if (ctx.is(first, "ch")) options.count_changed = true;
    else if (ctx.is(first, "incr")) options.increment = true;
    else if (ctx.is(first, "gt")) options.only_greater = true;
    else if (ctx.is(first, "lt")) options.only_less = true;
    else break;
  }
  const std::size_t left = ctx.args.size() - first;
  if (left == 0 || left % 2 != 0) return ctx.syntax_error();
  if (options.only_new && options.only_existing) {
    return ctx.reply.error("ERR XX and NX options at the same time are not compatible");
  }
  const bool any_two = (options.only_greater && options.only_less) ||
                       (options.only_new && (options.only_greater || options.only_less));
  if (any_two) {
    return ctx.reply.error("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (options.increment && left > 2) {
    return ctx.reply.error("ERR INCR option supports a single increment-element pair");
  }
  std::vector<ScoredName> elements(left / 2);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    elements[i].name = ctx.argument(first + 2 * i + 1);
    if (!parse_double(ctx.argument(first + 2 * i), &elements[i].score)) {
      return ctx.reply.error(errors::kNotFloat);
    }
  }
  add_to_zset(ctx, 1, elements, options);
}

void zincrby(CommandContext& ctx) {
  ScoredName element{0, ctx.argument(3)};
  if (!parse_double(ctx.argument(2), &element.score)) return ctx.reply.error(errors::kNotFloat);
  add_to_zset(ctx, 1, {&element, 1}, {.increment = true});
}

void zrem(CommandContext& ctx) {
  SortedSet* set = nullptr;
  if (!ctx.write(1, &set)) return;
  std::int64_t erased = 0;
  for (std::size_t i = 2; set != nullptr && i < ctx.args.size() && set->size() > 0; ++i) {
    if (set->erase(ctx.argument(i))) ++erased;
  }
  if (erased > 0) {
    ctx.modified(1, "zrem");
    if (ctx.remove_if_empty(1, set)) ctx.modified(1, "del");
  }
  ctx.reply.integer(erased);
}

void zcard(CommandContext& ctx) {
  SortedSet* set = nullptr;
  if (!ctx.read(1, &set)) return;
  ctx.reply.integer(set == nullptr ? 0 : static_cast<std::int64_t>(set->size()));
}

void reply_score(Reply& reply, const SortedSet* set, std::string_view name) {
  const std::optional<double> score = set == nullptr ? std::nullopt : set->score(name);
  score ? reply.number(*score) : reply.null();
}

void zscore(CommandContext& ctx) {
  SortedSet* set = nullptr;
  if (ctx.read(1, &set)) reply_score(ctx.reply, set, ctx.argument(2));
}

void zmscore(CommandContext& ctx) {
  SortedSet* set = nullptr;
  if (!ctx.read(1, &set)) return;
  ctx.reply.array(ctx.args.size() - 2);
  for (std::size_t i = 2; i < ctx.args.size(); ++i) reply_score(ctx.reply, set, ctx.argument(i));
}

void reply_rank(CommandContext& ctx, bool descending) {
  SortedSet* set = nullptr;
  if (!ctx.read(1, &set)) return;
  const std::optional<std::size_t> rank = set == nullptr ? std::nullopt : set->rank(ctx.argument(2));
  if (!rank) return ctx.reply.null();
  ctx.reply.integer(static_cast<std::int64_t>(descending ? set->size() - 1 - *rank : *rank));
}

void zrank(CommandContext& ctx) { reply_rank(ctx, false); }
void zrevrank(CommandContext& ctx) { reply_rank(ctx, true); }

// --- taking elements from an end ---

enum class End { lowest, highest };

/// Takes up to `count` elements off a set that is not empty, writing them as `reply` begins to.
template <typename Element>
void pop(CommandContext& ctx, std::size_t key, SortedSet& set, End end, std::size_t count, Element element) {
  const std::size_t size = set.size();
  const std::size_t taken = std::min(count, size);
  const RankRange ranks =
      end == End::lowest ? RankRange{0, taken} : RankRange{size - taken, size};
  set.visit(ranks, end == End::highest, [&element](std::string_view name, double score) {
    element(name, score);
    return true;
  });
  set.erase_ranks(ranks);
  ctx.modified(key, end == End::lowest ? "zpopmin" : "zpopmax");
  if (ctx.remove_if_empty(key, &set)) ctx.modified(key, "del");
}

void zpop(CommandContext& ctx, End end) {
  if (ctx.args.size() > 3) return ctx.syntax_error();
  std::int64_t count = 1;
  const bool counted = ctx.args.size() == 3;
  if (counted) {
    if (!ctx.integer(2, &count, errors::kNotPositive)) return;
    if (count < 0) return ctx.reply.error(errors::kNotPositive);
  }
  SortedSet* set = nullptr;
  if (!ctx.write(1, &set)) return;
  if (set == nullptr || count == 0) return ctx.reply.empty_array();
  const bool pairs = counted && ctx.reply.resp3();
  const std::size_t taken = std::min(static_cast<std::size_t>(count), set->size());
  ctx.reply.array(pairs ? taken : taken * 2);
  pop(ctx, 1, *set, end, taken, [&ctx, pairs](std::string_view name, double score) {
    if (pairs) ctx.reply.array(2);
    ctx.reply.bulk(name);
    ctx.reply.number(score);
  });
}

void zpopmin(CommandContext& ctx) { zpop(ctx, End::lowest); }
void zpopmax(CommandContext& ctx) { zpop(ctx, End::highest); }

void zmpop(CommandContext& ctx) {
  constexpr std::string_view kKeysError = "ERR numkeys should be greater than 0";
  constexpr std::string_view kCountError = "ERR count should be greater than 0";
  std::int64_t keys = 0;
  if (!ctx.integer(1, &keys, kKeysError)) return;
  if (keys < 1) return ctx.reply.error(kKeysError);
  const std::size_t size = ctx.args.size();
  if (static_cast<std::uint64_t>(keys) >= size - 2) return ctx.syntax_error();
  const std::size_t where = static_cast<std::size_t>(keys) + 2;
  if (!ctx.is(where, "min") && !ctx.is(where, "max")) return ctx.syntax_error();
  const End end = ctx.is(where, "min") ? End::lowest : End::highest;
  std::int64_t count = -1;
  for (std::size_t i = where + 1; i < size; i += 2) {
    if (count != -1 || !ctx.is(i, "count") || i + 1 == size) return ctx.syntax_error();
    if (!ctx.integer(i + 1, &count, kCountError)) return;
    if (count < 1) return ctx.reply.error(kCountError);
  }
  for (std::size_t key = 2; key < where; ++key) {
    SortedSet* set = nullptr;
    if (!ctx.write(key, &set)) return;
    if (set == nullptr) continue;
    const std::size_t taken = std::min(static_cast<std::size_t>(count == -1 ? 1 : count), set->size());
    ctx.reply.array(2);
    ctx.reply.bulk(ctx.argument(key));
    ctx.reply.array(taken);
    return pop(ctx, key, *set, end, taken, [&ctx](std::string_view name, double score) {
      ctx.reply.array(2);
      ctx.reply.bulk(name);
      ctx.reply.number(score);
    });
  }
  ctx.reply.null_array();
}

// --- chance and scanning ---

/// `count` different elements of a larger set.
void reply_sample(CommandContext& ctx, const SortedSet& set, std::size_t count, bool with_scores) {
  const auto below = [&ctx](std::size_t n) { return ctx.state.random_u64() % n; };
  ElementReply reply(ctx.reply, count, with_scores);
  if (count * 3 > set.size() || set.encoding() == Encoding::kListpack) {
    // One walk: each element is taken with the chance that leaves the right number for the rest.
    std::size_t wanted = count;
    std::size_t left = set.size();
    set.visit({0, set.size()}, false, [&](std::string_view name, double score) {
      if (below(left--) < wanted) {
        reply.element(name, score);
        --wanted;
      }
      return wanted > 0;
    });
    return;
  }
  std::unordered_set<std::string> chosen;
  while (chosen.size() < count) {
    set.visit_random(below, [&](std::string_view name, double score) {
      if (chosen.emplace(name).second) reply.element(name, score);
    });
  }
}

void zrandmember(CommandContext& ctx) {
  SortedSet* set = nullptr;
  const auto below = [&ctx](std::size_t n) { return ctx.state.random_u64() % n; };
  if (ctx.args.size() == 2) {
    if (!ctx.read(1, &set)) return;
    if (set == nullptr) return ctx.reply.null();
    return set->visit_random(below, [&ctx](std::string_view name, double) { ctx.reply.bulk(name); });
  }
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::int64_t count = 0;
  if (!ctx.integer(2, &count)) return;
  if (count < -kMost) {
    return ctx.reply.error("ERR value is out of range, value must between -9223372036854775807 and "
                           "9223372036854775807");
  }
  const bool with_scores = ctx.args.size() == 4 && ctx.is(3, "withscores");
  if (ctx.args.size() > 4 || (ctx.args.size() == 4 && !with_scores)) return ctx.syntax_error();
  if (with_scores && (count < -kMost / 2 || count > kMost / 2)) return ctx.reply.error(errors::kOutOfRange);
  if (!ctx.read(1, &set)) return;
  if (set == nullptr || count == 0) return ctx.reply.empty_array();
  if (count < 0) {
    ElementReply reply(ctx.reply, static_cast<std::size_t>(-count), with_scores);
    for (; count < 0; ++count) {
      set->visit_random(below, [&reply](std::string_view name, double score) { reply.element(name, score); });
    }
    return;
  }
  if (static_cast<std::size_t>(count) < set->size()) {
    return reply_sample(ctx, *set, static_cast<std::size_t>(count), with_scores);
  }
  ElementReply reply(ctx.reply, set->size(), with_scores);
  set->visit_all([&reply](std::string_view name, double score) { reply.element(name, score); });
}

void zscan(CommandContext& ctx) {
  ScanArguments scan;
  if (!parse_scan_cursor(ctx, 2, &scan)) return;
  SortedSet* set = nullptr;
  if (!ctx.read(1, &set)) return;
  if (set == nullptr) return reply_empty_scan(ctx.reply);
  if (!parse_scan_options(ctx, 3, &scan)) return;
  // Integers of the small form are shown as they lie there, without an exponent.
  const bool small = set->encoding() == Encoding::kListpack;
  ScanResult result(scan);
  result.run([&](std::uint64_t cursor) {
    return set->scan(cursor, [&](std::string_view name, double score) {
      NumberText text;
      const std::optional<std::int64_t> whole = small ? integer_score(score) : std::nullopt;
      result.take(name, whole ? text.of(*whole) : text.of(score));
    });
  });
  result.reply(ctx.reply);
}

constexpr CommandSpec kRows[] = {
    {.name = "zadd", .handler = zadd, .arity = -4, .flags = kWrite | kDenyOom | kFast,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRW | kKeyUpdate), .group = Group::sorted_set,
     .since = "1.2.0", .complexity = "O(log(N)) an element",
     .summary = "Adds elements to a sorted set, or changes their scores"},
    {.name = "zcard", .handler = zcard, .arity = 2, .flags = kReadonly | kFast, .categories = kAclSortedSet,
     .keys = key_at(1, kKeyRO), .group = Group::sorted_set, .since = "1.2.0", .complexity = "O(1)",
     .summary = "Tells the number of elements"},
    {.name = "zincrby", .handler = zincrby, .arity = 4, .flags = kWrite | kDenyOom | kFast,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRW | kKeyAccess | kKeyUpdate),
     .group = Group::sorted_set, .since = "1.2.0", .complexity = "O(log(N))",
     .summary = "Adds to the score of an element"},
    {.name = "zmpop", .handler = zmpop, .arity = -4, .flags = kWrite, .categories = kAclSortedSet,
     .keys = counted_keys(1, kKeyRW | kKeyAccess | kKeyDelete), .group = Group::sorted_set,
     .since = "7.0.0", .complexity = "O(K) + O(M*log(N)) for K keys and M elements",
     .summary = "Takes elements off an end of the first sorted set that is there"},
    {.name = "zmscore", .handler = zmscore, .arity = -3, .flags = kReadonly | kFast,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set,
     .since = "6.2.0", .complexity = "O(1) an element", .summary = "Tells the scores of elements"},
    {.name = "zpopmax", .handler = zpopmax, .arity = -2, .flags = kWrite | kFast, .categories = kAclSortedSet,
     .keys = key_at(1, kKeyRW | kKeyAccess | kKeyDelete), .group = Group::sorted_set, .since = "5.0.0",
     .complexity = "O(M*log(N)) for M elements", .summary = "Takes the elements with the highest scores"},
    {.name = "zpopmin", .handler = zpopmin, .arity = -2, .flags = kWrite | kFast, .categories = kAclSortedSet,
     .keys = key_at(1, kKeyRW | kKeyAccess | kKeyDelete), .group = Group::sorted_set, .since = "5.0.0",
     .complexity = "O(M*log(N)) for M elements", .summary = "Takes the elements with the lowest scores"},
    {.name = "zrandmember", .handler = zrandmember, .arity = -2, .flags = kReadonly,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set,
     .since = "6.2.0", .complexity = "O(M) for M elements", .summary = "Gives elements by chance"},
    {.name = "zrank", .handler = zrank, .arity = 3, .flags = kReadonly | kFast, .categories = kAclSortedSet,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set, .since = "2.0.0",
     .complexity = "O(log(N))", .summary = "Tells an element's place from the lowest score"},
    {.name = "zrem", .handler = zrem, .arity = -3, .flags = kWrite | kFast, .categories = kAclSortedSet,
     .keys = key_at(1, kKeyRW | kKeyDelete), .group = Group::sorted_set, .since = "1.2.0",
     .complexity = "O(log(N)) an element", .summary = "Removes elements"},
    {.name = "zrevrank", .handler = zrevrank, .arity = 3, .flags = kReadonly | kFast,
     .categories = kAclSortedSet, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set,
     .since = "2.0.0", .complexity = "O(log(N))",
     .summary = "Tells an element's place from the highest score"},
    {.name = "zscan", .handler = zscan, .arity = -3, .flags = kReadonly, .categories = kAclSortedSet,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set, .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for the whole", .summary = "Goes through the elements in steps"},
    {.name = "zscore", .handler = zscore, .arity = 3, .flags = kReadonly | kFast, .categories = kAclSortedSet,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::sorted_set, .since = "1.2.0",
     .complexity = "O(1)", .summary = "Tells the score of an element"},
};

}  // namespace

std::span<const CommandSpec> zset_commands() { return kRows; }

}  // namespace larder::redis
