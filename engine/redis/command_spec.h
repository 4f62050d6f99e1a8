// What a command declares about itself: one row of the table of commands.
//
// Everything else derives from the rows: dispatch, arity errors, which stripes to lock, COMMAND and
// its subcommands, and later ACL, cluster routing, propagation and statistics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace larder::redis {

class CommandContext;
using Handler = void (*)(CommandContext&);
using Arguments = std::span<const std::string_view>;

// Flags of a command, by the names COMMAND INFO gives (command_table.cc).
inline constexpr std::uint32_t kWrite = 1u << 0;
inline constexpr std::uint32_t kReadonly = 1u << 1;
inline constexpr std::uint32_t kDenyOom = 1u << 2;      // may take memory: refused when there is none
inline constexpr std::uint32_t kAdmin = 1u << 3;
inline constexpr std::uint32_t kPubsub = 1u << 4;
inline constexpr std::uint32_t kNoScript = 1u << 5;
inline constexpr std::uint32_t kBlocking = 1u << 6;
inline constexpr std::uint32_t kLoading = 1u << 7;
inline constexpr std::uint32_t kStale = 1u << 8;
inline constexpr std::uint32_t kSkipMonitor = 1u << 9;
inline constexpr std::uint32_t kSkipSlowlog = 1u << 10;
inline constexpr std::uint32_t kAsking = 1u << 11;
inline constexpr std::uint32_t kFast = 1u << 12;
inline constexpr std::uint32_t kNoAuth = 1u << 13;      // may be used before AUTH
inline constexpr std::uint32_t kNoMandatoryKeys = 1u << 14;
inline constexpr std::uint32_t kNoAsyncLoading = 1u << 15;
inline constexpr std::uint32_t kNoMulti = 1u << 16;
inline constexpr std::uint32_t kMovableKeys = 1u << 17; // derived
inline constexpr std::uint32_t kAllowBusy = 1u << 18;
inline constexpr std::uint32_t kDeprecated = 1u << 19;  // in COMMAND DOCS only

// ACL categories beyond those that follow from the flags.
inline constexpr std::uint32_t kAclKeyspace = 1u << 0;
inline constexpr std::uint32_t kAclRead = 1u << 1;
inline constexpr std::uint32_t kAclWrite = 1u << 2;
inline constexpr std::uint32_t kAclSet = 1u << 3;
inline constexpr std::uint32_t kAclSortedSet = 1u << 4;
inline constexpr std::uint32_t kAclList = 1u << 5;
inline constexpr std::uint32_t kAclHash = 1u << 6;
inline constexpr std::uint32_t kAclString = 1u << 7;
inline constexpr std::uint32_t kAclBitmap = 1u << 8;
inline constexpr std::uint32_t kAclHyperLogLog = 1u << 9;
inline constexpr std::uint32_t kAclGeo = 1u << 10;
inline constexpr std::uint32_t kAclStream = 1u << 11;
inline constexpr std::uint32_t kAclPubsub = 1u << 12;
inline constexpr std::uint32_t kAclAdmin = 1u << 13;
inline constexpr std::uint32_t kAclFast = 1u << 14;
inline constexpr std::uint32_t kAclSlow = 1u << 15;
inline constexpr std::uint32_t kAclBlocking = 1u << 16;
inline constexpr std::uint32_t kAclDangerous = 1u << 17;
inline constexpr std::uint32_t kAclConnection = 1u << 18;
inline constexpr std::uint32_t kAclTransaction = 1u << 19;
inline constexpr std::uint32_t kAclScripting = 1u << 20;

/// What is done to a key, by the names COMMAND INFO gives.
inline constexpr std::uint16_t kKeyRO = 1u << 0;
inline constexpr std::uint16_t kKeyRW = 1u << 1;
inline constexpr std::uint16_t kKeyOW = 1u << 2;
inline constexpr std::uint16_t kKeyRM = 1u << 3;
inline constexpr std::uint16_t kKeyAccess = 1u << 4;
inline constexpr std::uint16_t kKeyUpdate = 1u << 5;
inline constexpr std::uint16_t kKeyInsert = 1u << 6;
inline constexpr std::uint16_t kKeyDelete = 1u << 7;
inline constexpr std::uint16_t kKeyNotKey = 1u << 8;
inline constexpr std::uint16_t kKeyIncomplete = 1u << 9;
inline constexpr std::uint16_t kKeyVariableFlags = 1u << 10;

