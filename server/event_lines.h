// Events as the lines that watchers get: memcached's, letter for letter (its logger's formats).
//
//   ts=<seconds>.<microseconds> gid=<id> type=item_get key=<URI-encoded> status=found clsid=1 cfd=27 size=5
//
// Microseconds are not padded with zeroes, as in memcached. Pure: no sockets, no locks.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "engine/events.h"

namespace larder::server {

/// No line is longer: a text of full length encoded, and the fields before it.
inline constexpr std::size_t kEventLineMax = 3 * engine::kEventTextMax + 512;

/// The line of an event, with its end, in `into`; empty for a kind that has none.
std::string_view event_line(const engine::EventView& event, std::span<char, kEventLineMax> into);

}  // namespace larder::server
