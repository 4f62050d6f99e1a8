// XINFO: what a stream, its groups and their consumers are made of.
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/stream_args.h"

namespace larder::redis {

namespace {

void field(Reply& reply, std::string_view name, std::uint64_t value) {
  reply.bulk(name);
  reply.integer(static_cast<std::int64_t>(value));
}

void field(Reply& reply, std::string_view name, StreamId id) {
  reply.bulk(name);
  reply_id(reply, id);
}

void field(Reply& reply, std::string_view name, std::string_view text) {
  reply.bulk(name);
  reply.bulk(text);
}

void reply_group_progress(Reply& reply, const Stream& stream, const ConsumerGroup& group) {
  reply.bulk("entries-read");
  group.entries_read == ConsumerGroup::kUnknown ? reply.null() : reply.integer(group.entries_read);
  reply.bulk("lag");
  const std::optional<std::int64_t> lag = stream.lag(group);
  lag ? reply.integer(*lag) : reply.null();
}

/// The stream of argument 2; false: the error has been answered.
bool open_stream(CommandContext& ctx, Stream** stream) {
  if (!ctx.read(2, stream)) return false;
  if (*stream == nullptr) ctx.reply.error(errors::kNoKey);
  return *stream != nullptr;
}

void reply_common(Reply& reply, const Stream& stream) {
  field(reply, "length", stream.length());
  field(reply, "radix-tree-keys", stream.node_count());
  // As many as a radix tree of these ids would have if they shared one prefix.
  field(reply, "radix-tree-nodes", stream.node_count() + 1);
  field(reply, "last-generated-id", stream.last_id());
  field(reply, "max-deleted-entry-id", stream.max_deleted_id());
  field(reply, "entries-added", stream.entries_added());
  field(reply, "recorded-first-entry-id", stream.first_id());
}

/// The first or the last entry, or null.
void reply_edge(Reply& reply, const Stream& stream, bool last) {
  bool found = false;
  stream.visit(kStreamIdMin, kStreamIdMax, last, [&](const StreamEntry& entry) {
    reply_entry(reply, entry);
    found = true;
    return false;
  });
  if (!found) reply.null();
}

/// An array of at most `count` (0: all) pending entries; with the consumer's name for the group's list.
template <typename List, typename Write>
void reply_pending(Reply& reply, const List& list, std::uint64_t count, Write write) {
  const std::size_t size = count == 0 ? list.size() : std::min<std::size_t>(list.size(), count);
  reply.array(size);
  auto at = list.begin();
  for (std::size_t i = 0; i < size; ++i, ++at) write(at->first, at->second);
}

void reply_full_consumer(Reply& reply, const StreamConsumer& consumer, std::uint64_t count) {
  reply.map(4);
  field(reply, "name", *consumer.name);
  field(reply, "seen-time", static_cast<std::uint64_t>(consumer.seen_ms));
  field(reply, "pel-count", consumer.pending.size());
  reply.bulk("pending");
  reply_pending(reply, consumer.pending, count, [&reply](StreamId id, const PendingEntry* entry) {
    reply.array(3);
    reply_id(reply, id);
    reply.integer(entry->delivered_ms);
    reply.integer(static_cast<std::int64_t>(entry->deliveries));
  });
}

void reply_full_group(Reply& reply, const Stream& stream, std::string_view name, const ConsumerGroup& group,
                      std::uint64_t count) {
  reply.map(7);
  field(reply, "name", name);
  field(reply, "last-delivered-id", group.last_delivered);
  reply_group_progress(reply, stream, group);
  field(reply, "pel-count", group.pending().size());
  reply.bulk("pending");
  reply_pending(reply, group.pending(), count, [&reply](StreamId id, const PendingEntry& entry) {
    reply.array(4);
    reply_id(reply, id);
    reply.bulk(*entry.consumer->name);
    reply.integer(entry.delivered_ms);
    reply.integer(static_cast<std::int64_t>(entry.deliveries));
  });
  reply.bulk("consumers");
  reply.array(group.consumers().size());
  for (const auto& [consumer_name, consumer] : group.consumers()) reply_full_consumer(reply, consumer, count);
}

/// FULL [COUNT n] from argument 3 on: the count, nothing if FULL is not there; false: the error has been
/// answered.
bool parse_full(CommandContext& ctx, std::optional<std::uint64_t>* count) {
  const std::size_t options = ctx.args.size() - 3;
  if (options == 0) return true;
  const bool fits = options == 1 || (options == 3 && ctx.is(4, "count"));
  if (!fits || !ctx.is(3, "full")) {
    ctx.reply.error(fmt::format(
        "ERR unknown subcommand or wrong number of arguments for '{}'. Try XINFO HELP.", ctx.argument(1)));
    return false;
  }
  constexpr std::int64_t kDefault = 10;
  std::int64_t value = kDefault;
  if (options == 3 && !ctx.integer(5, &value)) return false;
  *count = static_cast<std::uint64_t>(value < 0 ? kDefault : value);
  return true;
}

void xinfo_stream(CommandContext& ctx) {
  Stream* stream = nullptr;
  if (!open_stream(ctx, &stream)) return;
  std::optional<std::uint64_t> count;
  if (!parse_full(ctx, &count)) return;
  Reply& reply = ctx.reply;
  reply.map(count ? 9 : 10);
  reply_common(reply, *stream);
  if (!count) {
    field(reply, "groups", stream->groups().size());
    reply.bulk("first-entry");
    reply_edge(reply, *stream, false);
    reply.bulk("last-entry");
    return reply_edge(reply, *stream, true);
  }
  reply.bulk("entries");
  reply_entries(reply, *stream, kStreamIdMin, kStreamIdMax, *count, false);
  reply.bulk("groups");
  reply.array(stream->groups().size());
  for (const auto& [name, group] : stream->groups()) reply_full_group(reply, *stream, name, *group, *count);
}

void xinfo_groups(CommandContext& ctx) {
  Stream* stream = nullptr;
  if (!open_stream(ctx, &stream)) return;
  ctx.reply.array(stream->groups().size());
  for (const auto& [name, group] : stream->groups()) {
    ctx.reply.map(6);
    field(ctx.reply, "name", name);
    field(ctx.reply, "consumers", group->consumers().size());
    field(ctx.reply, "pending", group->pending().size());
    field(ctx.reply, "last-delivered-id", group->last_delivered);
    reply_group_progress(ctx.reply, *stream, *group);
  }
}

void xinfo_consumers(CommandContext& ctx) {
  Stream* stream = nullptr;
  if (!open_stream(ctx, &stream)) return;
  const ConsumerGroup* group = stream->group(ctx.argument(3));
  if (group == nullptr) {
    return ctx.reply.error(fmt::format("NOGROUP No such consumer group '{}' for key name '{}'",
                                       ctx.argument(3), ctx.argument(2)));
  }
  ctx.reply.array(group->consumers().size());
  for (const auto& [name, consumer] : group->consumers()) {
    ctx.reply.map(3);
    field(ctx.reply, "name", name);
    field(ctx.reply, "pending", consumer.pending.size());
    const std::int64_t idle_ms = std::max<std::int64_t>(ctx.now_ms - consumer.seen_ms, 0);
    field(ctx.reply, "idle", static_cast<std::uint64_t>(idle_ms));
  }
}

void xinfo_help(CommandContext& ctx) {
  static constexpr std::string_view kLines[] = {
      "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "CONSUMERS <key> <groupname>",
      "    Show consumers of <groupname>.",
      "GROUPS <key>",
      "    Show the stream consumer groups.",
      "STREAM <key> [FULL [COUNT <count>]",
      "    Show information about the stream.",
      "HELP",
      "    Prints this help.",
  };
  ctx.reply.array(std::size(kLines));
  for (const std::string_view line : kLines) ctx.reply.status(line);
}

constexpr CommandSpec kInfoRows[] = {
    {.name = "consumers", .handler = xinfo_consumers, .arity = 4, .flags = kReadonly,
     .categories = kAclStream, .keys = key_at(2, kKeyRO | kKeyAccess), .group = Group::stream,
     .since = "5.0.0", .complexity = "O(1)", .summary = "Tells about the consumers of a group"},
    {.name = "groups", .handler = xinfo_groups, .arity = 3, .flags = kReadonly, .categories = kAclStream,
     .keys = key_at(2, kKeyRO | kKeyAccess), .group = Group::stream, .since = "5.0.0", .complexity = "O(1)",
     .summary = "Tells about the groups of a stream"},
    {.name = "help", .handler = xinfo_help, .arity = 2, .flags = kLoading | kStale, .categories = kAclStream,
     .group = Group::stream, .since = "5.0.0", .complexity = "O(1)", .summary = "Explains the subcommands"},
    {.name = "stream", .handler = xinfo_stream, .arity = -3, .flags = kReadonly, .categories = kAclStream,
     .keys = key_at(2, kKeyRO | kKeyAccess), .group = Group::stream, .since = "5.0.0", .complexity = "O(1)",
     .summary = "Tells about a stream"},
};

constexpr CommandSpec kRows[] = {
    {.name = "xinfo", .arity = -2, .group = Group::stream, .since = "5.0.0",
     .complexity = "Depends on subcommand.", .summary = "Commands that tell about streams",
     .subcommands = kInfoRows},
};

}  // namespace

std::span<const CommandSpec> stream_info_commands() { return kRows; }

}  // namespace larder::redis
