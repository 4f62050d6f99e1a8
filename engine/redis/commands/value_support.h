// What the commands on lists, sets and hashes share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/redis/command_context.h"
#include "engine/redis/types/hash.h"
#include "engine/redis/types/list.h"
#include "engine/redis/types/set.h"

namespace larder::redis {

inline ListLimits list_limits(const CommandContext& ctx) {
  const std::int64_t fill = std::clamp<std::int64_t>(ctx.settings.list_max_listpack_size, -5, 1 << 15);
  return ListLimits{static_cast<int>(fill), static_cast<std::size_t>(ctx.settings.list_packed_threshold)};
}
inline SetLimits set_limits(const CommandContext& ctx) {
  return SetLimits{static_cast<std::size_t>(ctx.settings.set_max_intset_entries)};
}
inline HashLimits hash_limits(const CommandContext& ctx) {
  return HashLimits{static_cast<std::size_t>(ctx.settings.hash_max_listpack_entries),
                    static_cast<std::size_t>(ctx.settings.hash_max_listpack_value)};
}

inline void reply_value(CommandContext& ctx, const PackedValue& value) {
  IntegerText room;
  ctx.reply.bulk(value.text(room));
}

/// Draws numbers below n.
inline auto random_below(CommandContext& ctx) {
  return [&state = ctx.state](std::size_t n) { return static_cast<std::size_t>(state.random_u64() % n); };
}

/// Removes the key of a value that a command has emptied, and tells of it.
template <typename T>
void drop_if_empty(CommandContext& ctx, std::size_t key, const T* value) {
  if (ctx.remove_if_empty(key, value)) ctx.modified(key, "del");
}

/// An integer argument within bounds. False: `error` has been answered, or the usual words for what is
/// no integer and what is out of [low, high].
bool ranged_integer(CommandContext& ctx, std::size_t argument, std::int64_t low, std::int64_t high,
                    std::int64_t* value, std::string_view error = {});
/// At least 0; one error for everything else.
inline bool natural(CommandContext& ctx, std::size_t argument, std::int64_t* value,
                    std::string_view error = errors::kNotPositive) {
  return ranged_integer(ctx, argument, 0, INT64_MAX, value, error);
}

/// Answers that a command was called with a wrong number of arguments.
void wrong_arity(CommandContext& ctx);

/// What a reply of elements drawn with repetition may take; a client may ask for any number of them.
inline constexpr std::size_t kRepeatedBytesMax = std::size_t{512} << 20;

/// Goes over `size` things in order, of which `wanted` are to be picked: pick() says for each whether it
/// is one of them, so that each choice of that many is as likely as any other.
class Sampler {
 public:
  Sampler(CommandContext& ctx, std::size_t size, std::size_t wanted)
      : ctx_(ctx), left_(size), wanted_(wanted) {}
  bool pick() {
    const bool picked = wanted_ != 0 && random_below(ctx_)(left_) < wanted_;
    --left_;
    wanted_ -= picked ? 1 : 0;
    return picked;
  }
  bool done() const { return wanted_ == 0; }

 private:
  CommandContext& ctx_;
  std::size_t left_;
  std::size_t wanted_;
};

}  // namespace larder::redis
