#include "engine/redis/command_table.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "engine/redis/commands/groups.h"
#include "engine/redis/numbers.h"

namespace larder::redis {

namespace {

void check(bool holds, std::string_view name, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "command table: %.*s %s\n", static_cast<int>(name.size()), name.data(), what);
    std::abort();
  }
}

// Any spelling of a name gives the same number; different names seldom do.
std::size_t hash_name(std::string_view name) {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  const std::size_t length = name.size();
  std::memcpy(&head, name.data(), std::min<std::size_t>(length, 8));
  if (length > 8) std::memcpy(&tail, name.data() + length - 8, 8);
  constexpr std::uint64_t kFold = 0x2020202020202020;
  head |= kFold;
  tail |= kFold;
  const std::uint64_t mixed = (head ^ (tail >> 3) ^ length) * 0x9e3779b97f4a7c15;
  return mixed >> 40;
}

char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::uint32_t derived_categories(const CommandSpec& spec) {
  std::uint32_t categories = spec.categories;
  if ((spec.flags & kWrite) != 0) categories |= kAclWrite;
  if ((spec.flags & kReadonly) != 0 && (categories & kAclScripting) == 0) categories |= kAclRead;
  if ((spec.flags & kAdmin) != 0) categories |= kAclAdmin | kAclDangerous;
  if ((spec.flags & kPubsub) != 0) categories |= kAclPubsub;
  if ((spec.flags & kFast) != 0) categories |= kAclFast;
  if ((spec.flags & kBlocking) != 0) categories |= kAclBlocking;
  if ((categories & kAclFast) == 0) categories |= kAclSlow;
  return categories;
}

// The one range that COMMAND INFO has always given, and whether it says everything.
void derive_keys(Command& command) {
  const KeySpecs& specs = command.spec->keys;
  const auto simple = [](const KeySpec& spec) {
    return spec.begin == KeySpec::Begin::index && spec.find == KeySpec::Find::range &&
           (spec.flags & kKeyIncomplete) == 0;
  };
  if (specs.count == 0) return;
  int first = std::numeric_limits<int>::max();
  int last = std::numeric_limits<int>::min();
  bool movable = false;
  int range_count = 0;
  int step = 0;
  for (const KeySpec& spec : specs) {
    if ((spec.flags & kKeyIncomplete) != 0 || !simple(spec)) movable = true;
    if (!simple(spec) || spec.limit != 0) continue;
    ++range_count;
    first = std::min<int>(first, spec.index);
    const int end = spec.last >= 0 ? spec.index + spec.last : spec.last;
    if (end < 0 || last < 0) {
      last = last == std::numeric_limits<int>::min() ? end : std::min(end, last);
    } else {
      last = std::max(last, end);
    }
    step = range_count == 1 ? spec.step : 1;
  }
  if (movable) command.flags |= kMovableKeys;
  if (range_count != 0) {
    command.first_key = static_cast<std::int16_t>(first);
    command.last_key = static_cast<std::int16_t>(last);
    command.key_step = static_cast<std::int16_t>(step);
  }
  command.keys = Command::Keys::complex;
  if (specs.count != 1 || movable || (specs.specs[0].flags & kKeyNotKey) != 0) return;
  if (specs.specs[0].limit != 0) return;
  command.keys = specs.specs[0].last == 0 ? Command::Keys::one : Command::Keys::regular;
}

