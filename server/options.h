// What the command line says: memcached's flags with their defaults, meanings and refusals.
//
// Pure: parsing touches no socket, file or limit, so that it can be tested and so that -h and -V
// work anywhere. An Options is filled once, before threads start, and read-only afterwards.
// Numbers are read as memcached reads them (the leading digits count: "64MB" is 64), because start
// scripts rely on it. Source: memcached 1.6.45's -h and the texts it prints on refusal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/redis/settings.h"
#include "proto/protocol_select.h"

namespace larder::server {

inline constexpr std::string_view kLarderVersion = LARDER_VERSION;
inline constexpr std::int64_t kMegabyte = 1024 * 1024;
/// A page of the slab allocator, and memcached's: chunks are cut from it.
inline constexpr std::int64_t kPageBytes = kMegabyte;

/// Whether a TLS client has to show a certificate; the numbers are those of -o ssl_verify_mode.
enum class TlsCheck : std::uint8_t { none, request, require, require_once };

/// -Z and -o ssl_*.
struct TlsOptions {
  bool enabled = false;
  std::string chain_cert;                    // PEM: the server's certificate and those above it
  std::string key;                           // empty: in chain_cert
  int key_format = 1;                        // OpenSSL's number: 1 PEM, 2 DER
  std::string ca_cert;                       // PEM: who may sign the certificates of clients
  TlsCheck check = TlsCheck::none;
  std::string ciphers;                       // of TLS 1.2 and older; empty: OpenSSL's choice
  int min_version = 2;                       // 0 to 3: TLS 1.0 to 1.3
  std::uint32_t write_buffer_bytes = 16 * 1024;
  bool session_cache = false;
  bool kernel_tls = false;
};

/// One address of -l.
struct ListenAddress {
  std::string host;  // empty: any address
  int port = 0;      // -1: any free port
  proto::Binding binding = proto::Binding::automatic;
  std::string tag;   // tag[NAME]: names the listener in logs
  bool tls = false;  // with -Z, unless notls:
  TlsCheck tls_check = TlsCheck::none;       // btls: none, mtls: require, else ssl_verify_mode
};

struct Options {
  // Listening. With unix_socket set there is no TCP.
  int tcp_port = 11211;  // 0 off, -1 any free port
  int udp_port = 0;
  std::string interfaces;                    // -l as given, joined by commas; empty: any
  std::vector<ListenAddress> listen;         // from the three above
  std::vector<ListenAddress> udp_listen;
  std::uint32_t udp_reply_ratio = 3;         // most bytes of reply for each of the request, to an
                                             // address that may be forged; 0: no limit
  std::string unix_socket;
  int unix_mask = 0700;
  int backlog = 1024;
  proto::Binding binding = proto::Binding::automatic;

  // The Redis engine: by --engine redis, or because its port or socket is opened.
  bool redis_asked = false;
  int redis_port = 0;                        // 0 off, -1 any free port
  std::vector<ListenAddress> redis_listen;   // from redis_port and the addresses of -l
  redis::Settings redis = redis::default_settings();
  bool redis_engine() const { return redis_asked || redis_port != 0 || !redis.unixsocket.empty(); }

  // Connections and threads.
  int max_connections = 1024;
  bool maxconns_fast = true;  // over the limit: answer and close, else stop accepting
  int threads = 4;
  int requests_per_event = 20;
  int idle_timeout_s = 0;     // 0: never
  std::uint32_t socket_mark = 0;
  int napi_ids = 0;

  // Memory.
  std::int64_t memory_bytes = 64 * kMegabyte;
  bool evict = true;
  std::int64_t item_bytes_max = kMegabyte;
  double growth_factor = 1.25;
  bool classes_given = false;  // by -f or -n: slab classes as memcached makes them
  int chunk_bytes_min = 48;
  std::int64_t chunk_bytes_max = kPageBytes / 2;
  bool chunk_bytes_max_given = false;        // by -o slab_chunk_max: later defaults keep off
  std::string slab_sizes_text;               // -o slab_sizes as given
  std::vector<std::uint32_t> slab_sizes;     // explicit chunk sizes, rising; empty: by factor
  std::string memory_file;                   // -e: items outlive the process
  bool large_pages = false;
  bool lock_memory = false;

  // Hash table, LRU and background work.
  int hash_power = 0;                        // 0: the default, 16
  bool hash_expand = true;
  bool slab_reassign = true;
  int slab_automove = 1;
  double slab_automove_ratio = 0.8;
  int slab_automove_window = 10;
  double slab_automove_freeratio = 0.01;
  int tail_repair_time_s = 0;
  bool lru_crawler = true;
  int lru_crawler_sleep_us = 100;
  std::uint32_t lru_crawler_tocrawl = 0;
  bool lru_maintainer = true;
  bool lru_segmented = true;
  int hot_lru_pct = 5;
  int warm_lru_pct = 40;
  double hot_max_factor = 0.2;
  double warm_max_factor = 2.0;
  bool temp_lru = false;
  std::uint32_t temporary_ttl_s = 61;
  bool track_sizes = false;
  std::uint32_t watcher_logbuf_bytes = 256 * 1024;
  std::uint32_t worker_logbuf_bytes = 64 * 1024;
  std::uint64_t read_buf_mem_limit_bytes = 0;

  // Who clients are, and who may listen.
  TlsOptions tls;
  bool sasl = false;
  std::string auth_file;                     // -Y; empty: no login
  bool login_required = false;               // -Y was given, with a file name or not

  // What clients may do.
  bool cas_enabled = true;
  bool flush_enabled = true;
  bool dump_enabled = true;
  bool watch_enabled = true;
  bool shutdown_enabled = false;
  char prefix_delimiter = ':';
  bool detail_enabled = false;               // -D turns it on

  std::string discovery_file;                // what `config get cluster` tells at first

  // The process.
  bool daemon = false;
  std::string pid_file;
  std::string user;
  bool core_dumps = false;
  bool drop_privileges = false;              // no system calls but the expected ones (sandbox.h)
  bool relaxed_privileges = false;           // a failed setrlimit is no reason to stop
  int verbosity = 0;

  bool listens_on_several() const { return interfaces.find(',') != std::string::npos; }

  std::vector<std::string> notices;          // lines for stderr that stop nothing
};

/// Why the process ends instead of serving: a refused command line, or -h, -i, -V (code 0).
struct Exit {
  int code = 0;
  std::string text;  // for stdout when code is 0, else for stderr; with its line ends
};

/// Exit codes beside 0 and 1, as in <sysexits.h>.
inline constexpr int kExitUsage = 64;
inline constexpr int kExitNoUser = 67;
inline constexpr int kExitOsError = 71;

/// Reads a command line into `options` (defaults where nothing is said). Returns why to stop, or
/// nothing. Not thread-safe: getopt(3) keeps its place in globals.
std::optional<Exit> parse_options(int argc, const char* const* argv, Options* options);

/// memcached's name of a binding: auto-negotiate, ascii, binary.
std::string_view binding_name(proto::Binding binding);

}  // namespace larder::server
