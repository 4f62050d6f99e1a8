// Patterns as KEYS, SCAN, PSUBSCRIBE and CONFIG GET know them.
//
//   *       any bytes, also none
//   ?       one byte
//   [a-c^]  one byte of a set: bytes, ranges (either way round), \x for x; [^...] one that is not in it.
//           A set that is not closed ends with the pattern.
//   \x      the byte x
//
// Bytes are compared as they are; ranges by signed value, as Redis does it. Only the last * is gone
// back to, so matching takes at most pattern times text steps, and no recursion.
#pragma once

#include <string_view>

namespace larder::redis {

bool glob_match(std::string_view pattern, std::string_view text, bool nocase = false);

}  // namespace larder::redis