// Adds the keys of one spec; false when the arguments contradict it.
bool find_by_spec(const KeySpec& spec, Arguments args, KeyList* keys) {
  const auto count = static_cast<std::int64_t>(args.size());
  std::int64_t first = 0;
  if (spec.begin == KeySpec::Begin::index) {
    first = spec.index;
  } else if (spec.begin == KeySpec::Begin::keyword) {
    const std::int64_t start = spec.index > 0 ? spec.index : count + spec.index;
    const std::int64_t end = spec.index > 0 ? count - 1 : 1;
    const std::string wanted = to_lower(spec.keyword);
    for (std::int64_t i = start; i != end; i += start <= end ? 1 : -1) {
      if (i >= count || i < 1) break;
      if (equals_nocase(args[static_cast<std::size_t>(i)], wanted)) {
        first = i + 1;
        break;
      }
    }
    if (first == 0) return true;
  } else {
    return false;
  }
  std::int64_t last = first;
  if (spec.find == KeySpec::Find::range) {
    if (spec.last >= 0) {
      last = first + spec.last;
    } else if (spec.limit == 0) {
      last = count + spec.last;
    } else {
      last = first + ((count - first) / spec.limit + spec.last);
    }
  } else if (spec.find == KeySpec::Find::counted) {
    std::int64_t number = 0;
    if (first >= count || !parse_i64(args[static_cast<std::size_t>(first)], &number)) return false;
    if (number < 0 || number > count) return false;
    first += 1;
    last = first + number - 1;
  } else {
    return false;
  }
  if (last >= count || first < 1) return false;
  for (std::int64_t i = first; i <= last; i += spec.step) keys->add(static_cast<std::size_t>(i), spec.flags);
  return true;
}

}  // namespace

// --- finding ---

const Command* Command::subcommand(std::string_view name) const {
  for (const Command* each : subcommands) {
    if (equals_nocase(name, each->spec->name)) return each;
  }
  return nullptr;
}

const Command* CommandTable::find(std::string_view name) const {
  if (name.empty() || name.size() > kNameMax) return nullptr;
  for (std::size_t i = hash_name(name) % kSlots;; i = (i + 1) % kSlots) {
    const Slot& slot = slots_[i];
    if (slot.command == nullptr) return nullptr;
    if (slot.length != name.size()) continue;
    std::size_t at = 0;
    while (at < name.size() && fold(name[at]) == slot.name[at]) ++at;
    if (at == name.size()) return slot.command;
  }
}

const Command* CommandTable::resolve(Arguments args) const {
  const Command* command = find(args[0]);
  if (command == nullptr || command->subcommands.empty() || args.size() == 1) return command;
  return command->subcommand(args[1]);
}

bool CommandTable::find_keys(const Command& command, Arguments args, KeyList* keys) {
  const CommandSpec& spec = *command.spec;
  if (spec.find_keys != nullptr) return spec.find_keys(args, keys);
  for (const KeySpec& each : spec.keys) {
    if ((each.flags & kKeyNotKey) != 0) continue;
    if (!find_by_spec(each, args, keys)) return false;
  }
  return true;
}

// --- building ---

Command& CommandTable::derive(const CommandSpec& spec, const Command* parent) {
  Command& command = storage_.emplace_back();
  command.spec = &spec;
  command.handler = spec.handler;
  command.arity = spec.arity;
  command.flags = spec.flags;
  command.categories = derived_categories(spec);
  command.parent = parent;
  command.full_name = parent == nullptr ? std::string(spec.name) : parent->full_name + "|" + std::string(spec.name);
  derive_keys(command);
  check(spec.arity != 0, spec.name, "has no arity");
  check((spec.flags & (kWrite | kReadonly)) != (kWrite | kReadonly), spec.name, "both reads and writes");
  check(spec.handler != nullptr || !spec.subcommands.empty(), spec.name, "does nothing");
  check(!spec.summary.empty(), spec.name, "has no summary");
  for (const CommandSpec& sub : spec.subcommands) command.subcommands.push_back(&derive(sub, &command));
  return command;
}

void CommandTable::add(std::span<const CommandSpec> rows) {
  for (const CommandSpec& row : rows) {
    check(row.name.size() <= kNameMax, row.name, "has too long a name");
    check(find(row.name) == nullptr, row.name, "is there twice");
    const Command& command = derive(row, nullptr);
    std::size_t i = hash_name(row.name) % kSlots;
    while (slots_[i].command != nullptr) i = (i + 1) % kSlots;
    Slot& slot = slots_[i];
    std::copy(row.name.begin(), row.name.end(), slot.name);
    slot.length = static_cast<std::uint8_t>(row.name.size());
    slot.command = &command;
    commands_.push_back(&command);
  }
}

