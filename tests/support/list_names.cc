// Prints the names of the server's tables, a line each: `flag <letter or -> <long name or ->`,
// `option <name>`, `command <verb>`. For the check of docs/compatibility.md.
#include <cstdio>
#include <string>

#include "proto/text_verbs.h"
#include "server/option_names.h"

int main() {
  using namespace larder;
  for (const server::OptionName& flag : server::option_names()) {
    const std::string name(flag.name.empty() ? "-" : flag.name);
    std::printf("flag %c %s\n", flag.letter == 0 ? '-' : flag.letter, name.c_str());
  }
  for (const std::string_view name : server::extended_option_names()) {
    std::printf("option %s\n", std::string(name).c_str());
  }
  for (const std::string_view verb : proto::text_verbs()) {
    std::printf("command %s\n", std::string(verb).c_str());
  }
  return 0;
}
