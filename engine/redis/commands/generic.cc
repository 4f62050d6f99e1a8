// Commands that work on keys of any type: removal, names, copies, OBJECT. Times to live: expire.cc; walks
// over the keyspace: scan.cc.
#include <algorithm>

#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/string_value.h"

namespace larder::redis {

namespace {

void remove_keys(CommandContext& ctx) {
  std::int64_t removed = 0;
  for (std::size_t i = 1; i < ctx.args.size(); ++i) {
    const Key key = ctx.key(i);
    if (!ctx.remove(key)) continue;
    ctx.modified(key, "del");
    ++removed;
  }
  ctx.reply.integer(removed);
}

void count_keys(CommandContext& ctx) {
  std::int64_t found = 0;
  for (std::size_t i = 1; i < ctx.args.size(); ++i) found += ctx.find(i) != nullptr ? 1 : 0;
  ctx.reply.integer(found);
}

void type(CommandContext& ctx) {
  const Item* item = ctx.peek(1);
  ctx.reply.status(item == nullptr ? "none" : type_name(CommandContext::type_of(*item)));
}

// --- RENAME, COPY, MOVE ---

void rename_key(CommandContext& ctx, bool only_if_absent) {
  const Key from = ctx.key(1);
  const Key to = ctx.key(2);
  if (!ctx.exists(1)) return ctx.reply.error(errors::kNoKey);
  const bool same = from.bytes == to.bytes;
  if (only_if_absent && (same || ctx.exists(2))) return ctx.reply.integer(0);
  if (!same) {
    const unsigned database = ctx.client.database;
    ctx.attach(to, database, ctx.detach(from, database));
    ctx.modified(from, "rename_from");
    ctx.modified(to, "rename_to");
  }
  if (only_if_absent) {
    ctx.reply.integer(1);
  } else {
    ctx.reply.ok();
  }
}

void rename(CommandContext& ctx) { rename_key(ctx, false); }
void renamenx(CommandContext& ctx) { rename_key(ctx, true); }

// A database by its number in argument `i`; false: the error has been answered.
bool read_database(CommandContext& ctx, std::size_t i, unsigned* database) {
  std::int64_t number = 0;
  if (!ctx.integer(i, &number)) return false;
  if (number < 0 || number >= ctx.settings.databases) {
    ctx.reply.error(errors::kDbOutOfRange);
    return false;
  }
  *database = static_cast<unsigned>(number);
  return true;
}

bool copy_to_database(Arguments args) { return args.size() > 4; }

void copy(CommandContext& ctx) {
  bool replace = false;
  unsigned database = ctx.client.database;
  for (std::size_t i = 3; i < ctx.args.size(); ++i) {
    if (ctx.is(i, "replace")) {
      replace = true;
    } else if (ctx.is(i, "db") && i + 1 < ctx.args.size()) {
      if (!read_database(ctx, ++i, &database)) return;
    } else {
      return ctx.syntax_error();
    }
  }
  const Key from = ctx.key(1);
  const Key to = ctx.key(2);
  if (database == ctx.client.database && from.bytes == to.bytes) return ctx.reply.error(errors::kSameObject);
  if (!ctx.exists(1) || (!replace && ctx.peek(to, database) != nullptr)) return ctx.reply.integer(0);
  ctx.attach(to, database, ctx.copy_of(from, ctx.client.database));
  ctx.modified(to, "copy_to");
  ctx.reply.integer(1);
}

void move(CommandContext& ctx) {
  unsigned database = 0;
  if (!read_database(ctx, 2, &database)) return;
  if (database == ctx.client.database) return ctx.reply.error(errors::kSameObject);
  const Key key = ctx.key(1);
  if (!ctx.exists(1) || ctx.peek(key, database) != nullptr) return ctx.reply.integer(0);
  ctx.attach(key, database, ctx.detach(key, ctx.client.database));
  ctx.modified(key, "move_from");
  ctx.reply.integer(1);
}

// --- OBJECT ---

bool lfu_policy(const Settings& settings) {
  return settings.maxmemory_policy == EvictionPolicy::allkeys_lfu ||
         settings.maxmemory_policy == EvictionPolicy::volatile_lfu;
}

void object_encoding(CommandContext& ctx) {
  const Item* item = ctx.peek(2);
  if (item == nullptr) return ctx.reply.null();
  const Value* value = RedisEngine::object_of(*item);
  ctx.reply.bulk(encoding_name(value == nullptr ? string_encoding(*item) : value->encoding()));
}

void object_refcount(CommandContext& ctx) {
  if (ctx.peek(2) == nullptr) return ctx.reply.null();
  ctx.reply.integer(1);
}

void object_idletime(CommandContext& ctx) {
  const Item* item = ctx.peek(2);
  if (item == nullptr) return ctx.reply.null();
  if (lfu_policy(ctx.settings)) {
    return ctx.reply.error(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between "
        "policies at runtime LRU and LFU data will take some time to adjust.");
  }
  // Modulo 2^32: RESTORE may say that a key has been idle for longer than the server runs.
  ctx.reply.integer(std::int64_t{ctx.engine.clock().now() - item->accessed_s});
}

void object_freq(CommandContext& ctx) {
  const Item* item = ctx.peek(2);
  if (item == nullptr) return ctx.reply.null();
  if (!lfu_policy(ctx.settings)) {
    return ctx.reply.error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when "
        "switching between policies at runtime LRU and LFU data will take some time to adjust.");
  }
  ctx.reply.integer(item->uses());
}

void object_help(CommandContext& ctx) {
  constexpr std::string_view kLines[] = {
      "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "ENCODING <key>",
      "    How the value of the key is stored.",
      "FREQ <key>",
      "    How often the key was used of late (LFU policies).",
      "IDLETIME <key>",
      "    Seconds since the key was used.",
      "REFCOUNT <key>",
      "    References to the value: always 1.",
      "HELP",
      "    These lines."};
  ctx.reply.array(std::size(kLines));
  for (const std::string_view line : kLines) ctx.reply.status(line);
}

// --- MEMORY USAGE, WAIT ---

void memory_usage(CommandContext& ctx) {
  for (std::size_t i = 3; i < ctx.args.size(); i += 2) {
    std::int64_t samples = 0;
    if (!ctx.is(i, "samples") || i + 1 == ctx.args.size()) return ctx.syntax_error();
    if (!ctx.integer(i + 1, &samples)) return;
    if (samples < 0) return ctx.syntax_error();
  }
  const Item* item = ctx.peek(2);
  if (item == nullptr) return ctx.reply.null();
  std::size_t bytes = engine::Keyspace::item_total(*item);
  if (const Value* value = RedisEngine::object_of(*item)) bytes += value->heap_bytes();
  if (item->long_key()) bytes += heap::usable_bytes(item->long_key_data());
  ctx.reply.integer(static_cast<std::int64_t>(bytes));
}

void wait(CommandContext& ctx) {
  std::int64_t replicas = 0;
  std::int64_t timeout = 0;
  if (!ctx.integer(1, &replicas)) return;
  if (!ctx.integer(2, &timeout, "ERR timeout is not an integer or out of range")) return;
  if (timeout < 0) return ctx.reply.error("ERR timeout is negative");
  ctx.reply.integer(0);
}

constexpr std::uint32_t kHelpFlags = kLoading | kStale;
constexpr std::uint16_t kTouches = kKeyRO;

// clang-format off
constexpr CommandSpec kObject[] = {
    {.name = "encoding", .handler = object_encoding, .arity = 3, .flags = kReadonly, .categories = kAclKeyspace,
     .keys = key_at(2, kTouches), .group = Group::generic, .since = "2.2.3", .complexity = "O(1)",
     .summary = "Tells how a value is stored"},
    {.name = "freq", .handler = object_freq, .arity = 3, .flags = kReadonly, .categories = kAclKeyspace,
     .keys = key_at(2, kTouches), .group = Group::generic, .since = "4.0.0", .complexity = "O(1)",
     .summary = "Tells how often a key is used"},
    {.name = "help", .handler = object_help, .arity = 2, .flags = kHelpFlags, .categories = kAclKeyspace,
     .group = Group::generic, .since = "6.2.0", .complexity = "O(1)", .summary = "Explains the subcommands"},
    {.name = "idletime", .handler = object_idletime, .arity = 3, .flags = kReadonly, .categories = kAclKeyspace,
     .keys = key_at(2, kTouches), .group = Group::generic, .since = "2.2.3", .complexity = "O(1)",
     .summary = "Tells when a key was used last"},
    {.name = "refcount", .handler = object_refcount, .arity = 3, .flags = kReadonly, .categories = kAclKeyspace,
     .keys = key_at(2, kTouches), .group = Group::generic, .since = "2.2.3", .complexity = "O(1)",
     .summary = "Tells how many references a value has"},
};

constexpr CommandSpec kMemory[] = {
    {.name = "usage", .handler = memory_usage, .arity = -3, .flags = kReadonly, .keys = key_at(2, kTouches),
     .group = Group::server, .since = "4.0.0", .complexity = "O(1)", .summary = "Tells the memory a key takes"},
};

constexpr CommandSpec kRows[] = {
    {.name = "copy", .handler = copy, .arity = -3, .flags = kWrite | kDenyOom, .categories = kAclKeyspace,
     .keys = key_at(1, kKeyRO | kKeyAccess) + key_at(2, kKeyOW | kKeyUpdate), .exclusive = copy_to_database,
     .group = Group::generic, .since = "6.2.0", .complexity = "O(N) for values of N elements",
     .summary = "Copies a key"},
    {.name = "del", .handler = remove_keys, .arity = -2, .flags = kWrite, .categories = kAclKeyspace,
     .keys = keys_from(1, -1, 1, kKeyRM | kKeyDelete), .group = Group::generic, .since = "1.0.0",
     .complexity = "O(N) for N keys", .summary = "Removes keys"},
    {.name = "exists", .handler = count_keys, .arity = -2, .flags = kReadonly | kFast, .categories = kAclKeyspace,
     .keys = keys_from(1, -1, 1, kKeyRO), .group = Group::generic, .since = "1.0.0",
     .complexity = "O(N) for N keys", .summary = "Counts the keys that exist"},
    {.name = "memory", .arity = -2, .group = Group::server, .since = "4.0.0",
     .complexity = "Depends on the subcommand", .summary = "Container of memory commands",
     .subcommands = kMemory},
    {.name = "move", .handler = move, .arity = 3, .flags = kWrite | kFast, .categories = kAclKeyspace,
     .keys = key_at(1, kKeyRW | kKeyAccess | kKeyUpdate), .exclusive = always_exclusive, .group = Group::generic,
     .since = "1.0.0", .complexity = "O(1)", .summary = "Moves a key to another database"},
    {.name = "object", .arity = -2, .group = Group::generic, .since = "2.2.3",
     .complexity = "Depends on the subcommand", .summary = "Container of commands about values",
     .subcommands = kObject},
    {.name = "rename", .handler = rename, .arity = 3, .flags = kWrite, .categories = kAclKeyspace,
     .keys = key_at(1, kKeyRW | kKeyAccess | kKeyDelete) + key_at(2, kKeyOW | kKeyUpdate),
     .group = Group::generic, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Gives a key another name"},
    {.name = "renamenx", .handler = renamenx, .arity = 3, .flags = kWrite | kFast, .categories = kAclKeyspace,
     .keys = key_at(1, kKeyRW | kKeyAccess | kKeyDelete) + key_at(2, kKeyOW | kKeyInsert),
     .group = Group::generic, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Gives a key another name if that is free"},
    {.name = "touch", .handler = count_keys, .arity = -2, .flags = kReadonly | kFast, .categories = kAclKeyspace,
     .keys = keys_from(1, -1, 1, kKeyRO), .group = Group::generic, .since = "3.2.1",
     .complexity = "O(N) for N keys", .summary = "Marks keys as used and counts them"},
    {.name = "type", .handler = type, .arity = 2, .flags = kReadonly | kFast, .categories = kAclKeyspace,
     .keys = key_at(1, kKeyRO), .group = Group::generic, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Tells the type of a key's value"},
    {.name = "unlink", .handler = remove_keys, .arity = -2, .flags = kWrite | kFast, .categories = kAclKeyspace,
     .keys = keys_from(1, -1, 1, kKeyRM | kKeyDelete), .group = Group::generic, .since = "4.0.0",
     .complexity = "O(1) for each key", .summary = "Removes keys; their values are freed in the background"},
    {.name = "wait", .handler = wait, .arity = 3, .flags = kNoScript, .categories = kAclConnection,
     .group = Group::generic, .since = "3.0.0", .complexity = "O(1)",
     .summary = "Tells how many replicas have the writes made so far"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> generic_commands() { return kRows; }

}  // namespace larder::redis
