#include "engine/engine.h"

#include <fmt/format.h>

// The hash is compiled in here, so that link-time optimisation can inline it into its callers.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace larder::engine {

Key Engine::key(std::string_view bytes) const {
  return {bytes, XXH3_64bits_withSeed(bytes.data(), bytes.size(), hash_seed_)};
}

void StatSink::stat(std::string_view name, std::uint64_t value) {
  const fmt::format_int text(value);
  stat(name, std::string_view(text.data(), text.size()));
}

void StatSink::stat(std::string_view name, std::int64_t value) {
  const fmt::format_int text(value);
  stat(name, std::string_view(text.data(), text.size()));
}

}  // namespace larder::engine
