// Times to live: the EXPIRE family, TTL and its kin, PERSIST.
#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/expire_time.h"

namespace larder::redis {

namespace {

struct Conditions {
  bool if_none = false;     // NX
  bool if_any = false;      // XX
  bool if_greater = false;  // GT
  bool if_less = false;     // LT
};

bool read_conditions(CommandContext& ctx, Conditions* conditions) {
  for (std::size_t i = 3; i < ctx.args.size(); ++i) {
    if (ctx.is(i, "nx")) {
      conditions->if_none = true;
    } else if (ctx.is(i, "xx")) {
      conditions->if_any = true;
    } else if (ctx.is(i, "gt")) {
      conditions->if_greater = true;
    } else if (ctx.is(i, "lt")) {
      conditions->if_less = true;
    } else {
      ctx.reply.error("ERR Unsupported option " + std::string(ctx.argument(i)));
      return false;
    }
  }
  if (conditions->if_none && (conditions->if_any || conditions->if_greater || conditions->if_less)) {
    ctx.reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (conditions->if_greater && conditions->if_less) {
    ctx.reply.error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

// Whether a key that ends at `now_set` (0 = never) may be given another end.
bool allowed(const Conditions& conditions, std::int64_t now_set, std::int64_t wanted) {
  if (conditions.if_none && now_set != 0) return false;
  if (conditions.if_any && now_set == 0) return false;
  if (conditions.if_greater && (now_set == 0 || wanted <= now_set)) return false;
  return !conditions.if_less || now_set == 0 || wanted < now_set;
}

void expire_at(CommandContext& ctx, TimeUnit unit, bool absolute) {
  Conditions conditions;
  std::int64_t deadline_ms = 0;
  if (!read_conditions(ctx, &conditions)) return;
  if (!read_deadline(ctx, 2, unit, absolute, false, &deadline_ms)) return;
  const Key key = ctx.key(1);
  const Item* item = ctx.peek(key);
  if (item == nullptr || !allowed(conditions, ctx.deadline_of(*item), deadline_ms)) return ctx.reply.integer(0);
  if (deadline_ms <= ctx.now_ms) {
    ctx.remove(key);
    ctx.modified(key, "del");
  } else {
    ctx.set_deadline(key, deadline_ms);
    ctx.modified(key, "expire");
  }
  ctx.reply.integer(1);
}

void expire(CommandContext& ctx) { expire_at(ctx, TimeUnit::seconds, false); }
void expireat(CommandContext& ctx) { expire_at(ctx, TimeUnit::seconds, true); }
void pexpire(CommandContext& ctx) { expire_at(ctx, TimeUnit::milliseconds, false); }
void pexpireat(CommandContext& ctx) { expire_at(ctx, TimeUnit::milliseconds, true); }

void tell(CommandContext& ctx, TimeUnit unit, bool absolute) {
  const Item* item = ctx.peek(1);
  if (item == nullptr) return ctx.reply.integer(-2);
  const std::int64_t deadline_ms = ctx.deadline_of(*item);
  if (deadline_ms == 0) return ctx.reply.integer(-1);
  const std::int64_t time = absolute ? deadline_ms : deadline_ms - ctx.now_ms;
  ctx.reply.integer(unit == TimeUnit::seconds ? time / 1000 + (time % 1000 + 500) / 1000 : time);
}

void ttl(CommandContext& ctx) { tell(ctx, TimeUnit::seconds, false); }
void pttl(CommandContext& ctx) { tell(ctx, TimeUnit::milliseconds, false); }
void expiretime(CommandContext& ctx) { tell(ctx, TimeUnit::seconds, true); }
void pexpiretime(CommandContext& ctx) { tell(ctx, TimeUnit::milliseconds, true); }

void persist(CommandContext& ctx) {
  const Key key = ctx.key(1);
  const Item* item = ctx.peek(key);
  if (item == nullptr || ctx.deadline_of(*item) == 0) return ctx.reply.integer(0);
  ctx.set_deadline(key, 0);
  ctx.modified(key, "persist");
  ctx.reply.integer(1);
}

constexpr std::uint32_t kWriter = kWrite | kFast;
constexpr std::uint32_t kReader = kReadonly | kFast;
constexpr KeySpecs kChanged = key_at(1, kKeyRW | kKeyUpdate);
constexpr KeySpecs kAsked = key_at(1, kKeyRO | kKeyAccess);

// clang-format off
constexpr CommandSpec kRows[] = {
    {.name = "expire", .handler = expire, .arity = -3, .flags = kWriter, .categories = kAclKeyspace,
     .keys = kChanged, .group = Group::generic, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Sets the time to live of a key in seconds"},
    {.name = "expireat", .handler = expireat, .arity = -3, .flags = kWriter, .categories = kAclKeyspace,
     .keys = kChanged, .group = Group::generic, .since = "1.2.0", .complexity = "O(1)",
     .summary = "Sets the Unix time in seconds at which a key ends"},
    {.name = "expiretime", .handler = expiretime, .arity = 2, .flags = kReader, .categories = kAclKeyspace,
     .keys = kAsked, .group = Group::generic, .since = "7.0.0", .complexity = "O(1)",
     .summary = "Tells the Unix time in seconds at which a key ends"},
    {.name = "persist", .handler = persist, .arity = 2, .flags = kWriter, .categories = kAclKeyspace,
     .keys = kChanged, .group = Group::generic, .since = "2.2.0", .complexity = "O(1)",
     .summary = "Takes the time to live from a key"},
    {.name = "pexpire", .handler = pexpire, .arity = -3, .flags = kWriter, .categories = kAclKeyspace,
     .keys = kChanged, .group = Group::generic, .since = "2.6.0", .complexity = "O(1)",
     .summary = "Sets the time to live of a key in milliseconds"},
    {.name = "pexpireat", .handler = pexpireat, .arity = -3, .flags = kWriter, .categories = kAclKeyspace,
     .keys = kChanged, .group = Group::generic, .since = "2.6.0", .complexity = "O(1)",
     .summary = "Sets the Unix time in milliseconds at which a key ends"},
    {.name = "pexpiretime", .handler = pexpiretime, .arity = 2, .flags = kReader, .categories = kAclKeyspace,
     .keys = kAsked, .group = Group::generic, .since = "7.0.0", .complexity = "O(1)",
     .summary = "Tells the Unix time in milliseconds at which a key ends"},
    {.name = "pttl", .handler = pttl, .arity = 2, .flags = kReader, .categories = kAclKeyspace, .keys = kAsked,
     .group = Group::generic, .since = "2.6.0", .complexity = "O(1)",
     .summary = "Tells the time a key has to live in milliseconds"},
    {.name = "ttl", .handler = ttl, .arity = 2, .flags = kReader, .categories = kAclKeyspace, .keys = kAsked,
     .group = Group::generic, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Tells the time a key has to live in seconds"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> expire_commands() { return kRows; }

}  // namespace larder::redis
