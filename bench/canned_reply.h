// Replies as a server would send them, for the echo server and for tests of the client codecs.
// Written from the protocol's description, apart from the codecs that read them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "bench/loadgen/codec.h"

namespace larder::bench {

/// What a get found for one key.
struct CannedValue {
  std::string bytes;
  std::uint32_t flags = 0;
};

/// The reply to one get of `keys`; values[i] belongs to keys[i], nullopt = missing. `strict` as in
/// make_codec: whether client flags were asked for.
/// Requires: keys and values have the same size, at least 1.
std::string canned_get_reply(ProtocolKind protocol, const KeyNames& names,
                             std::span<const std::uint32_t> keys,
                             std::span<const std::optional<CannedValue>> values, bool strict);

/// The reply to a set or a flush that went well.
std::string canned_done_reply(ProtocolKind protocol, Operation operation);

}  // namespace larder::bench
