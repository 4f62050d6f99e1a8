// Sorted sets: unions, intersections and differences of sorted sets and sets.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/zset_args.h"
#include "engine/redis/types/set.h"

namespace larder::redis {

namespace {

enum class Operation { join, intersect, subtract };
enum class Aggregate { sum, min, max };
/// What becomes of the result.
enum class Result { reply, store, count };

/// A sorted set, a set (whose members score 1) or nothing.
struct Source {
  const SortedSet* zset = nullptr;
  const Set* set = nullptr;
  double weight = 1;

  std::size_t size() const { return zset != nullptr ? zset->size() : set != nullptr ? set->size() : 0; }
  bool same_as(const Source& other) const {
    return (zset != nullptr && zset == other.zset) || (set != nullptr && set == other.set);
  }
  std::optional<double> score(std::string_view name) const {
    if (zset != nullptr) return zset->score(name);
    if (set != nullptr && set->contains(name)) return 1.0;
    return std::nullopt;
  }
  /// visit(name, score) until it returns false.
  template <typename Visit>
  void visit(Visit&& visit) const {
    if (zset != nullptr) return zset->visit({0, zset->size()}, false, visit);
    if (set == nullptr) return;
    set->for_each_while([&visit](const PackedValue& member) {
      IntegerText room;
      return visit(member.text(room), 1.0);
    });
  }
};

struct Request {
  Operation operation;
  Result result;
  Aggregate aggregate = Aggregate::sum;
  bool with_scores = false;
  std::int64_t limit = 0;  // of Result::count; 0: none
  std::vector<Source> sources;
};

double weighted(double score, double weight) {
  const double product = score * weight;
  return std::isnan(product) ? 0 : product;  // an infinity times zero
}

double aggregated(double a, double b, Aggregate how) {
  if (how == Aggregate::min) return std::min(a, b);
  if (how == Aggregate::max) return std::max(a, b);
  const double sum = a + b;
  return std::isnan(sum) ? 0 : sum;  // opposite infinities
}

/// Finds what the keys from argument `first` on hold; false: WRONGTYPE has been answered.
bool open_sources(CommandContext& ctx, std::size_t first, Request& request) {
  for (std::size_t i = 0; i < request.sources.size(); ++i) {
    Item* item = ctx.find(first + i);
    if (item == nullptr) continue;
    const Value* value = RedisEngine::object_of(*item);
    if (value != nullptr && value->type() == Type::kSortedSet) {
      request.sources[i].zset = static_cast<const SortedSet*>(value);
    } else if (value != nullptr && value->type() == Type::kSet) {
      request.sources[i].set = static_cast<const Set*>(value);
    } else {
      ctx.reply.error(errors::kWrongType);
      return false;
    }
  }
  return true;
}

/// WEIGHTS and as many numbers, from argument `at` on; false: the error has been answered.
bool parse_weights(CommandContext& ctx, std::size_t at, Request& request) {
  for (Source& source : request.sources) {
    if (!parse_double(ctx.argument(at++), &source.weight)) {
      ctx.reply.error("ERR weight value is not a float");
      return false;
    }
  }
  return true;
}

bool parse_aggregate(CommandContext& ctx, std::size_t at, Request& request) {
  if (ctx.is(at, "sum")) request.aggregate = Aggregate::sum;
  else if (ctx.is(at, "min")) request.aggregate = Aggregate::min;
  else if (ctx.is(at, "max")) request.aggregate = Aggregate::max;
  else return ctx.syntax_error(), false;
  return true;
}

bool parse_limit(CommandContext& ctx, std::size_t at, Request& request) {
  constexpr std::string_view kError = "ERR LIMIT can't be negative";
  if (!ctx.integer(at, &request.limit, kError)) return false;
  if (request.limit < 0) ctx.reply.error(kError);
  return request.limit >= 0;
}

bool parse_options(CommandContext& ctx, std::size_t at, Request& request) {
  const bool scored = request.operation != Operation::subtract && request.result != Result::count;
  while (at < ctx.args.size()) {
    const std::size_t left = ctx.args.size() - at;
    if (scored && left > request.sources.size() && ctx.is(at, "weights")) {
      if (!parse_weights(ctx, at + 1, request)) return false;
      at += 1 + request.sources.size();
    } else if (scored && left >= 2 && ctx.is(at, "aggregate")) {
      if (!parse_aggregate(ctx, at + 1, request)) return false;
      at += 2;
    } else if (request.result == Result::reply && ctx.is(at, "withscores")) {
      request.with_scores = true;
      ++at;
    } else if (request.result == Result::count && left >= 2 && ctx.is(at, "limit")) {
      if (!parse_limit(ctx, at + 1, request)) return false;
      at += 2;
    } else {
      ctx.syntax_error();
      return false;
    }
  }
  return true;
}

/// Reads all arguments, the number of keys at `count_at`; false: the error has been answered.
bool parse_request(CommandContext& ctx, std::size_t count_at, Request& request) {
  std::int64_t count = 0;
  if (!ctx.integer(count_at, &count)) return false;
  if (count < 1) {
    ctx.reply.error("ERR at least 1 input key is needed for '" + ctx.command.full_name + "' command");
    return false;
  }
  if (static_cast<std::uint64_t>(count) > ctx.args.size() - count_at - 1) {
    ctx.syntax_error();
    return false;
  }
  request.sources.resize(static_cast<std::size_t>(count));
  if (!open_sources(ctx, count_at + 1, request)) return false;
  return parse_options(ctx, count_at + 1 + static_cast<std::size_t>(count), request);
}

/// visit(name, score) for each element that all sources have, until it returns false. Requires: the
/// sources ascend in size.
template <typename Visit>
void intersect(const Request& request, Visit&& visit) {
  const Source& smallest = request.sources.front();
  smallest.visit([&](std::string_view name, double first_score) {
    double score = weighted(first_score, smallest.weight);
    for (std::size_t i = 1; i < request.sources.size(); ++i) {
      const Source& source = request.sources[i];
      const std::optional<double> found = source.same_as(smallest) ? first_score : source.score(name);
      if (!found) return true;
      score = aggregated(score, *found * source.weight, request.aggregate);
    }
    return visit(name, score);
  });
}

void join(const Request& request, SortedSetBuilder& result) {
  result.reserve(request.sources.back().size());
  for (const Source& source : request.sources) {
    source.visit([&](std::string_view name, double own_score) {
      const double score = weighted(own_score, source.weight);
      if (double* found = result.find(name)) {
        *found = aggregated(*found, score, request.aggregate);
      } else {
        result.add(name, score);
      }
      return true;
    });
  }
}

void subtract(const Request& request, SortedSetBuilder& result) {
  const Source& first = request.sources.front();
  const auto others_begin = request.sources.begin() + 1;
  std::size_t others_size = 0;
  for (auto other = others_begin; other != request.sources.end(); ++other) {
    if (other->same_as(first)) return;
    others_size += other->size();
  }
  // Either each element is looked up in all others, or all others are walked.
  const std::size_t lookups = first.size() * request.sources.size() / 2;
  if (lookups <= first.size() + others_size) {
    first.visit([&](std::string_view name, double score) {
      const bool elsewhere = std::any_of(others_begin, request.sources.end(), [name](const Source& other) {
        return other.score(name).has_value();
      });
      if (!elsewhere) result.add(name, score);
      return true;
    });
    return;
  }
  first.visit([&result](std::string_view name, double score) {
    result.add(name, score);
    return true;
  });
  for (auto other = others_begin; other != request.sources.end(); ++other) {
    other->visit([&result](std::string_view name, double) {
      result.erase(name);
      return result.size() > 0;
    });
  }
}

void combine(Request& request, SortedSetBuilder& result) {
  if (request.operation == Operation::subtract) return subtract(request, result);
  if (request.operation == Operation::join) return join(request, result);
  intersect(request, [&result](std::string_view name, double score) {
    result.add(name, score);
    return true;
  });
}

void store(CommandContext& ctx, Request& request, std::string_view event) {
  auto set = ctx.make<SortedSet>();
  SortedSetBuilder result;
  combine(request, result);
  result.finish(*set, zset_limits(ctx));
  const std::size_t size = set->size();
  if (size == 0) {
    ctx.charge_to(nullptr);  // the empty set goes with this function
    if (ctx.remove(1)) ctx.modified(1, "del");
  } else {
    ctx.put(1, std::move(set));
    ctx.modified(1, event);
  }
  ctx.reply.integer(static_cast<std::int64_t>(size));
}

void reply(CommandContext& ctx, Request& request) {
  SortedSet set;
  SortedSetBuilder result;
  combine(request, result);
  result.finish(set, {0, 0});
  ElementReply elements(ctx.reply, set.size(), request.with_scores);
  set.visit_all([&elements](std::string_view name, double score) { elements.element(name, score); });
}

void count(CommandContext& ctx, Request& request) {
  std::int64_t found = 0;
  intersect(request, [&](std::string_view, double) {
    ++found;
    return request.limit == 0 || found < request.limit;
  });
  ctx.reply.integer(found);
}

void run(CommandContext& ctx, Operation operation, Result result, std::string_view event = {}) {
  Request request{.operation = operation, .result = result};
  if (!parse_request(ctx, result == Result::store ? 2 : 1, request)) return;
  if (operation != Operation::subtract) {
    std::stable_sort(request.sources.begin(), request.sources.end(),
                     [](const Source& a, const Source& b) { return a.size() < b.size(); });
  }
  if (result == Result::store) return store(ctx, request, event);
  if (result == Result::count) return count(ctx, request);
  reply(ctx, request);
}

void zunion(CommandContext& ctx) { run(ctx, Operation::join, Result::reply); }
void zinter(CommandContext& ctx) { run(ctx, Operation::intersect, Result::reply); }
void zdiff(CommandContext& ctx) { run(ctx, Operation::subtract, Result::reply); }
void zintercard(CommandContext& ctx) { run(ctx, Operation::intersect, Result::count); }
void zunionstore(CommandContext& ctx) { run(ctx, Operation::join, Result::store, "zunionstore"); }
void zinterstore(CommandContext& ctx) { run(ctx, Operation::intersect, Result::store, "zinterstore"); }
void zdiffstore(CommandContext& ctx) { run(ctx, Operation::subtract, Result::store, "zdiffstore"); }

constexpr std::string_view kDiffCost =
    "O(L + (N-K)log(N)) at worst for L elements in all, N in the first, K in the result";
constexpr std::string_view kInterCost =
    "O(N*K)+O(M*log(M)) at worst for N elements in the smallest of K, M in the result";
constexpr std::string_view kUnionCost = "O(N)+O(M*log(M)) for N elements in all, M in the result";

constexpr KeySpecs kRead = counted_keys(1, kKeyRO | kKeyAccess);
constexpr KeySpecs kStore = key_at(1, kKeyOW | kKeyUpdate) + counted_keys(2, kKeyRO | kKeyAccess);

constexpr CommandSpec kRows[] = {
    {.name = "zdiff", .handler = zdiff, .arity = -3, .flags = kReadonly, .categories = kAclSortedSet,
     .keys = kRead, .group = Group::sorted_set, .since = "6.2.0", .complexity = kDiffCost,
     .summary = "Gives the elements of the first that no other has"},
    {.name = "zdiffstore", .handler = zdiffstore, .arity = -4, .flags = kWrite | kDenyOom,
     .categories = kAclSortedSet, .keys = kStore, .group = Group::sorted_set, .since = "6.2.0",
     .complexity = kDiffCost, .summary = "Stores the elements of the first that no other has"},
    {.name = "zinter", .handler = zinter, .arity = -3, .flags = kReadonly, .categories = kAclSortedSet,
     .keys = kRead, .group = Group::sorted_set, .since = "6.2.0", .complexity = kInterCost,
     .summary = "Gives the elements that all have"},
    {.name = "zintercard", .handler = zintercard, .arity = -3, .flags = kReadonly,
     .categories = kAclSortedSet, .keys = kRead, .group = Group::sorted_set, .since = "7.0.0",
     .complexity = "O(N*K) at worst for N elements in the smallest of K",
     .summary = "Counts the elements that all have"},
    {.name = "zinterstore", .handler = zinterstore, .arity = -4, .flags = kWrite | kDenyOom,
     .categories = kAclSortedSet, .keys = kStore, .group = Group::sorted_set, .since = "2.0.0",
     .complexity = kInterCost, .summary = "Stores the elements that all have"},
    {.name = "zunion", .handler = zunion, .arity = -3, .flags = kReadonly, .categories = kAclSortedSet,
     .keys = kRead, .group = Group::sorted_set, .since = "6.2.0", .complexity = kUnionCost,
     .summary = "Gives the elements that any has"},
    {.name = "zunionstore", .handler = zunionstore, .arity = -4, .flags = kWrite | kDenyOom,
     .categories = kAclSortedSet, .keys = kStore, .group = Group::sorted_set, .since = "2.0.0",
     .complexity = kUnionCost, .summary = "Stores the elements that any has"},
};

}  // namespace

std::span<const CommandSpec> zset_combine_commands() { return kRows; }

}  // namespace larder::redis
