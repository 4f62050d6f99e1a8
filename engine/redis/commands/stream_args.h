// What the commands of streams have in common: ids in arguments, entries in replies.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/redis/command_context.h"
#include "engine/redis/types/stream.h"

namespace larder::redis {

inline constexpr std::string_view kInvalidStreamId =
    "ERR Invalid stream ID specified as stream command argument";

/// An id at argument `i`; false: the error has been answered.
bool parse_id(CommandContext& ctx, std::size_t i, StreamId* id);
/// The same, where "-" and "+" are ids too.
bool parse_id_or_end(CommandContext& ctx, std::size_t i, StreamId* id, std::uint64_t missing_seq = 0);
/// Ids from argument `first` to the last.
bool parse_ids(CommandContext& ctx, std::size_t first, std::vector<StreamId>* ids);

/// An end of a range at argument `i`: an id, "-", "+", or "(" and an id that does not belong to it.
bool parse_range_start(CommandContext& ctx, std::size_t i, StreamId* id);
bool parse_range_end(CommandContext& ctx, std::size_t i, StreamId* id);

void reply_id(Reply& reply, StreamId id);
/// An array of the id and an array of fields and values.
void reply_entry(Reply& reply, const StreamEntry& entry);
/// An array of the live entries of [from, to], at most `count` (0: all). Returns how many there were.
std::size_t reply_entries(Reply& reply, const Stream& stream, StreamId from, StreamId to, std::uint64_t count,
                          bool descending);

}  // namespace larder::redis
