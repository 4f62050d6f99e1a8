// The memcached text and meta protocols, for those who only need to start them.
#pragma once

#include <memory>

#include "proto/protocol.h"

namespace larder::proto {

/// One connection's text protocol. Requires: what `session` refers to outlives it.
std::unique_ptr<Protocol> make_text_protocol(Session session);

}  // namespace larder::proto
