// Auto Discovery: the list of a cluster's nodes that a node tells to clients which ask for it, as the
// managed services' memcached clients do.
//
//   <version>\n<host>|<address>|<port> <host>|<address>|<port> ...\n
//
// The version is a number that rises with every change; a client takes a list with a higher one than
// it has. The address may be empty: then the client looks the host up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder::proto {

/// The longest list: some hundred nodes with long names.
inline constexpr std::size_t kClusterConfigBytesMax = 64 * 1024;
/// The key under which clients of engines before 1.4.14 ask for the list.
inline constexpr std::string_view kClusterConfigKey = "AmazonElastiCache:cluster";

struct ClusterConfig {
  std::uint32_t client_flags = 0;
  std::string text;  // as drawn above
};

/// `text` in the form drawn above, or nothing if it is no such list. Line ends may be CR LF, the last
/// may be missing, nodes may stand on several lines: files are written by people.
std::optional<std::string> canonical_cluster_config(std::string_view text);

}  // namespace larder::proto
