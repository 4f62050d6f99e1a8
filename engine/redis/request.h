// One request on its way to the engine.
#pragma once

#include <cstddef>

#include "engine/engine.h"
#include "engine/redis/command_spec.h"

namespace larder::redis {

struct Command;

/// A request whose command has been looked up and, when it has one key, hashed.
struct Request {
  const Command* command = nullptr;  // nullptr: no such command
  Arguments args;
  engine::Key key;                   // of Command::Keys::one
};

/// A request of a window that is parsed, prefetched and executed together.
struct PipelinedRequest {
  Request request;
  std::size_t first_argument;
  std::size_t argument_count;
  std::size_t end;  // in the input
};

}  // namespace larder::redis
