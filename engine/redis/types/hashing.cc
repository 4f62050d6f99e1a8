#include "engine/redis/types/hashing.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <random>

namespace larder::redis {

namespace {
std::uint64_t drawn_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}
// Drawn before main and never changed.
const std::uint64_t hash_seed = drawn_seed();
}  // namespace

std::uint64_t hash_bytes(std::string_view bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), hash_seed);
}

}  // namespace larder::redis
