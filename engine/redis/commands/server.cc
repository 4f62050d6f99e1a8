// Commands about the server: CONFIG, INFO, FLUSHALL and its kin, SWAPDB, TIME.
#include <algorithm>
#include <chrono>
#include <map>

#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/glob.h"
#include "engine/redis/info.h"

namespace larder::redis {

namespace {

// --- CONFIG ---

void config_get(CommandContext& ctx) {
  std::map<std::string, std::string> found;
  for (const std::string& name : setting_names()) {
    for (std::size_t i = 2; i < ctx.args.size(); ++i) {
      if (!glob_match(ctx.argument(i), name, true)) continue;
      found[name] = *setting_text(ctx.settings, name);
      break;
    }
  }
  ctx.reply.map(found.size());
  for (const auto& [name, value] : found) {
    ctx.reply.bulk(name);
    ctx.reply.bulk(value);
  }
}

// All or nothing: the settings are changed in a copy first.
void config_set(CommandContext& ctx) {
  if (ctx.args.size() % 2 != 0) return ctx.reply.error("ERR wrong number of arguments for 'config|set' command");
  Settings changed = ctx.settings;
  std::vector<std::string> seen;
  for (std::size_t i = 2; i < ctx.args.size(); i += 2) {
    const std::string name(ctx.argument(i));
    const auto failed = [&](const std::string& why) {
      ctx.reply.error("ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why);
    };
    if (!setting_text(ctx.settings, name).has_value()) {
      return ctx.reply.error("ERR Unknown option or number of arguments for CONFIG SET - '" + name + "'");
    }
    if (std::find(seen.begin(), seen.end(), to_lower(name)) != seen.end()) return failed("duplicate parameter");
    seen.push_back(to_lower(name));
    std::string why;
    switch (change_setting(&changed, name, ctx.argument(i + 1), false, &why)) {
      case SetStatus::immutable: return failed("can't set immutable config");
      case SetStatus::invalid: return failed(why);
      case SetStatus::unknown:
      case SetStatus::ok: break;
    }
  }
  ctx.engine.change_settings(ctx.state.worker, [&](Settings& settings) { settings = changed; });
  ctx.reply.ok();
}

void config_resetstat(CommandContext& ctx) {
  ctx.engine.reset_redis_stats(ctx.state);
  ctx.reply.ok();
}

void config_rewrite(CommandContext& ctx) { ctx.reply.error("ERR The server is running without a config file"); }

// --- databases ---

// SYNC or ASYNC in argument 1; false: the error has been answered.
bool read_flush_mode(CommandContext& ctx, bool* wait) {
  *wait = !ctx.settings.lazyfree_lazy_user_flush;
  if (ctx.args.size() == 1) return true;
  *wait = ctx.is(1, "sync");
  if (ctx.args.size() == 2 && (*wait || ctx.is(1, "async"))) return true;
  ctx.syntax_error();
  return false;
}

void flushdb(CommandContext& ctx) {
  bool wait = true;
  if (!read_flush_mode(ctx, &wait)) return;
  const unsigned number = ctx.client.database;
  ctx.engine.flush_databases(ctx.state, {&number, 1}, wait);
  ctx.state.count(Counter::changes);
  ctx.reply.ok();
}

void flushall(CommandContext& ctx) {
  bool wait = true;
  if (!read_flush_mode(ctx, &wait)) return;
  std::vector<unsigned> numbers;
  for (unsigned i = 0; i < ctx.engine.keyspace().database_count(); ++i) numbers.push_back(i);
  ctx.engine.flush_databases(ctx.state, numbers, wait);
  ctx.state.count(Counter::changes);
  ctx.reply.ok();
}

void swapdb(CommandContext& ctx) {
  std::int64_t first = 0;
  std::int64_t second = 0;
  if (!ctx.integer(1, &first, "ERR invalid first DB index")) return;
  if (!ctx.integer(2, &second, "ERR invalid second DB index")) return;
  const auto valid = [&](std::int64_t number) { return number >= 0 && number < ctx.settings.databases; };
  if (!valid(first) || !valid(second)) return ctx.reply.error(errors::kDbOutOfRange);
  engine::Keyspace& keyspace = ctx.engine.keyspace();
  keyspace.make_database(static_cast<std::size_t>(first));
  keyspace.make_database(static_cast<std::size_t>(second));
  keyspace.swap_databases(static_cast<std::size_t>(first), static_cast<std::size_t>(second));
  ctx.state.count(Counter::changes);
  ctx.reply.ok();
}

// --- facts ---

void info(CommandContext& ctx) {
  std::vector<std::string> sections;
  for (std::size_t i = 1; i < ctx.args.size(); ++i) sections.push_back(to_lower(ctx.argument(i)));
  ctx.reply.verbatim("txt", info_text(ctx.engine, sections));
}

void time(CommandContext& ctx) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  NumberText text;
  ctx.reply.array(2);
  ctx.reply.bulk(text.of(std::int64_t{micros / 1000000}));
  ctx.reply.bulk(text.of(std::int64_t{micros % 1000000}));
}

void role(CommandContext& ctx) {
  ctx.reply.array(3);
  ctx.reply.bulk("master");
  ctx.reply.integer(0);
  ctx.reply.array(0);
}

void lolwut(CommandContext& ctx) { ctx.reply.verbatim("txt", "Larder. Redis ver. 7.0.15\n"); }

// --- FUNCTION, while there are none ---

void function_flush(CommandContext& ctx) { ctx.reply.ok(); }
void function_list(CommandContext& ctx) { ctx.reply.array(0); }

constexpr std::uint32_t kAdminFlags = kAdmin | kNoScript | kLoading | kStale;

// clang-format off
constexpr CommandSpec kConfig[] = {
    {.name = "get", .handler = config_get, .arity = -3, .flags = kAdminFlags, .group = Group::server,
     .since = "2.0.0", .complexity = "O(N) for N settings", .summary = "Tells settings"},
    {.name = "resetstat", .handler = config_resetstat, .arity = 2, .flags = kAdminFlags, .group = Group::server,
     .since = "2.0.0", .complexity = "O(1)", .summary = "Starts the statistics over"},
    {.name = "rewrite", .handler = config_rewrite, .arity = 2, .flags = kAdminFlags, .group = Group::server,
     .since = "2.8.0", .complexity = "O(1)", .summary = "Writes the settings into the configuration file"},
    {.name = "set", .handler = config_set, .arity = -4, .flags = kAdminFlags, .group = Group::server,
     .since = "2.0.0", .complexity = "O(N) for N settings", .summary = "Changes settings"},
};

constexpr CommandSpec kFunction[] = {
    {.name = "flush", .handler = function_flush, .arity = -2, .flags = kNoScript | kWrite,
     .categories = kAclScripting, .group = Group::scripting, .since = "7.0.0", .complexity = "O(1)",
     .summary = "Removes all functions"},
    {.name = "list", .handler = function_list, .arity = -2, .flags = kNoScript, .categories = kAclScripting,
     .group = Group::scripting, .since = "7.0.0", .complexity = "O(1)", .summary = "Lists functions"},
};

constexpr CommandSpec kRows[] = {
    {.name = "config", .arity = -2, .group = Group::server, .since = "2.0.0",
     .complexity = "Depends on the subcommand", .summary = "Container of commands about settings",
     .subcommands = kConfig},
    {.name = "flushall", .handler = flushall, .arity = -1, .flags = kWrite,
     .categories = kAclKeyspace | kAclDangerous, .group = Group::server, .since = "1.0.0",
     .complexity = "O(N) for N keys", .summary = "Removes all keys of all databases"},
    {.name = "flushdb", .handler = flushdb, .arity = -1, .flags = kWrite,
     .categories = kAclKeyspace | kAclDangerous, .group = Group::server, .since = "1.0.0",
     .complexity = "O(N) for N keys", .summary = "Removes all keys of the database"},
    {.name = "function", .arity = -2, .group = Group::scripting, .since = "7.0.0",
     .complexity = "Depends on the subcommand", .summary = "Container of commands about functions",
     .subcommands = kFunction},
    {.name = "info", .handler = info, .arity = -1, .flags = kLoading | kStale, .categories = kAclDangerous,
     .group = Group::server, .since = "1.0.0", .complexity = "O(1)", .summary = "Tells facts about the server"},
    {.name = "lolwut", .handler = lolwut, .arity = -1, .flags = kReadonly | kFast, .group = Group::server,
     .since = "5.0.0", .complexity = "O(1)", .summary = "Tells the version"},
    {.name = "role", .handler = role, .arity = 1, .flags = kNoScript | kLoading | kStale | kFast,
     .categories = kAclAdmin | kAclDangerous, .group = Group::server, .since = "2.8.12", .complexity = "O(1)",
     .summary = "Tells the role in replication"},
    {.name = "swapdb", .handler = swapdb, .arity = 3, .flags = kWrite | kFast,
     .categories = kAclKeyspace | kAclDangerous, .exclusive = always_exclusive, .group = Group::server,
     .since = "4.0.0", .complexity = "O(1)", .summary = "Exchanges two databases"},
    {.name = "time", .handler = time, .arity = 1, .flags = kLoading | kStale | kFast, .group = Group::server,
     .since = "2.6.0", .complexity = "O(1)", .summary = "Tells the server's time"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> server_commands() { return kRows; }

}  // namespace larder::redis
