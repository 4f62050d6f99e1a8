// Commands about the connection itself: PING, HELLO, AUTH, SELECT, CLIENT.
#include <algorithm>
#include <string>

#include "engine/redis/authentication.h"
#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/version.h"

namespace larder::redis {

namespace {

void ping(CommandContext& ctx) {
  if (ctx.args.size() > 2) return ctx.reply.error("ERR wrong number of arguments for 'ping' command");
  if (ctx.args.size() == 2) return ctx.reply.bulk(ctx.argument(1));
  ctx.reply.status("PONG");
}

void echo(CommandContext& ctx) { ctx.reply.bulk(ctx.argument(1)); }

void select(CommandContext& ctx) {
  std::int64_t number = 0;
  if (!ctx.integer(1, &number)) return;
  if (number < 0 || number >= ctx.settings.databases) return ctx.reply.error(errors::kDbOutOfRange);
  ctx.engine.keyspace().make_database(static_cast<std::size_t>(number));
  ctx.client.database = static_cast<unsigned>(number);
  ctx.reply.ok();
}

void quit(CommandContext& ctx) {
  ctx.reply.ok();
  ctx.client.close_after_reply = true;
}

// --- who a client is ---

void auth(CommandContext& ctx) {
  if (ctx.args.size() > 3) return ctx.syntax_error();
  if (ctx.args.size() == 2 && ctx.settings.requirepass.empty()) {
    return ctx.reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration is correct?");
  }
  const std::string_view user = ctx.args.size() == 2 ? std::string_view("default") : ctx.argument(1);
  if (authenticate(ctx, user, ctx.args.back())) ctx.reply.ok();
}

// Names show up in CLIENT LIST, where spaces separate.
bool set_name(CommandContext& ctx, std::string_view name) {
  if (std::any_of(name.begin(), name.end(), [](char c) { return c < '!' || c > '~'; })) {
    ctx.reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  ctx.client.name = name;
  return true;
}

void hello(CommandContext& ctx) {
  std::int64_t version = ctx.client.resp3 ? 3 : 2;
  if (ctx.args.size() >= 2 &&
      !ctx.integer(1, &version, "ERR Protocol version is not an integer or out of range")) {
    return;
  }
  if (version < 2 || version > 3) return ctx.reply.error("NOPROTO unsupported protocol version");
  for (std::size_t i = 2; i < ctx.args.size(); ++i) {
    const std::size_t left = ctx.args.size() - i - 1;
    if (ctx.is(i, "auth") && left >= 2) {
      if (!authenticate(ctx, ctx.argument(i + 1), ctx.argument(i + 2))) return;
      i += 2;
    } else if (ctx.is(i, "setname") && left >= 1) {
      if (!set_name(ctx, ctx.argument(++i))) return;
    } else {
      return ctx.reply.error("ERR Syntax error in HELLO option '" + std::string(ctx.argument(i)) + "'");
    }
  }
  if (!ctx.client.authenticated) {
    return ctx.reply.error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> "
        "<pass> option can be used to authenticate the client and select the RESP protocol version at the same "
        "time");
  }
  ctx.client.resp3 = version == 3;
  Reply& reply = ctx.reply;
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(kRedisVersion);
  reply.bulk("proto");
  reply.integer(version);
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(ctx.client.id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

void reset(CommandContext& ctx) {
  Client& client = ctx.client;
  client.database = 0;
  client.resp3 = false;
  client.reply_mode = ReplyMode::on;
  client.no_evict = client.no_touch = false;
  client.name.clear();
  client.authenticated = ctx.settings.requirepass.empty();
  ctx.reply.status("RESET");
}

// --- CLIENT ---

std::string client_line(const Client& client, std::int64_t now_ms) {
  std::string line = "id=" + std::to_string(client.id) + " addr=" + client.address + " laddr=" +
                     client.local_address + " fd=" + std::to_string(client.descriptor) + " name=" + client.name;
  line += " age=" + std::to_string((now_ms - client.connected_ms) / 1000);
  line += " idle=" + std::to_string((now_ms - client.active_ms) / 1000);
  line += std::string(" flags=") + (client.no_evict ? "e" : "N") + " db=" + std::to_string(client.database);
  line += " sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 "
          "tot-mem=0 events=r cmd=";
  line += client.last_command == nullptr ? std::string("NULL") : client.last_command->full_name;
  line += " user=" + client.user + " redir=-1 resp=" + (client.resp3 ? "3" : "2");
  return line;
}

void client_id(CommandContext& ctx) { ctx.reply.integer(static_cast<std::int64_t>(ctx.client.id)); }

void client_getname(CommandContext& ctx) {
  if (ctx.client.name.empty()) return ctx.reply.null();
  ctx.reply.bulk(ctx.client.name);
}

void client_setname(CommandContext& ctx) {
  if (set_name(ctx, ctx.argument(2))) ctx.reply.ok();
}

void client_setinfo(CommandContext& ctx) {
  const std::string_view value = ctx.argument(3);
  if (std::any_of(value.begin(), value.end(), [](char c) { return c < '!' || c > '~'; })) {
    return ctx.reply.error("ERR " + std::string(ctx.argument(2)) +
                           " cannot contain spaces, newlines or special characters.");
  }
  if (ctx.is(2, "lib-name")) {
    ctx.client.library_name = value;
  } else if (ctx.is(2, "lib-ver")) {
    ctx.client.library_version = value;
  } else {
    return ctx.reply.error("ERR Unrecognized option '" + std::string(ctx.argument(2)) + "'");
  }
  ctx.reply.ok();
}

void client_info(CommandContext& ctx) {
  ctx.reply.verbatim("txt", client_line(ctx.client, ctx.now_ms) + "\n");
}

void client_list(CommandContext& ctx) {
  std::vector<std::uint64_t> wanted;
  bool none_of_type = false;
  if (ctx.args.size() == 4 && ctx.is(2, "type")) {
    if (ctx.is(3, "replica") || ctx.is(3, "slave") || ctx.is(3, "master") || ctx.is(3, "pubsub")) {
      none_of_type = true;
    } else if (!ctx.is(3, "normal")) {
      return ctx.reply.error("ERR Unknown client type '" + std::string(ctx.argument(3)) + "'");
    }
  } else if (ctx.args.size() > 3 && ctx.is(2, "id")) {
    for (std::size_t i = 3; i < ctx.args.size(); ++i) {
      std::int64_t id = 0;
      if (!ctx.integer(i, &id, "ERR Invalid client ID")) return;
      wanted.push_back(static_cast<std::uint64_t>(id));
    }
  } else if (ctx.args.size() != 2) {
    return ctx.syntax_error();
  }
  std::string lines;
  ctx.engine.for_each_client([&](const Client& client) {
    const bool listed = wanted.empty() || std::find(wanted.begin(), wanted.end(), client.id) != wanted.end();
    if (listed && !none_of_type) lines += client_line(client, ctx.now_ms) + "\n";
  });
  ctx.reply.verbatim("txt", lines);
}

void client_reply(CommandContext& ctx) {
  if (ctx.is(2, "on")) {
    ctx.client.reply_mode = ReplyMode::on;
    return ctx.reply.ok();
  }
  if (ctx.is(2, "off")) {
    ctx.client.reply_mode = ReplyMode::off;
  } else if (ctx.is(2, "skip")) {
    if (ctx.client.reply_mode == ReplyMode::on) ctx.client.reply_mode = ReplyMode::skip_next;
  } else {
    ctx.syntax_error();
  }
}

// ON or OFF in argument 2; false: the error has been answered.
bool read_switch(CommandContext& ctx, bool* on) {
  *on = ctx.is(2, "on");
  if (*on || ctx.is(2, "off")) return true;
  ctx.syntax_error();
  return false;
}

void client_no_evict(CommandContext& ctx) {
  if (read_switch(ctx, &ctx.client.no_evict)) ctx.reply.ok();
}

void client_no_touch(CommandContext& ctx) {
  if (read_switch(ctx, &ctx.client.no_touch)) ctx.reply.ok();
}

void client_getredir(CommandContext& ctx) { ctx.reply.integer(-1); }

constexpr std::uint32_t kFlags = kNoScript | kLoading | kStale;
constexpr std::uint32_t kHelloFlags = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;

// clang-format off
constexpr CommandSpec kClient[] = {
    {.name = "getname", .handler = client_getname, .arity = 2, .flags = kFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "2.6.9", .complexity = "O(1)", .summary = "Tells the connection's name"},
    {.name = "getredir", .handler = client_getredir, .arity = 2, .flags = kFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "6.0.0", .complexity = "O(1)",
     .summary = "Tells to which client invalidations go"},
    {.name = "id", .handler = client_id, .arity = 2, .flags = kFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "5.0.0", .complexity = "O(1)", .summary = "Tells the connection's number"},
    {.name = "info", .handler = client_info, .arity = 2, .flags = kFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "6.2.0", .complexity = "O(1)", .summary = "Describes this connection"},
    {.name = "list", .handler = client_list, .arity = -2, .flags = kFlags | kAdmin, .categories = kAclConnection,
     .exclusive = always_exclusive, .group = Group::connection, .since = "2.4.0", .complexity = "O(N) for N connections",
     .summary = "Describes all connections"},
    {.name = "no-evict", .handler = client_no_evict, .arity = 3, .flags = kFlags | kAdmin,
     .categories = kAclConnection, .group = Group::connection, .since = "7.0.0", .complexity = "O(1)",
     .summary = "Keeps this connection from being closed for memory"},
    {.name = "no-touch", .handler = client_no_touch, .arity = 3, .flags = kFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "7.2.0", .complexity = "O(1)",
     .summary = "Keeps this connection's reads from counting as use"},
    {.name = "reply", .handler = client_reply, .arity = 3, .flags = kFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "3.2.0", .complexity = "O(1)", .summary = "Turns replies on and off"},
    {.name = "setinfo", .handler = client_setinfo, .arity = 4, .flags = kFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "7.2.0", .complexity = "O(1)", .summary = "Names the client's library"},
    {.name = "setname", .handler = client_setname, .arity = 3, .flags = kFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "2.6.9", .complexity = "O(1)", .summary = "Names the connection"},
};

constexpr CommandSpec kRows[] = {
    {.name = "auth", .handler = auth, .arity = -2, .flags = kHelloFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "1.0.0", .complexity = "O(1)", .summary = "Authenticates the connection"},
    {.name = "client", .arity = -2, .group = Group::connection, .since = "2.4.0",
     .complexity = "Depends on the subcommand", .summary = "Container of commands about connections",
     .subcommands = kClient},
    {.name = "echo", .handler = echo, .arity = 2, .flags = kFast | kLoading | kStale,
     .categories = kAclConnection, .group = Group::connection, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Answers with its argument"},
    {.name = "hello", .handler = hello, .arity = -1, .flags = kHelloFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "6.0.0", .complexity = "O(1)",
     .summary = "Chooses the protocol, and tells about the server"},
    {.name = "ping", .handler = ping, .arity = -1, .flags = kFast, .categories = kAclConnection,
     .group = Group::connection, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Shows that the server answers"},
    {.name = "quit", .handler = quit, .arity = -1, .flags = kHelloFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "1.0.0", .complexity = "O(1)", .summary = "Closes the connection"},
    {.name = "reset", .handler = reset, .arity = 1, .flags = kHelloFlags, .categories = kAclConnection,
     .group = Group::connection, .since = "6.2.0", .complexity = "O(1)",
     .summary = "Puts the connection back into its first state"},
    {.name = "select", .handler = select, .arity = 2, .flags = kFast | kLoading | kStale,
     .categories = kAclConnection, .group = Group::connection, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Chooses the database of the connection"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> connection_commands() { return kRows; }

}  // namespace larder::redis
