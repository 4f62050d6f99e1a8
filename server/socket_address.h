// Socket addresses as text, in the two forms that are shown: plainly (127.0.0.1:11211) and as
// `stats conns` has them (tcp:127.0.0.1:11211).
#pragma once

#include <string>

namespace larder::server {

/// The local address of `fd`: "127.0.0.1:11211", "[::1]:11211" or "unix:/path".
std::string local_address(int fd);
/// The same with memcached's prefix: tcp:, tcp6: or unix:.
std::string local_address_for_stats(int fd);
/// The other end of `fd`; an unnamed unix peer is "?:<AF 0>", as memcached shows it.
std::string peer_address_for_stats(int fd);
/// The other end of `fd` as Redis shows it: "127.0.0.1:4711", "[::1]:4711"; for a unix socket its own
/// path and ":0".
std::string peer_address(int fd);
/// Port of the local address, 0 when it has none.
int local_port(int fd);

}  // namespace larder::server
