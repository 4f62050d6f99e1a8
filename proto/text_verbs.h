// The verbs of the text protocol, for those who list them: fuzzers, the check of the documentation.
#pragma once

#include <string_view>
#include <vector>

namespace larder::proto {

/// Every verb of the command table (text_commands.cc).
std::vector<std::string_view> text_verbs();

}  // namespace larder::proto
