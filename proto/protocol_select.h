// Which language a connection speaks: told by the first byte it sends, unless the listener is bound
// to one (-B).
#pragma once

#include <cstdint>
#include <memory>

#include "proto/protocol.h"

namespace larder::proto {

/// -B auto, ascii, binary; the Redis port and socket speak RESP.
enum class Binding : std::uint8_t { automatic, ascii, binary, resp };

/// The protocol of a connection whose first byte has come: binary if it is the magic of a binary
/// request, RESP if it opens an array and the engine knows Redis' commands, else text. Requires: what `session` refers to outlives the result.
std::unique_ptr<Protocol> make_protocol(Session session, Binding binding, std::uint8_t first_byte);

}  // namespace larder::proto
