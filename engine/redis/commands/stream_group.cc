// Streams: groups of consumers, their pending entries, and who owns them. Reading for a group is in
// stream_read.cc.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/stream_args.h"

namespace larder::redis {

namespace {

// A change that no keyspace event tells of.
constexpr std::string_view kNoEvent = {};

void reply_no_group(CommandContext& ctx, std::size_t key, std::size_t group) {
  ctx.reply.error(fmt::format("NOGROUP No such key '{}' or consumer group '{}'", ctx.argument(key),
                              ctx.argument(group)));
}

void reply_no_group_of_key(CommandContext& ctx, std::size_t key, std::size_t group) {
  ctx.reply.error(fmt::format("NOGROUP No such consumer group '{}' for key name '{}'", ctx.argument(group),
                              ctx.argument(key)));
}

void reply_subcommand_error(CommandContext& ctx) {
  ctx.reply.error(fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try {} HELP.",
                              ctx.argument(1), to_upper(ctx.argument(0))));
}

// --- XGROUP ---

struct GroupOptions {
  bool make_stream = false;
  std::int64_t entries_read = ConsumerGroup::kUnknown;
};

/// MKSTREAM (of CREATE) and ENTRIESREAD from argument 5 on; false: the error has been answered.
bool parse_group_options(CommandContext& ctx, bool create, GroupOptions* options) {
  for (std::size_t i = 5; i < ctx.args.size();) {
    if (create && ctx.is(i, "mkstream")) {
      options->make_stream = true;
      ++i;
    } else if (ctx.is(i, "entriesread") && i + 1 < ctx.args.size()) {
      if (!ctx.integer(i + 1, &options->entries_read)) return false;
      if (options->entries_read < 0 && options->entries_read != ConsumerGroup::kUnknown) {
        ctx.reply.error("ERR value for ENTRIESREAD must be positive or -1");
        return false;
      }
      i += 2;
    } else {
      reply_subcommand_error(ctx);
      return false;
    }
  }
  return true;
}

/// The stream of argument 2; false: another type, or no such key, has been answered.
bool open_stream(CommandContext& ctx, Stream** stream) {
  if (!ctx.write(2, stream)) return false;
  if (*stream != nullptr) return true;
  ctx.reply.error(
      "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the "
      "MKSTREAM option to create an empty stream automatically.");
  return false;
}

/// The group of argument 3; null: the error has been answered.
ConsumerGroup* open_group(CommandContext& ctx) {
  Stream* stream = nullptr;
  if (!open_stream(ctx, &stream)) return nullptr;
  ConsumerGroup* group = stream->group(ctx.argument(3));
  if (group == nullptr) reply_no_group_of_key(ctx, 2, 3);
  return group;
}

void xgroup_create(CommandContext& ctx) {
  GroupOptions options;
  if (!parse_group_options(ctx, true, &options)) return;
  Stream* stream = nullptr;
  if (!(options.make_stream ? ctx.write(2, &stream) : open_stream(ctx, &stream))) return;
  if (ctx.args.size() > 8) return reply_subcommand_error(ctx);
  StreamId id = stream == nullptr ? StreamId{} : stream->last_id();
  if (ctx.argument(4) != "$" && !parse_id(ctx, 4, &id)) return;
  if (stream == nullptr) stream = ctx.create<Stream>(2);
  if (stream->add_group(ctx.argument(3), id, options.entries_read) == nullptr) {
    return ctx.reply.error("BUSYGROUP Consumer Group name already exists");
  }
  ctx.modified(2, "xgroup-create");
  ctx.reply.ok();
}

void xgroup_setid(CommandContext& ctx) {
  GroupOptions options;
  if (!parse_group_options(ctx, false, &options)) return;
  Stream* stream = nullptr;
  if (!open_stream(ctx, &stream)) return;
  ConsumerGroup* group = stream->group(ctx.argument(3));
  if (group == nullptr) return reply_no_group_of_key(ctx, 2, 3);
  if (ctx.args.size() > 7) return reply_subcommand_error(ctx);
  StreamId id = stream->last_id();
  if (ctx.argument(4) != "$" && !parse_id_or_end(ctx, 4, &id)) return;
  group->last_delivered = id;
  group->entries_read = options.entries_read;
  ctx.modified(2, "xgroup-setid");
  ctx.reply.ok();
}

void xgroup_destroy(CommandContext& ctx) {
  Stream* stream = nullptr;
  if (!open_stream(ctx, &stream)) return;
  const bool deleted = stream->delete_group(ctx.argument(3));
  if (deleted) ctx.modified(2, "xgroup-destroy");
  ctx.reply.integer(deleted ? 1 : 0);
}

void xgroup_createconsumer(CommandContext& ctx) {
  ConsumerGroup* group = open_group(ctx);
  if (group == nullptr) return;
  const bool make = group->consumer(ctx.argument(4)) == nullptr;
  if (make) {
    group->see_consumer(ctx.argument(4), ctx.now_ms);
    ctx.modified(2, "xgroup-createconsumer");
  }
  ctx.reply.integer(make ? 1 : 0);
}

void xgroup_delconsumer(CommandContext& ctx) {
  ConsumerGroup* group = open_group(ctx);
  if (group == nullptr) return;
  if (group->consumer(ctx.argument(4)) == nullptr) return ctx.reply.integer(0);
  const std::size_t pending = group->delete_consumer(ctx.argument(4));
  ctx.modified(2, "xgroup-delconsumer");
  ctx.reply.integer(static_cast<std::int64_t>(pending));
}

void xgroup_help(CommandContext& ctx) {
  static constexpr std::string_view kLines[] = {
      "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "CREATE <key> <groupname> <id|$> [option]",
      "    Create a new consumer group. Options are:",
      "    * MKSTREAM",
      "      Create the empty stream if it does not exist.",
      "    * ENTRIESREAD entries_read",
      "      Set the group's entries_read counter (internal use).",
      "CREATECONSUMER <key> <groupname> <consumer>",
      "    Create a new consumer in the specified group.",
      "DELCONSUMER <key> <groupname> <consumer>",
      "    Remove the specified consumer.",
      "DESTROY <key> <groupname>",
      "    Remove the specified group.",
      "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
      "    Set the current group ID and entries_read counter.",
      "HELP",
      "    Prints this help.",
  };
  ctx.reply.array(std::size(kLines));
  for (const std::string_view line : kLines) ctx.reply.status(line);
}

// --- pending entries ---

void xack(CommandContext& ctx) {
  Stream* stream = nullptr;
  if (!ctx.write(1, &stream)) return;
  ConsumerGroup* group = stream == nullptr ? nullptr : stream->group(ctx.argument(2));
  if (group == nullptr) return ctx.reply.integer(0);
  std::vector<StreamId> ids;
  if (!parse_ids(ctx, 3, &ids)) return;
  std::int64_t acknowledged = 0;
  for (const StreamId id : ids) acknowledged += group->acknowledge(id) ? 1 : 0;
  if (acknowledged > 0) ctx.modified(1, kNoEvent);
  ctx.reply.integer(acknowledged);
}

void reply_pending_summary(Reply& reply, const ConsumerGroup& group) {
  const auto& pending = group.pending();
  reply.array(4);
  reply.integer(static_cast<std::int64_t>(pending.size()));
  if (pending.empty()) {
    reply.null();
    reply.null();
    return reply.null_array();
  }
  reply_id(reply, pending.begin()->first);
  reply_id(reply, pending.rbegin()->first);
  const Reply::Mark mark = reply.begin();
  std::size_t consumers = 0;
  for (const auto& [name, consumer] : group.consumers()) {
    if (consumer.pending.empty()) continue;
    reply.array(2);
    reply.bulk(name);
    reply.bulk(std::to_string(consumer.pending.size()));
    ++consumers;
  }
  reply.end_array(mark, consumers);
}

struct PendingRange {
  StreamId from;
  StreamId to;
  std::int64_t count = 0;
  std::int64_t idle_ms = 0;
};

/// Writes the pending entries of a list (the group's or a consumer's).
template <typename List, typename EntryOf>
void reply_pending(Reply& reply, const List& list, const PendingRange& range, std::int64_t now_ms,
                   EntryOf entry_of) {
  const Reply::Mark mark = reply.begin();
  std::size_t written = 0;
  for (auto at = list.lower_bound(range.from); at != list.end() && at->first <= range.to; ++at) {
    if (written == static_cast<std::size_t>(range.count)) break;
    const PendingEntry& entry = entry_of(at->second);
    const std::int64_t idle_ms = now_ms - entry.delivered_ms;
    if (range.idle_ms != 0 && idle_ms < range.idle_ms) continue;
    reply.array(4);
    reply_id(reply, at->first);
    reply.bulk(*entry.consumer->name);
    reply.integer(std::max<std::int64_t>(idle_ms, 0));
    reply.integer(static_cast<std::int64_t>(entry.deliveries));
    ++written;
  }
  reply.end_array(mark, written);
}

void xpending(CommandContext& ctx) {
  const std::size_t size = ctx.args.size();
  const bool summary = size == 3;
  if (!summary && (size < 6 || size > 9)) return ctx.syntax_error();
  PendingRange range;
  std::size_t consumer_at = 0;
  if (!summary) {
    std::size_t from = 3;
    if (ctx.is(3, "idle")) {
      if (!ctx.integer(4, &range.idle_ms)) return;
      if (size < 8) return ctx.syntax_error();
      from = 5;
    }
    if (!ctx.integer(from + 2, &range.count)) return;
    range.count = std::max<std::int64_t>(range.count, 0);
    if (!parse_range_start(ctx, from, &range.from)) return;
    if (!parse_range_end(ctx, from + 1, &range.to)) return;
    if (from + 3 < size) consumer_at = from + 3;
  }
  Stream* stream = nullptr;
  if (!ctx.read(1, &stream)) return;
  const ConsumerGroup* group = stream == nullptr ? nullptr : stream->group(ctx.argument(2));
  if (group == nullptr) return reply_no_group(ctx, 1, 2);
  if (summary) return reply_pending_summary(ctx.reply, *group);
  if (consumer_at == 0) {
    return reply_pending(ctx.reply, group->pending(), range, ctx.now_ms,
                         [](const PendingEntry& entry) -> const PendingEntry& { return entry; });
  }
  const StreamConsumer* consumer = group->consumer(ctx.argument(consumer_at));
  if (consumer == nullptr) return ctx.reply.empty_array();
  reply_pending(ctx.reply, consumer->pending, range, ctx.now_ms,
                [](const PendingEntry* entry) -> const PendingEntry& { return *entry; });
}

// --- claiming ---

/// Takes over pending entries for one consumer, who is seen (and made) with the first.
class Claim {
 public:
  Claim(CommandContext& ctx, Stream& stream, ConsumerGroup& group, std::string_view consumer, bool just_id)
      : ctx_(ctx), stream_(stream), group_(group), name_(consumer), just_id_(just_id) {}

