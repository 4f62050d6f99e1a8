// COMMAND and its subcommands: what the table of commands says about itself.
#include <algorithm>

#include "engine/redis/command_context.h"
#include "engine/redis/commands/documentation.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/glob.h"

namespace larder::redis {

namespace {

void reply_names(Reply& reply, const std::vector<std::string_view>& names) {
  reply.set(names.size());
  for (const std::string_view name : names) reply.status(name);
}

std::vector<std::string> acl_names(std::uint32_t categories) {
  std::vector<std::string> names;
  for (const std::string_view name : category_names(categories)) names.push_back("@" + std::string(name));
  return names;
}

void reply_key_spec(Reply& reply, const KeySpec& spec) {
  reply.map(spec.notes.empty() ? 3 : 4);
  if (!spec.notes.empty()) {
    reply.bulk("notes");
    reply.bulk(spec.notes);
  }
  reply.bulk("flags");
  reply_names(reply, key_flag_names(spec.flags));
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  const bool by_keyword = spec.begin == KeySpec::Begin::keyword;
  reply.bulk(spec.begin == KeySpec::Begin::unknown ? "unknown" : by_keyword ? "keyword" : "index");
  reply.bulk("spec");
  if (spec.begin == KeySpec::Begin::unknown) {
    reply.map(0);
  } else if (by_keyword) {
    reply.map(2);
    reply.bulk("keyword");
    reply.bulk(spec.keyword);
    reply.bulk("startfrom");
    reply.integer(spec.index);
  } else {
    reply.map(1);
    reply.bulk("index");
    reply.integer(spec.index);
  }
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  if (spec.find == KeySpec::Find::unknown) {
    reply.bulk("unknown");
    reply.bulk("spec");
    reply.map(0);
  } else if (spec.find == KeySpec::Find::range) {
    reply.bulk("range");
    reply.bulk("spec");
    reply.map(3);
    reply.bulk("lastkey");
    reply.integer(spec.last);
    reply.bulk("keystep");
    reply.integer(spec.step);
    reply.bulk("limit");
    reply.integer(spec.limit);
  } else {
    reply.bulk("keynum");
    reply.bulk("spec");
    reply.map(3);
    reply.bulk("keynumidx");
    reply.integer(0);
    reply.bulk("firstkey");
    reply.integer(1);
    reply.bulk("keystep");
    reply.integer(spec.step);
  }
}

void reply_info(Reply& reply, const Command& command) {
  reply.array(10);
  reply.bulk(command.full_name);
  reply.integer(command.arity);
  reply_names(reply, flag_names(command.flags));
  reply.integer(command.first_key);
  reply.integer(command.last_key);
  reply.integer(command.key_step);
  const std::vector<std::string> categories = acl_names(command.categories);
  reply.set(categories.size());
  for (const std::string& name : categories) reply.status(name);
  const Documentation* documentation = find_documentation(command.full_name);
  const auto tips = split(documentation == nullptr ? std::string_view() : documentation->tips, ' ');
  reply.set(tips.size());
  for (const std::string_view tip : tips) reply.bulk(tip);
  reply.set(command.spec->keys.count);
  for (const KeySpec& spec : command.spec->keys) reply_key_spec(reply, spec);
  reply.set(command.subcommands.size());
  for (const Command* sub : command.subcommands) reply_info(reply, *sub);
}

// A command by its name, `config|get` included.
const Command* by_name(const CommandTable& table, std::string_view name) {
  const std::size_t bar = name.find('|');
  const Command* command = table.find(name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  return command->subcommand(name.substr(bar + 1));
}

void command_all(CommandContext& ctx) {
  const auto& all = ctx.engine.commands().all();
  ctx.reply.array(all.size());
  for (const Command* each : all) reply_info(ctx.reply, *each);
}

void command_info(CommandContext& ctx) {
  if (ctx.args.size() == 2) return command_all(ctx);
  ctx.reply.array(ctx.args.size() - 2);
  for (std::size_t i = 2; i < ctx.args.size(); ++i) {
    const Command* command = by_name(ctx.engine.commands(), ctx.argument(i));
    if (command == nullptr) {
      ctx.reply.null_array();
    } else {
      reply_info(ctx.reply, *command);
    }
  }
}

void command_count(CommandContext& ctx) {
  ctx.reply.integer(static_cast<std::int64_t>(ctx.engine.commands().all().size()));
}

// --- COMMAND LIST ---

void command_list(CommandContext& ctx) {
  enum class By : std::uint8_t { none, module, category, pattern } by = By::none;
  std::string_view wanted;
  if (ctx.args.size() != 2) {
    if (ctx.args.size() != 5 || !ctx.is(2, "filterby")) return ctx.syntax_error();
    if (ctx.is(3, "module")) {
      by = By::module;
    } else if (ctx.is(3, "aclcat")) {
      by = By::category;
    } else if (ctx.is(3, "pattern")) {
      by = By::pattern;
    } else {
      return ctx.syntax_error();
    }
    wanted = ctx.argument(4);
  }
  const auto listed = [&](const Command& command) {
    if (by == By::none) return true;
    if (by == By::module) return false;
    if (by == By::pattern) return glob_match(wanted, command.full_name, true);
    const std::vector<std::string_view> names = category_names(command.categories);
    return std::find(names.begin(), names.end(), wanted) != names.end();
  };
  const Reply::Mark mark = ctx.reply.begin();
  std::size_t count = 0;
  const auto show = [&](const Command& command) {
    if (!listed(command)) return;
    ctx.reply.bulk(command.full_name);
    ++count;
  };
  for (const Command* command : ctx.engine.commands().all()) {
    show(*command);
    if (by == By::none) continue;
    for (const Command* sub : command->subcommands) show(*sub);
  }
  ctx.reply.end_array(mark, count);
}

// --- COMMAND DOCS ---

void reply_arguments(Reply& reply, const std::vector<Argument>& arguments) {
  reply.array(arguments.size());
  for (const Argument& each : arguments) {
    std::vector<std::string_view> flags;
    if (each.optional) flags.push_back("optional");
    if (each.multiple) flags.push_back("multiple");
    if (each.multiple_token) flags.push_back("multiple_token");
    const bool container = each.type == "oneof" || each.type == "block";
    reply.map(2 + (each.key_spec >= 0 ? 1 : 0) + (each.token.empty() ? 0 : 1) + (each.since.empty() ? 0 : 1) +
              (each.deprecated_since.empty() ? 0 : 1) + (flags.empty() ? 0 : 1) + (container ? 1 : 0));
    const auto pair = [&](std::string_view name, std::string_view value) {
      if (value.empty()) return;
      reply.bulk(name);
      reply.bulk(value);
    };
    pair("name", each.name);
    pair("type", each.type);
    if (each.key_spec >= 0) {
      reply.bulk("key_spec_index");
      reply.integer(each.key_spec);
    }
    pair("token", each.token);
    pair("since", each.since);
    pair("deprecated_since", each.deprecated_since);
    if (!flags.empty()) {
      reply.bulk("flags");
      reply_names(reply, flags);
    }
    if (!container) continue;
    reply.bulk("arguments");
    reply_arguments(reply, each.arguments);
  }
}

void reply_history(Reply& reply, std::string_view history) {
  const auto lines = split(history, '\n');
  reply.set(lines.size());
  for (const std::string_view line : lines) {
    const std::size_t space = line.find(' ');
    reply.array(2);
    reply.bulk(line.substr(0, space));
    reply.bulk(line.substr(space + 1));
  }
}

void reply_docs(Reply& reply, const Command& command) {
  const CommandSpec& spec = *command.spec;
  const Documentation* found = find_documentation(command.full_name);
  const Documentation more = found == nullptr ? Documentation{} : *found;
  std::vector<std::string_view> doc_flags;
  if ((spec.flags & kDeprecated) != 0) doc_flags.push_back("deprecated");
  if (more.system) doc_flags.push_back("syscmd");
  const std::size_t pairs = 3 + (spec.complexity.empty() ? 0 : 1) + (doc_flags.empty() ? 0 : 1) +
                            (more.history.empty() ? 0 : 1) + (more.arguments.empty() ? 0 : 1) +
                            (spec.deprecated_since.empty() ? 0 : 1) + (spec.replaced_by.empty() ? 0 : 1) +
                            (command.subcommands.empty() ? 0 : 1);
  const auto pair = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    reply.bulk(name);
    reply.bulk(value);
  };
  reply.map(pairs);
  pair("summary", spec.summary);
  pair("since", spec.since);
  pair("group", group_name(spec.group));
  pair("complexity", spec.complexity);
  if (!doc_flags.empty()) {
    reply.bulk("doc_flags");
    reply_names(reply, doc_flags);
  }
  pair("deprecated_since", spec.deprecated_since);
  pair("replaced_by", spec.replaced_by);
  if (!more.history.empty()) {
    reply.bulk("history");
    reply_history(reply, more.history);
  }
  if (!more.arguments.empty()) {
    reply.bulk("arguments");
    reply_arguments(reply, parse_arguments(more.arguments));
  }
  if (command.subcommands.empty()) return;
  reply.bulk("subcommands");
  reply.map(command.subcommands.size());
  for (const Command* sub : command.subcommands) {
    reply.bulk(sub->full_name);
    reply_docs(reply, *sub);
  }
}

void command_docs(CommandContext& ctx) {
  std::vector<const Command*> shown;
  if (ctx.args.size() == 2) shown = ctx.engine.commands().all();
  for (std::size_t i = 2; i < ctx.args.size(); ++i) {
    if (const Command* command = by_name(ctx.engine.commands(), ctx.argument(i))) shown.push_back(command);
  }
  ctx.reply.map(shown.size());
  for (const Command* command : shown) {
    ctx.reply.bulk(command->full_name);
    reply_docs(ctx.reply, *command);
  }
}

// --- COMMAND GETKEYS ---

void reply_keys(CommandContext& ctx, bool with_flags) {
  const Arguments args = ctx.args.subspan(2);
  const Command* command = ctx.engine.commands().resolve(args);
  if (command == nullptr) return ctx.reply.error("ERR Invalid command specified");
  if (command->spec->keys.count == 0) return ctx.reply.error("ERR The command has no key arguments");
  if (!command->arity_fits(args.size())) {
    return ctx.reply.error("ERR Invalid number of arguments specified for command");
  }
  KeyList keys;
  const bool found = CommandTable::find_keys(*command, args, &keys) && !keys.empty();
  if (!found && command->has(kNoMandatoryKeys)) return ctx.reply.array(0);
  if (!found) return ctx.reply.error("ERR Invalid arguments specified for command");
  ctx.reply.array(keys.size());
  for (const KeyArgument& key : keys) {
    if (with_flags) ctx.reply.array(2);
    ctx.reply.bulk(args[key.index]);
    if (with_flags) reply_names(ctx.reply, key_flag_names(key.flags));
  }
}

void command_getkeys(CommandContext& ctx) { reply_keys(ctx, false); }
void command_getkeysandflags(CommandContext& ctx) { reply_keys(ctx, true); }

void command_help(CommandContext& ctx) {
  constexpr std::string_view kLines[] = {
      "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "(no subcommand)",
      "    Facts about all commands.",
      "COUNT",
      "    How many commands there are.",
      "LIST [FILTERBY (MODULE <name> | ACLCAT <category> | PATTERN <pattern>)]",
      "    The names of commands.",
      "INFO [<command-name> ...]",
      "    Facts about commands.",
      "DOCS [<command-name> ...]",
      "    Documentation of commands.",
      "GETKEYS <full-command>",
      "    The keys of a full command.",
      "GETKEYSANDFLAGS <full-command>",
      "    The keys of a full command and what is done to them.",
      "HELP",
      "    These lines."};
  ctx.reply.array(std::size(kLines));
  for (const std::string_view line : kLines) ctx.reply.status(line);
}

constexpr std::uint32_t kFlags = kLoading | kStale;

constexpr CommandSpec kSubcommands[] = {
    {.name = "count", .handler = command_count, .arity = 2, .flags = kFlags, .categories = kAclConnection,
     .group = Group::server, .since = "2.8.13", .complexity = "O(1)", .summary = "Counts the commands"},
    {.name = "docs", .handler = command_docs, .arity = -2, .flags = kFlags, .categories = kAclConnection,
     .group = Group::server, .since = "7.0.0", .complexity = "O(N) for N commands",
     .summary = "Tells the documentation of some or all commands"},
    {.name = "getkeys", .handler = command_getkeys, .arity = -4, .flags = kFlags, .categories = kAclConnection,
     .group = Group::server, .since = "2.8.13", .complexity = "O(N) for N arguments",
     .summary = "Finds the keys of a full command"},
    {.name = "getkeysandflags", .handler = command_getkeysandflags, .arity = -4, .flags = kFlags,
     .categories = kAclConnection, .group = Group::server, .since = "7.0.0",
     .complexity = "O(N) for N arguments", .summary = "Finds the keys of a full command and their flags"},
    {.name = "help", .handler = command_help, .arity = 2, .flags = kFlags, .categories = kAclConnection,
     .group = Group::server, .since = "5.0.0", .complexity = "O(1)", .summary = "Explains the subcommands"},
    {.name = "list", .handler = command_list, .arity = -2, .flags = kFlags, .categories = kAclConnection,
     .group = Group::server, .since = "7.0.0", .complexity = "O(N) for N commands",
     .summary = "Lists the names of commands"},
    {.name = "info", .handler = command_info, .arity = -2, .flags = kFlags, .categories = kAclConnection,
     .group = Group::server, .since = "2.8.13", .complexity = "O(N) for N commands",
     .summary = "Tells facts about some or all commands"},
};

constexpr CommandSpec kRows[] = {
    {.name = "command", .handler = command_all, .arity = -1, .flags = kFlags, .categories = kAclConnection,
     .group = Group::server, .since = "2.8.13", .complexity = "O(N) for N commands",
     .summary = "Tells facts about all commands", .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> command_commands() { return kRows; }

}  // namespace larder::redis
