#include "engine/redis/commands/hash_access.h"

namespace larder::redis {

namespace {
void expire_fields(CommandContext& ctx, std::size_t key, Hash** hash) {
  if (*hash == nullptr || (*hash)->next_deadline_ms() > ctx.now_ms) [[likely]] {
    return;
  }
  ctx.charge_to(*hash);
  (*hash)->expire(ctx.now_ms, [](std::string_view) {});
  ctx.modified(key, "hexpired");
  if ((*hash)->size() != 0) return;
  ctx.remove(key);
  ctx.modified(key, "del");
  *hash = nullptr;
}
}  // namespace

bool read_hash(CommandContext& ctx, std::size_t key, Hash** hash) {
  if (!ctx.read(key, hash)) return false;
  expire_fields(ctx, key, hash);
  return true;
}

bool write_hash(CommandContext& ctx, std::size_t key, Hash** hash) {
  if (!ctx.write(key, hash)) return false;
  expire_fields(ctx, key, hash);
  return true;
}

bool open_hash(CommandContext& ctx, std::size_t key, Hash** hash) {
  if (!write_hash(ctx, key, hash)) return false;
  if (*hash == nullptr) *hash = ctx.create<Hash>(key);
  return true;
}

std::size_t alive_count(const CommandContext& ctx, const Hash& hash) {
  if (hash.next_deadline_ms() > ctx.now_ms) return hash.size();
  std::size_t count = 0;
  for_each_alive(ctx, hash, [&](const Hash::Pair&) {
    ++count;
    return true;
  });
  return count;
}

}  // namespace larder::redis