  void take(StreamId id, std::int64_t delivered_ms, std::optional<std::uint64_t> deliveries) {
    if (consumer_ == nullptr) {
      bool made = false;
      consumer_ = &group_.see_consumer(name_, ctx_.now_ms, &made);
      if (made) ctx_.modified(1, "xgroup-createconsumer");
    }
    PendingEntry& entry = group_.assign(id, *consumer_);
    entry.delivered_ms = delivered_ms;
    if (deliveries) {
      entry.deliveries = *deliveries;
    } else if (!just_id_) {
      ++entry.deliveries;
    }
    changed_ = true;
    ++taken_;
    if (just_id_) return reply_id(ctx_.reply, id);
    stream_.visit(id, id, false, [this](const StreamEntry& found) {
      reply_entry(ctx_.reply, found);
      return false;
    });
  }
  /// Drops the pending record of an entry that is no longer in the stream.
  void forget(StreamId id) { changed_ = group_.acknowledge(id) || changed_; }
  void note_change() { changed_ = true; }
  std::size_t taken() const { return taken_; }
  void finish() {
    if (changed_) ctx_.modified(1, kNoEvent);
  }

 private:
  CommandContext& ctx_;
  Stream& stream_;
  ConsumerGroup& group_;
  std::string_view name_;
  bool just_id_;
  StreamConsumer* consumer_ = nullptr;
  std::size_t taken_ = 0;
  bool changed_ = false;
};

struct ClaimOptions {
  std::optional<std::int64_t> delivered_ms;
  std::optional<std::uint64_t> deliveries;
  bool force = false;
  bool just_id = false;
  StreamId last_id;
};

/// IDLE, TIME and the others from argument `i` on; false: the error has been answered.
bool parse_claim_options(CommandContext& ctx, std::size_t i, ClaimOptions* options) {
  for (; i < ctx.args.size(); ++i) {
    const bool has_value = i + 1 < ctx.args.size();
    std::int64_t value = 0;
    if (ctx.is(i, "force")) {
      options->force = true;
    } else if (ctx.is(i, "justid")) {
      options->just_id = true;
    } else if (has_value && ctx.is(i, "idle")) {
      if (!ctx.integer(++i, &value, "ERR Invalid IDLE option argument for XCLAIM")) return false;
      // Wraps around as the peer's subtraction does; what is no sane time becomes now below.
      options->delivered_ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(ctx.now_ms) -
                                                        static_cast<std::uint64_t>(value));
    } else if (has_value && ctx.is(i, "time")) {
      if (!ctx.integer(++i, &value, "ERR Invalid TIME option argument for XCLAIM")) return false;
      options->delivered_ms = value;
    } else if (has_value && ctx.is(i, "retrycount")) {
      if (!ctx.integer(++i, &value, "ERR Invalid RETRYCOUNT option argument for XCLAIM")) return false;
      if (value >= 0) options->deliveries = static_cast<std::uint64_t>(value);
    } else if (has_value && ctx.is(i, "lastid")) {
      if (!parse_id(ctx, ++i, &options->last_id)) return false;
    } else {
      ctx.reply.error(fmt::format("ERR Unrecognized XCLAIM option '{}'", ctx.argument(i)));
      return false;
    }
  }
  return true;
}

