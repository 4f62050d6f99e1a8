// A dump under way on a text connection.
#pragma once

#include <cstdint>

#include "engine/engine.h"
#include "proto/text_protocol.h"

namespace larder::proto {

struct DumpForm;

/// What remains of a dump between two runs.
struct TextProtocol::Dump {
  const DumpForm& form;
  engine::DumpCursor cursor;
  std::uint64_t lines_left;
  std::uint64_t bytes_left;
};

}  // namespace larder::proto
