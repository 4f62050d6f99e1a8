#include "bench/loadgen/options.h"

#include <charconv>
#include <cxxopts.hpp>
#include <memory>
#include <string_view>

namespace larder::bench {

namespace {

constexpr std::uint32_t kValueBytesMax = 1U << 30;

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

/// "a<separator>b" into two numbers.
bool read_pair(std::string_view text, char separator, std::uint32_t& first, std::uint32_t& second) {
  const std::size_t middle = text.find(separator);
  return middle != std::string_view::npos && read_number(text.substr(0, middle), first) &&
         read_number(text.substr(middle + 1), second);
}

bool read_lengths(std::string_view text, LengthSpec& lengths) {
  if (read_number(text, lengths.min)) {
    lengths.max = lengths.min;
    return true;
  }
  return read_pair(text, '-', lengths.min, lengths.max);
}

bool read_length_kind(std::string_view text, LengthKind& kind) {
  kind = text == "lognormal" ? LengthKind::lognormal : LengthKind::uniform;
  return text == "lognormal" || text == "uniform";
}

bool read_distribution(std::string_view text, DistributionSpec& spec) {
  constexpr std::string_view kZipf = "zipf";
  if (text == "uniform" || text == "single") {
    spec.kind = text == "single" ? DistributionKind::single : DistributionKind::uniform;
    return true;
  }
  if (!text.starts_with(kZipf)) return false;
  spec.kind = DistributionKind::zipf;
  text.remove_prefix(kZipf.size());
  return text.empty() || (text.front() == ':' && read_number(text.substr(1), spec.theta));
}

/// Every option, once. A flag has no default; everything else is read as `type`.
enum class Type : std::uint8_t { flag, text, count32, count64, real, integer };
struct Declared {
  const char* group;
  const char* name;
  Type type;
  const char* fallback;
  const char* help;
};
constexpr const char* kWhere = "where";
constexpr const char* kWhat = "what";
constexpr const char* kHowLong = "how long";
constexpr const char* kChecks = "what to check and report";
constexpr Declared kDeclared[] = {
    {kWhere, "host", Type::text, "127.0.0.1", "host"},
    {kWhere, "port", Type::text, "11211", "TCP port"},
    {kWhere, "socket", Type::text, "", "unix socket, instead of host and port"},
    {kWhere, "protocol", Type::text, "text", "text, meta, binary or resp"},
    {kWhere, "connections", Type::count32, "50", "connections, over all threads"},
    {kWhere, "threads", Type::count32, "1", "client threads"},
    {kWhat, "pipeline", Type::count32, "1", "requests sent in one write and awaited together"},
    {kWhat, "keys", Type::count32, "200000", "number of keys"},
    {kWhat, "key-bytes", Type::count32, "16", "length of a key"},
    {kWhat, "key-prefix", Type::text, "key-", "what keys begin with"},
    {kWhat, "value-bytes", Type::text, "100", "N, or A-B"},
    {kWhat, "value-distribution", Type::text, "uniform", "of A-B: uniform or lognormal"},
    {kWhat, "distribution", Type::text, "uniform", "keys: uniform, zipf[:theta], single (hot key)"},
    {kWhat, "ratio", Type::text, "1:1", "gets:sets"},
    {kWhat, "multiget", Type::count32, "1", "keys a get asks for"},
    {kWhat, "ttl", Type::count32, "0", "expiry of what is set, in seconds; 0 = never"},
    {kHowLong, "prefill", Type::flag, nullptr, "set every key once before measuring"},
    {kHowLong, "seconds", Type::real, "0", "time limit"},
    {kHowLong, "requests", Type::count64, "0", "request limit"},
    {kHowLong, "rate", Type::count64, "0", "requests a second; latency counts from the due time"},
    {kHowLong, "flush-every", Type::real, "0", "seconds between flush_all commands; 0 = none"},
    {kHowLong, "stall", Type::real, "30", "seconds without a reply that count as failure"},
    {kHowLong, "seed", Type::count64, "1", "of all random choices"},
    {kChecks, "verify", Type::flag, nullptr, "check every value that is read"},
    {kChecks, "own-keys", Type::flag, nullptr,
     "each connection has its own keys: a read must give its last write or a miss"},
    {kChecks, "lax-flush", Type::flag, nullptr,
     "own values may outlive flush_all, as in memcached 1.6.45 those used in its second do"},
    {kChecks, "any-flags", Type::flag, nullptr,
     "client flags are not checked: clients without them (RESP) write the same keys"},
    {kChecks, "allow-errors", Type::flag, nullptr, "error replies do not fail the run"},
    {kChecks, "server-pid", Type::integer, "0", "process whose CPU time and memory are reported"},
    {kChecks, "help", Type::flag, nullptr, "this text"},
};

std::shared_ptr<cxxopts::Value> value_of(Type type) {
  switch (type) {
    case Type::flag:
      return cxxopts::value<bool>();
    case Type::text:
      return cxxopts::value<std::string>();
    case Type::count32:
      return cxxopts::value<std::uint32_t>();
    case Type::count64:
      return cxxopts::value<std::uint64_t>();
    case Type::real:
      return cxxopts::value<double>();
    case Type::integer:
      break;
  }
  return cxxopts::value<int>();
}

cxxopts::Options declare() {
  cxxopts::Options options("loadgen",
                           "Loads a memcached or Redis server and prints one JSON line about it.\n"
                           "Exit: 0 fine, 1 wrong value, error or broken protocol, 2 bad usage.\n");
  for (const Declared& declared : kDeclared) {
    std::shared_ptr<cxxopts::Value> value = value_of(declared.type);
    if (declared.fallback != nullptr) value = value->default_value(declared.fallback);
    options.add_option(declared.group, cxxopts::Option(declared.name, declared.help, value));
  }
  return options;
}

/// The options that need reading of their own. Empty, or the name of the first bad one.
std::string read_special(const cxxopts::ParseResult& parsed, Options& options) {
  const auto text = [&parsed](const char* name) { return parsed[name].as<std::string>(); };
  const auto protocol = protocol_from_name(text("protocol"));
  if (!protocol) return "--protocol";
  options.protocol = *protocol;
  if (!read_lengths(text("value-bytes"), options.value_lengths)) return "--value-bytes";
  if (!read_length_kind(text("value-distribution"), options.value_lengths.kind)) {
    return "--value-distribution";
  }
  if (!read_distribution(text("distribution"), options.distribution)) return "--distribution";
  if (!read_pair(text("ratio"), ':', options.get_share, options.set_share)) return "--ratio";
  return {};
}

void read_plain(const cxxopts::ParseResult& parsed, Options& options) {
  const auto take = [&parsed]<typename Value>(const char* name, Value& value) {
    value = parsed[name].as<Value>();
  };
  take("host", options.host);
  take("port", options.port);
  take("socket", options.socket_path);
  take("connections", options.connections);
  take("threads", options.threads);
  take("pipeline", options.pipeline);
  take("keys", options.keys);
  take("key-bytes", options.key_bytes);
  take("key-prefix", options.key_prefix);
  take("multiget", options.multiget);
  take("ttl", options.ttl_seconds);
  take("seconds", options.seconds);
  take("requests", options.requests);
  take("rate", options.rate);
  take("flush-every", options.flush_every_seconds);
  take("stall", options.stall_seconds);
  take("seed", options.seed);
  take("server-pid", options.server_pid);
  options.prefill = parsed.count("prefill") != 0;
  options.verify = parsed.count("verify") != 0 || parsed.count("own-keys") != 0;
  options.own_keys = parsed.count("own-keys") != 0;
  options.lax_flush = parsed.count("lax-flush") != 0;
  options.any_flags = parsed.count("any-flags") != 0;
  options.allow_errors = parsed.count("allow-errors") != 0;
}

}  // namespace

std::string check_options(const Options& options) {
  if (options.connections == 0 || options.threads == 0 || options.pipeline == 0 ||
      options.multiget == 0 || options.keys == 0) {
    return "connections, threads, pipeline, multiget and keys must be at least 1";
  }
  if (options.threads > options.connections) return "more threads than connections";
  if (options.own_keys && options.keys < options.connections) {
    return "--own-keys needs at least one key a connection";
  }
  if (!KeyNames::fits(options.key_prefix, options.key_bytes, options.keys)) {
    return "--key-bytes must hold the prefix and the number of the last key, and be at most 250";
  }
  const LengthSpec& lengths = options.value_lengths;
  if (lengths.min > lengths.max || lengths.max > kValueBytesMax) return "bad range of value bytes";
  if (options.distribution.kind == DistributionKind::zipf && !(options.distribution.theta > 0)) {
    return "the Zipf exponent must be above 0";
  }
  if (options.get_share == 0 && options.set_share == 0) return "--ratio 0:0 does nothing";
  if (options.get_share > 1000000 || options.set_share > 1000000) return "--ratio is too large";
  if (options.seconds < 0 || options.flush_every_seconds < 0 || !(options.stall_seconds > 0)) {
    return "times must not be negative";
  }
  if (options.seconds == 0 && options.requests == 0 && !options.prefill) {
    return "give --seconds, --requests or --prefill";
  }
  return {};
}

ParsedOptions parse_options(int argc, char** argv) {
  cxxopts::Options declared = declare();
  ParsedOptions result;
  try {
    const cxxopts::ParseResult parsed = declared.parse(argc, argv);
    if (parsed.count("help") != 0) {
      result.message = declared.help({kWhere, kWhat, kHowLong, kChecks});
      return result;
    }
    Options options;
    read_plain(parsed, options);
    result.exit_code = 2;
    if (!parsed.unmatched().empty()) {
      result.message = "loadgen: unexpected argument " + parsed.unmatched().front() + "\n";
    } else if (const std::string bad = read_special(parsed, options); !bad.empty()) {
      result.message = "loadgen: cannot read " + bad + "\n";
    } else if (const std::string wrong = check_options(options); !wrong.empty()) {
      result.message = "loadgen: " + wrong + "\n";
    } else {
      result.exit_code = 0;
      result.options = options;
    }
  } catch (const cxxopts::exceptions::exception& error) {
    result.exit_code = 2;
    result.message = std::string("loadgen: ") + error.what() + "\n";
  }
  return result;
}

}  // namespace larder::bench