/// Whether an entry has waited long enough to be claimed.
bool idle_enough(const PendingEntry& entry, std::int64_t now_ms, std::int64_t min_idle_ms) {
  return min_idle_ms == 0 || now_ms - entry.delivered_ms >= min_idle_ms;
}

void xclaim(CommandContext& ctx) {
  Stream* stream = nullptr;
  if (!ctx.write(1, &stream)) return;
  ConsumerGroup* group = stream == nullptr ? nullptr : stream->group(ctx.argument(2));
  if (group == nullptr) return reply_no_group(ctx, 1, 2);
  std::int64_t min_idle_ms = 0;
  if (!ctx.integer(4, &min_idle_ms, "ERR Invalid min-idle-time argument for XCLAIM")) return;
  min_idle_ms = std::max<std::int64_t>(min_idle_ms, 0);
  std::vector<StreamId> ids;
  std::size_t i = 5;
  for (; i < ctx.args.size(); ++i) {
    const std::optional<ParsedStreamId> id = parse_stream_id(ctx.argument(i));
    if (!id || ctx.argument(i) == "-" || ctx.argument(i) == "+") break;
    ids.push_back(id->id);
  }
  ClaimOptions options;
  if (!parse_claim_options(ctx, i, &options)) return;

  Claim claim(ctx, *stream, *group, ctx.argument(3), options.just_id);
  if (options.last_id > group->last_delivered) {
    group->last_delivered = options.last_id;
    claim.note_change();
  }
  std::int64_t delivered_ms = options.delivered_ms.value_or(ctx.now_ms);
  if (delivered_ms < 0 || delivered_ms > ctx.now_ms) delivered_ms = ctx.now_ms;
  const Reply::Mark mark = ctx.reply.begin();
  for (const StreamId id : ids) {
    if (!stream->contains(id)) {
      claim.forget(id);
      continue;
    }
    const PendingEntry* entry = group->find(id);
    if (entry == nullptr && !options.force) continue;
    if (entry != nullptr && !idle_enough(*entry, ctx.now_ms, min_idle_ms)) continue;
    // An entry that FORCE makes pending counts as delivered once already.
    const bool made = entry == nullptr;
    claim.take(id, delivered_ms, options.deliveries);
    if (made && !options.deliveries) ++group->find(id)->deliveries;
  }
  ctx.reply.end_array(mark, claim.taken());
  claim.finish();
}

