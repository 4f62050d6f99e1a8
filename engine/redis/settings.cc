#include "engine/redis/settings.h"

#include <algorithm>
#include <limits>

#include "engine/redis/numbers.h"

namespace larder::redis {

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

enum class Kind : std::uint8_t { boolean, number, memory, text, policy, output_limits, inert };

struct Row {
  std::string_view name;
  Kind kind;
  bool Settings::*boolean = nullptr;
  std::int64_t Settings::*number = nullptr;
  std::string Settings::*text = nullptr;
  std::int64_t least = 0;
  std::int64_t most = kMost;
  bool immutable = false;
  std::string_view alias = {};
  std::string_view initial = {};  // inert ones
  std::string_view choices = {};  // of a text: "a|b|c"; empty: any
};

constexpr Row flag(std::string_view name, bool Settings::*member, bool immutable = false) {
  return {.name = name, .kind = Kind::boolean, .boolean = member, .immutable = immutable};
}
constexpr Row number(std::string_view name, std::int64_t Settings::*member, std::int64_t least,
                     std::int64_t most, std::string_view alias = {}) {
  return {.name = name, .kind = Kind::number, .number = member, .least = least, .most = most, .alias = alias};
}
constexpr Row fixed(std::string_view name, std::int64_t Settings::*member, std::int64_t least,
                    std::int64_t most) {
  return {.name = name, .kind = Kind::number, .number = member, .least = least, .most = most, .immutable = true};
}
constexpr Row memory(std::string_view name, std::int64_t Settings::*member, std::int64_t least,
                     std::int64_t most, std::string_view alias = {}) {
  return {.name = name, .kind = Kind::memory, .number = member, .least = least, .most = most, .alias = alias};
}
constexpr Row text(std::string_view name, std::string Settings::*member, bool immutable = false) {
  return {.name = name, .kind = Kind::text, .text = member, .immutable = immutable};
}
constexpr Row inert(std::string_view name, std::string_view initial, std::string_view choices = {}) {
  return {.name = name, .kind = Kind::inert, .initial = initial, .choices = choices};
}
constexpr std::string_view kYesNo = "yes|no";

using S = Settings;
constexpr std::int64_t kInt = std::numeric_limits<std::int32_t>::max();

// clang-format off
constexpr Row kRows[] = {
    memory("maxmemory", &S::maxmemory, 0, kMost),
    {.name = "maxmemory-policy", .kind = Kind::policy},
    number("maxmemory-samples", &S::maxmemory_samples, 1, 64),
    memory("proto-max-bulk-len", &S::proto_max_bulk_len, 1 << 20, kMost),
    memory("client-query-buffer-limit", &S::client_query_buffer_limit, 1 << 20, kMost),
    flag("lazyfree-lazy-user-del", &S::lazyfree_lazy_user_del),
    flag("lazyfree-lazy-user-flush", &S::lazyfree_lazy_user_flush),
    number("list-max-listpack-size", &S::list_max_listpack_size, -kInt - 1, kInt, "list-max-ziplist-size"),
    number("list-compress-depth", &S::list_compress_depth, 0, kInt),
    number("hash-max-listpack-entries", &S::hash_max_listpack_entries, 0, kMost, "hash-max-ziplist-entries"),
    memory("hash-max-listpack-value", &S::hash_max_listpack_value, 0, kMost, "hash-max-ziplist-value"),
    number("set-max-intset-entries", &S::set_max_intset_entries, 0, kMost),
    number("zset-max-listpack-entries", &S::zset_max_listpack_entries, 0, kMost, "zset-max-ziplist-entries"),
    memory("zset-max-listpack-value", &S::zset_max_listpack_value, 0, kMost, "zset-max-ziplist-value"),
    memory("stream-node-max-bytes", &S::stream_node_max_bytes, 0, kMost),
    number("stream-node-max-entries", &S::stream_node_max_entries, 0, kMost),
    memory("hll-sparse-max-bytes", &S::hll_sparse_max_bytes, 0, kMost),
    text("requirepass", &S::requirepass),
    {.name = "enable-debug-command", .kind = Kind::text, .text = &S::enable_debug_command, .immutable = true,
     .choices = "yes|local|no"},
    number("maxclients", &S::maxclients, 1, kInt),
    number("timeout", &S::timeout, 0, kInt),
    flag("protected-mode", &S::protected_mode),
    {.name = "client-output-buffer-limit", .kind = Kind::output_limits},
    fixed("databases", &S::databases, 1, 4096),
    fixed("port", &S::port, 0, 65535),
    text("unixsocket", &S::unixsocket, true),
    text("bind", &S::bind, true),
    text("dir", &S::dir),
    number("hz", &S::hz, 1, 500),
    inert("save", ""),
    inert("appendonly", "no", kYesNo),
    inert("appendfsync", "everysec", "everysec|always|no"),
    inert("aof-use-rdb-preamble", "yes", kYesNo),
    inert("auto-aof-rewrite-percentage", "100"),
    inert("dbfilename", "dump.rdb"),
    inert("rdbcompression", "yes", kYesNo),
    inert("rdb-key-save-delay", "0"),
    inert("key-load-delay", "0"),
    inert("loglevel", "notice", "debug|verbose|notice|warning"),
    inert("slowlog-log-slower-than", "10000"),
    inert("slowlog-max-len", "128"),
    inert("latency-monitor-threshold", "0"),
    inert("latency-tracking", "yes", kYesNo),
    inert("notify-keyspace-events", ""),
    inert("activerehashing", "yes", kYesNo),
    inert("activedefrag", "no", kYesNo),
    inert("active-expire-effort", "1"),
    inert("lazyfree-lazy-eviction", "no", kYesNo),
    inert("lazyfree-lazy-expire", "no", kYesNo),
    inert("lazyfree-lazy-server-del", "no", kYesNo),
    inert("replica-lazy-flush", "no", kYesNo),
    inert("lfu-log-factor", "10"),
    inert("lfu-decay-time", "1"),
    inert("maxmemory-clients", "0"),
    inert("maxmemory-eviction-tenacity", "10"),
    inert("lua-time-limit", "5000"),
    inert("busy-reply-threshold", "5000"),
    inert("min-replicas-to-write", "0"),
    inert("min-slaves-to-write", "0"),
    inert("repl-diskless-sync-delay", "5"),
    inert("tracking-table-max-keys", "1000000"),
    inert("cluster-enabled", "no"),
    inert("io-threads", "1"),
    inert("sanitize-dump-payload", "no", "no|yes|clients"),
    inert("set-proc-title", "yes", kYesNo),
    inert("oom-score-adj", "no"),
    inert("crash-log-enabled", "yes", kYesNo),
    inert("jemalloc-bg-thread", "yes", kYesNo),
    inert("tcp-keepalive", "300"),
    inert("acllog-max-len", "128"),
    inert("acl-pubsub-default", "resetchannels"),
};
// clang-format on

constexpr std::string_view kPolicies[] = {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
                                          "allkeys-lru",  "allkeys-lfu",  "allkeys-random",  "noeviction"};

// Place among the inert rows.
std::size_t inert_index(const Row& row) {
  std::size_t index = 0;
  for (const Row* each = kRows; each != &row; ++each) index += each->kind == Kind::inert ? 1 : 0;
  return index;
}

const Row* find_row(std::string_view name) {
  for (const Row& row : kRows) {
    if (equals_nocase(name, row.name) || (!row.alias.empty() && equals_nocase(name, row.alias))) return &row;
  }
  return nullptr;
}

bool parse_boolean(std::string_view value, bool* result) {
  *result = equals_nocase(value, "yes");
  return *result || equals_nocase(value, "no");
}

constexpr std::string_view kClientClasses[] = {"normal", "slave", "pubsub"};

std::string output_limits_text(const OutputLimits& limits) {
  std::string text;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (i != 0) text += ' ';
    text += std::string(kClientClasses[i]) + ' ' + std::to_string(limits[i].hard_bytes) + ' ' +
            std::to_string(limits[i].soft_bytes) + ' ' + std::to_string(limits[i].soft_s);
  }
  return text;
}

