// The names of the command line's tables, for those who list them: fuzzers, the check of the
// documentation.
#pragma once

#include <string_view>
#include <vector>

namespace larder::server {

struct OptionName {
  char letter;            // 0: none
  std::string_view name;  // long form; empty: none
  bool takes_value;
};
/// Every flag (options.cc).
std::vector<OptionName> option_names();

/// Every name that -o knows (extended_options.cc).
std::vector<std::string_view> extended_option_names();

}  // namespace larder::server
