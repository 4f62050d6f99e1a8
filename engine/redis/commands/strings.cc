// Commands of the string group.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/expire_time.h"
#include "engine/redis/string_value.h"

namespace larder::redis {

namespace {

using OptionalString = std::optional<std::string_view>;

void get(CommandContext& ctx) {
  Item* const item = ctx.find(1);
  if (item == nullptr) return ctx.reply.null();
  if (item->object()) [[unlikely]] return ctx.reply.error(errors::kWrongType);
  reply_string(ctx, *item);
}

// --- SET and GETEX: options ---

struct SetOptions {
  bool if_absent = false;      // NX
  bool if_present = false;     // XX
  bool get = false;
  bool keep_ttl = false;
  bool persist = false;        // GETEX
  std::size_t time_index = 0;  // argument with the time; 0: none
  TimeUnit unit = TimeUnit::seconds;
  bool absolute = false;
};

// Reads options from argument `i` on; false: the error has been answered.
bool read_set_options(CommandContext& ctx, std::size_t i, bool getex, SetOptions* options) {
  struct TimeWord {
    std::string_view word;
    TimeUnit unit;
    bool absolute;
  };
  constexpr TimeWord kTimeWords[] = {{"ex", TimeUnit::seconds, false},
                                     {"px", TimeUnit::milliseconds, false},
                                     {"exat", TimeUnit::seconds, true},
                                     {"pxat", TimeUnit::milliseconds, true}};
  for (; i < ctx.args.size(); ++i) {
    const bool any_time = options->time_index != 0 || options->keep_ttl || options->persist;
    if (!getex && ctx.is(i, "nx") && !options->if_present) {
      options->if_absent = true;
    } else if (!getex && ctx.is(i, "xx") && !options->if_absent) {
      options->if_present = true;
    } else if (!getex && ctx.is(i, "get")) {
      options->get = true;
    } else if (!getex && ctx.is(i, "keepttl") && options->time_index == 0) {
      options->keep_ttl = true;
    } else if (getex && ctx.is(i, "persist") && options->time_index == 0) {
      options->persist = true;
    } else {
      const auto* word = std::find_if(std::begin(kTimeWords), std::end(kTimeWords),
                                      [&](const TimeWord& each) { return ctx.is(i, each.word); });
      if (word == std::end(kTimeWords) || any_time || i + 1 == ctx.args.size()) {
        ctx.syntax_error();
        return false;
      }
      options->unit = word->unit;
      options->absolute = word->absolute;
      options->time_index = ++i;
    }
  }
  return true;
}

void set_with_options(CommandContext& ctx) {
  SetOptions options;
  if (!read_set_options(ctx, 3, false, &options)) return;
  std::int64_t deadline_ms = 0;
  if (options.time_index != 0 &&
      !read_deadline(ctx, options.time_index, options.unit, options.absolute, true, &deadline_ms)) {
    return;
  }
  Item* const item = options.get ? ctx.find(1) : ctx.peek(1);
  if (options.get) {
    if (item != nullptr && item->object()) return ctx.reply.error(errors::kWrongType);
    if (item == nullptr) {
      ctx.reply.null();
    } else {
      ctx.reply.bulk(item->value());
    }
  }
  if ((options.if_absent && item != nullptr) || (options.if_present && item == nullptr)) {
    if (!options.get) ctx.reply.null();
    return;
  }
  if (options.keep_ttl && item != nullptr) deadline_ms = ctx.deadline_of(*item);
  ctx.put_string(ctx.key(1), ctx.argument(2), {.deadline_ms = deadline_ms});
  ctx.modified(1, "set");
  if (options.time_index != 0) ctx.modified(1, "expire");
  if (!options.get) ctx.reply.ok();
}

void set(CommandContext& ctx) {
  if (ctx.args.size() != 3) [[unlikely]] return set_with_options(ctx);
  ctx.put_string(1, ctx.argument(2));
  ctx.modified(1, "set");
  ctx.reply.ok();
}

void set_for(CommandContext& ctx, TimeUnit unit) {
  std::int64_t deadline_ms = 0;
  if (!read_deadline(ctx, 2, unit, false, true, &deadline_ms)) return;
  ctx.put_string(ctx.key(1), ctx.argument(3), {.deadline_ms = deadline_ms});
  ctx.modified(1, "set");
  ctx.modified(1, "expire");
  ctx.reply.ok();
}
void setex(CommandContext& ctx) { set_for(ctx, TimeUnit::seconds); }
void psetex(CommandContext& ctx) { set_for(ctx, TimeUnit::milliseconds); }

void setnx(CommandContext& ctx) {
  if (ctx.exists(1)) return ctx.reply.integer(0);
  ctx.put_string(1, ctx.argument(2));
  ctx.modified(1, "set");
  ctx.reply.integer(1);
}

void getex(CommandContext& ctx) {
  Item* const item = ctx.find(1);
  SetOptions options;
  if (!read_set_options(ctx, 2, true, &options)) return;
  if (item == nullptr) return ctx.reply.null();
  if (item->object()) return ctx.reply.error(errors::kWrongType);
  std::int64_t deadline_ms = 0;
  if (options.time_index != 0 &&
      !read_deadline(ctx, options.time_index, options.unit, options.absolute, true, &deadline_ms)) {
    return;
  }
  reply_string(ctx, *item);
  if (options.time_index != 0 && deadline_ms <= ctx.now_ms) {
    ctx.remove(1);
    ctx.modified(1, "del");
  } else if (options.time_index != 0) {
    ctx.set_deadline(ctx.key(1), deadline_ms);
    ctx.modified(1, "expire");
  } else if (options.persist && ctx.deadline_of(*item) != 0) {
    ctx.set_deadline(ctx.key(1), 0);
    ctx.modified(1, "persist");
  }
}

void getdel(CommandContext& ctx) {
  Item* const item = ctx.find(1);
  if (item == nullptr) return ctx.reply.null();
  if (item->object()) return ctx.reply.error(errors::kWrongType);
  reply_string(ctx, *item);
  ctx.remove(1);
  ctx.modified(1, "del");
}

void getset(CommandContext& ctx) {
  Item* const item = ctx.find(1);
  if (item != nullptr && item->object()) return ctx.reply.error(errors::kWrongType);
  if (item == nullptr) {
    ctx.reply.null();
  } else {
    reply_string(ctx, *item);
  }
  ctx.put_string(1, ctx.argument(2));
  ctx.modified(1, "set");
}

// --- several keys ---

void mget(CommandContext& ctx) {
  ctx.reply.array(ctx.args.size() - 1);
  for (std::size_t i = 1; i < ctx.args.size(); ++i) {
    Item* const item = ctx.find(i);
    if (item == nullptr || item->object()) {
      ctx.reply.null();
    } else {
      reply_string(ctx, *item);
    }
  }
}

bool pairs_are_whole(CommandContext& ctx) {
  if (ctx.args.size() % 2 == 1) return true;
  ctx.reply.error("ERR wrong number of arguments for '" + ctx.command.full_name + "' command");
  return false;
}

void set_all(CommandContext& ctx) {
  for (std::size_t i = 1; i < ctx.args.size(); i += 2) {
    const Key key = ctx.key(i);
    ctx.put_string(key, ctx.argument(i + 1));
    ctx.modified(key, "set");
  }
}

void mset(CommandContext& ctx) {
  if (!pairs_are_whole(ctx)) return;
  set_all(ctx);
  ctx.reply.ok();
}

void msetnx(CommandContext& ctx) {
  if (!pairs_are_whole(ctx)) return;
  for (std::size_t i = 1; i < ctx.args.size(); i += 2) {
    if (ctx.exists(i)) return ctx.reply.integer(0);
  }
  set_all(ctx);
  ctx.reply.integer(1);
}

// --- parts of strings ---

void strlen(CommandContext& ctx) {
  OptionalString value;
  if (!ctx.read_string(1, &value)) return;
  ctx.reply.integer(value.has_value() ? static_cast<std::int64_t>(value->size()) : 0);
}

void append(CommandContext& ctx) {
  const std::string_view added = ctx.argument(2);
  const Key key = ctx.key(1);
  OptionalString value;
  Item* const item = ctx.peek(key);
  if (!ctx.string_of(item, &value)) return;
  const std::size_t old_bytes = value.has_value() ? value->size() : 0;
  if (value.has_value()) {
    if (!check_string_bytes(ctx, std::uint64_t{old_bytes} + added.size())) return;
    const std::span<char> bytes = ctx.edit_string(key, old_bytes + added.size());
    std::memcpy(bytes.data() + old_bytes, added.data(), added.size());
  } else {
    ctx.put_string(key, added);
  }
  ctx.modified(key, "append");
  ctx.reply.integer(static_cast<std::int64_t>(old_bytes + added.size()));
}

void setrange(CommandContext& ctx) {
  const std::string_view part = ctx.argument(3);
  const Key key = ctx.key(1);
  std::int64_t offset = 0;
  if (!ctx.integer(2, &offset)) return;
  if (offset < 0) return ctx.reply.error("ERR offset is out of range");
  OptionalString value;
  if (!ctx.string_of(ctx.peek(key), &value)) return;
  const std::size_t old_bytes = value.has_value() ? value->size() : 0;
  if (part.empty()) return ctx.reply.integer(static_cast<std::int64_t>(old_bytes));
  if (!check_string_bytes(ctx, static_cast<std::uint64_t>(offset) + part.size())) return;
  const std::span<char> bytes = ctx.edit_string(key, static_cast<std::size_t>(offset) + part.size());
  std::memcpy(bytes.data() + offset, part.data(), part.size());
  ctx.modified(key, "setrange");
  ctx.reply.integer(static_cast<std::int64_t>(bytes.size()));
}

void getrange(CommandContext& ctx) {
  std::int64_t start = 0;
  std::int64_t end = 0;
  if (!ctx.integer(2, &start) || !ctx.integer(3, &end)) return;
  OptionalString value;
  if (!ctx.read_string(1, &value)) return;
  const std::int64_t length = value.has_value() ? static_cast<std::int64_t>(value->size()) : 0;
  if (start < 0 && end < 0 && start > end) return ctx.reply.bulk({});
  if (start < 0) start = std::max<std::int64_t>(start + length, 0);
  if (end < 0) end = std::max<std::int64_t>(end + length, 0);
  end = std::min(end, length - 1);
  if (start > end || length == 0) return ctx.reply.bulk({});
  ctx.reply.bulk(value->substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start + 1)));
}

