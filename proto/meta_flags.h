// The flags of a meta command, read once into one struct that all of mg, ms, md, ma share.
//
// One table of flags serves every command: a flag that belongs to another command is accepted and
// ignored. Flags that appear in a reply are remembered in the order they were sent (`returned`);
// T and N are among them, because memcached applies them while it writes the reply: `t T30` shows
// the old TTL, `T30 t` the new one.
//
// A flag is a letter with an optional token behind it: `v`, `T30`, `Oopaque`. The word has to begin
// with a byte of 'A'..'z' or a digit (anything else makes the whole line malformed, before any flag
// is looked at); each letter may appear once.
//
// Source: memcached's doc/protocol.txt ("Meta Commands") and its replies on the wire.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/clock.h"
#include "proto/tokens.h"

namespace larder::proto {

inline constexpr std::size_t kKeyBytesMax = 250;
/// Command, key and flags together.
inline constexpr std::size_t kMetaWordsMax = 20;
/// With its leading 'O'.
inline constexpr std::size_t kOpaqueBytesMax = 32;

struct MetaFlags {
  std::string_view key;     // decoded when base64_key
  std::string_view opaque;  // with its leading 'O'; empty when there is none
  std::array<char, kMetaWordsMax> returned;
  std::uint8_t returned_count = 0;
  char mode = 0;                           // M
  bool base64_key = false;                 // b
  bool value = false;                      // v
  bool quiet = false;                      // q
  bool no_bump = false;                    // u
  bool invalidate = false;                 // I
  bool remove_value = false;               // x
  bool compare = false;                    // C
  bool want_cas = false;                   // c
  std::uint32_t client_flags = 0;          // F
  std::uint64_t compare_cas = 0;           // C
  std::uint64_t explicit_cas = 0;          // E
  std::uint64_t initial = 0;               // J
  std::uint64_t delta = 1;                 // D
  std::optional<engine::Deadline> touch;   // T
  std::optional<engine::Deadline> vivify;  // N
  bool touch_after_vivify = false;         // T was sent behind N
  std::optional<std::uint32_t> recache_s;  // R: win if less TTL than this is left

  /// What an item created by N ends up with: the later of T and N.
  engine::Deadline created_deadline() const { return touch_after_vivify ? *touch : *vivify; }
};

/// Room for a decoded key.
using KeyBuffer = std::array<char, kKeyBytesMax>;

/// True when all words from `first` on begin like a flag.
bool meta_flags_well_formed(const Words& words, std::size_t first);

/// Reads the key (words[1]) and the flags from words[first] on. Returns the error line to answer,
/// empty when there is none. `key_buffer` holds a decoded key and has to outlive `*flags`.
/// Requires: meta_flags_well_formed(words, first).
std::string_view parse_meta_flags(const Words& words, std::size_t first, const engine::Clock& clock,
                                  KeyBuffer* key_buffer, MetaFlags* flags);

/// Error line for an opaque that is too long, or empty. Apart from parse_meta_flags, since every
/// other error comes before it.
std::string_view check_opaque(const MetaFlags& flags);

}  // namespace larder::proto