// "normal 0 0 0 pubsub 32mb 8mb 60": classes that are not named stay as they are.
bool set_output_limits(OutputLimits& limits, std::string_view value, std::string* why) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t end = std::min(value.find(' ', at), value.size());
    if (end != at) words.push_back(value.substr(at, end - at));
    at = end + 1;
  }
  *why = "Wrong number of arguments in buffer limit configuration.";
  if (words.empty() || words.size() % 4 != 0) return false;
  OutputLimits changed = limits;
  for (std::size_t i = 0; i < words.size(); i += 4) {
    const std::string_view name = equals_nocase(words[i], "replica") ? std::string_view("slave") : words[i];
    std::size_t which = 0;
    while (which < changed.size() && !equals_nocase(name, kClientClasses[which])) ++which;
    *why = "Invalid client class specified in buffer limit configuration.";
    if (which == changed.size()) return false;
    *why = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    OutputLimit& limit = changed[which];
    if (!parse_memory(words[i + 1], &limit.hard_bytes) || !parse_memory(words[i + 2], &limit.soft_bytes) ||
        !parse_i64(words[i + 3], &limit.soft_s) || limit.soft_s < 0) {
      return false;
    }
  }
  limits = changed;
  return true;
}

std::string bounds_text(const Row& row) {
  return "argument must be between " + std::to_string(row.least) + " and " + std::to_string(row.most) +
         " inclusive";
}

