// What `replay` can be asked to do. One row a subcommand; each parses its own options.
#pragma once

#include <string>
#include <vector>

namespace larder::bench::replay {

/// Runs the program. Exit: 0 fine, 1 it failed, 2 bad usage.
int run_command(const std::vector<std::string>& words);

}  // namespace larder::bench::replay
