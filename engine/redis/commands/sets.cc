// Commands of the set group that work on one set, or move a member between two. Intersections, unions
// and differences: set_algebra.cc.
#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/scan_args.h"
#include "engine/redis/commands/value_support.h"

namespace larder::redis {

namespace {

// Below this many times the members asked for, a set is gone over once instead of drawn from.
constexpr std::size_t kDrawFactor = 3;

std::string text_of(const PackedValue& value) {
  IntegerText room;
  return std::string(value.text(room));
}

void reply_members(CommandContext& ctx, const Set& set) {
  set.for_each([&](const PackedValue& member) { reply_value(ctx, member); });
}

void sadd(CommandContext& ctx) {
  Set* set = nullptr;
  if (!ctx.write(1, &set)) return;
  if (set == nullptr) set = ctx.create<Set>(1);
  const SetLimits limits = set_limits(ctx);
  std::int64_t added = 0;
  for (std::size_t i = 2; i < ctx.args.size(); ++i) added += set->insert(ctx.argument(i), limits) ? 1 : 0;
  if (added != 0) ctx.modified(1, "sadd");
  ctx.reply.integer(added);
}

void srem(CommandContext& ctx) {
  Set* set = nullptr;
  if (!ctx.write(1, &set)) return;
  std::int64_t removed = 0;
  for (std::size_t i = 2; set != nullptr && i < ctx.args.size(); ++i) {
    removed += set->erase(ctx.argument(i)) ? 1 : 0;
  }
  if (removed != 0) {
    ctx.modified(1, "srem");
    drop_if_empty(ctx, 1, set);
  }
  ctx.reply.integer(removed);
}

void smove(CommandContext& ctx) {
  Set* source = nullptr;
  if (!ctx.write(1, &source)) return;
  if (source == nullptr) return ctx.reply.integer(0);
  Set* target = nullptr;
  if (!ctx.read(2, &target)) return;
  const std::string_view member = ctx.argument(3);
  if (source == target) return ctx.reply.integer(source->contains(member) ? 1 : 0);
  if (!source->erase(member)) return ctx.reply.integer(0);
  ctx.modified(1, "srem");
  drop_if_empty(ctx, 1, source);
  if (target == nullptr) {
    target = ctx.create<Set>(2);
  } else {
    ctx.charge_to(target);
  }
  if (target->insert(member, set_limits(ctx))) ctx.modified(2, "sadd");
  ctx.reply.integer(1);
}

void scard(CommandContext& ctx) {
  Set* set = nullptr;
  if (!ctx.read(1, &set)) return;
  ctx.reply.integer(set == nullptr ? 0 : static_cast<std::int64_t>(set->size()));
}

void sismember(CommandContext& ctx) {
  Set* set = nullptr;
  if (!ctx.read(1, &set)) return;
  ctx.reply.integer(set != nullptr && set->contains(ctx.argument(2)) ? 1 : 0);
}

void smismember(CommandContext& ctx) {
  Set* set = nullptr;
  if (!ctx.read(1, &set)) return;
  ctx.reply.array(ctx.args.size() - 2);
  for (std::size_t i = 2; i < ctx.args.size(); ++i) {
    ctx.reply.integer(set != nullptr && set->contains(ctx.argument(i)) ? 1 : 0);
  }
}

void smembers(CommandContext& ctx) {
  Set* set = nullptr;
  if (!ctx.read(1, &set)) return;
  ctx.reply.set(set == nullptr ? 0 : set->size());
  if (set != nullptr) reply_members(ctx, *set);
}

// --- random members ---

// Answers with as many members, each once: draws them where they are few of many, else goes over all.
void reply_distinct(CommandContext& ctx, const Set& set, std::size_t count) {
  if (set.encoding() == Encoding::kHashtable && count * kDrawFactor <= set.size()) {
    std::unordered_set<std::string> drawn;
    while (drawn.size() < count) {
      const PackedValue member = set.random(random_below(ctx));
      if (drawn.insert(text_of(member)).second) reply_value(ctx, member);
    }
    return;
  }
  Sampler sampler(ctx, set.size(), count);
  set.for_each_while([&](const PackedValue& member) {
    if (sampler.pick()) reply_value(ctx, member);
    return !sampler.done();
  });
}

// Answers with members drawn with repetition.
void reply_repeated(CommandContext& ctx, const Set& set, std::uint64_t count) {
  const Reply::Mark mark = ctx.reply.begin();
  std::size_t bytes = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const PackedValue member = set.random(random_below(ctx));
    bytes += 16 + member.bytes.size();
    if (bytes > kRepeatedBytesMax) {
      ctx.reply.rewind(mark);
      return ctx.reply.error(errors::kOutOfRange);
    }
    reply_value(ctx, member);
  }
  ctx.reply.end_array(mark, count);
}

void srandmember(CommandContext& ctx) {
  if (ctx.args.size() > 3) return ctx.syntax_error();
  const bool as_array = ctx.args.size() == 3;
  std::int64_t count = 1;
  if (as_array && !ranged_integer(ctx, 2, -INT64_MAX, INT64_MAX, &count)) return;
  Set* set = nullptr;
  if (!ctx.read(1, &set)) return;
  if (set == nullptr) return as_array ? ctx.reply.empty_array() : ctx.reply.null();
  if (!as_array) return reply_value(ctx, set->random(random_below(ctx)));
  if (count < 0) return reply_repeated(ctx, *set, static_cast<std::uint64_t>(-count));
  const std::size_t given = std::min(static_cast<std::size_t>(count), set->size());
  ctx.reply.array(given);
  reply_distinct(ctx, *set, given);
}

// Takes as many random members out of a set of more, and answers with them.
void reply_and_take(CommandContext& ctx, Set& set, std::size_t count) {
  ctx.reply.set(count);
  if (set.encoding() == Encoding::kHashtable && count * kDrawFactor <= set.size()) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string member = text_of(set.random(random_below(ctx)));
      ctx.reply.bulk(member);
      set.erase(member);
    }
    return;
  }
  std::vector<std::string> taken;
  taken.reserve(count);
  Sampler sampler(ctx, set.size(), count);
  set.for_each_while([&](const PackedValue& member) {
    if (sampler.pick()) taken.push_back(text_of(member));
    return !sampler.done();
  });
  for (const std::string& member : taken) {
    ctx.reply.bulk(member);
    set.erase(member);
  }
}

