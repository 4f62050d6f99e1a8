// What COMMAND DOCS and COMMAND INFO tell beyond a command's row: its arguments, what changed in which version of
// Redis, and tips for proxies and test tools. Facts of Redis 7.0, so that tools which read them see the same.
//
// Arguments are written as text, separated by spaces, and parsed when somebody asks:
//
//   name [,type] [#key spec] ['token'] [@since] [!deprecated since] [?] [*] [+] [(arguments)]
//
// type: none for a string, else k key, i integer, d double, p pattern, u unix-time, t pure-token, o oneof,
// b block; ? optional, * multiple, + the token is repeated, too; (...) the arguments of oneof and block.
#pragma once

#include <string_view>
#include <vector>

namespace larder::redis {

struct Documentation {
  std::string_view name;            // "config|get"
  std::string_view arguments = {};
  std::string_view history = {};    // a line each: version, then what came with it
  std::string_view tips = {};       // words
  bool system = false;              // for the use of servers and tests alone
};

/// nullptr: there is nothing to tell of the command.
const Documentation* find_documentation(std::string_view full_name);

struct Argument {
  std::string_view name;
  std::string_view type;
  int key_spec = -1;                // -1: none
  std::string_view token;           // empty: none
  std::string_view since;
  std::string_view deprecated_since;
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;
  std::vector<Argument> arguments;
};
/// Requires: the text of a row.
std::vector<Argument> parse_arguments(std::string_view text);

/// The parts of a text between separators; none of an empty one.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace larder::redis