// --- numbers ---

void add_integer(CommandContext& ctx, std::int64_t delta) {
  const Key key = ctx.key(1);
  OptionalString value;
  if (!ctx.string_of(ctx.peek(key), &value)) return;
  std::int64_t number = 0;
  if (value.has_value() && !parse_i64(*value, &number)) return ctx.reply.error(errors::kNotInteger);
  if (__builtin_add_overflow(number, delta, &number)) {
    return ctx.reply.error("ERR increment or decrement would overflow");
  }
  NumberText text;
  ctx.put_string(key, text.of(number), {.keep_fields = true});
  ctx.modified(key, "incrby");
  ctx.reply.integer(number);
}

void incr(CommandContext& ctx) { add_integer(ctx, 1); }
void decr(CommandContext& ctx) { add_integer(ctx, -1); }

void incrby(CommandContext& ctx) {
  std::int64_t delta = 0;
  if (ctx.integer(2, &delta)) add_integer(ctx, delta);
}

void decrby(CommandContext& ctx) {
  std::int64_t delta = 0;
  if (!ctx.integer(2, &delta)) return;
  if (delta == std::numeric_limits<std::int64_t>::min()) return ctx.reply.error("ERR decrement would overflow");
  add_integer(ctx, -delta);
}

void incrbyfloat(CommandContext& ctx) {
  const Key key = ctx.key(1);
  OptionalString value;
  if (!ctx.string_of(ctx.peek(key), &value)) return;
  long double number = 0;
  long double delta = 0;
  if ((value.has_value() && !parse_long_double(*value, &number)) || !parse_long_double(ctx.argument(2), &delta)) {
    return ctx.reply.error(errors::kNotFloat);
  }
  number += delta;
  if (std::isnan(number) || std::isinf(number)) {
    return ctx.reply.error("ERR increment would produce NaN or Infinity");
  }
  const std::string text = human_text(number);
  ctx.put_string(key, text, {.keep_fields = true, .marks = slab::kTextString});
  ctx.modified(key, "incrbyfloat");
  ctx.reply.bulk(text);
}

