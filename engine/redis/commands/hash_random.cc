// HRANDFIELD: random fields of a hash, each once or with repetition.
#include <algorithm>
#include <string>
#include <unordered_set>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/hash_access.h"

namespace larder::redis {

namespace {

// Below this many times the fields asked for, a hash is gone over once instead of drawn from.
constexpr std::size_t kDrawFactor = 3;

void reply_pair(CommandContext& ctx, const Hash::Pair& pair, bool with_values) {
  if (with_values && ctx.reply.resp3()) ctx.reply.array(2);
  reply_value(ctx, pair.field);
  if (with_values) reply_value(ctx, pair.value);
}

// A reply of `count` fields has as many elements.
std::size_t elements(const CommandContext& ctx, std::size_t count, bool with_values) {
  return with_values && !ctx.reply.resp3() ? 2 * count : count;
}

// A field that is alive, each as likely as any other. Requires: there is one.
Hash::Pair draw(CommandContext& ctx, const Hash& hash) {
  for (;;) {
    const Hash::Pair pair = hash.random(random_below(ctx));
    if (!pair.dead(ctx.now_ms)) return pair;
  }
}

void reply_distinct(CommandContext& ctx, const Hash& hash, std::size_t alive, std::size_t count,
                    bool with_values) {
  if (hash.encoding() == Encoding::kHashtable && count * kDrawFactor <= alive) {
    std::unordered_set<std::string_view> drawn;  // names in the table stay where they are
    while (drawn.size() < count) {
      const Hash::Pair pair = draw(ctx, hash);
      if (drawn.insert(pair.field.bytes).second) reply_pair(ctx, pair, with_values);
    }
    return;
  }
  Sampler sampler(ctx, alive, count);
  for_each_alive(ctx, hash, [&](const Hash::Pair& pair) {
    if (sampler.pick()) reply_pair(ctx, pair, with_values);
    return !sampler.done();
  });
}

void reply_repeated(CommandContext& ctx, const Hash& hash, std::uint64_t count, bool with_values) {
  const Reply::Mark mark = ctx.reply.begin();
  std::size_t bytes = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Hash::Pair pair = draw(ctx, hash);
    bytes += 32 + pair.field.bytes.size() + pair.value.bytes.size();
    if (bytes > kRepeatedBytesMax) {
      ctx.reply.rewind(mark);
      return ctx.reply.error(errors::kOutOfRange);
    }
    reply_pair(ctx, pair, with_values);
  }
  ctx.reply.end_array(mark, elements(ctx, count, with_values));
}

void hrandfield(CommandContext& ctx) {
  const bool as_array = ctx.args.size() >= 3;
  std::int64_t count = 1;
  bool with_values = false;
  if (as_array) {
    if (!ranged_integer(ctx, 2, -INT64_MAX, INT64_MAX, &count)) return;
    if (ctx.args.size() > 4) return ctx.syntax_error();
    with_values = ctx.args.size() == 4;
    if (with_values && !ctx.is(3, "withvalues")) return ctx.syntax_error();
    if (with_values && (count < -(INT64_MAX / 2) || count > INT64_MAX / 2)) {
      return ctx.reply.error(errors::kOutOfRange);
    }
  }
  Hash* hash = nullptr;
  if (!read_hash(ctx, 1, &hash)) return;
  const std::size_t alive = hash == nullptr ? 0 : alive_count(ctx, *hash);
  if (alive == 0) return as_array ? ctx.reply.empty_array() : ctx.reply.null();
  if (!as_array) return reply_value(ctx, draw(ctx, *hash).field);
  if (count < 0) return reply_repeated(ctx, *hash, static_cast<std::uint64_t>(-count), with_values);
  const std::size_t given = std::min(static_cast<std::size_t>(count), alive);
  ctx.reply.array(elements(ctx, given, with_values));
  reply_distinct(ctx, *hash, alive, given, with_values);
}

constexpr CommandSpec kRows[] = {
    {.name = "hrandfield", .handler = hrandfield, .arity = -2, .flags = kReadonly,
     .categories = kAclHash, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::hash,
     .since = "6.2.0", .complexity = "O(N) for N fields asked for", .summary = "Tells random fields"},
};

}  // namespace

std::span<const CommandSpec> hash_random_commands() { return kRows; }

}  // namespace larder::redis
