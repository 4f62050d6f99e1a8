// Commands of the hash group. Deadlines of fields: hash_deadlines.cc; random fields: hash_random.cc.
#include <cmath>
#include <string>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/hash_access.h"
#include "engine/redis/commands/scan_args.h"

namespace larder::redis {

namespace {

// --- writing ---

// The pairs of arguments 2 and on. Returns how many fields are new, or nothing: answered.
bool set_pairs(CommandContext& ctx, std::int64_t* added) {
  if (ctx.args.size() % 2 != 0) {
    wrong_arity(ctx);
    return false;
  }
  Hash* hash = nullptr;
  if (!open_hash(ctx, 1, &hash)) return false;
  const HashLimits limits = hash_limits(ctx);
  for (std::size_t i = 2; i < ctx.args.size(); ++i) hash->make_room_for(ctx.argument(i).size(), limits);
  *added = 0;
  for (std::size_t i = 2; i < ctx.args.size(); i += 2) {
    *added += hash->set(ctx.argument(i), ctx.argument(i + 1), limits) ? 1 : 0;
  }
  ctx.modified(1, "hset");
  return true;
}

void hset(CommandContext& ctx) {
  std::int64_t added = 0;
  if (set_pairs(ctx, &added)) ctx.reply.integer(added);
}

void hmset(CommandContext& ctx) {
  std::int64_t added = 0;
  if (set_pairs(ctx, &added)) ctx.reply.ok();
}

void hsetnx(CommandContext& ctx) {
  Hash* hash = nullptr;
  if (!open_hash(ctx, 1, &hash)) return;
  if (hash->find(ctx.argument(2), ctx.now_ms)) return ctx.reply.integer(0);
  hash->set(ctx.argument(2), ctx.argument(3), hash_limits(ctx));
  ctx.modified(1, "hset");
  ctx.reply.integer(1);
}

void hdel(CommandContext& ctx) {
  Hash* hash = nullptr;
  if (!write_hash(ctx, 1, &hash)) return;
  std::int64_t removed = 0;
  for (std::size_t i = 2; hash != nullptr && i < ctx.args.size(); ++i) {
    const bool alive = hash->find(ctx.argument(i), ctx.now_ms).has_value();
    if (hash->erase(ctx.argument(i)) && alive) ++removed;
  }
  if (removed != 0) {
    ctx.modified(1, "hdel");
    drop_if_empty(ctx, 1, hash);
  }
  ctx.reply.integer(removed);
}

void hincrby(CommandContext& ctx) {
  std::int64_t delta = 0;
  if (!ctx.integer(3, &delta)) return;
  Hash* hash = nullptr;
  if (!open_hash(ctx, 1, &hash)) return;
  std::int64_t value = 0;
  if (const auto found = hash->find(ctx.argument(2), ctx.now_ms)) {
    value = found->integer;
    if (!found->is_integer && !parse_i64(found->bytes, &value)) {
      return ctx.reply.error("ERR hash value is not an integer");
    }
  }
  if (__builtin_add_overflow(value, delta, &value)) {
    return ctx.reply.error("ERR increment or decrement would overflow");
  }
  IntegerText room;
  hash->set(ctx.argument(2), room.of(value), hash_limits(ctx), true);
  ctx.modified(1, "hincrby");
  ctx.reply.integer(value);
}

void hincrbyfloat(CommandContext& ctx) {
  long double delta = 0;
  if (!parse_long_double(ctx.argument(3), &delta)) return ctx.reply.error(errors::kNotFloat);
  if (!std::isfinite(delta)) return ctx.reply.error("ERR value is NaN or Infinity");
  Hash* hash = nullptr;
  if (!open_hash(ctx, 1, &hash)) return;
  long double value = 0;
  if (const auto found = hash->find(ctx.argument(2), ctx.now_ms)) {
    value = static_cast<long double>(found->integer);
    if (!found->is_integer && !parse_long_double(found->bytes, &value)) {
      return ctx.reply.error("ERR hash value is not a float");
    }
  }
  value += delta;
  if (!std::isfinite(value)) return ctx.reply.error("ERR increment would produce NaN or Infinity");
  const std::string text = human_text(value);
  hash->set(ctx.argument(2), text, hash_limits(ctx), true);
  ctx.modified(1, "hincrbyfloat");
  ctx.reply.bulk(text);
}

// --- reading ---

void reply_field(CommandContext& ctx, const Hash* hash, std::size_t argument) {
  if (hash == nullptr) return ctx.reply.null();
  const auto value = hash->find(ctx.argument(argument), ctx.now_ms);
  value ? reply_value(ctx, *value) : ctx.reply.null();
}

void hget(CommandContext& ctx) {
  Hash* hash = nullptr;
  if (read_hash(ctx, 1, &hash)) reply_field(ctx, hash, 2);
}

void hmget(CommandContext& ctx) {
  Hash* hash = nullptr;
  if (!read_hash(ctx, 1, &hash)) return;
  ctx.reply.array(ctx.args.size() - 2);
  for (std::size_t i = 2; i < ctx.args.size(); ++i) reply_field(ctx, hash, i);
}

void hexists(CommandContext& ctx) {
  Hash* hash = nullptr;
  if (!read_hash(ctx, 1, &hash)) return;
  ctx.reply.integer(hash != nullptr && hash->find(ctx.argument(2), ctx.now_ms) ? 1 : 0);
}

void hstrlen(CommandContext& ctx) {
  Hash* hash = nullptr;
  if (!read_hash(ctx, 1, &hash)) return;
  const auto value = hash == nullptr ? std::nullopt : hash->find(ctx.argument(2), ctx.now_ms);
  IntegerText room;
  ctx.reply.integer(value ? static_cast<std::int64_t>(value->text(room).size()) : 0);
}

void hlen(CommandContext& ctx) {
  Hash* hash = nullptr;
  if (!read_hash(ctx, 1, &hash)) return;
  ctx.reply.integer(hash == nullptr ? 0 : static_cast<std::int64_t>(hash->size()));
}

template <bool names, bool values>
void all(CommandContext& ctx) {
  Hash* hash = nullptr;
  if (!read_hash(ctx, 1, &hash)) return;
  const std::size_t count = hash == nullptr ? 0 : alive_count(ctx, *hash);
  names && values ? ctx.reply.map(count) : ctx.reply.array(count);
  if (hash == nullptr) return;
  for_each_alive(ctx, *hash, [&](const Hash::Pair& pair) {
    if (names) reply_value(ctx, pair.field);
    if (values) reply_value(ctx, pair.value);
    return true;
  });
}

void hscan(CommandContext& ctx) {
  ScanArguments scan;
  if (!parse_scan_cursor(ctx, 2, &scan)) return;
  Hash* hash = nullptr;
  if (!read_hash(ctx, 1, &hash)) return;
  if (hash == nullptr) return reply_empty_scan(ctx.reply);
  if (!parse_scan_options(ctx, 3, &scan)) return;
  ScanResult result(scan);
  result.run([&](std::uint64_t cursor) {
    return hash->scan(cursor, [&](const Hash::Pair& pair) {
      IntegerText name;
      IntegerText value;
      if (!pair.dead(ctx.now_ms)) result.take(pair.field.text(name), pair.value.text(value));
    });
  });
  result.reply(ctx.reply);
}

constexpr std::uint32_t kUpdates = kWrite | kDenyOom | kFast;
constexpr KeySpecs kReadKey = key_at(1, kKeyRO | kKeyAccess);
constexpr KeySpecs kLookKey = key_at(1, kKeyRO);
constexpr KeySpecs kUpdateKey = key_at(1, kKeyRW | kKeyUpdate);
constexpr KeySpecs kCountKey = key_at(1, kKeyRW | kKeyAccess | kKeyUpdate);

constexpr CommandSpec kRows[] = {
    {.name = "hdel", .handler = hdel, .arity = -3, .flags = kWrite | kFast, .categories = kAclHash,
     .keys = key_at(1, kKeyRW | kKeyDelete), .group = Group::hash, .since = "2.0.0",
     .complexity = "O(N) for N fields removed", .summary = "Removes fields"},
    {.name = "hexists", .handler = hexists, .arity = 3, .flags = kReadonly | kFast,
     .categories = kAclHash, .keys = kLookKey, .group = Group::hash, .since = "2.0.0", .complexity = "O(1)",
     .summary = "Tells whether a field is there"},
    {.name = "hget", .handler = hget, .arity = 3, .flags = kReadonly | kFast, .categories = kAclHash,
     .keys = kReadKey, .group = Group::hash, .since = "2.0.0", .complexity = "O(1)",
     .summary = "Tells the value of a field"},
    {.name = "hgetall", .handler = all<true, true>, .arity = 2, .flags = kReadonly,
     .categories = kAclHash, .keys = kReadKey, .group = Group::hash, .since = "2.0.0",
     .complexity = "O(N) for N fields", .summary = "Tells all fields with their values"},
    {.name = "hincrby", .handler = hincrby, .arity = 4, .flags = kUpdates, .categories = kAclHash,
     .keys = kCountKey, .group = Group::hash, .since = "2.0.0", .complexity = "O(1)",
     .summary = "Adds an integer to the value of a field"},
    {.name = "hincrbyfloat", .handler = hincrbyfloat, .arity = 4, .flags = kUpdates,
     .categories = kAclHash, .keys = kCountKey, .group = Group::hash, .since = "2.6.0", .complexity = "O(1)",
     .summary = "Adds a number to the value of a field"},
    {.name = "hkeys", .handler = all<true, false>, .arity = 2, .flags = kReadonly,
     .categories = kAclHash, .keys = kReadKey, .group = Group::hash, .since = "2.0.0",
     .complexity = "O(N) for N fields", .summary = "Tells the names of all fields"},
    {.name = "hlen", .handler = hlen, .arity = 2, .flags = kReadonly | kFast, .categories = kAclHash,
     .keys = kLookKey, .group = Group::hash, .since = "2.0.0", .complexity = "O(1)",
     .summary = "Tells how many fields a hash has"},
    {.name = "hmget", .handler = hmget, .arity = -3, .flags = kReadonly | kFast, .categories = kAclHash,
     .keys = kReadKey, .group = Group::hash, .since = "2.0.0", .complexity = "O(N) for N fields asked for",
     .summary = "Tells the values of several fields"},
    {.name = "hmset", .handler = hmset, .arity = -4, .flags = kUpdates | kDeprecated,
     .categories = kAclHash, .keys = kUpdateKey, .group = Group::hash, .since = "2.0.0",
     .complexity = "O(N) for N fields set", .summary = "Sets the values of fields",
     .replaced_by = "`HSET` with multiple field-value pairs", .deprecated_since = "4.0.0"},
    {.name = "hscan", .handler = hscan, .arity = -3, .flags = kReadonly, .categories = kAclHash,
     .keys = kReadKey, .group = Group::hash, .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for all N fields",
     .summary = "Goes over fields and values step by step"},
    {.name = "hset", .handler = hset, .arity = -4, .flags = kUpdates, .categories = kAclHash,
     .keys = kUpdateKey, .group = Group::hash, .since = "2.0.0", .complexity = "O(N) for N fields set",
     .summary = "Sets the values of fields"},
    {.name = "hsetnx", .handler = hsetnx, .arity = 4, .flags = kUpdates, .categories = kAclHash,
     .keys = key_at(1, kKeyRW | kKeyInsert), .group = Group::hash, .since = "2.0.0", .complexity = "O(1)",
     .summary = "Sets the value of a field that is not there"},
    {.name = "hstrlen", .handler = hstrlen, .arity = 3, .flags = kReadonly | kFast,
     .categories = kAclHash, .keys = kLookKey, .group = Group::hash, .since = "3.2.0", .complexity = "O(1)",
     .summary = "Tells how long the value of a field is"},
    {.name = "hvals", .handler = all<false, true>, .arity = 2, .flags = kReadonly,
     .categories = kAclHash, .keys = kReadKey, .group = Group::hash, .since = "2.0.0",
     .complexity = "O(N) for N fields", .summary = "Tells the values of all fields"},
};

}  // namespace

std::span<const CommandSpec> hash_commands() { return kRows; }

}  // namespace larder::redis