void xautoclaim(CommandContext& ctx) {
  constexpr std::int64_t kAttemptsFactor = 10;
  constexpr std::int64_t kCountMax =
      std::numeric_limits<std::int64_t>::max() / std::max<std::int64_t>(sizeof(StreamId), kAttemptsFactor);
  constexpr std::string_view kCountError = "ERR COUNT must be > 0";
  std::int64_t min_idle_ms = 0;
  StreamId from;
  if (!ctx.integer(4, &min_idle_ms, "ERR Invalid min-idle-time argument for XAUTOCLAIM")) return;
  min_idle_ms = std::max<std::int64_t>(min_idle_ms, 0);
  if (!parse_range_start(ctx, 5, &from)) return;
  std::int64_t count = 100;
  bool just_id = false;
  for (std::size_t i = 6; i < ctx.args.size(); ++i) {
    if (ctx.is(i, "count") && i + 1 < ctx.args.size()) {
      if (!ctx.integer(++i, &count, kCountError)) return;
      if (count < 1 || count > kCountMax) return ctx.reply.error(kCountError);
    } else if (ctx.is(i, "justid")) {
      just_id = true;
    } else {
      return ctx.syntax_error();
    }
  }
  Stream* stream = nullptr;
  if (!ctx.write(1, &stream)) return;
  ConsumerGroup* group = stream == nullptr ? nullptr : stream->group(ctx.argument(2));
  if (group == nullptr) return reply_no_group(ctx, 1, 2);

  // Where to go on is the first of the three replies, but known last: the claimed entries are found
  // first and taken afterwards.
  std::vector<StreamId> found;
  std::vector<StreamId> gone;
  std::int64_t attempts = count * kAttemptsFactor;
  auto at = group->pending().lower_bound(from);
  for (; at != group->pending().end() && attempts > 0 && count > 0; ++at, --attempts) {
    if (!stream->contains(at->first)) {
      gone.push_back(at->first);
      --count;
    } else if (idle_enough(at->second, ctx.now_ms, min_idle_ms)) {
      found.push_back(at->first);
      --count;
    }
  }
  ctx.reply.array(3);
  reply_id(ctx.reply, at == group->pending().end() ? StreamId{} : at->first);
  Claim claim(ctx, *stream, *group, ctx.argument(3), just_id);
  ctx.reply.array(found.size());
  for (const StreamId id : found) claim.take(id, ctx.now_ms, std::nullopt);
  ctx.reply.array(gone.size());
  for (const StreamId id : gone) {
    claim.forget(id);
    reply_id(ctx.reply, id);
  }
  claim.finish();
}

