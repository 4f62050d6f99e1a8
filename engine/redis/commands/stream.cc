// Streams: commands about entries. Groups of consumers are in stream_group.cc, XINFO is in stream_info.cc.
#include <algorithm>
#include <limits>
#include <vector>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/stream_args.h"

namespace larder::redis {

namespace {

/// What XADD and XTRIM say about trimming, and XADD about the id.
struct AddRequest {
  Stream::Trim trim;
  bool make_stream = true;
  bool id_given = false;
  bool seq_given = false;
  StreamId id;
  std::size_t id_at = 0;
};

/// MAXLEN or MINID at argument `i`, which is moved behind it; false: the error has been answered.
bool parse_strategy(CommandContext& ctx, std::size_t& i, Stream::Trim& trim) {
  if (trim.by != Stream::Trim::By::kNothing) {
    ctx.reply.error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    return false;
  }
  const bool by_length = ctx.is(i, "maxlen");
  ++i;
  trim.approximate = false;
  if (i + 1 < ctx.args.size() && (ctx.argument(i) == "~" || ctx.argument(i) == "=")) {
    trim.approximate = ctx.argument(i) == "~";
    ++i;
  }
  if (by_length) {
    std::int64_t length = 0;
    if (!ctx.integer(i, &length)) return false;
    if (length < 0) return ctx.reply.error("ERR The MAXLEN argument must be >= 0."), false;
    trim.length = static_cast<std::uint64_t>(length);
    trim.by = Stream::Trim::By::kLength;
  } else {
    if (!parse_id(ctx, i, &trim.id)) return false;
    trim.by = Stream::Trim::By::kId;
  }
  ++i;
  return true;
}

/// The id of XADD at argument `i`; false: the error has been answered.
bool parse_new_id(CommandContext& ctx, std::size_t i, AddRequest& request) {
  const std::string_view text = ctx.argument(i);
  const bool end = text == "-" || text == "+";
  const std::optional<ParsedStreamId> parsed = end ? std::nullopt : parse_stream_id(text, 0, true);
  if (!parsed) return ctx.reply.error(kInvalidStreamId), false;
  request.id = parsed->id;
  request.seq_given = parsed->seq_given;
  request.id_given = true;
  return true;
}

/// LIMIT's default: what may be removed by one approximate trimming.
std::uint64_t default_limit(const CommandContext& ctx) {
  const std::int64_t limit = 100 * ctx.settings.stream_node_max_entries;
  return limit <= 0 ? 10'000 : static_cast<std::uint64_t>(std::min<std::int64_t>(limit, 1'000'000));
}

/// Reads options from argument 2 on, for XADD up to its id; false: the error has been answered.
bool parse_request(CommandContext& ctx, bool add, AddRequest& request) {
  std::int64_t limit = 0;
  bool limit_given = false;
  std::size_t i = 2;
  while (i < ctx.args.size()) {
    const bool has_value = i + 1 < ctx.args.size();
    if (add && ctx.argument(i) == "*") break;
    if (has_value && (ctx.is(i, "maxlen") || ctx.is(i, "minid"))) {
      if (!parse_strategy(ctx, i, request.trim)) return false;
    } else if (has_value && ctx.is(i, "limit")) {
      if (!ctx.integer(i + 1, &limit)) return false;
      if (limit < 0) return ctx.reply.error("ERR The LIMIT argument must be >= 0."), false;
      limit_given = true;
      i += 2;
    } else if (add && ctx.is(i, "nomkstream")) {
      request.make_stream = false;
      ++i;
    } else if (add) {
      if (!parse_new_id(ctx, i, request)) return false;
      break;
    } else {
      ctx.syntax_error();
      return false;
    }
  }
  request.id_at = i;
  const bool trims = request.trim.by != Stream::Trim::By::kNothing;
  if (limit != 0 && !trims) {
    ctx.reply.error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    return false;
  }
  if (!add && !trims) {
    ctx.reply.error("ERR syntax error, XTRIM must be called with a trimming strategy");
    return false;
  }
  if (limit_given && !request.trim.approximate) {
    ctx.reply.error("ERR syntax error, LIMIT cannot be used without the special ~ option");
    return false;
  }
  if (limit_given) request.trim.limit = static_cast<std::uint64_t>(limit);
  if (!limit_given && request.trim.approximate) request.trim.limit = default_limit(ctx);
  return true;
}

/// The id of the new entry; nothing if the one that was asked for is too small.
std::optional<StreamId> new_id(const CommandContext& ctx, StreamId last, const AddRequest& request) {
  if (!request.id_given) return id_by_clock(last, static_cast<std::uint64_t>(ctx.now_ms));
  StreamId id = request.id;
  if (!request.seq_given && id.ms == last.ms) {
    if (last.seq == kSeqMax) return std::nullopt;
    id.seq = last.seq + 1;
  }
  if (id <= last) return std::nullopt;
  return id;
}

Stream::NodeLimits node_limits(const CommandContext& ctx) {
  return {static_cast<std::uint64_t>(ctx.settings.stream_node_max_bytes),
          static_cast<std::uint64_t>(ctx.settings.stream_node_max_entries)};
}

void xadd(CommandContext& ctx) {
  AddRequest request;
  if (!parse_request(ctx, true, request)) return;
  const std::size_t fields_at = std::min(request.id_at + 1, ctx.args.size());
  const FieldsAndValues fields = ctx.args.subspan(fields_at);
  if (fields.size() < 2 || fields.size() % 2 != 0) {
    return ctx.reply.error("ERR wrong number of arguments for 'xadd' command");
  }
  if (request.id_given && request.seq_given && request.id.zero()) {
    return ctx.reply.error("ERR The ID specified in XADD must be greater than 0-0");
  }
  Stream* stream = nullptr;
  if (!ctx.write(1, &stream)) return;
  if (stream == nullptr && !request.make_stream) return ctx.reply.null();
  // A new stream is made only when nothing can fail any more.
  const StreamId last = stream == nullptr ? StreamId{} : stream->last_id();
  if (last == kStreamIdMax) {
    return ctx.reply.error("ERR The stream has exhausted the last possible ID, unable to add more items");
  }
  const std::optional<StreamId> id = new_id(ctx, last, request);
  if (!id) {
    return ctx.reply.error(
        "ERR The ID specified in XADD is equal or smaller than the target stream top item");
  }
  std::size_t bytes = 0;
  for (const std::string_view text : fields) bytes += text.size();
  if (bytes > Stream::kEntryBytesMax) return ctx.reply.error("ERR Elements are too large to be stored");

  if (stream == nullptr) stream = ctx.create<Stream>(1);
  stream->append(*id, fields, node_limits(ctx));
  ctx.modified(1, "xadd");
  if (stream->trim(request.trim) > 0) ctx.modified(1, "xtrim");
  reply_id(ctx.reply, *id);
}

void xtrim(CommandContext& ctx) {
  AddRequest request;
  if (!parse_request(ctx, false, request)) return;
  Stream* stream = nullptr;
  if (!ctx.write(1, &stream)) return;
  const std::uint64_t removed = stream == nullptr ? 0 : stream->trim(request.trim);
  if (removed > 0) ctx.modified(1, "xtrim");
  ctx.reply.integer(static_cast<std::int64_t>(removed));
}

void xdel(CommandContext& ctx) {
  Stream* stream = nullptr;
  if (!ctx.write(1, &stream)) return;
  if (stream == nullptr) return ctx.reply.integer(0);
  std::vector<StreamId> ids;
  if (!parse_ids(ctx, 2, &ids)) return;
  std::int64_t erased = 0;
  for (const StreamId id : ids) erased += stream->erase(id) ? 1 : 0;
  if (erased > 0) ctx.modified(1, "xdel");
  ctx.reply.integer(erased);
}

void xlen(CommandContext& ctx) {
  Stream* stream = nullptr;
  if (!ctx.read(1, &stream)) return;
  ctx.reply.integer(stream == nullptr ? 0 : static_cast<std::int64_t>(stream->length()));
}

void reply_range(CommandContext& ctx, bool descending) {
  StreamId from;
  StreamId to;
  if (!parse_range_start(ctx, descending ? 3 : 2, &from)) return;
  if (!parse_range_end(ctx, descending ? 2 : 3, &to)) return;
  std::optional<std::int64_t> count;
  for (std::size_t i = 4; i < ctx.args.size(); i += 2) {
    if (!ctx.is(i, "count") || i + 1 == ctx.args.size()) return ctx.syntax_error();
    std::int64_t value = 0;
    if (!ctx.integer(i + 1, &value)) return;
    count = std::max<std::int64_t>(value, 0);
  }
  Stream* stream = nullptr;
  if (!ctx.read(1, &stream)) return;
  if (stream == nullptr) return ctx.reply.empty_array();
  if (count == 0) return ctx.reply.null_array();
  reply_entries(ctx.reply, *stream, from, to, static_cast<std::uint64_t>(count.value_or(0)), descending);
}

void xrange(CommandContext& ctx) { reply_range(ctx, false); }
void xrevrange(CommandContext& ctx) { reply_range(ctx, true); }

void xsetid(CommandContext& ctx) {
  StreamId id;
  StreamId max_deleted;
  std::int64_t added = -1;
  if (!parse_id(ctx, 2, &id)) return;
  for (std::size_t i = 3; i < ctx.args.size(); i += 2) {
    const bool has_value = i + 1 < ctx.args.size();
    if (has_value && ctx.is(i, "entriesadded")) {
      if (!ctx.integer(i + 1, &added)) return;
      if (added < 0) return ctx.reply.error("ERR entries_added must be positive");
    } else if (has_value && ctx.is(i, "maxdeletedid")) {
      if (!parse_id(ctx, i + 1, &max_deleted)) return;
      if (id < max_deleted) {
        return ctx.reply.error(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
      }
    } else {
      return ctx.syntax_error();
    }
  }
  Stream* stream = nullptr;
  if (!ctx.write(1, &stream)) return;
  if (stream == nullptr) return ctx.reply.error(errors::kNoKey);
  if (stream->length() > 0) {
    if (id < stream->last_live_id()) {
      return ctx.reply.error("ERR The ID specified in XSETID is smaller than the target stream top item");
    }
    if (added != -1 && stream->length() > static_cast<std::uint64_t>(added)) {
      return ctx.reply.error(
          "ERR The entries_added specified in XSETID is smaller than the target stream length");
    }
  }
  stream->set_last_id(id);
  if (added != -1) stream->set_entries_added(static_cast<std::uint64_t>(added));
  if (!max_deleted.zero()) stream->set_max_deleted_id(max_deleted);
  ctx.modified(1, "xsetid");
  ctx.reply.ok();
}

constexpr CommandSpec kRows[] = {
    {.name = "xadd", .handler = xadd, .arity = -5, .flags = kWrite | kDenyOom | kFast,
     .categories = kAclStream, .keys = key_at(1, kKeyRW | kKeyUpdate), .group = Group::stream,
     .since = "5.0.0", .complexity = "O(1), and O(N) for N entries trimmed",
     .summary = "Adds an entry to a stream"},
    {.name = "xdel", .handler = xdel, .arity = -3, .flags = kWrite | kFast, .categories = kAclStream,
     .keys = key_at(1, kKeyRW | kKeyDelete), .group = Group::stream, .since = "5.0.0",
     .complexity = "O(1) an entry", .summary = "Deletes entries"},
    {.name = "xlen", .handler = xlen, .arity = 2, .flags = kReadonly | kFast, .categories = kAclStream,
     .keys = key_at(1, kKeyRO), .group = Group::stream, .since = "5.0.0", .complexity = "O(1)",
     .summary = "Tells the number of entries"},
    {.name = "xrange", .handler = xrange, .arity = -4, .flags = kReadonly, .categories = kAclStream,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::stream, .since = "5.0.0",
     .complexity = "O(N) for N entries given", .summary = "Gives the entries of a range of ids"},
    {.name = "xrevrange", .handler = xrevrange, .arity = -4, .flags = kReadonly, .categories = kAclStream,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::stream, .since = "5.0.0",
     .complexity = "O(N) for N entries given",
     .summary = "Gives the entries of a range of ids, from the last"},
    {.name = "xsetid", .handler = xsetid, .arity = -3, .flags = kWrite | kDenyOom | kFast,
     .categories = kAclStream, .keys = key_at(1, kKeyRW | kKeyUpdate), .group = Group::stream,
     .since = "5.0.0", .complexity = "O(1)", .summary = "Sets the last id of a stream"},
    {.name = "xtrim", .handler = xtrim, .arity = -4, .flags = kWrite, .categories = kAclStream,
     .keys = key_at(1, kKeyRW | kKeyDelete), .group = Group::stream, .since = "5.0.0",
     .complexity = "O(N) for N entries trimmed", .summary = "Removes the oldest entries"},
};

}  // namespace

std::span<const CommandSpec> stream_commands() { return kRows; }

}  // namespace larder::redis
