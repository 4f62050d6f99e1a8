// The engine's part of the command line.
#pragma once

#include "engine/config.h"
#include "server/options.h"

namespace larder::server {

engine::Config engine_config(const Options& options);

}  // namespace larder::server
