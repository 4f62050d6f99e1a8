// DUMP and RESTORE: one value as bytes that redis-server understands, and back.
#include <algorithm>
#include <limits>

#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/value_support.h"
#include "engine/redis/commands/zset_args.h"
#include "engine/redis/persist/dump.h"

namespace larder::redis {

namespace {

void dump(CommandContext& ctx) {
  Item* item = ctx.find(1);
  if (item == nullptr) return ctx.reply.null();
  if (const Value* value = RedisEngine::object_of(*item)) {
    return ctx.reply.bulk(persist::dump_value(*value));
  }
  std::optional<std::string_view> text;
  ctx.string_of(item, &text);
  ctx.reply.bulk(persist::dump_string(*text));
}

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
  std::int64_t idle_s = -1;
  std::int64_t frequency = -1;
};

/// Reads the options; false: the error has been answered.
bool parse_options(CommandContext& ctx, RestoreOptions* options) {
  for (std::size_t i = 4; i < ctx.args.size(); ++i) {
    const bool has_value = i + 1 < ctx.args.size();
    if (ctx.is(i, "replace")) {
      options->replace = true;
    } else if (ctx.is(i, "absttl")) {
      options->absolute = true;
    } else if (has_value && options->frequency == -1 && ctx.is(i, "idletime")) {
      if (!ctx.integer(++i, &options->idle_s)) return false;
      if (options->idle_s < 0) return ctx.reply.error("ERR Invalid IDLETIME value, must be >= 0"), false;
    } else if (has_value && options->idle_s == -1 && ctx.is(i, "freq")) {
      if (!ctx.integer(++i, &options->frequency)) return false;
      if (options->frequency < 0 || options->frequency > 255) {
        return ctx.reply.error("ERR Invalid FREQ value, must be >= 0 and <= 255"), false;
      }
    } else {
      return ctx.syntax_error(), false;
    }
  }
  return true;
}

persist::ValueLimits limits_of(const CommandContext& ctx) {
  return {list_limits(ctx), set_limits(ctx), hash_limits(ctx), zset_limits(ctx)};
}

constexpr std::int64_t kIdleMax = std::int64_t{1} << 31;

/// Gives the new entry the age and use that the payload's server told, as far as an item can say them.
void set_usage(CommandContext& ctx, const RestoreOptions& options) {
  Item* item = ctx.peek(1);
  if (item == nullptr) return;
  if (options.idle_s >= 0) {
    // Ages are differences modulo 2^32, so one longer than the server's own is fine.
    const auto idle_s = static_cast<std::uint32_t>(std::min<std::int64_t>(options.idle_s, kIdleMax));
    __atomic_store_n(&item->accessed_s, ctx.engine.clock().now() - idle_s, __ATOMIC_RELAXED);
  }
  if (options.frequency >= 0) {
    item->set_uses(static_cast<unsigned>(std::min<std::int64_t>(options.frequency, slab::kUsesMax)));
  }
}

void restore(CommandContext& ctx) {
  RestoreOptions options;
  if (!parse_options(ctx, &options)) return;
  if (!options.replace && ctx.exists(1)) return ctx.reply.error("BUSYKEY Target key name already exists.");
  std::int64_t ttl_ms = 0;
  if (!ctx.integer(2, &ttl_ms)) return;
  if (ttl_ms < 0) return ctx.reply.error("ERR Invalid TTL value, must be >= 0");
  if (!persist::payload_intact(ctx.argument(3))) {
    return ctx.reply.error("ERR DUMP payload version or checksum are wrong");
  }
  std::optional<persist::LoadedValue> value = persist::restore(ctx.argument(3), limits_of(ctx));
  if (!value) return ctx.reply.error("ERR Bad data format");
  std::int64_t deadline_ms = ttl_ms;
  if (ttl_ms != 0 && !options.absolute &&
      __builtin_add_overflow(ttl_ms, ctx.now_ms, &deadline_ms)) {
    deadline_ms = std::numeric_limits<std::int64_t>::max();
  }
  if (deadline_ms != 0 && deadline_ms <= ctx.now_ms) {
    // Over before it began: only what was there goes.
    if (options.replace && ctx.remove(1)) ctx.modified(1, "del");
    return ctx.reply.ok();
  }
  if (value->object != nullptr) {
    if (value->object->type() == Type::kHash) ctx.engine.field_expiry().note();
    ctx.put(1, std::move(value->object));
  } else {
    ctx.put_string(1, value->string);
  }
  if (deadline_ms != 0) ctx.set_deadline(ctx.key(1), deadline_ms);
  set_usage(ctx, options);
  ctx.modified(1, "restore");
  ctx.reply.ok();
}

constexpr std::string_view kRestoreCost = "O(N) for N bytes, and O(log(N)) an element of a sorted set";

constexpr CommandSpec kRows[] = {
    {.name = "dump", .handler = dump, .arity = 2, .flags = kReadonly, .categories = kAclKeyspace,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::generic, .since = "2.6.0",
     .complexity = "O(N) for N bytes", .summary = "Gives a value as bytes"},
    {.name = "restore", .handler = restore, .arity = -4, .flags = kWrite | kDenyOom,
     .categories = kAclKeyspace | kAclDangerous, .keys = key_at(1, kKeyOW | kKeyUpdate),
     .group = Group::generic, .since = "2.6.0", .complexity = kRestoreCost,
     .summary = "Makes a value of the bytes that DUMP gave"},
    {.name = "restore-asking", .handler = restore, .arity = -4, .flags = kWrite | kDenyOom | kAsking,
     .categories = kAclKeyspace | kAclDangerous, .keys = key_at(1, kKeyOW | kKeyUpdate),
     .group = Group::server, .since = "3.0.0", .complexity = kRestoreCost,
     .summary = "RESTORE into a slot that is being moved here"},
};

}  // namespace

std::span<const CommandSpec> dump_commands() { return kRows; }

}  // namespace larder::redis
