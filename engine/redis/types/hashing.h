// The hash of members and fields: XXH3 with a seed that is drawn when the process starts, so that
// nobody outside can choose names that collide.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder::redis {

std::uint64_t hash_bytes(std::string_view bytes);

}  // namespace larder::redis