constexpr CommandSpec kGroupRows[] = {
    {.name = "create", .handler = xgroup_create, .arity = -5, .flags = kWrite | kDenyOom,
     .categories = kAclStream, .keys = key_at(2, kKeyRW | kKeyInsert), .group = Group::stream,
     .since = "5.0.0", .complexity = "O(1)", .summary = "Makes a group"},
    {.name = "createconsumer", .handler = xgroup_createconsumer, .arity = 5, .flags = kWrite | kDenyOom,
     .categories = kAclStream, .keys = key_at(2, kKeyRW | kKeyInsert), .group = Group::stream,
     .since = "6.2.0", .complexity = "O(1)", .summary = "Makes a consumer"},
    {.name = "delconsumer", .handler = xgroup_delconsumer, .arity = 5, .flags = kWrite,
     .categories = kAclStream, .keys = key_at(2, kKeyRW | kKeyDelete), .group = Group::stream,
     .since = "5.0.0", .complexity = "O(1)", .summary = "Deletes a consumer"},
    {.name = "destroy", .handler = xgroup_destroy, .arity = 4, .flags = kWrite, .categories = kAclStream,
     .keys = key_at(2, kKeyRW | kKeyDelete), .group = Group::stream, .since = "5.0.0",
     .complexity = "O(N) for N pending entries", .summary = "Deletes a group"},
    {.name = "help", .handler = xgroup_help, .arity = 2, .flags = kLoading | kStale,
     .categories = kAclStream, .group = Group::stream, .since = "5.0.0", .complexity = "O(1)",
     .summary = "Explains the subcommands"},
    {.name = "setid", .handler = xgroup_setid, .arity = -5, .flags = kWrite, .categories = kAclStream,
     .keys = key_at(2, kKeyRW | kKeyUpdate), .group = Group::stream, .since = "5.0.0",
     .complexity = "O(1)", .summary = "Sets the last id a group was given"},
};

constexpr CommandSpec kRows[] = {
    {.name = "xack", .handler = xack, .arity = -4, .flags = kWrite | kFast, .categories = kAclStream,
     .keys = key_at(1, kKeyRW | kKeyUpdate), .group = Group::stream, .since = "5.0.0",
     .complexity = "O(1) an entry", .summary = "Acknowledges entries"},
    {.name = "xautoclaim", .handler = xautoclaim, .arity = -6, .flags = kWrite | kFast,
     .categories = kAclStream, .keys = key_at(1, kKeyRW | kKeyDelete), .group = Group::stream,
     .since = "6.2.0", .complexity = "O(1) for a small COUNT",
     .summary = "Gives pending entries that waited long to another consumer"},
    {.name = "xclaim", .handler = xclaim, .arity = -6, .flags = kWrite | kFast, .categories = kAclStream,
     .keys = key_at(1, kKeyRW | kKeyUpdate), .group = Group::stream, .since = "5.0.0",
     .complexity = "O(log N) for N pending entries", .summary = "Gives pending entries to another consumer"},
    {.name = "xgroup", .arity = -2, .group = Group::stream, .since = "5.0.0",
     .complexity = "Depends on subcommand.", .summary = "Commands about groups of consumers",
     .subcommands = kGroupRows},
    {.name = "xpending", .handler = xpending, .arity = -3, .flags = kReadonly, .categories = kAclStream,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::stream, .since = "5.0.0",
     .complexity = "O(N) for N entries given or looked at", .summary = "Tells what is pending"},
};

}  // namespace

std::span<const CommandSpec> stream_group_commands() { return kRows; }

}  // namespace larder::redis
