// Opening a hash: fields whose deadline has come are taken out first, and the key with the last.
#pragma once

#include "engine/redis/commands/value_support.h"

namespace larder::redis {

/// As ctx.read(): null for a hash that is not there, or not any more.
bool read_hash(CommandContext& ctx, std::size_t key, Hash** hash);
/// As ctx.write(), in the same way.
bool write_hash(CommandContext& ctx, std::size_t key, Hash** hash);
/// write_hash(), and a new hash if there is none.
bool open_hash(CommandContext& ctx, std::size_t key, Hash** hash);

/// Fields that are alive. A walk while dead ones are left (see Hash::expire), else at once.
std::size_t alive_count(const CommandContext& ctx, const Hash& hash);

/// Visits pairs that are alive until `visit` returns false.
template <typename Visit>
void for_each_alive(const CommandContext& ctx, const Hash& hash, Visit&& visit) {
  hash.for_each_while([&](const Hash::Pair& pair) { return pair.dead(ctx.now_ms) || visit(pair); });
}

}  // namespace larder::redis