void spop_many(CommandContext& ctx) {
  std::int64_t count = 0;
  if (!natural(ctx, 2, &count)) return;
  Set* set = nullptr;
  if (!ctx.write(1, &set)) return;
  if (set == nullptr || count == 0) return ctx.reply.set(0);
  if (static_cast<std::size_t>(count) >= set->size()) {
    ctx.reply.set(set->size());
    reply_members(ctx, *set);
    ctx.modified(1, "spop");
    ctx.remove(1);
    return ctx.modified(1, "del");
  }
  reply_and_take(ctx, *set, static_cast<std::size_t>(count));
  ctx.modified(1, "spop");
}

void spop(CommandContext& ctx) {
  if (ctx.args.size() > 3) return ctx.syntax_error();
  if (ctx.args.size() == 3) return spop_many(ctx);
  Set* set = nullptr;
  if (!ctx.write(1, &set)) return;
  if (set == nullptr) return ctx.reply.null();
  const std::string member = text_of(set->random(random_below(ctx)));
  set->erase(member);
  ctx.modified(1, "spop");
  drop_if_empty(ctx, 1, set);
  ctx.reply.bulk(member);
}

void sscan(CommandContext& ctx) {
  ScanArguments scan;
  if (!parse_scan_cursor(ctx, 2, &scan)) return;
  Set* set = nullptr;
  if (!ctx.read(1, &set)) return;
  if (set == nullptr) return reply_empty_scan(ctx.reply);
  if (!parse_scan_options(ctx, 3, &scan)) return;
  ScanResult result(scan);
  result.run([&](std::uint64_t cursor) {
    return set->scan(cursor, [&](const PackedValue& member) {
      IntegerText room;
      result.take(member.text(room));
    });
  });
  result.reply(ctx.reply);
}

constexpr KeySpecs kReadKey = key_at(1, kKeyRO | kKeyAccess);
constexpr KeySpecs kLookKey = key_at(1, kKeyRO);
constexpr KeySpecs kPopKey = key_at(1, kKeyRW | kKeyAccess | kKeyDelete);

constexpr CommandSpec kRows[] = {
    {.name = "sadd", .handler = sadd, .arity = -3, .flags = kWrite | kDenyOom | kFast,
     .categories = kAclSet, .keys = key_at(1, kKeyRW | kKeyInsert), .group = Group::set, .since = "1.0.0",
     .complexity = "O(N) for N members added", .summary = "Adds members"},
    {.name = "scard", .handler = scard, .arity = 2, .flags = kReadonly | kFast, .categories = kAclSet,
     .keys = kLookKey, .group = Group::set, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Tells how many members a set has"},
    {.name = "sismember", .handler = sismember, .arity = 3, .flags = kReadonly | kFast,
     .categories = kAclSet, .keys = kLookKey, .group = Group::set, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Tells whether something is a member"},
    {.name = "smembers", .handler = smembers, .arity = 2, .flags = kReadonly, .categories = kAclSet,
     .keys = kReadKey, .group = Group::set, .since = "1.0.0", .complexity = "O(N) for N members",
     .summary = "Tells all members"},
    {.name = "smismember", .handler = smismember, .arity = -3, .flags = kReadonly | kFast,
     .categories = kAclSet, .keys = kReadKey, .group = Group::set, .since = "6.2.0",
     .complexity = "O(N) for N members asked for", .summary = "Tells of several whether they are members"},
    {.name = "smove", .handler = smove, .arity = 4, .flags = kWrite | kFast, .categories = kAclSet,
     .keys = kPopKey + key_at(2, kKeyRW | kKeyInsert), .group = Group::set, .since = "1.0.0",
     .complexity = "O(1)", .summary = "Moves a member to another set"},
    {.name = "spop", .handler = spop, .arity = -2, .flags = kWrite | kFast, .categories = kAclSet,
     .keys = kPopKey, .group = Group::set, .since = "1.0.0", .complexity = "O(N) for N members taken",
     .summary = "Takes random members"},
    {.name = "srandmember", .handler = srandmember, .arity = -2, .flags = kReadonly,
     .categories = kAclSet, .keys = kReadKey, .group = Group::set, .since = "1.0.0",
     .complexity = "O(N) for N members asked for", .summary = "Tells random members"},
    {.name = "srem", .handler = srem, .arity = -3, .flags = kWrite | kFast, .categories = kAclSet,
     .keys = key_at(1, kKeyRW | kKeyDelete), .group = Group::set, .since = "1.0.0",
     .complexity = "O(N) for N members removed", .summary = "Removes members"},
    {.name = "sscan", .handler = sscan, .arity = -3, .flags = kReadonly, .categories = kAclSet,
     .keys = kReadKey, .group = Group::set, .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for all N members", .summary = "Goes over the members step by step"},
};

}  // namespace

std::span<const CommandSpec> set_commands() { return kRows; }

}  // namespace larder::redis
