#include "bench/loadgen/report.h"

#include <fmt/format.h>

#include <iterator>

namespace larder::bench {

namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

double micros(std::uint64_t ns) { return static_cast<double>(ns) / 1000.0; }

/// Appends "name":value pairs, with commas between.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }

  void number(std::string_view name, std::uint64_t value) { raw(name, fmt::format("{}", value)); }
  void number(std::string_view name, double value) { raw(name, fmt::format("{:.3f}", value)); }
  void text(std::string_view name, std::string_view value) { raw(name, json_quote(value)); }
  void raw(std::string_view name, std::string_view value) {
    if (out_.back() != '{') out_ += ',';
    fmt::format_to(std::back_inserter(out_), "\"{}\":{}", name, value);
  }
  void close() { out_ += '}'; }

 private:
  std::string& out_;
};

/// Samples below 2^n nanoseconds for each n from 1 us on, until all are told: {"1.024":12,...}.
std::string counts_by_power(const Histogram& latency_ns) {
  std::string out;
  JsonObject json(out);
  for (std::uint64_t limit = 1 << 10; limit != 0; limit <<= 1) {
    const std::uint64_t below = latency_ns.count_up_to(limit - 1);
    if (below != 0) json.number(fmt::format("{:.3f}", micros(limit)), below);
    if (below == latency_ns.count()) break;
  }
  json.close();
  return out;
}

std::string latencies(const Histogram& latency_ns) {
  std::string out;
  JsonObject json(out);
  json.number("mean", latency_ns.mean() / 1000.0);
  json.number("p50", micros(latency_ns.percentile(50)));
  json.number("p90", micros(latency_ns.percentile(90)));
  json.number("p99", micros(latency_ns.percentile(99)));
  json.number("p99.9", micros(latency_ns.percentile(99.9)));
  json.number("p99.99", micros(latency_ns.percentile(99.99)));
  json.number("max", micros(latency_ns.max()));
  json.raw("up_to", counts_by_power(latency_ns));
  json.close();
  return out;
}

std::string server(const ProcessStats& before, const ProcessStats& after, double operations) {
  const double user = micros(after.user_ns - before.user_ns);
  const double system = micros(after.system_ns - before.system_ns);
  const double cpu = micros(after.cpu_ns - before.cpu_ns);
  std::string out;
  JsonObject json(out);
  json.number("cpu_us_per_op", ratio(cpu, operations));
  json.number("user_us_per_op", ratio(cpu * ratio(user, user + system), operations));
  json.number("system_us_per_op", ratio(cpu * ratio(system, user + system), operations));
  json.number("busiest_thread_us_per_op",
              ratio(micros(busiest_thread_ns(before, after)), operations));
  json.number("cpu_seconds", cpu / 1e6);
  json.number("rss_bytes", after.rss_bytes);
  json.number("peak_rss_bytes", after.peak_rss_bytes);
  json.close();
  return out;
}

}  // namespace

std::string json_quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(byte));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string report_json(const Options& options, const Outcome& outcome) {
  const Totals& totals = outcome.totals;
  const double seconds = static_cast<double>(outcome.elapsed_ns) / 1e9;
  const auto operations = static_cast<double>(totals.operations());
  std::string out;
  JsonObject json(out);
  json.text("protocol", protocol_name(options.protocol));
  json.number("connections", std::uint64_t{options.connections});
  json.number("threads", std::uint64_t{options.threads});
  json.number("pipeline", std::uint64_t{options.pipeline});
  json.number("multiget", std::uint64_t{options.multiget});
  json.number("keys", std::uint64_t{options.keys});
  json.number("seconds", seconds);
  json.number("ops", totals.operations());
  json.number("ops_per_second", ratio(operations, seconds));
  json.number("requests", totals.requests);
  json.number("requests_per_second", ratio(static_cast<double>(totals.requests), seconds));
  json.number("keys_read", totals.keys_read);
  json.number("sets", totals.sets);
  json.number("hits", totals.hits);
  json.number("misses", totals.misses);
  json.number("errors", totals.errors);
  json.number("protocol_errors", totals.protocol_errors);
  json.number("wrong_values", totals.wrong_values);
  json.raw("verified", options.verify ? "true" : "false");
  json.number("flushes", std::uint64_t{outcome.flushes});
  json.raw("latency_us", latencies(totals.latency_ns));
  json.number("bytes_read", totals.bytes_read);
  json.number("bytes_written", totals.bytes_written);
  json.number("client_cpu_us_per_op", ratio(micros(outcome.client_cpu_ns), operations));
  if (outcome.server_before && outcome.server_after) {
    json.raw("server", server(*outcome.server_before, *outcome.server_after, operations));
  }
  if (!totals.first_problem.empty()) json.text("first_problem", totals.first_problem);
  json.close();
  return out;
}

}  // namespace larder::bench
