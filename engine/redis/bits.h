// Bits of a string, the first one being the highest of the first byte, as SETBIT, BITCOUNT and BITFIELD
// count them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder::redis::bits {

/// Bits set in bytes.
std::uint64_t count(std::string_view bytes);
/// Bits set among bits first .. last. Requires: they are inside.
std::uint64_t count(std::string_view bytes, std::uint64_t first, std::uint64_t last);
/// The first bit of that value among bits first .. last; -1: none. Requires: they are inside.
std::int64_t find(std::string_view bytes, bool value, std::uint64_t first, std::uint64_t last);

/// `width` (1..64) bits from `offset` on; bits behind the end are zero.
std::uint64_t read(std::string_view bytes, std::uint64_t offset, unsigned width);
/// Requires: they are inside.
void write(char* bytes, std::uint64_t offset, unsigned width, std::uint64_t value);

}  // namespace larder::redis::bits
