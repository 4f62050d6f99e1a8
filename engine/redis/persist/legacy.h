// The packed sequences that Redis wrote before listpacks: ziplists (until 6.2) and zipmaps (until 2.6).
// They are only read. Integers come as their decimal text.
//
//   ziplist   u32 bytes in all | u32 offset of the last entry | u16 entries (65535: unknown) | entries | 255
//   entry     length of the entry before: 1 byte < 254, or 254 and u32
//             00nnnnnn, 01nnnnnn nnnnnnnn (big-endian), 10000000 u32 (big-endian): as many bytes follow
//             11000000 int16, 11010000 int32, 11100000 int64, 11110000 int24, 11111110 int8,
//             1111nnnn with n 1..13: the number n-1            (integers are little-endian)
//   zipmap    u8 pairs (254 and more: unknown) | pairs of  length field  length free value free | 255
//   length    1 byte < 254, or 254 and u32
#pragma once

#include <functional>
#include <string_view>

namespace larder::redis::persist {

/// Takes an entry; false stops the walk.
using EntryVisitor = std::function<bool(std::string_view)>;

/// Walks a ziplist. False if it is broken anywhere (every length, count and back-length is checked) or
/// the visitor stopped; what was visited before is to be dropped then.
bool walk_ziplist(std::string_view blob, const EntryVisitor& visit);
/// Walks a zipmap: field, value, field, value...
bool walk_zipmap(std::string_view blob, const EntryVisitor& visit);

}  // namespace larder::redis::persist
