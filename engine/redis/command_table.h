// The table of commands: every row of every group, with what follows from it worked out once at the
// start, and found by name.
//
// Names are looked up in an open-addressing table by a hash of their first bytes, in any case; a lookup
// of a known name costs one probe and one comparison.
//
// Threads: read-only after it is built.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/redis/command_spec.h"

namespace larder::redis {

/// A command ready to run.
struct Command {
  const CommandSpec* spec = nullptr;
  Handler handler = nullptr;
  std::int32_t arity = 0;
  std::uint32_t flags = 0;
  std::uint32_t categories = 0;
  /// Where the keys are: in no place, at one, at regular ones, or to be found by the specs.
  enum class Keys : std::uint8_t { none, one, regular, complex };
  Keys keys = Keys::none;
  // The range that COMMAND INFO gives; exact for `one` and `regular`.
  std::int16_t first_key = 0;
  std::int16_t last_key = 0;
  std::int16_t key_step = 0;
  const Command* parent = nullptr;
  std::string full_name;  // config|get
  std::vector<const Command*> subcommands;

  bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
  bool arity_fits(std::size_t count) const {
    const auto given = static_cast<std::int32_t>(count);
    return arity >= 0 ? given == arity : given >= -arity;
  }
  const Command* subcommand(std::string_view name) const;
};

struct KeyArgument {
  std::uint32_t index;   // among the arguments
  std::uint16_t flags;   // what is done to it
};
class KeyList {
 public:
  void add(std::size_t index, std::uint16_t flags) {
    keys_.push_back({static_cast<std::uint32_t>(index), flags});
  }
  void clear() { keys_.clear(); }
  bool empty() const { return keys_.empty(); }
  std::size_t size() const { return keys_.size(); }
  const KeyArgument& operator[](std::size_t i) const { return keys_[i]; }
  auto begin() const { return keys_.begin(); }
  auto end() const { return keys_.end(); }

 private:
  std::vector<KeyArgument> keys_;
};

class CommandTable {
 public:
  CommandTable();
  CommandTable(const CommandTable&) = delete;
  CommandTable& operator=(const CommandTable&) = delete;

  /// nullptr: no such command. A container's subcommand is its own Command: see resolve().
  const Command* find(std::string_view name) const;
  /// The command that these arguments call: of a container, the subcommand; nullptr: there is none.
  const Command* resolve(Arguments args) const;
  const std::vector<const Command*>& all() const { return commands_; }

  /// Finds the keys of a request. False: its arguments make no sense.
  static bool find_keys(const Command& command, Arguments args, KeyList* keys);

 private:
  static constexpr std::size_t kSlots = 1024;
  static constexpr std::size_t kNameMax = 24;
  struct Slot {
    char name[kNameMax];
    std::uint8_t length = 0;
    const Command* command = nullptr;
  };
  void add(std::span<const CommandSpec> rows);
  Command& derive(const CommandSpec& spec, const Command* parent);

  std::deque<Command> storage_;
  std::vector<const Command*> commands_;
  std::vector<Slot> slots_;
};

std::string_view group_name(Group group);
/// Names of a set of flags, in the order COMMAND INFO has them.
std::vector<std::string_view> flag_names(std::uint32_t flags);
std::vector<std::string_view> category_names(std::uint32_t categories);
std::vector<std::string_view> key_flag_names(std::uint16_t flags);

}  // namespace larder::redis
