// XREAD and XREADGROUP: entries behind an id, of several streams at once.
//
// BLOCK is read and checked; a client that would have to wait is answered as if its time had passed.
#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/stream_args.h"

namespace larder::redis {

namespace {

constexpr std::string_view kNoEvent = {};

/// What one stream is asked for.
struct Source {
  std::size_t key = 0;            // its argument
  StreamId after;
  bool only_new = false;          // ">": what the group was not given yet
};

struct ReadRequest {
  bool for_group = false;
  bool no_ack = false;
  std::uint64_t count = 0;        // 0: all
  std::size_t group = 0;          // argument of the group's name, before the consumer's; 0: none
  std::size_t streams = 0;        // first argument behind STREAMS; 0: not there
  std::vector<Source> sources;
};

bool parse_timeout(CommandContext& ctx, std::size_t i) {
  std::int64_t timeout = 0;
  if (!ctx.integer(i, &timeout, "ERR timeout is not an integer or out of range")) return false;
  if (timeout < 0) ctx.reply.error("ERR timeout is negative");
  return timeout >= 0;
}

/// Everything up to the keys; false: the error has been answered.
bool parse_options(CommandContext& ctx, ReadRequest& request) {
  for (std::size_t i = 1; i < ctx.args.size() && request.streams == 0; ++i) {
    const std::size_t behind = ctx.args.size() - i - 1;
    if (ctx.is(i, "block") && behind >= 1) {
      if (!parse_timeout(ctx, ++i)) return false;
    } else if (ctx.is(i, "count") && behind >= 1) {
      std::int64_t count = 0;
      if (!ctx.integer(++i, &count)) return false;
      request.count = static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
    } else if (ctx.is(i, "streams") && behind >= 1) {
      request.streams = i + 1;
    } else if (ctx.is(i, "group") && behind >= 2) {
      if (!request.for_group) {
        return ctx.reply.error(
                   "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."),
               false;
      }
      request.group = i + 1;
      i += 2;
    } else if (ctx.is(i, "noack")) {
      if (!request.for_group) {
        return ctx.reply.error(
                   "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."),
               false;
      }
      request.no_ack = true;
    } else {
      return ctx.syntax_error(), false;
    }
  }
  if (request.streams == 0) return ctx.syntax_error(), false;
  if ((ctx.args.size() - request.streams) % 2 != 0) {
    return ctx.reply.error(
               "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."),
           false;
  }
  if (request.for_group && request.group == 0) {
    return ctx.reply.error("ERR Missing GROUP option for XREADGROUP"), false;
  }
  return true;
}

/// The id at argument `i` for the stream; false: the error has been answered.
bool parse_after(CommandContext& ctx, std::size_t i, const Stream* stream, const ReadRequest& request,
                 Source& source) {
  const std::string_view text = ctx.argument(i);
  if (text == "$") {
    if (request.for_group) {
      return ctx.reply.error(
                 "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of "
                 "this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID "
                 "would just return an empty result set."),
             false;
    }
    if (stream != nullptr) source.after = stream->last_id();
    return true;
  }
  if (text == ">") {
    if (!request.for_group) {
      return ctx.reply.error("ERR The > ID can be specified only when calling XREADGROUP using the GROUP "
                             "<group> <consumer> option."),
             false;
    }
    source.only_new = true;
    return true;
  }
  if (!parse_id(ctx, i, &source.after)) return false;
  // The last of all ids is how ">" has always been told.
  source.only_new = request.for_group && source.after == kStreamIdMax;
  return true;
}

/// Keys and ids; false: the error has been answered.
bool parse_sources(CommandContext& ctx, ReadRequest& request) {
  const std::size_t count = (ctx.args.size() - request.streams) / 2;
  request.sources.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    Source& source = request.sources[i];
    source.key = request.streams + i;
    Stream* stream = nullptr;
    if (!ctx.read(source.key, &stream)) return false;
    const bool has_group =
        request.group == 0 || (stream != nullptr && stream->group(ctx.argument(request.group)) != nullptr);
    if (!has_group) {
      ctx.reply.error(fmt::format(
          "NOGROUP No such key '{}' or consumer group '{}' in XREADGROUP with GROUP option",
          ctx.argument(source.key), ctx.argument(request.group)));
      return false;
    }
    if (!parse_after(ctx, source.key + count, stream, request, source)) return false;
  }
  return true;
}

/// Entries that were given to the consumer before and not acknowledged. Being read again counts as a
/// delivery; one that was deleted meanwhile comes without its fields.
void reply_history(CommandContext& ctx, const Stream& stream, StreamConsumer& consumer, StreamId from,
                   std::uint64_t count) {
  const Reply::Mark mark = ctx.reply.begin();
  std::size_t written = 0;
  for (auto at = consumer.pending.lower_bound(from); at != consumer.pending.end(); ++at) {
    if (count != 0 && written == count) break;
    bool found = false;
    stream.visit(at->first, at->first, false, [&](const StreamEntry& entry) {
      reply_entry(ctx.reply, entry);
      found = true;
      return false;
    });
    if (found) {
      at->second->delivered_ms = ctx.now_ms;
      ++at->second->deliveries;
    } else {
      ctx.reply.array(2);
      reply_id(ctx.reply, at->first);
      ctx.reply.null_array();
    }
    ++written;
  }
  ctx.reply.end_array(mark, written);
}

/// Entries that the group was not given yet; they become pending, unless the client wants no such record.
void reply_new(CommandContext& ctx, const Stream& stream, ConsumerGroup& group, StreamConsumer& consumer,
               const ReadRequest& request) {
  const StreamId from = group.last_delivered.next().value_or(kStreamIdMin);
  const Reply::Mark mark = ctx.reply.begin();
  std::size_t written = 0;
  stream.visit(from, kStreamIdMax, false, [&](const StreamEntry& entry) {
    stream.note_delivered(group, entry.id());
    reply_entry(ctx.reply, entry);
    if (!request.no_ack) group.deliver(entry.id(), consumer, ctx.now_ms);
    ++written;
    return written != request.count;
  });
  ctx.reply.end_array(mark, written);
}

void begin_source(CommandContext& ctx, std::size_t key) {
  if (!ctx.reply.resp3()) ctx.reply.array(2);
  ctx.reply.bulk(ctx.argument(key));
}

/// Writes what a stream has behind its id; false if that is nothing.
bool reply_source(CommandContext& ctx, const ReadRequest& request, const Source& source) {
  Stream* stream = nullptr;
  if (request.group == 0) {
    ctx.read(source.key, &stream);
    if (stream == nullptr || stream->length() == 0) return false;
    if (stream->last_live_id() <= source.after) return false;
    begin_source(ctx, source.key);
    const StreamId from = source.after.next().value_or(kStreamIdMax);
    reply_entries(ctx.reply, *stream, from, kStreamIdMax, request.count, false);
    return true;
  }
  ctx.write(source.key, &stream);
  ConsumerGroup& group = *stream->group(ctx.argument(request.group));
  if (source.only_new) {
    if (stream->length() == 0) return false;
    if (stream->last_live_id() <= group.last_delivered) return false;
  }
  bool made = false;
  StreamConsumer& consumer = group.see_consumer(ctx.argument(request.group + 1), ctx.now_ms, &made);
  if (made) ctx.modified(source.key, "xgroup-createconsumer");
  begin_source(ctx, source.key);
  if (source.only_new) {
    reply_new(ctx, *stream, group, consumer, request);
  } else {
    reply_history(ctx, *stream, consumer, source.after.next().value_or(kStreamIdMin), request.count);
  }
  ctx.modified(source.key, kNoEvent);
  return true;
}

void read(CommandContext& ctx, bool for_group) {
  ReadRequest request{.for_group = for_group};
  if (!parse_options(ctx, request)) return;
  if (!parse_sources(ctx, request)) return;
  const Reply::Mark mark = ctx.reply.begin();
  std::size_t written = 0;
  for (const Source& source : request.sources) written += reply_source(ctx, request, source) ? 1 : 0;
  if (written == 0) {
    ctx.reply.rewind(mark);
    return ctx.reply.null_array();
  }
  ctx.reply.resp3() ? ctx.reply.end_map(mark, written) : ctx.reply.end_array(mark, written);
}

void xread(CommandContext& ctx) { read(ctx, false); }
void xreadgroup(CommandContext& ctx) { read(ctx, true); }

constexpr CommandSpec kRows[] = {
    {.name = "xread", .handler = xread, .arity = -4, .flags = kReadonly | kBlocking, .categories = kAclStream,
     .keys = keys_after("STREAMS", 1, -1, 1, 2, kKeyRO | kKeyAccess), .group = Group::stream,
     .since = "5.0.0", .complexity = "O(N) for N entries given",
     .summary = "Gives the entries of streams behind an id"},
    {.name = "xreadgroup", .handler = xreadgroup, .arity = -7, .flags = kWrite | kBlocking,
     .categories = kAclStream, .keys = keys_after("STREAMS", 4, -1, 1, 2, kKeyRO | kKeyAccess),
     .group = Group::stream, .since = "5.0.0", .complexity = "O(N) for N entries given",
     .summary = "Gives a consumer the entries of streams that its group was not given yet"},
};

}  // namespace

std::span<const CommandSpec> stream_read_commands() { return kRows; }

}  // namespace larder::redis
