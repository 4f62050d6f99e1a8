// Settings of the Redis engine, by the names CONFIG GET and CONFIG SET know, which are also long flags
// of the command line.
//
// Each setting is one row of the table in settings.cc: name, member, kind, bounds. Threads: read under
// a gate; written by CONFIG SET in an exclusive section, and before threads start.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::redis {

enum class EvictionPolicy : std::uint8_t {
  volatile_lru, volatile_lfu, volatile_random, volatile_ttl, allkeys_lru, allkeys_lfu, allkeys_random, noeviction
};

/// How many bytes of replies may wait for a client: more than `hard_bytes`, or more than `soft_bytes` for
/// `soft_s` seconds, and it is closed. 0: no limit.
struct OutputLimit {
  std::int64_t hard_bytes = 0;
  std::int64_t soft_bytes = 0;
  std::int64_t soft_s = 0;
};
enum class ClientClass : std::uint8_t { normal, replica, pubsub };
using OutputLimits = std::array<OutputLimit, 3>;  // by class

struct Settings {
  // Memory.
  std::int64_t maxmemory = 0;
  EvictionPolicy maxmemory_policy = EvictionPolicy::noeviction;
  std::int64_t maxmemory_samples = 5;
  std::int64_t proto_max_bulk_len = 512LL << 20;
  std::int64_t client_query_buffer_limit = 1LL << 30;
  bool lazyfree_lazy_user_del = false;
  bool lazyfree_lazy_user_flush = false;

  // Encodings.
  std::int64_t list_max_listpack_size = -2;
  std::int64_t list_compress_depth = 0;
  std::int64_t list_packed_threshold = 1LL << 30;  // DEBUG QUICKLIST-PACKED-THRESHOLD
  std::int64_t hash_max_listpack_entries = 512;
  std::int64_t hash_max_listpack_value = 64;
  std::int64_t set_max_intset_entries = 512;
  std::int64_t zset_max_listpack_entries = 128;
  std::int64_t zset_max_listpack_value = 64;
  std::int64_t stream_node_max_bytes = 4096;
  std::int64_t stream_node_max_entries = 100;
  std::int64_t hll_sparse_max_bytes = 3000;

  // Clients and security.
  std::string requirepass;
  std::string enable_debug_command = "no";  // or yes, or local: for clients of this machine
  std::int64_t maxclients = 10000;
  std::int64_t timeout = 0;
  bool protected_mode = true;  // without a password, only clients of this machine are served
  OutputLimits output_limits{{{0, 0, 0}, {256 << 20, 64 << 20, 60}, {32 << 20, 8 << 20, 60}}};

  // The process.
  std::int64_t databases = 16;
  std::int64_t port = 0;
  std::string unixsocket;
  std::string bind = "* -::*";
  std::string dir;
  std::int64_t hz = 10;

  // Known by name, accepted and shown; what they steer is not there (docs/compatibility.md).
  std::vector<std::string> inert;
};

enum class SetStatus : std::uint8_t { ok, unknown, immutable, invalid };

/// Bytes as "100", "100mb" or "1g" say them, in Redis' units: 1000 for k and 1024 for kb.
[[nodiscard]] bool parse_memory(std::string_view value, std::int64_t* bytes);

/// The names of all settings, in the order of the table; aliases included.
const std::vector<std::string>& setting_names();
/// The text of a setting; nullopt: no such name.
std::optional<std::string> setting_text(const Settings& settings, std::string_view name);
/// Changes a setting; with `why` set to Redis' reason when the value is refused. `at_start`: immutable
/// ones too.
SetStatus change_setting(Settings* settings, std::string_view name, std::string_view value, bool at_start,
                         std::string* why);

/// Settings as they are before anything is said.
Settings default_settings();

}  // namespace larder::redis