// What SET does to its key: with GET it reads it, too.
bool find_set_key(Arguments args, KeyList* keys) {
  const auto has_get = [](std::string_view word) { return equals_nocase(word, "get"); };
  const bool gets = args.size() > 3 && std::any_of(args.begin() + 3, args.end(), has_get);
  keys->add(1, gets ? kKeyRW | kKeyAccess | kKeyUpdate : kKeyOW | kKeyUpdate);
  return true;
}

constexpr std::uint32_t kWriter = kWrite | kDenyOom;
constexpr std::uint32_t kFastWriter = kWriter | kFast;
constexpr std::uint16_t kUpdates = kKeyRW | kKeyUpdate;
constexpr std::uint16_t kSwaps = kKeyRW | kKeyAccess | kKeyUpdate;

// clang-format off
constexpr CommandSpec kRows[] = {
    {.name = "append", .handler = append, .arity = 3, .flags = kFastWriter, .categories = kAclString,
     .keys = key_at(1, kKeyRW | kKeyInsert), .group = Group::string, .since = "2.0.0",
     .complexity = "O(1) on average", .summary = "Adds bytes to the end of a string"},
    {.name = "decr", .handler = decr, .arity = 2, .flags = kFastWriter, .categories = kAclString,
     .keys = key_at(1, kSwaps), .group = Group::string, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Subtracts one from a number"},
    {.name = "decrby", .handler = decrby, .arity = 3, .flags = kFastWriter, .categories = kAclString,
     .keys = key_at(1, kSwaps), .group = Group::string, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Subtracts from a number"},
    {.name = "get", .handler = get, .arity = 2, .flags = kReadonly | kFast, .categories = kAclString,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::string, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Tells the string of a key"},
    {.name = "getdel", .handler = getdel, .arity = 2, .flags = kWrite | kFast, .categories = kAclString,
     .keys = key_at(1, kKeyRW | kKeyAccess | kKeyDelete), .group = Group::string, .since = "6.2.0",
     .complexity = "O(1)", .summary = "Tells the string of a key and removes the key"},
    {.name = "getex", .handler = getex, .arity = -2, .flags = kWrite | kFast, .categories = kAclString,
     .keys = key_at(1, kKeyRW | kKeyAccess | kKeyUpdate), .group = Group::string, .since = "6.2.0",
     .complexity = "O(1)", .summary = "Tells the string of a key and changes when it expires"},
    {.name = "getrange", .handler = getrange, .arity = 4, .flags = kReadonly, .categories = kAclString,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::string, .since = "2.4.0",
     .complexity = "O(N) for N bytes told", .summary = "Tells a part of a string"},
    {.name = "getset", .handler = getset, .arity = 3, .flags = kFastWriter | kDeprecated, .categories = kAclString,
     .keys = key_at(1, kSwaps), .group = Group::string, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Sets a string and tells the one before", .replaced_by = "`SET` with the `!GET` argument",
     .deprecated_since = "6.2.0"},
    {.name = "incr", .handler = incr, .arity = 2, .flags = kFastWriter, .categories = kAclString,
     .keys = key_at(1, kSwaps), .group = Group::string, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Adds one to a number"},
    {.name = "incrby", .handler = incrby, .arity = 3, .flags = kFastWriter, .categories = kAclString,
     .keys = key_at(1, kSwaps), .group = Group::string, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Adds to a number"},
    {.name = "incrbyfloat", .handler = incrbyfloat, .arity = 3, .flags = kFastWriter, .categories = kAclString,
     .keys = key_at(1, kSwaps), .group = Group::string, .since = "2.6.0", .complexity = "O(1)",
     .summary = "Adds to a number with a fraction"},
    {.name = "mget", .handler = mget, .arity = -2, .flags = kReadonly | kFast, .categories = kAclString,
     .keys = keys_from(1, -1, 1, kKeyRO | kKeyAccess), .group = Group::string, .since = "1.0.0",
     .complexity = "O(N) for N keys", .summary = "Tells the strings of several keys"},
    {.name = "mset", .handler = mset, .arity = -3, .flags = kWriter, .categories = kAclString,
     .keys = keys_from(1, -1, 2, kKeyOW | kKeyUpdate), .group = Group::string, .since = "1.0.1",
     .complexity = "O(N) for N keys", .summary = "Sets the strings of several keys at once"},
    {.name = "msetnx", .handler = msetnx, .arity = -3, .flags = kWriter, .categories = kAclString,
     .keys = keys_from(1, -1, 2, kKeyOW | kKeyInsert), .group = Group::string, .since = "1.0.1",
     .complexity = "O(N) for N keys", .summary = "Sets the strings of several keys if none of them exists"},
    {.name = "psetex", .handler = psetex, .arity = 4, .flags = kWriter, .categories = kAclString,
     .keys = key_at(1, kKeyOW | kKeyUpdate), .group = Group::string, .since = "2.6.0", .complexity = "O(1)",
     .summary = "Sets a string and its time to live in milliseconds"},
    {.name = "set", .handler = set, .arity = -3, .flags = kWriter, .categories = kAclString,
     .keys = key_at(1, kSwaps | kKeyVariableFlags), .find_keys = find_set_key, .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(1)", .summary = "Sets the string of a key"},
    {.name = "setex", .handler = setex, .arity = 4, .flags = kWriter, .categories = kAclString,
     .keys = key_at(1, kKeyOW | kKeyUpdate), .group = Group::string, .since = "2.0.0", .complexity = "O(1)",
     .summary = "Sets a string and its time to live in seconds"},
    {.name = "setnx", .handler = setnx, .arity = 3, .flags = kFastWriter, .categories = kAclString,
     .keys = key_at(1, kKeyOW | kKeyInsert), .group = Group::string, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Sets a string if the key does not exist"},
    {.name = "setrange", .handler = setrange, .arity = 4, .flags = kWriter, .categories = kAclString,
     .keys = key_at(1, kUpdates), .group = Group::string, .since = "2.2.0",
     .complexity = "O(1) for short parts", .summary = "Writes over a part of a string"},
    {.name = "strlen", .handler = strlen, .arity = 2, .flags = kReadonly | kFast, .categories = kAclString,
     .keys = key_at(1, kKeyRO), .group = Group::string, .since = "2.2.0", .complexity = "O(1)",
     .summary = "Tells the length of a string"},
    {.name = "substr", .handler = getrange, .arity = 4, .flags = kReadonly | kDeprecated, .categories = kAclString,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::string, .since = "1.0.0",
     .complexity = "O(N) for N bytes told", .summary = "Tells a part of a string",
     .replaced_by = "`GETRANGE`", .deprecated_since = "2.0.0"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> string_commands() { return kRows; }

}  // namespace larder::redis