bool may_be(const Row& row, std::string_view value, std::string* why) {
  if (row.choices.empty()) return true;
  std::string_view rest = row.choices;
  bool known = false;
  while (!rest.empty() && !known) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    known = equals_nocase(value, rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  *why = row.choices == kYesNo ? "argument must be 'yes' or 'no'"
                               : "argument(s) must be one of the following: " + std::string(row.choices);
  return known;
}

bool set_value(Settings& settings, const Row& row, std::string_view value, std::string* why) {
  switch (row.kind) {
    case Kind::boolean:
      *why = "argument must be 'yes' or 'no'";
      return parse_boolean(value, &(settings.*row.boolean));
    case Kind::number:
    case Kind::memory: {
      std::int64_t read = 0;
      const bool whole =
          row.kind == Kind::memory ? parse_memory(value, &read) : parse_i64(value, &read);
      *why = row.kind == Kind::memory ? "argument must be a memory value"
                                      : "argument couldn't be parsed into an integer";
      if (!whole) return false;
      *why = bounds_text(row);
      if (read < row.least || read > row.most) return false;
      settings.*row.number = read;
      return true;
    }
    case Kind::text:
      if (!may_be(row, value, why)) return false;
      settings.*row.text = value;
      return true;
    case Kind::policy:
      for (std::size_t i = 0; i < std::size(kPolicies); ++i) {
        if (!equals_nocase(value, kPolicies[i])) continue;
        settings.maxmemory_policy = static_cast<EvictionPolicy>(i);
        return true;
      }
      *why = "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, "
             "volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction";
      return false;
    case Kind::output_limits: return set_output_limits(settings.output_limits, value, why);
    case Kind::inert:
      if (!may_be(row, value, why)) return false;
      settings.inert[inert_index(row)] = value;
      return true;
  }
  return false;
}

}  // namespace

bool parse_memory(std::string_view value, std::int64_t* bytes) {
  struct Unit {
    std::string_view name;
    std::int64_t bytes;
  };
  constexpr Unit kUnits[] = {{"b", 1},           {"k", 1000},       {"kb", 1024},      {"m", 1000000},
                             {"mb", 1 << 20},    {"g", 1000000000}, {"gb", 1 << 30}};
  const std::size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
  const std::string_view unit = value.substr(digits);
  std::uint64_t count = 0;
  if (!parse_u64(value.substr(0, digits), &count)) return false;
  std::int64_t scale = unit.empty() ? 1 : 0;
  for (const Unit& each : kUnits) {
    if (equals_nocase(unit, each.name)) scale = each.bytes;
  }
  if (scale == 0 || count > static_cast<std::uint64_t>(kMost / scale)) return false;
  *bytes = static_cast<std::int64_t>(count) * scale;
  return true;
}

const std::vector<std::string>& setting_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Row& row : kRows) {
      names.emplace_back(row.name);
      if (!row.alias.empty()) names.emplace_back(row.alias);
    }
    return names;
  }();
  return kNames;
}

std::optional<std::string> setting_text(const Settings& settings, std::string_view name) {
  const Row* row = find_row(name);
  if (row == nullptr) return std::nullopt;
  switch (row->kind) {
    case Kind::boolean: return settings.*row->boolean ? "yes" : "no";
    case Kind::number:
    case Kind::memory: return std::to_string(settings.*row->number);
    case Kind::text: return settings.*row->text;
    case Kind::policy: return std::string(kPolicies[static_cast<std::size_t>(settings.maxmemory_policy)]);
    case Kind::output_limits: return output_limits_text(settings.output_limits);
    case Kind::inert: break;
  }
  return settings.inert[inert_index(*row)];
}

SetStatus change_setting(Settings* settings, std::string_view name, std::string_view value, bool at_start,
                         std::string* why) {
  const Row* row = find_row(name);
  if (row == nullptr) return SetStatus::unknown;
  if (row->immutable && !at_start) return SetStatus::immutable;
  return set_value(*settings, *row, value, why) ? SetStatus::ok : SetStatus::invalid;
}

Settings default_settings() {
  Settings settings;
  for (const Row& row : kRows) {
    if (row.kind == Kind::inert) settings.inert.emplace_back(row.initial);
  }
  return settings;
}

}  // namespace larder::redis