CommandTable::CommandTable() : slots_(kSlots) {
  for (const auto group : kCommandGroups) add(group());
}

// --- names ---

std::string_view group_name(Group group) {
  constexpr std::string_view kNames[] = {"generic",     "string",   "list",        "set",
                                         "sorted-set",  "hash",     "pubsub",      "transactions",
                                         "connection",  "server",   "scripting",   "hyperloglog",
                                         "cluster",     "sentinel", "geo",         "stream",
                                         "bitmap"};
  return kNames[static_cast<std::size_t>(group)];
}

namespace {

struct Name {
  std::uint32_t bit;
  std::string_view name;
};

template <std::size_t kCount>
std::vector<std::string_view> names_of(const Name (&names)[kCount], std::uint32_t bits) {
  std::vector<std::string_view> result;
  for (const Name& each : names) {
    if ((bits & each.bit) != 0) result.push_back(each.name);
  }
  return result;
}

}  // namespace

std::vector<std::string_view> flag_names(std::uint32_t flags) {
  constexpr Name kNames[] = {{kWrite, "write"},
                             {kReadonly, "readonly"},
                             {kDenyOom, "denyoom"},
                             {kAdmin, "admin"},
                             {kPubsub, "pubsub"},
                             {kNoScript, "noscript"},
                             {kBlocking, "blocking"},
                             {kLoading, "loading"},
                             {kStale, "stale"},
                             {kSkipMonitor, "skip_monitor"},
                             {kSkipSlowlog, "skip_slowlog"},
                             {kAsking, "asking"},
                             {kFast, "fast"},
                             {kNoAuth, "no_auth"},
                             {kNoMandatoryKeys, "no_mandatory_keys"},
                             {kNoAsyncLoading, "no_async_loading"},
                             {kNoMulti, "no_multi"},
                             {kMovableKeys, "movablekeys"},
                             {kAllowBusy, "allow_busy"}};
  return names_of(kNames, flags);
}

std::vector<std::string_view> category_names(std::uint32_t categories) {
  constexpr Name kNames[] = {{kAclKeyspace, "keyspace"},
                             {kAclRead, "read"},
                             {kAclWrite, "write"},
                             {kAclSet, "set"},
                             {kAclSortedSet, "sortedset"},
                             {kAclList, "list"},
                             {kAclHash, "hash"},
                             {kAclString, "string"},
                             {kAclBitmap, "bitmap"},
                             {kAclHyperLogLog, "hyperloglog"},
                             {kAclGeo, "geo"},
                             {kAclStream, "stream"},
                             {kAclPubsub, "pubsub"},
                             {kAclAdmin, "admin"},
                             {kAclFast, "fast"},
                             {kAclSlow, "slow"},
                             {kAclBlocking, "blocking"},
                             {kAclDangerous, "dangerous"},
                             {kAclConnection, "connection"},
                             {kAclTransaction, "transaction"},
                             {kAclScripting, "scripting"}};
  return names_of(kNames, categories);
}

std::vector<std::string_view> key_flag_names(std::uint16_t flags) {
  constexpr Name kNames[] = {{kKeyRO, "RO"},
                             {kKeyRW, "RW"},
                             {kKeyOW, "OW"},
                             {kKeyRM, "RM"},
                             {kKeyAccess, "access"},
                             {kKeyUpdate, "update"},
                             {kKeyInsert, "insert"},
                             {kKeyDelete, "delete"},
                             {kKeyNotKey, "not_key"},
                             {kKeyIncomplete, "incomplete"},
                             {kKeyVariableFlags, "variable_flags"}};
  return names_of(kNames, flags);
}

}  // namespace larder::redis
