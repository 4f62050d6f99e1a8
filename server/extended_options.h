// memcached's extended options (-o a,b=c,...): one table of names, each with its check and effect.
#pragma once

#include <optional>
#include <string_view>

#include "server/options.h"

namespace larder::server {

/// Applies a list as given to -o, left to right (no_modern sets several defaults, which later names
/// may change again). Returns why to stop, or nothing.
std::optional<Exit> apply_extended_options(std::string_view list, Options* options);

}  // namespace larder::server
