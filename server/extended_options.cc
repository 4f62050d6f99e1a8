#include "server/extended_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "server/option_names.h"
#include "server/option_text.h"

namespace larder::server {

namespace {

/// What a row's function works with. `value` is empty when none was given.
struct Argument {
  Options& options;
  std::string value;
  bool given = false;
};

using Result = std::optional<Exit>;

Result refuse(std::string text) { return Exit{1, std::move(text) + "\n"}; }

struct Row {
  std::string_view name;
  const char* missing;  // refusal when no value is given; nullptr: the value is optional or ignored
  Result (*apply)(Argument&);
};

Result accept_silently(Argument&) { return std::nullopt; }

/// An int from `low` to `high`, read as memcached does.
template <int Options::*kMember>
Result number_between(const Argument& argument, int low, int high, const char* refusal) {
  const int number = leading_number(argument.value.c_str());
  if (number < low || number > high) return refuse(refusal);
  argument.options.*kMember = number;
  return std::nullopt;
}

Result positive_factor(const Argument& argument, double* member, const char* refusal) {
  const double factor = std::atof(argument.value.c_str());
  if (!(factor > 0)) return refuse(refusal);
  *member = factor;
  return std::nullopt;
}

/// A 32-bit count of units of `unit` bytes.
template <typename T>
Result scaled(const Argument& argument, std::string_view name, T unit, T* member) {
  const auto number = unsigned_number(argument.value);
  if (!number) return refuse(fmt::format("could not parse argument to {}", name));
  *member = static_cast<T>(*number * unit);
  return std::nullopt;
}

Result hash_power(Argument& argument) {
  const int power = leading_number(argument.value.c_str());
  if (power < 12) {
    return refuse(fmt::format("Initial hashtable multiplier of {} is too low", power));
  }
  if (power > 32) {
    return refuse(fmt::format("Initial hashtable multiplier of {} is too high\nChoose a value "
                              "based on \"STAT hash_power_level\" from a running instance",
                              power));
  }
  argument.options.hash_power = power;
  return std::nullopt;
}

Result hash_algorithm(Argument& argument) {
  for (const std::string_view known : {"jenkins", "murmur3", "xxh3"}) {
    if (argument.value == known) return std::nullopt;  // keys are hashed with XXH3 always
  }
  return refuse("Unknown hash_algorithm option (jenkins, murmur3, xxh3)");
}

Result slab_automove(Argument& argument) {
  if (!argument.given) {
    argument.options.slab_automove = 1;
    return std::nullopt;
  }
  return number_between<&Options::slab_automove>(argument, 0, 2,
                                                 "slab_automove must be between 0 and 2");
}

Result slab_automove_ratio(Argument& argument) {
  const double number = std::atof(argument.value.c_str());
  if (!(number > 0) || number > 1) return refuse("slab_automove_ratio must be > 0 and < 1");
  argument.options.slab_automove_ratio = number;
  return std::nullopt;
}

Result slab_automove_freeratio(Argument& argument) {
  char* end = nullptr;
  const double number = std::strtod(argument.value.c_str(), &end);
  if (argument.value.empty() || *end != '\0') {
    return refuse("could not parse argument to slab_automove_freeratio");
  }
  argument.options.slab_automove_freeratio = number;
  return std::nullopt;
}

Result temporary_ttl(Argument& argument) {
  argument.options.temp_lru = true;
  argument.options.temporary_ttl_s =
      static_cast<std::uint32_t>(leading_number(argument.value.c_str()));
  return std::nullopt;
}

Result resp_obj_mem_limit(Argument& argument) {
  argument.options.notices.push_back(
      "DEPRECATED: resp_obj_mem_limit no longer used. See read_buf_mem_limit,");
  return std::nullopt;
}

Result lru_crawler_tocrawl(Argument& argument) {
  const auto number = unsigned_number(argument.value);
  if (!number) return refuse("lru_crawler_tocrawl takes a numeric 32bit value");
  argument.options.lru_crawler_tocrawl = *number;
  return std::nullopt;
}

Result slab_chunk_max(Argument& argument) {
  const auto kilobytes = whole_number<int>(argument.value);
  if (!kilobytes) return refuse("could not parse argument to slab_chunk_max");
  if (*kilobytes <= 0) return refuse("slab_chunk_max must be >= 0");
  if (*kilobytes > 1024) return refuse("slab_chunk_max must be specified in kilobytes.");
  argument.options.chunk_bytes_max = std::int64_t{*kilobytes} * 1024;
  argument.options.chunk_bytes_max_given = true;
  return std::nullopt;
}

/// The defaults of memcached 1.4.
Result no_modern(Argument& argument) {
  Options& options = argument.options;
  if (!options.chunk_bytes_max_given) options.chunk_bytes_max = kPageBytes;
  options.slab_reassign = false;
  options.slab_automove = 0;
  options.maxconns_fast = false;
  options.lru_segmented = false;
  options.lru_maintainer = false;
  options.lru_crawler = false;
  return std::nullopt;
}

Result sock_cookie_id(Argument& argument) {
  argument.options.socket_mark = whole_number<std::uint32_t>(argument.value).value_or(0);
  return std::nullopt;
}

/// Numbers whose range is told apart from their form.
Result listed_number(const Argument& argument, std::string_view name, int high, int* member) {
  const auto number = whole_number<int>(argument.value);
  if (!number) return refuse(fmt::format("could not parse argument to {}", name));
  if (*number < 0 || *number > high) {
    return refuse(fmt::format("Invalid {}. Use help to see valid options.", name));
  }
  *member = *number;
  return std::nullopt;
}

Result ssl_verify_mode(Argument& argument) {
  int mode = 0;
  Result exit = listed_number(argument, "ssl_verify_mode", 3, &mode);
  argument.options.tls.check = static_cast<TlsCheck>(mode);
  return exit;
}

Result ssl_keyformat(Argument& argument) {
  const auto number = whole_number<int>(argument.value);
  if (!number) return refuse("could not parse argument to ssl_keyformat");
  argument.options.tls.key_format = *number;  // OpenSSL judges it
  return std::nullopt;
}

#define LARDER_SET(statement)       \
  [](Argument& argument) -> Result { \
    argument.options.statement;     \
    return std::nullopt;            \
  }

// clang-format off
const Row kRows[] = {
    {"maxconns_fast", nullptr, LARDER_SET(maxconns_fast = true)},
    {"no_maxconns_fast", nullptr, LARDER_SET(maxconns_fast = false)},
    {"hashpower", "Missing numeric argument for hashpower", hash_power},
    {"no_hashexpand", nullptr, LARDER_SET(hash_expand = false)},
    {"hash_algorithm", "Missing hash_algorithm argument", hash_algorithm},
    {"slab_reassign", nullptr, LARDER_SET(slab_reassign = true)},
    {"no_slab_reassign", nullptr, LARDER_SET(slab_reassign = false)},
    {"slab_automove", nullptr, slab_automove},
    {"no_slab_automove", nullptr, LARDER_SET(slab_automove = 0)},
    {"slab_automove_ratio", "Missing slab_automove_ratio argument", slab_automove_ratio},
    {"slab_automove_freeratio", "Missing slab_automove_freeratio argument", slab_automove_freeratio},
    {"slab_automove_window", "Missing slab_automove_window argument",
     [](Argument& a) { return number_between<&Options::slab_automove_window>(a, 3, 1800, "slab_automove_window must be > 2 and < 1800"); }},
    {"slab_sizes", "Missing slab_sizes argument", LARDER_SET(slab_sizes_text = argument.value)},
    {"slab_chunk_max", "Missing slab_chunk_max argument", slab_chunk_max},
    {"no_chunked_items", nullptr, LARDER_SET(chunk_bytes_max = kPageBytes)},
    {"tail_repair_time", "Missing numeric argument for tail_repair_time",
     [](Argument& a) { return number_between<&Options::tail_repair_time_s>(a, 10, INT32_MAX, "Cannot set tail_repair_time to less than 10 seconds"); }},
    {"lru_crawler", nullptr, LARDER_SET(lru_crawler = true)},
    {"no_lru_crawler", nullptr, LARDER_SET(lru_crawler = false)},
    {"lru_crawler_sleep", "Missing lru_crawler_sleep value",
     [](Argument& a) { return number_between<&Options::lru_crawler_sleep_us>(a, 0, 1'000'000, "LRU crawler sleep must be between 0 and 1 second"); }},
    {"lru_crawler_tocrawl", "Missing lru_crawler_tocrawl value", lru_crawler_tocrawl},
    {"lru_maintainer", nullptr, LARDER_SET(lru_maintainer = argument.options.lru_segmented = true)},
    {"no_lru_maintainer", nullptr, LARDER_SET(lru_maintainer = argument.options.lru_segmented = false)},
    {"hot_lru_pct", "Missing hot_lru_pct argument",
     [](Argument& a) { return number_between<&Options::hot_lru_pct>(a, 1, 79, "hot_lru_pct must be > 1 and < 80"); }},
    {"warm_lru_pct", "Missing warm_lru_pct argument",
     [](Argument& a) { return number_between<&Options::warm_lru_pct>(a, 1, 79, "warm_lru_pct must be > 1 and < 80"); }},
    {"hot_max_factor", "Missing hot_max_factor argument",
     [](Argument& a) { return positive_factor(a, &a.options.hot_max_factor, "hot_max_factor must be > 0"); }},
    {"warm_max_factor", "Missing warm_max_factor argument",
     [](Argument& a) { return positive_factor(a, &a.options.warm_max_factor, "warm_max_factor must be > 0"); }},
    {"temporary_ttl", "Missing temporary_ttl argument", temporary_ttl},
    {"idle_timeout", "Missing numeric argument for idle_timeout",
     LARDER_SET(idle_timeout_s = std::max(0, leading_number(argument.value.c_str())))},
    {"watcher_logbuf_size", "Missing watcher_logbuf_size argument",
     [](Argument& a) { return scaled(a, "watcher_logbuf_size", 1024U, &a.options.watcher_logbuf_bytes); }},
    {"worker_logbuf_size", "Missing worker_logbuf_size argument",
     [](Argument& a) { return scaled(a, "worker_logbuf_size", 1024U, &a.options.worker_logbuf_bytes); }},
    {"read_buf_mem_limit", "Missing read_buf_mem_limit argument",
     [](Argument& a) { return scaled(a, "read_buf_mem_limit", std::uint64_t{kMegabyte}, &a.options.read_buf_mem_limit_bytes); }},
    {"resp_obj_mem_limit", nullptr, resp_obj_mem_limit},
    {"ssl_chain_cert", "Missing ssl_chain_cert argument", LARDER_SET(tls.chain_cert = argument.value)},
    {"ssl_key", "Missing ssl_key argument", LARDER_SET(tls.key = argument.value)},
    {"ssl_verify_mode", "Missing ssl_verify_mode argument", ssl_verify_mode},
    {"ssl_keyformat", "Missing ssl_keyformat argument", ssl_keyformat},
    {"ssl_ciphers", "Missing ssl_ciphers argument", LARDER_SET(tls.ciphers = argument.value)},
    {"ssl_ca_cert", "Missing ssl_ca_cert argument", LARDER_SET(tls.ca_cert = argument.value)},
    {"ssl_wbuf_size", "Missing ssl_wbuf_size argument",
     [](Argument& a) { return scaled(a, "ssl_wbuf_size", 1024U, &a.options.tls.write_buffer_bytes); }},
    {"ssl_session_cache", nullptr, LARDER_SET(tls.session_cache = true)},
    {"ssl_kernel_tls", nullptr, LARDER_SET(tls.kernel_tls = true)},
    {"ssl_min_version", "Missing ssl_min_version argument",
     [](Argument& a) { return listed_number(a, "ssl_min_version", 3, &a.options.tls.min_version); }},
    {"udp_reply_ratio", "Missing udp_reply_ratio argument",
     [](Argument& a) { return scaled(a, "udp_reply_ratio", 1U, &a.options.udp_reply_ratio); }},
    {"track_sizes", nullptr, LARDER_SET(track_sizes = true)},
    {"sock_cookie_id", nullptr, sock_cookie_id},
    {"modern", nullptr, accept_silently},
    {"no_modern", nullptr, no_modern},
    {"inline_ascii_resp", nullptr, accept_silently},
    {"no_inline_ascii_resp", nullptr, accept_silently},
    {"drop_privileges", nullptr, LARDER_SET(drop_privileges = true)},
    {"no_drop_privileges", nullptr, LARDER_SET(drop_privileges = false)},
    {"relaxed_privileges", nullptr, LARDER_SET(relaxed_privileges = true)},
};
// clang-format on
#undef LARDER_SET

/// Names that belong to a part of memcached which Larder does not have.
struct Unavailable {
  std::string_view prefix;
  const char* feature;
};
constexpr Unavailable kUnavailable[] = {
    {"ext_", "external storage"}, {"proxy_", "proxy"}};

Result apply_one(std::string_view element, Options* options) {
  const std::size_t equals = element.find('=');
  const std::string_view name = element.substr(0, equals);
  for (const Row& row : kRows) {
    if (row.name != name) continue;
    Argument argument{*options, {}, equals != std::string_view::npos};
    if (argument.given) argument.value = element.substr(equals + 1);
    if (!argument.given && row.missing != nullptr) return refuse(row.missing);
    return row.apply(argument);
  }
  for (const Unavailable& part : kUnavailable) {
    if (name.starts_with(part.prefix)) {
      return Exit{kExitUsage, fmt::format("This server is not built with {} support: -o {}.\n",
                                          part.feature, name)};
    }
  }
  return refuse(fmt::format("Illegal suboption \"{}\"", element));
}

}  // namespace

std::optional<Exit> apply_extended_options(std::string_view list, Options* options) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (Result exit = apply_one(list.substr(0, comma), options)) return exit;
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return std::nullopt;
}

std::vector<std::string_view> extended_option_names() {
  std::vector<std::string_view> names;
  for (const Row& row : kRows) names.push_back(row.name);
  return names;
}

}  // namespace larder::server
