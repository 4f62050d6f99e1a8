// The parts of a meta reply: a code of two letters, then flags in the order they were sent.
//
//   HD f7 s2 t-1 kfoo O123 W\r\n
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/clock.h"
#include "proto/base64.h"
#include "proto/meta_flags.h"
#include "proto/numbers.h"

namespace larder::proto {

/// Most bytes that key and opaque take in a reply.
inline constexpr std::size_t kMetaKeyRoom = 2 + (kKeyBytesMax + 2) / 3 * 4 + 2;
inline constexpr std::size_t kMetaOpaqueRoom = 1 + kOpaqueBytesMax;

/// Room for a reply line with every flag there is.
inline constexpr std::size_t kFlagRoom = 2 + kU64Digits;
inline constexpr std::size_t kMetaLineRoom =
    3 + kU64Digits + kMetaKeyRoom + kMetaOpaqueRoom + kMetaWordsMax * kFlagRoom + 3 * 2 + 2;

inline char* write_flag(char* at, char letter) {
  at[0] = ' ';
  at[1] = letter;
  return at + 2;
}

inline char* write_flag(char* at, char letter, std::uint64_t value) {
  return write_u64(write_flag(at, letter), value);
}

inline char* write_ttl(char* at, std::int32_t ttl_s) {
  return write_i32(write_flag(at, 't'), ttl_s);
}

/// The TTL that a deadline set now gives.
inline std::int32_t ttl_of(engine::Deadline deadline, std::uint32_t now) {
  if (deadline == engine::Deadline::never()) return -1;
  // Past: memcached's unsigned subtraction shows a number near 2^32 here.
  return deadline.seconds() > now ? static_cast<std::int32_t>(deadline.seconds() - now) : 0;
}

/// Writes ` k<key>`, with ` b` behind it when the key is sent in base64; returns one past the last.
inline char* write_meta_key(char* at, std::string_view key, bool base64) {
  at = write_text(at, " k");
  if (!base64) return write_text(at, key);
  return write_text(base64_encode(key, at), " b");
}

/// Writes ` O<opaque>`.
inline char* write_meta_opaque(char* at, std::string_view opaque) {
  *at = ' ';
  return write_text(at + 1, opaque);
}

/// The two flags that every reply may carry.
inline char* write_key_or_opaque(char* at, char letter, const MetaFlags& flags) {
  if (letter == 'k') return write_meta_key(at, flags.key, flags.base64_key);
  if (letter == 'O') return write_meta_opaque(at, flags.opaque);
  return at;
}

}  // namespace larder::proto
