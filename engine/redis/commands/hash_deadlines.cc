// Deadlines of the fields of a hash, as Redis has them since 7.4: HEXPIRE and its kin, HTTL and its kin,
// HPERSIST. All name their fields as FIELDS count field..., and answer with one integer for each.
#include <string>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/hash_access.h"

namespace larder::redis {

namespace {

// What is answered of a field.
constexpr std::int64_t kNoField = -2;
constexpr std::int64_t kNoDeadline = -1;
constexpr std::int64_t kConditionFailed = 0;
constexpr std::int64_t kDone = 1;
constexpr std::int64_t kDeletedAtOnce = 2;

constexpr std::int64_t kDeadlineMax = (std::int64_t{1} << 46) - 1;  // in milliseconds

enum class Unit : std::int64_t { seconds = 1000, milliseconds = 1 };
enum class Time : bool { relative, absolute };
enum class Condition : std::uint8_t { none, missing, present, later, earlier };

// Reads FIELDS count from argument `at` on; the fields follow to the end of the arguments.
bool parse_fields(CommandContext& ctx, std::size_t at, std::size_t* first) {
  if (at >= ctx.args.size() || !ctx.is(at, "fields")) {
    ctx.reply.error("ERR Mandatory keyword FIELDS is missing or not at the right position");
    return false;
  }
  if (at + 1 >= ctx.args.size()) {
    wrong_arity(ctx);
    return false;
  }
  std::int64_t count = 0;
  if (!ranged_integer(ctx, at + 1, 1, INT64_MAX, &count,
                      "ERR Parameter `numFields` should be greater than 0")) {
    return false;
  }
  *first = at + 2;
  if (count == static_cast<std::int64_t>(ctx.args.size() - *first)) return true;
  ctx.reply.error("ERR The `numfields` parameter must match the number of arguments");
  return false;
}

bool parse_deadline(CommandContext& ctx, Unit unit, Time time, std::int64_t* deadline_ms) {
  if (!ctx.integer(2, deadline_ms)) return false;
  if (*deadline_ms < 0) {
    ctx.reply.error("ERR invalid expire time, must be >= 0");
    return false;
  }
  const std::int64_t base = time == Time::relative ? ctx.now_ms : 0;
  if (*deadline_ms > (kDeadlineMax - base) / static_cast<std::int64_t>(unit)) {
    ctx.reply.error("ERR invalid expire time in '" + std::string(ctx.command.full_name) + "' command");
    return false;
  }
  *deadline_ms = *deadline_ms * static_cast<std::int64_t>(unit) + base;
  return true;
}

// The condition at argument 3, if there is one.
Condition parse_condition(CommandContext& ctx) {
  if (ctx.is(3, "nx")) return Condition::missing;
  if (ctx.is(3, "xx")) return Condition::present;
  if (ctx.is(3, "gt")) return Condition::later;
  return ctx.is(3, "lt") ? Condition::earlier : Condition::none;
}

// `before` is 0 for none, which counts as the latest of all.
bool holds(Condition condition, std::int64_t before, std::int64_t deadline_ms) {
  switch (condition) {
    case Condition::none: return true;
    case Condition::missing: return before == 0;
    case Condition::present: return before != 0;
    case Condition::later: return before != 0 && deadline_ms > before;
    case Condition::earlier: return before == 0 || deadline_ms < before;
  }
  return false;
}

// The deadline of a field that is alive (0: none), or kNoField.
std::int64_t deadline_of(const CommandContext& ctx, const Hash* hash, std::string_view field) {
  if (hash == nullptr) return kNoField;
  const auto deadline = hash->deadline_ms(field);
  if (!deadline || (*deadline != 0 && *deadline <= ctx.now_ms)) return kNoField;
  return *deadline;
}

template <Unit unit, Time time>
void expire(CommandContext& ctx) {
  Hash* hash = nullptr;
  if (!write_hash(ctx, 1, &hash)) return;
  std::int64_t deadline_ms = 0;
  if (!parse_deadline(ctx, unit, time, &deadline_ms)) return;
  const Condition condition = parse_condition(ctx);
  std::size_t first = 0;
  if (!parse_fields(ctx, condition == Condition::none ? 3 : 4, &first)) return;

  const bool past = deadline_ms <= ctx.now_ms;
  ctx.engine.field_expiry().note();
  bool changed = false;
  bool deleted = false;
  ctx.reply.array(ctx.args.size() - first);
  for (std::size_t i = first; i < ctx.args.size(); ++i) {
    const std::string_view field = ctx.argument(i);
    const std::int64_t before = deadline_of(ctx, hash, field);
    if (before == kNoField) {
      ctx.reply.integer(kNoField);
    } else if (!holds(condition, before, deadline_ms)) {
      ctx.reply.integer(kConditionFailed);
    } else if (past) {
      hash->erase(field);
      deleted = true;
      ctx.reply.integer(kDeletedAtOnce);
    } else {
      hash->set_deadline(field, deadline_ms);
      changed = true;
      ctx.reply.integer(kDone);
    }
  }
  if (deleted) ctx.modified(1, "hdel");
  if (changed) ctx.modified(1, "hexpire");
  if (deleted) drop_if_empty(ctx, 1, hash);
}

template <Unit unit, Time time>
void deadline(CommandContext& ctx) {
  Hash* hash = nullptr;
  if (!read_hash(ctx, 1, &hash)) return;
  std::size_t first = 0;
  if (!parse_fields(ctx, 2, &first)) return;
  ctx.reply.array(ctx.args.size() - first);
  for (std::size_t i = first; i < ctx.args.size(); ++i) {
    const std::int64_t deadline_ms = deadline_of(ctx, hash, ctx.argument(i));
    if (deadline_ms == kNoField || deadline_ms == 0) {
      ctx.reply.integer(deadline_ms == 0 ? kNoDeadline : kNoField);
      continue;
    }
    const std::int64_t ms = time == Time::relative ? deadline_ms - ctx.now_ms : deadline_ms;
    constexpr auto kUnit = static_cast<std::int64_t>(unit);
    ctx.reply.integer((ms + kUnit - 1) / kUnit);
  }
}

void hpersist(CommandContext& ctx) {
  Hash* hash = nullptr;
  if (!write_hash(ctx, 1, &hash)) return;
  std::size_t first = 0;
  if (!parse_fields(ctx, 2, &first)) return;
  bool changed = false;
  ctx.reply.array(ctx.args.size() - first);
  for (std::size_t i = first; i < ctx.args.size(); ++i) {
    const std::int64_t before = deadline_of(ctx, hash, ctx.argument(i));
    if (before == kNoField || before == 0) {
      ctx.reply.integer(before == 0 ? kNoDeadline : kNoField);
      continue;
    }
    hash->set_deadline(ctx.argument(i), 0);
    changed = true;
    ctx.reply.integer(kDone);
  }
  if (changed) ctx.modified(1, "hpersist");
}

constexpr std::string_view kPerField = "O(N) for N fields named";

constexpr CommandSpec expire_row(std::string_view name, Handler handler, std::string_view summary) {
  return {.name = name, .handler = handler, .arity = -6, .flags = kWrite | kDenyOom | kFast,
          .categories = kAclHash, .keys = key_at(1, kKeyRW | kKeyUpdate), .group = Group::hash,
          .since = "7.4.0", .complexity = kPerField, .summary = summary};
}
constexpr CommandSpec deadline_row(std::string_view name, Handler handler, std::string_view summary) {
  return {.name = name, .handler = handler, .arity = -5, .flags = kReadonly | kFast,
          .categories = kAclHash, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::hash,
          .since = "7.4.0", .complexity = kPerField, .summary = summary};
}

constexpr CommandSpec kRows[] = {
    expire_row("hexpire", expire<Unit::seconds, Time::relative>, "Lets fields end in some seconds"),
    expire_row("hexpireat", expire<Unit::seconds, Time::absolute>, "Lets fields end at a Unix time"),
    deadline_row("hexpiretime", deadline<Unit::seconds, Time::absolute>,
                 "Tells the Unix time at which fields end"),
    {.name = "hpersist", .handler = hpersist, .arity = -5, .flags = kWrite | kFast,
     .categories = kAclHash, .keys = key_at(1, kKeyRW | kKeyUpdate), .group = Group::hash,
     .since = "7.4.0", .complexity = kPerField, .summary = "Takes the deadlines of fields away"},
    expire_row("hpexpire", expire<Unit::milliseconds, Time::relative>,
               "Lets fields end in some milliseconds"),
    expire_row("hpexpireat", expire<Unit::milliseconds, Time::absolute>,
               "Lets fields end at a Unix time in milliseconds"),
    deadline_row("hpexpiretime", deadline<Unit::milliseconds, Time::absolute>,
                 "Tells the Unix time in milliseconds at which fields end"),
    deadline_row("hpttl", deadline<Unit::milliseconds, Time::relative>,
                 "Tells the milliseconds until fields end"),
    deadline_row("httl", deadline<Unit::seconds, Time::relative>, "Tells the seconds until fields end"),
};

}  // namespace

std::span<const CommandSpec> hash_deadline_commands() { return kRows; }

}  // namespace larder::redis
