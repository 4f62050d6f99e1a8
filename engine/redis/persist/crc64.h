// CRC-64 as Redis' DUMP payloads and RDB files end with: the Jones polynomial 0xad93d23594c935a9,
// reflected, starting at 0, without a final inversion. "123456789" gives 0xe9c6d914c4b8d9ca.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder::redis::persist {

/// The checksum of what `crc` stands for followed by `bytes`; start with 0.
std::uint64_t crc64(std::uint64_t crc, std::string_view bytes);

}  // namespace larder::redis::persist
