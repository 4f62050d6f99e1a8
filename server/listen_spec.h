// The grammar of -l: a list, separated by commas or semicolons, of
//   [notls:|btls:|mtls:][proto[ascii|binary|negotiating]:][tag[NAME]: or tag_NAME_:]host[:port]
// with IPv6 addresses in brackets when a port follows, and * for any address. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/options.h"

namespace larder::server {

/// Reads `list` into `addresses`. What an element does not say is as in `usual`. Returns memcached's
/// error text, without line end, or nothing.
std::optional<std::string> parse_listen_list(std::string_view list, const ListenAddress& usual,
                                             std::vector<ListenAddress>* addresses);

}  // namespace larder::server
