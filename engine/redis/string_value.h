// What commands of several groups do with strings.
#pragma once

#include <optional>
#include <string_view>

#include "engine/redis/command_context.h"

namespace larder::redis {

/// Answers with a string; a large one stays in its item until it is sent.
inline void reply_string(CommandContext& ctx, Item& item) {
  const std::string_view value = item.value();
  if (value.size() <= engine::kCopyBytesMax) [[likely]] return ctx.reply.bulk(value);
  const Ref ref = ctx.engine.keyspace().arena().ref_of(&item);
  ctx.engine.pin_item(ref);
  ctx.reply.bulk_pinned(engine::ItemPin(&ctx.engine, ref), value);
}

/// As OBJECT ENCODING names it.
inline Encoding string_encoding(const Item& item) {
  constexpr std::size_t kEmbstrBytesMax = 44;
  const std::string_view value = item.value();
  std::int64_t number = 0;
  if (item.raw_string()) return Encoding::kRaw;
  const bool text = (item.string_marks() & slab::kTextString) != 0;
  if (!text && value.size() <= 20 && parse_i64(value, &number)) return Encoding::kInt;
  return value.size() <= kEmbstrBytesMax ? Encoding::kEmbstr : Encoding::kRaw;
}

/// Whether a string of that size may be made; false: the error has been answered.
inline bool check_string_bytes(CommandContext& ctx, std::uint64_t bytes) {
  if (bytes <= static_cast<std::uint64_t>(ctx.settings.proto_max_bulk_len)) return true;
  ctx.reply.error(errors::kStringTooLong);
  return false;
}

}  // namespace larder::redis
