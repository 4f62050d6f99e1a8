// Error texts that several commands answer with, to the letter as Redis 7.0 gives them.
#pragma once

#include <string_view>

namespace larder::redis::errors {

inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kSyntax = "ERR syntax error";
inline constexpr std::string_view kNoKey = "ERR no such key";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kOutOfRange = "ERR value is out of range";
inline constexpr std::string_view kNotPositive = "ERR value is out of range, must be positive";
inline constexpr std::string_view kNotFloat = "ERR value is not a valid float";
inline constexpr std::string_view kIndexOutOfRange = "ERR index out of range";
inline constexpr std::string_view kSameObject = "ERR source and destination objects are the same";
inline constexpr std::string_view kInvalidCursor = "ERR invalid cursor";
inline constexpr std::string_view kInvalidDbIndex = "ERR invalid DB index";
inline constexpr std::string_view kDbOutOfRange = "ERR DB index is out of range";
inline constexpr std::string_view kStringTooLong =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
inline constexpr std::string_view kOutOfMemory =
    "OOM command not allowed when used memory > 'maxmemory'.";
/// In our own words: Redis' give advice that is not ours.
inline constexpr std::string_view kProtectedMode =
    "DENIED Larder is running in protected mode: no password is set, so only clients of this machine are served. "
    "Set requirepass, or turn protected-mode off from this machine or at the start.";
inline constexpr std::string_view kNoAuth = "NOAUTH Authentication required.";

}  // namespace larder::redis::errors
