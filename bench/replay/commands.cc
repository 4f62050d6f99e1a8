#include "bench/replay/commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <cxxopts.hpp>
#include <fstream>
#include <sstream>

#include "bench/loadgen/process_stats.h"
#include "bench/loadgen/report.h"
#include "bench/replay/generator.h"
#include "bench/replay/policy.h"
#include "bench/replay/score.h"
#include "bench/replay/server_replay.h"
#include "bench/replay/trace_file.h"

namespace larder::bench::replay {

namespace {

constexpr double kMegabyte = 1024 * 1024;

int complain(int status, const std::string& why) {
  fmt::print(stderr, "replay: {}\n", why);
  return status;
}

/// Declares an option that is read into `variable`, whose value so far is the default.
template <typename Value>
void declare(cxxopts::Options& options, const char* name, Value& variable, const char* help) {
  options.add_option(
      "",
      cxxopts::Option(name, help,
                      cxxopts::value<Value>(variable)->default_value(fmt::format("{}", variable))));
}

/// False when the command is over: help was asked for (status 0) or the words make no sense (2).
bool parse(cxxopts::Options& options, int argc, char** argv, int& status) {
  const cxxopts::ParseResult parsed = options.parse(argc, argv);
  status = 0;
  if (parsed.count("help") != 0) {
    fmt::print("{}", options.help());
    return false;
  }
  if (parsed.unmatched().empty()) return true;
  status = complain(2, "unexpected argument " + parsed.unmatched().front());
  return false;
}

std::optional<Trace> load(const std::string& path) {
  ReadTrace read = read_trace_file(path);
  if (!read.trace) complain(1, read.error);
  return std::move(read.trace);
}

std::size_t warm_up_requests(const Trace& trace, double share) {
  return static_cast<std::size_t>(static_cast<double>(trace.requests.size()) * share);
}

std::string score_json(const Score& score) {
  return fmt::format(
      "\"requests\":{},\"hits\":{},\"bytes\":{},\"hit_bytes\":{},"
      "\"hit_ratio\":{:.6f},\"byte_hit_ratio\":{:.6f}",
      score.requests, score.hits, score.bytes, score.hit_bytes, score.hit_ratio(),
      score.byte_hit_ratio());
}

// --- make: a generated trace as a file ---

int make(cxxopts::Options& options, int argc, char** argv) {
  TraceSpec spec;
  std::string out;
  std::string format = "larder";
  declare(options, "out", out, "file to write");
  declare(options, "format", format, "larder or oracle-general (no TTLs)");
  declare(options, "requests", spec.requests, "length of the trace");
  declare(options, "keys", spec.keys, "popular keys");
  declare(options, "theta", spec.theta, "Zipf exponent of their popularity");
  declare(options, "seed", spec.seed, "of all random choices");
  declare(options, "requests-per-second", spec.requests_per_second, "of trace time");
  declare(options, "size-median", spec.size_median, "bytes of key and value");
  declare(options, "size-sigma", spec.size_sigma, "spread of the sizes' logarithm");
  declare(options, "size-max", spec.size_max, "largest size");
  declare(options, "one-hit-share", spec.one_hit_share, "requests for keys that never come again");
  declare(options, "scan-every", spec.scan_every, "requests between the starts of scans, 0 = none");
  declare(options, "scan-keys", spec.scan_keys, "keys of a scan");
  declare(options, "drift-every", spec.drift_every,
          "requests between new most popular keys, 0 = none");
  declare(options, "resize-factor", spec.resize_factor, "new keys of other sizes at half time");
  declare(options, "short-ttl-share", spec.short_ttl_share, "keys with a short lifetime");
  declare(options, "short-ttl", spec.short_ttl_seconds, "short lifetime, seconds");
  declare(options, "long-ttl", spec.long_ttl_seconds, "lifetime of the others, 0 = none");
  if (int status = 0; !parse(options, argc, argv, status)) return status;
  const bool oracle_general = format == "oracle-general";
  if (!oracle_general && format != "larder") return complain(2, "unknown format " + format);
  if (out.empty()) return complain(2, "make needs --out");
  if (const std::string wrong = check_spec(spec); !wrong.empty()) return complain(2, wrong);
  const Trace trace = generate(spec);
  std::ofstream file(out, std::ios::binary | std::ios::trunc);
  const bool written =
      oracle_general ? write_oracle_general(file, trace) : write_trace(file, trace);
  return written ? 0 : complain(1, "cannot write " + out);
}

// --- describe: what a trace is made of ---

int describe(cxxopts::Options& options, int argc, char** argv) {
  std::string path;
  declare(options, "trace", path, "file to read");
  if (int status = 0; !parse(options, argc, argv, status)) return status;
  const std::optional<Trace> trace = load(path);
  if (!trace) return 1;
  const TraceSummary summary = summarize(*trace);
  fmt::print(
      "{{\"requests\":{},\"objects\":{},\"one_hit_objects\":{},\"requested_bytes\":{},"
      "\"object_bytes\":{},\"with_ttl\":{},\"seconds\":{:.3f}}}\n",
      summary.requests, summary.objects, summary.one_hit_objects, summary.requested_bytes,
      summary.object_bytes, summary.with_ttl, static_cast<double>(summary.duration_ms) / 1000);
  return 0;
}

// --- simulate: policies without overhead ---

int simulate_policies(cxxopts::Options& options, int argc, char** argv) {
  std::string path;
  std::string policies = "lru,s3fifo,belady";
  double capacity_mb = 32;
  double warm_up = 0;
  declare(options, "trace", path, "file to read");
  declare(options, "policies", policies, "of lru, s3fifo, belady");
  declare(options, "capacity-mb", capacity_mb, "bytes of keys and values, in MiB");
  declare(options, "warm-up", warm_up, "share of the requests that does not count");
  if (int status = 0; !parse(options, argc, argv, status)) return status;
  const std::optional<Trace> trace = load(path);
  if (!trace) return 1;
  const auto capacity = static_cast<std::uint64_t>(capacity_mb * kMegabyte);
  std::istringstream names(policies);
  for (std::string name; std::getline(names, name, ',');) {
    const std::unique_ptr<Policy> policy = make_policy(name, *trace, capacity);
    if (!policy) return complain(2, "unknown policy " + name);
    const Score score = simulate(*policy, *trace, warm_up_requests(*trace, warm_up));
    fmt::print("{{\"policy\":{},\"capacity_bytes\":{},\"used_bytes\":{},{}}}\n", json_quote(name),
               capacity, policy->used_bytes(), score_json(score));
  }
  return 0;
}

// --- run: a server ---

std::string memory_json(int pid) {
  if (pid == 0) return {};
  const std::optional<ProcessStats> stats = read_process_stats(pid);
  if (!stats) return {};
  return fmt::format(",\"rss_bytes\":{},\"peak_rss_bytes\":{}", stats->rss_bytes,
                     stats->peak_rss_bytes);
}

int report_run(const ServerOutcome& outcome, int server_pid) {
  fmt::print(
      "{{{},\"sets\":{},\"refused_sets\":{},\"wrong_lengths\":{},\"seconds\":{:.3f},"
      "\"late_seconds_max\":{:.3f}{}}}\n",
      score_json(outcome.score), outcome.sets, outcome.refused_sets, outcome.wrong_lengths,
      outcome.seconds, outcome.late_seconds_max, memory_json(server_pid));
  if (outcome.refused_sets != 0) complain(0, "refused: " + outcome.first_refusal);
  if (!outcome.failure.empty()) return complain(1, outcome.failure);
  if (outcome.wrong_lengths != 0) return complain(1, "values of the wrong length");
  return 0;
}

int run_server(cxxopts::Options& options, int argc, char** argv) {
  ServerRun run;
  std::string path;
  std::string protocol = "text";
  double warm_up = 0;
  int server_pid = 0;
  declare(options, "trace", path, "file to read");
  declare(options, "socket", run.socket_path, "unix socket of the server");
  declare(options, "protocol", protocol, "text, meta, binary or resp");
  declare(options, "batch", run.batch, "requests sent together at most");
  declare(options, "rate", run.rate, "requests a second, 0 = as fast as it goes");
  declare(options, "speedup", run.speedup, "trace seconds a second, instead of --rate");
  declare(options, "warm-up", warm_up, "share of the requests that does not count");
  declare(options, "requests", run.requests, "stop after so many, 0 = the whole trace");
  declare(options, "server-pid", server_pid, "process whose memory is reported");
  if (int status = 0; !parse(options, argc, argv, status)) return status;
  const std::optional<ProtocolKind> kind = protocol_from_name(protocol);
  if (!kind) return complain(2, "unknown protocol " + protocol);
  if (run.socket_path.empty()) return complain(2, "run needs --socket");
  if (run.batch == 0) return complain(2, "--batch must be at least 1");
  const std::optional<Trace> trace = load(path);
  if (!trace) return 1;
  run.protocol = *kind;
  run.warm_up = warm_up_requests(*trace, warm_up);
  return report_run(replay_on_server(*trace, run), server_pid);
}

struct Command {
  const char* name;
  const char* help;
  int (*run)(cxxopts::Options& options, int argc, char** argv);
};
constexpr Command kCommands[] = {
    {"make", "writes a generated trace", make},
    {"describe", "says what a trace is made of", describe},
    {"simulate", "answers a trace with simulated policies", simulate_policies},
    {"run", "replays a trace on a server: get, on a miss set", run_server},
};

std::string usage() {
  std::string text = "usage: replay COMMAND [options]; replay COMMAND --help tells them\n";
  for (const Command& command : kCommands) {
    text += fmt::format("  {:<10}{}\n", command.name, command.help);
  }
  return text;
}

}  // namespace

int run_command(const std::vector<std::string>& words) {
  for (const Command& command : kCommands) {
    if (words.empty() || words.front() != command.name) continue;
    cxxopts::Options options(std::string("replay ") + command.name, command.help);
    options.add_options()("help", "this text");
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    try {
      return command.run(options, static_cast<int>(arguments.size()), arguments.data());
    } catch (const cxxopts::exceptions::exception& error) {
      return complain(2, error.what());
    }
  }
  fmt::print(stderr, "{}", usage());
  return 2;
}

}  // namespace larder::bench::replay
