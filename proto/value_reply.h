// The end of every reply that carries a value: small values are copied behind their header, large
// ones stay in their item.
//
// Runs inside ItemSink::item(), that is under a stripe lock: all the room it needs has been
// reserved before.
#pragma once

#include <cstring>

#include "engine/engine.h"
#include "proto/output.h"

namespace larder::proto {

/// What has to be reserved behind a header for add_value().
inline constexpr std::size_t kValueRoom = engine::kCopyBytesMax + 2;

/// Counts the header [begin, at) in, and adds the value and its line end.
/// Requires: `begin` came from Output::reserve, with kValueRoom bytes behind `at`.
inline void add_value(Output& out, const char* begin, char* at, const engine::ItemView& view) {
  const bool copied = view.value.size() <= engine::kCopyBytesMax;
  if (copied) {
    std::memcpy(at, view.value.data(), view.value.size());
    at += view.value.size();
    std::memcpy(at, "\r\n", 2);
    out.advance(static_cast<std::size_t>(at + 2 - begin));
  } else {
    out.advance(static_cast<std::size_t>(at - begin));
    out.append_pinned(view.pin(), view.value);
    out.append("\r\n");
  }
}

}  // namespace larder::proto