/// One rule that finds keys among the arguments: where to begin, and how to go on from there.
struct KeySpec {
  enum class Begin : std::uint8_t { none, index, keyword, unknown };
  enum class Find : std::uint8_t { range, counted, unknown };
  Begin begin = Begin::none;
  Find find = Find::range;
  std::uint16_t flags = 0;
  std::int16_t index = 0;         // index: of the first key or the count; keyword: where to look from
  std::int16_t last = 0;          // range: relative to the first key; negative: from the end
  std::int16_t step = 1;
  std::int16_t limit = 0;         // range: with last -1, only a part (1/limit) of the rest
  std::string_view keyword = {};
  std::string_view notes = {};
};

inline constexpr std::size_t kKeySpecsMax = 3;
struct KeySpecs {
  std::array<KeySpec, kKeySpecsMax> specs{};
  std::uint8_t count = 0;
  constexpr const KeySpec* begin() const { return specs.data(); }
  constexpr const KeySpec* end() const { return specs.data() + count; }
};
constexpr KeySpecs operator+(KeySpecs first, const KeySpecs& second) {
  for (const KeySpec& spec : second) first.specs[first.count++] = spec;
  return first;
}
/// The argument at `index` is a key.
constexpr KeySpecs key_at(std::int16_t index, std::uint16_t flags) {
  return {{KeySpec{.begin = KeySpec::Begin::index, .flags = flags, .index = index}}, 1};
}
/// Keys from `index` on, up to the argument `last` (relative to the first; -1: the last of all).
constexpr KeySpecs keys_from(std::int16_t index, std::int16_t last, std::int16_t step,
                             std::uint16_t flags) {
  return {{KeySpec{
              .begin = KeySpec::Begin::index, .flags = flags, .index = index, .last = last, .step = step}},
          1};
}
/// The argument at `index` says how many keys follow it.
constexpr KeySpecs counted_keys(std::int16_t index, std::uint16_t flags) {
  return {{KeySpec{.begin = KeySpec::Begin::index, .find = KeySpec::Find::counted, .flags = flags, .index = index}},
          1};
}
/// Keys behind a word, looked for from argument `from` on (negative: backwards from the end).
constexpr KeySpecs keys_after(std::string_view keyword, std::int16_t from, std::int16_t last,
                              std::int16_t step, std::int16_t limit, std::uint16_t flags) {
  return {{KeySpec{.begin = KeySpec::Begin::keyword,
                   .flags = flags,
                   .index = from,
                   .last = last,
                   .step = step,
                   .limit = limit,
                   .keyword = keyword}},
          1};
}
/// Keys that no rule can find: the command has a KeyFinder of its own.
constexpr KeySpecs unknown_keys(std::uint16_t flags, std::string_view notes) {
  return {{KeySpec{.begin = KeySpec::Begin::unknown,
                   .find = KeySpec::Find::unknown,
                   .flags = flags,
                   .notes = notes}},
          1};
}

/// Collects the keys of one request: argument indexes and what is done to them.
class KeyList;
/// Finds the keys where the specs are incomplete. False: the arguments make no sense.
using KeyFinder = bool (*)(Arguments args, KeyList* keys);

/// Whether a request must run alone (it touches keys that it does not name).
using NeedsExclusive = bool (*)(Arguments args);

enum class Group : std::uint8_t {
  generic, string, list, set, sorted_set, hash, pubsub, transactions, connection, server, scripting,
  hyperloglog, cluster, sentinel, geo, stream, bitmap
};

struct CommandSpec {
  std::string_view name;                  // in lower case
  Handler handler = nullptr;              // nullptr: only its subcommands can be called
  std::int16_t arity = 0;                 // with the name(s); negative: at least
  std::uint32_t flags = 0;
  std::uint32_t categories = 0;
  KeySpecs keys = {};
  KeyFinder find_keys = nullptr;
  NeedsExclusive exclusive = nullptr;
  Group group = Group::generic;
  std::string_view since = "1.0.0";
  std::string_view complexity = {};
  std::string_view summary = {};
  std::span<const CommandSpec> subcommands = {};
  std::string_view replaced_by = {};      // deprecated commands
  std::string_view deprecated_since = {};
};

/// For CommandSpec::exclusive.
inline bool always_exclusive(Arguments) { return true; }

}  // namespace larder::redis
