#include "server/options.h"

#include <fmt/format.h>
#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "server/extended_options.h"
#include "server/help_text.h"
#include "server/listen_spec.h"
#include "server/option_names.h"
#include "server/option_text.h"

namespace larder::server {

namespace {

constexpr int kThreadsWarned = 64;
constexpr std::int64_t kItemBytesMin = 1024;
constexpr std::int64_t kItemBytesMax = 1024 * kMegabyte;
constexpr std::uint32_t kChunkAlignBytes = 8;
constexpr std::size_t kSlabSizesMax = 62;
constexpr char kLongOnly = ' ';  // below: stands for the letter of a flag that has none
constexpr char kDiscoveryFile = 1;

using Result = std::optional<Exit>;

/// Facts about the command line that only matter while it is read.
struct Reading {
  Options& options;
  bool memory_given = false;
  bool policy_given = false;
  bool tcp_given = false;
  bool udp_given = false;
  bool protocol_given = false;
};

Result refuse(int code, std::string text) { return Exit{code, std::move(text) + "\n"}; }

/// An int above 0.
Result above_zero(const char* value, int* member, const char* refusal) {
  const int number = leading_number(value);
  if (number <= 0) return refuse(1, refusal);
  *member = number;
  return std::nullopt;
}

Result set_listen(Reading& reading, const char* value) {
  // An address given twice is listened on once.
  std::string& all = reading.options.interfaces;
  if (("," + all + ",").find("," + std::string(value) + ",") != std::string::npos) {
    return std::nullopt;
  }
  if (!all.empty()) all += ',';
  all += value;
  return std::nullopt;
}

Result set_memory(Reading& reading, const char* value) {
  reading.memory_given = true;
  reading.options.memory_bytes = std::max(0, leading_number(value)) * kMegabyte;
  return std::nullopt;
}

Result set_chunk_min(Reading& reading, const char* value) {
  reading.options.classes_given = true;
  return above_zero(value, &reading.options.chunk_bytes_min, "Chunk size must be greater than 0");
}

Result set_factor(Reading& reading, const char* value) {
  const double factor = std::atof(value);
  if (!(factor > 1.0)) return refuse(1, "Factor must be greater than 1");
  reading.options.growth_factor = factor;
  reading.options.classes_given = true;
  return std::nullopt;
}

Result set_threads(Reading& reading, const char* value) {
  if (Result exit = above_zero(value, &reading.options.threads,
                               "Number of threads must be greater than 0")) {
    return exit;
  }
  if (reading.options.threads > kThreadsWarned) {
    reading.options.notices.push_back(
        "WARNING: Setting a high number of worker threads is not recommended.\n"
        " Set this value to the number of cores in your machine or less.");
  }
  return std::nullopt;
}

Result set_delimiter(Reading& reading, const char* value) {
  if (*value == '\0') return refuse(1, "No delimiter specified");
  reading.options.prefix_delimiter = *value;
  reading.options.detail_enabled = true;
  return std::nullopt;
}

Result set_binding(Reading& reading, const char* value) {
  struct Row {
    std::string_view name;
    proto::Binding binding;
  };
  constexpr Row kRows[] = {{"auto", proto::Binding::automatic},
                           {"ascii", proto::Binding::ascii},
                           {"binary", proto::Binding::binary}};
  for (const Row& row : kRows) {
    if (row.name == value) {
      reading.options.binding = row.binding;
      reading.protocol_given = true;
      return std::nullopt;
    }
  }
  return refuse(kExitUsage, fmt::format("Invalid value for binding protocol: {}\n"
                                        " -- should be one of auto, binary, or ascii",
                                        value));
}

Result set_item_size(Reading& reading, const char* value) {
  std::int64_t bytes = leading_number(value);
  const std::string_view text(value);
  const char unit = text.empty() ? '\0' : static_cast<char>(std::tolower(text.back()));
  if (unit == 'k') bytes *= 1024;
  if (unit == 'm') bytes *= kMegabyte;
  reading.options.item_bytes_max = bytes;
  return std::nullopt;
}

Result set_engine(Reading& reading, const char* value) {
  const std::string_view name(value);
  if (name != "cache" && name != "redis") {
    return refuse(kExitUsage, fmt::format("Invalid value for engine: {}\n -- should be cache or redis", name));
  }
  reading.options.redis_asked = name == "redis";
  return std::nullopt;
}

/// A setting of the Redis engine, by its name there.
Result set_redis_setting(Reading& reading, const std::string& name, const char* value) {
  Options& options = reading.options;
  std::string why;
  if (redis::change_setting(&options.redis, name, value, true, &why) != redis::SetStatus::ok) {
    return refuse(kExitUsage, fmt::format("Invalid value for --{}: {}\n -- {}", name, value, why));
  }
  if (name == "maxmemory") reading.memory_given = false;
  if (name == "maxmemory-policy") reading.policy_given = true;
  return std::nullopt;
}

enum class Takes : std::uint8_t { nothing, optional_value, value };

struct Flag {
  char letter;       // below kLongOnly: only the long name
  const char* name;  // nullptr: only the letter
  Takes takes;
  Result (*apply)(Reading&, const char* value);  // value is never null
};

#define LARDER_SET(statement)                                    \
  [](Reading& reading, [[maybe_unused]] const char* v) -> Result { \
    [[maybe_unused]] Options& o = reading.options;               \
    statement;                                                   \
    return std::nullopt;                                         \
  }
#define LARDER_RETURN(expression)                                                           \
  [](Reading& reading, [[maybe_unused]] const char* v) -> Result {                            \
    [[maybe_unused]] Options& o = reading.options;                                          \
    return expression;                                                                      \
  }

// clang-format off
const Flag kFlags[] = {
    {'a', "unix-mask", Takes::value, LARDER_SET(o.unix_mask = static_cast<int>(std::strtol(v, nullptr, 8)))},
    {'A', "enable-shutdown", Takes::nothing, LARDER_SET(o.shutdown_enabled = true)},
    {'b', "listen-backlog", Takes::value, LARDER_SET(o.backlog = leading_number(v))},
    {'B', "protocol", Takes::value, set_binding},
    {'c', "conn-limit", Takes::value, LARDER_RETURN(above_zero(v, &o.max_connections, "Maximum connections must be greater than 0"))},
    {'C', "disable-cas", Takes::nothing, LARDER_SET(o.cas_enabled = false)},
    {'d', "daemon", Takes::nothing, LARDER_SET(o.daemon = true)},
    {'D', nullptr, Takes::value, set_delimiter},
    {'e', "memory-file", Takes::value, LARDER_SET(o.memory_file = v)},
    {'f', "slab-growth-factor", Takes::value, set_factor},
    {'F', "disable-flush-all", Takes::nothing, LARDER_SET(o.flush_enabled = false)},
    {'h', "help", Takes::nothing, LARDER_RETURN((Exit{0, help_text()}))},
    {'i', "license", Takes::nothing, LARDER_RETURN((Exit{0, licence_text()}))},
    {'I', "max-item-size", Takes::value, set_item_size},
    {'k', "lock-memory", Takes::nothing, LARDER_SET(o.lock_memory = true)},
    {'l', "listen", Takes::value, set_listen},
    {'L', "enable-largepages", Takes::nothing, LARDER_SET(o.large_pages = true)},
    {'m', "memory-limit", Takes::value, set_memory},
    {'M', "disable-evictions", Takes::nothing, LARDER_SET(o.evict = false)},
    {'n', "slab-min-size", Takes::value, set_chunk_min},
    {'N', "napi-ids", Takes::value, LARDER_RETURN(above_zero(v, &o.napi_ids, "Maximum number of NAPI IDs must be greater than 0"))},
    {'o', "extended", Takes::value, LARDER_RETURN(apply_extended_options(v, &o))},
    {'p', "port", Takes::value, LARDER_SET(o.tcp_port = leading_number(v); reading.tcp_given = true)},
    {'P', "pidfile", Takes::value, LARDER_SET(o.pid_file = v)},
    {'r', "enable-coredumps", Takes::nothing, LARDER_SET(o.core_dumps = true)},
    {'R', "max-reqs-per-event", Takes::value, LARDER_RETURN(above_zero(v, &o.requests_per_event, "Number of requests per event must be greater than 0"))},
    {'s', "unix-socket", Takes::value, LARDER_SET(o.unix_socket = v)},
    {'S', "enable-sasl", Takes::nothing, LARDER_SET(o.sasl = true)},
    {'t', "threads", Takes::value, set_threads},
    {'u', "user", Takes::value, LARDER_SET(o.user = v)},
    {'U', "udp-port", Takes::value, LARDER_SET(o.udp_port = leading_number(v); reading.udp_given = true)},
    {'v', "verbose", Takes::optional_value, LARDER_SET(++o.verbosity)},
    {'V', "version", Takes::nothing, LARDER_RETURN((Exit{0, version_text()}))},
    {'W', "disable-watch", Takes::nothing, LARDER_SET(o.watch_enabled = false)},
    {'X', "disable-dumping", Takes::nothing, LARDER_SET(o.dump_enabled = false)},
    {'Y', "auth-file", Takes::value, LARDER_SET(o.auth_file = v; o.login_required = true)},
    {kDiscoveryFile, "discovery-file", Takes::value, LARDER_SET(o.discovery_file = v)},
    {'Z', "enable-ssl", Takes::nothing, LARDER_SET(o.tls.enabled = true)},
};
// clang-format on

/// Flags without a letter.
struct LongFlag {
  const char* name;
  Result (*apply)(Reading&, const char* value);
};
const LongFlag kLongFlags[] = {
    {"engine", set_engine},
    {"redis-port", LARDER_SET(o.redis_port = leading_number(v))},
};
#undef LARDER_SET
#undef LARDER_RETURN

// getopt's values of flags without a letter: the rows of kLongFlags, then the Redis engine's settings.
constexpr int kLongFlagBase = 0x1000;
constexpr int kRedisSettingBase = 0x2000;

bool is_flag_name(std::string_view name) {
  return std::any_of(std::begin(kFlags), std::end(kFlags),
                     [&](const Flag& flag) { return flag.name != nullptr && name == flag.name; });
}

/// getopt's own form of the table.
struct GetoptTables {
  GetoptTables() {
    for (const Flag& flag : kFlags) {
      if (flag.letter > kLongOnly) letters += flag.letter;
      if (flag.letter > kLongOnly && flag.takes == Takes::value) letters += ':';
      if (flag.name == nullptr) continue;
      constexpr int kKinds[] = {no_argument, optional_argument, required_argument};
      names.push_back({flag.name, kKinds[static_cast<int>(flag.takes)], nullptr, flag.letter});
    }
    int code = kLongFlagBase;
    for (const LongFlag& flag : kLongFlags) names.push_back({flag.name, required_argument, nullptr, code++});
    code = kRedisSettingBase;
    for (const std::string& name : redis::setting_names()) {
      // memcached's flag of that name (--port) keeps its meaning.
      if (!is_flag_name(name)) names.push_back({name.c_str(), required_argument, nullptr, code});
      ++code;
    }
    names.push_back({nullptr, 0, nullptr, 0});
  }
  std::string letters;
  std::vector<option> names;
};

/// Applies the flags in the order they were given.
Result read_flags(int argc, const char* const* argv, Reading& reading) {
  const GetoptTables tables;
  // getopt permutes the pointers; the caller's array stays as it is.
  std::vector<char*> arguments;
  for (int i = 0; i < argc; ++i) arguments.push_back(const_cast<char*>(argv[i]));
  arguments.push_back(nullptr);
  optind = 0;  // glibc: start over
  while (true) {
    const int letter = getopt_long(argc, arguments.data(), tables.letters.c_str(),
                                   tables.names.data(), nullptr);
    if (letter == -1) return std::nullopt;
    if (letter >= kRedisSettingBase) {
      const auto index = static_cast<std::size_t>(letter - kRedisSettingBase);
      if (Result exit = set_redis_setting(reading, redis::setting_names()[index], optarg)) return exit;
      continue;
    }
    if (letter >= kLongFlagBase) {
      if (Result exit = kLongFlags[letter - kLongFlagBase].apply(reading, optarg)) return exit;
      continue;
    }
    const auto flag = std::find_if(std::begin(kFlags), std::end(kFlags),
                                   [&](const Flag& row) { return row.letter == letter; });
    // getopt has said on stderr what is wrong; memcached adds this line.
    if (flag == std::end(kFlags)) return refuse(1, "Illegal argument \"?\"");
    const char* value = optarg == nullptr ? "" : optarg;
    while (std::isspace(static_cast<unsigned char>(*value)) != 0) ++value;
    if (Result exit = flag->apply(reading, value)) return exit;
  }
}

Result check_item_size(Options& options) {
  const std::int64_t item = options.item_bytes_max;
  if (item < kItemBytesMin) {
    return refuse(kExitUsage, "Item max size cannot be less than 1024 bytes.");
  }
  if (item > options.memory_bytes / 2) {
    return refuse(kExitUsage, "Cannot set item size limit higher than 1/2 of memory max.");
  }
  if (item > kItemBytesMax) {
    return refuse(kExitUsage, "Cannot set item size limit higher than a gigabyte.");
  }
  if (item > kPageBytes && !options.chunk_bytes_max_given) options.chunk_bytes_max = kPageBytes / 2;
  const std::int64_t chunk = options.chunk_bytes_max;
  if (chunk > item) {
    return refuse(kExitUsage,
                  fmt::format("slab_chunk_max (bytes: {}) cannot be larger than -I (item_size_max {})",
                              chunk, item));
  }
  if (item % chunk != 0) {
    return refuse(kExitUsage, fmt::format("-I (item_size_max: {}) must be evenly divisible by "
                                          "slab_chunk_max (bytes: {})",
                                          item, chunk));
  }
  if (kPageBytes % chunk != 0) {
    return refuse(kExitUsage, fmt::format("slab_chunk_max (bytes: {}) must divide evenly into {} "
                                          "(slab_page_size)",
                                          chunk, kPageBytes));
  }
  return std::nullopt;
}

Result check_slab_sizes(Options& options) {
  std::string_view rest = options.slab_sizes_text;
  std::uint32_t last = 0;
  while (!rest.empty()) {
    const std::size_t dash = rest.find('-');
    const std::string_view word = rest.substr(0, dash);
    rest.remove_prefix(dash == std::string_view::npos ? rest.size() : dash + 1);
    if (word.empty()) continue;
    const auto size = whole_number<std::uint32_t>(word);
    if (!size || *size < static_cast<std::uint32_t>(options.chunk_bytes_min) ||
        *size > options.chunk_bytes_max) {
      return refuse(kExitUsage, fmt::format("slab size {} is out of valid range", size.value_or(0)));
    }
    if (*size <= last) {
      return refuse(kExitUsage,
                    fmt::format("slab size {} cannot be lower than or equal to a previous class size",
                                *size));
    }
    if (*size <= last + kChunkAlignBytes) {
      return refuse(kExitUsage,
                    fmt::format("slab size {} must be at least {} bytes larger than previous class",
                                *size, kChunkAlignBytes));
    }
    if (options.slab_sizes.size() == kSlabSizesMax) {
      return refuse(kExitUsage, "too many slab classes specified");
    }
    options.slab_sizes.push_back(*size);
    last = *size;
  }
  return std::nullopt;
}

/// With -Y, a listener that names its language must speak text.
Result check_login_listeners(Options& options) {
  for (ListenAddress& address : options.listen) {
    if (address.binding == proto::Binding::binary) {
      return refuse(kExitOsError,
                    fmt::format("Cannot use binary protocol when ascii authentication enabled\n"
                                "failed to listen on one of interface(s) {}",
                                options.interfaces));
    }
    if (address.binding == proto::Binding::automatic) {
      options.notices.push_back(
          "WARNING: negotiating ports are ascii only when ascii authentication enabled");
      address.binding = proto::Binding::ascii;
    }
  }
  return std::nullopt;
}

/// -S and -Y decide the language of listeners that do not name one.
Result check_authentication(Reading& reading) {
  Options& options = reading.options;
  if (options.sasl) {
    if (!reading.protocol_given) options.binding = proto::Binding::binary;
    if (options.binding != proto::Binding::binary) {
      return refuse(kExitUsage, "ERROR: You cannot allow the ASCII protocol while using SASL.");
    }
    if (options.udp_port != 0) {
      return refuse(kExitUsage,
                    "ERROR: Cannot enable UDP while using binary SASL authentication.");
    }
  }
  if (options.login_required) {
    if (!reading.protocol_given) options.binding = proto::Binding::ascii;
    if (options.binding != proto::Binding::ascii) {
      return refuse(kExitUsage,
                    "ERROR: You cannot allow the BINARY protocol while using ascii "
                    "authentication tokens.");
    }
    if (options.udp_port != 0) {
      return refuse(kExitUsage,
                    "Cannot use UDP with ascii authentication enabled (-U 0 to disable)");
    }
  }
  return std::nullopt;
}

/// The addresses of -l, with the port, language and encryption of `usual` where they name none; port 0:
/// none at all.
Result list_addresses(const Options& options, const ListenAddress& usual,
                      std::vector<ListenAddress>* addresses) {
  if (usual.port == 0) return std::nullopt;
  if (options.interfaces.empty()) {
    addresses->push_back(usual);
    return std::nullopt;
  }
  if (const auto error = parse_listen_list(options.interfaces, usual, addresses)) {
    return refuse(kExitOsError, fmt::format("{}\nfailed to listen on one of interface(s) {}", *error,
                                            options.interfaces));
  }
  return std::nullopt;
}

Result check_listening(Reading& reading) {
  Options& options = reading.options;
  if (reading.udp_given && options.udp_port != 0 && !reading.tcp_given) {
    options.tcp_port = options.udp_port;
  }
  if (options.tcp_port > 65535) {
    return refuse(kExitUsage, fmt::format("ERROR: Invalid port number {}.", options.tcp_port));
  }
  if (options.udp_port > 65535) {
    return refuse(kExitUsage, fmt::format("ERROR: Invalid port number {}.", options.udp_port));
  }
  if (options.tls.enabled && options.tcp_port == 0) {
    return refuse(kExitUsage, "ERROR: You cannot enable SSL without a TCP port.");
  }
  if (!options.unix_socket.empty()) return std::nullopt;
  ListenAddress usual{{}, options.tcp_port, options.binding, {}, options.tls.enabled, options.tls.check};
  if (Result exit = list_addresses(options, usual, &options.listen)) return exit;
  usual.port = options.udp_port;  // prefixes for TLS are read, and say nothing about UDP
  if (Result exit = list_addresses(options, usual, &options.udp_listen)) return exit;
  for (ListenAddress& address : options.udp_listen) address.tls = false;
  return options.login_required ? check_login_listeners(options) : std::nullopt;
}

/// The Redis engine's memory. Redis knows no limit unless one is given, and then evicts only by a
/// policy; memcached's -m gives both.
void settle_memory(Reading& reading) {
  Options& options = reading.options;
  if (!options.redis_engine()) return;
  if (reading.memory_given) {
    options.redis.maxmemory = options.memory_bytes;
    if (!reading.policy_given && options.evict) {
      options.redis.maxmemory_policy = redis::EvictionPolicy::allkeys_lru;
    }
  } else if (options.redis.maxmemory != 0) {
    options.memory_bytes = options.redis.maxmemory;
  } else {
    options.memory_bytes = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  }
  options.evict = options.redis.maxmemory_policy >= redis::EvictionPolicy::allkeys_lru &&
                  options.redis.maxmemory_policy != redis::EvictionPolicy::noeviction;
}

/// The Redis port is opened on the addresses of -l.
void settle_redis_port(Options& options) {
  options.redis.port = std::max(0, options.redis_port);
  if (options.redis_port == 0) return;
  // What -l says holds here also when memcached's port is off.
  std::vector<ListenAddress> addresses;
  if (!options.interfaces.empty()) {
    const ListenAddress usual{{}, options.redis_port, options.binding, {}, options.tls.enabled,
                              options.tls.check};
    static_cast<void>(parse_listen_list(options.interfaces, usual, &addresses));
  }
  for (const ListenAddress& address : addresses) {
    const auto same = [&](const ListenAddress& other) { return other.host == address.host; };
    if (std::any_of(options.redis_listen.begin(), options.redis_listen.end(), same)) continue;
    options.redis_listen.push_back({address.host, options.redis_port, proto::Binding::resp, {}});
  }
  if (options.redis_listen.empty()) {
    options.redis_listen.push_back({{}, options.redis_port, proto::Binding::resp, {}});
  }
}

/// What depends on several flags, in memcached's order of complaint.
Result check_together(Reading& reading) {
  Options& options = reading.options;
  if (options.napi_ids > options.threads) {
    return refuse(kExitUsage, fmt::format("Number of napi_ids({}) cannot be greater than number of "
                                          "threads({})",
                                          options.napi_ids, options.threads));
  }
  settle_memory(reading);
  if (Result exit = check_item_size(options)) return exit;
  if (Result exit = check_slab_sizes(options)) return exit;
  if (options.hot_lru_pct + options.warm_lru_pct > 80) {
    return refuse(kExitUsage, "hot_lru_pct + warm_lru_pct cannot be more than 80% combined");
  }
  if (options.temp_lru && !options.lru_maintainer) {
    return refuse(kExitUsage, "temporary_ttl requires lru_maintainer to be enabled");
  }
  if (Result exit = check_authentication(reading)) return exit;
  if (Result exit = check_listening(reading)) return exit;
  settle_redis_port(options);
  if (options.redis_engine() && !options.memory_file.empty()) {
    return refuse(kExitUsage, "ERROR: -e keeps plain items only: it cannot be used with the Redis engine.");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Exit> parse_options(int argc, const char* const* argv, Options* options) {
  Reading reading{*options};
  if (Result exit = read_flags(argc, argv, reading)) return exit;
  return check_together(reading);
}

std::vector<OptionName> option_names() {
  std::vector<OptionName> names;
  for (const Flag& flag : kFlags) {
    const char letter = flag.letter > kLongOnly ? flag.letter : '\0';
    names.push_back({letter, flag.name == nullptr ? "" : flag.name, flag.takes == Takes::value});
  }
  return names;
}

std::string_view binding_name(proto::Binding binding) {
  switch (binding) {
    case proto::Binding::ascii: return "ascii";
    case proto::Binding::binary: return "binary";
    case proto::Binding::resp: return "resp";
    case proto::Binding::automatic: break;
  }
  return "auto-negotiate";
}

}  // namespace larder::server
