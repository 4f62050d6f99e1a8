#include "engine/redis/commands/stream_args.h"

namespace larder::redis {

namespace {

/// Stores what was parsed, or answers that it is no id.
bool take(CommandContext& ctx, const std::optional<ParsedStreamId>& parsed, StreamId* id) {
  if (!parsed) return ctx.reply.error(kInvalidStreamId), false;
  *id = parsed->id;
  return true;
}

/// "(" before an id.
bool exclusive(std::string_view text) { return text.size() > 1 && text.front() == '('; }

}  // namespace

bool parse_id(CommandContext& ctx, std::size_t i, StreamId* id) {
  const std::string_view text = ctx.argument(i);
  if (text == "-" || text == "+") return ctx.reply.error(kInvalidStreamId), false;
  return take(ctx, parse_stream_id(text), id);
}

bool parse_id_or_end(CommandContext& ctx, std::size_t i, StreamId* id, std::uint64_t missing_seq) {
  const std::string_view text = ctx.argument(i);
  if (text == "-" || text == "+") {
    *id = text == "-" ? kStreamIdMin : kStreamIdMax;
    return true;
  }
  return take(ctx, parse_stream_id(text, missing_seq), id);
}

bool parse_ids(CommandContext& ctx, std::size_t first, std::vector<StreamId>* ids) {
  ids->resize(ctx.args.size() - first);
  for (std::size_t i = 0; i < ids->size(); ++i) {
    if (!parse_id(ctx, first + i, &(*ids)[i])) return false;
  }
  return true;
}

bool parse_range_start(CommandContext& ctx, std::size_t i, StreamId* id) {
  const std::string_view text = ctx.argument(i);
  if (!exclusive(text)) return parse_id_or_end(ctx, i, id);
  const std::string_view bare = text.substr(1);
  const bool end = bare == "-" || bare == "+";
  if (!take(ctx, end ? std::nullopt : parse_stream_id(bare), id)) return false;
  const std::optional<StreamId> next = id->next();
  if (!next) return ctx.reply.error("ERR invalid start ID for the interval"), false;
  *id = *next;
  return true;
}

bool parse_range_end(CommandContext& ctx, std::size_t i, StreamId* id) {
  const std::string_view text = ctx.argument(i);
  if (!exclusive(text)) return parse_id_or_end(ctx, i, id, kSeqMax);
  const std::string_view bare = text.substr(1);
  const bool end = bare == "-" || bare == "+";
  if (!take(ctx, end ? std::nullopt : parse_stream_id(bare, kSeqMax), id)) return false;
  const std::optional<StreamId> previous = id->previous();
  if (!previous) return ctx.reply.error("ERR invalid end ID for the interval"), false;
  *id = *previous;
  return true;
}

void reply_id(Reply& reply, StreamId id) {
  StreamIdText text;
  reply.bulk(text.of(id));
}

void reply_entry(Reply& reply, const StreamEntry& entry) {
  reply.array(2);
  reply_id(reply, entry.id());
  reply.array(entry.field_count() * 2);
  entry.for_each_field([&reply](std::string_view name, std::string_view value) {
    reply.bulk(name);
    reply.bulk(value);
  });
}

std::size_t reply_entries(Reply& reply, const Stream& stream, StreamId from, StreamId to, std::uint64_t count,
                          bool descending) {
  const Reply::Mark mark = reply.begin();
  std::size_t written = 0;
  stream.visit(from, to, descending, [&](const StreamEntry& entry) {
    reply_entry(reply, entry);
    ++written;
    return written != count;
  });
  reply.end_array(mark, written);
  return written;
}

}  // namespace larder::redis
