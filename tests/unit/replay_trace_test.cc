// Traces: their files in both formats, and whether the generated ones are what was asked for.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/replay/generator.h"
#include "bench/replay/server_replay.h"
#include "bench/replay/trace.h"
#include "bench/replay/trace_file.h"

using namespace larder::bench::replay;

namespace {

Trace small_trace() {
  TraceBuilder builder;
  builder.add(900, 1000, 64, 0);
  builder.add(7, 1000, 1000, 30);
  builder.add(900, 2500, 64, 0);
  builder.add(UINT64_MAX, 7000, kSizeMax, 1);
  return builder.take();
}

std::string bytes_of(const Trace& trace) {
  std::ostringstream out;
  REQUIRE(write_trace(out, trace));
  return out.str();
}

ReadTrace read_bytes(const std::string& bytes) {
  std::istringstream in(bytes);
  return read_trace(in);
}

TraceSpec spec_of(std::uint64_t requests, std::uint32_t keys) {
  TraceSpec spec;
  spec.requests = requests;
  spec.keys = keys;
  return spec;
}

std::vector<std::uint64_t> counts_of(const Trace& trace) {
  std::vector<std::uint64_t> counts(trace.object_count);
  for (const Request& request : trace.requests) ++counts[request.object];
  return counts;
}

}  // namespace

TEST_CASE("a trace numbers its objects by first appearance") {
  const Trace trace = small_trace();
  REQUIRE(trace.object_count == 3);
  CHECK(trace.requests[0].object == 0);
  CHECK(trace.requests[1].object == 1);
  CHECK(trace.requests[2].object == 0);
  CHECK(trace.requests[3].object == 2);
}

TEST_CASE("a trace brings sizes into range and lets no time go back") {
  TraceBuilder builder;
  builder.add(1, 5000, 0, 0);
  builder.add(2, 4000, UINT64_MAX, 0);
  const Trace trace = builder.take();
  CHECK(trace.requests[0].size == kSizeMin);
  CHECK(trace.requests[1].size == kSizeMax);
  CHECK(trace.requests[1].time_ms == 5000);
  CHECK(builder.take().requests.empty());
}

TEST_CASE("next requests point at the same object, or nowhere") {
  CHECK(next_requests(small_trace()) == std::vector<std::uint32_t>{2, kNever, kNever, kNever});
}

TEST_CASE("a summary counts a trace") {
  const TraceSummary summary = summarize(small_trace());
  CHECK(summary.requests == 4);
  CHECK(summary.objects == 3);
  CHECK(summary.one_hit_objects == 2);
  CHECK(summary.requested_bytes == 64 + 1000 + 64 + kSizeMax);
  CHECK(summary.object_bytes == 64 + 1000 + kSizeMax);
  CHECK(summary.with_ttl == 2);
  CHECK(summary.duration_ms == 6000);
  CHECK(summarize({}).requests == 0);
}

TEST_CASE("our own format comes back as it was written") {
  const Trace trace = small_trace();
  const std::string bytes = bytes_of(trace);
  CHECK(bytes.size() == 16 + 4 * 24);
  const ReadTrace read = read_bytes(bytes);
  REQUIRE(read.trace);
  CHECK(read.trace->requests == trace.requests);
  CHECK(read.trace->object_count == trace.object_count);
}

TEST_CASE("our own format lies as its description says") {
  TraceBuilder builder;
  builder.add(5, 0x0102030405060708, 0x1234, 0x77);
  const std::string expected(
      "LARDTRC1"
      "\x01\0\0\0\0\0\0\0"
      "\x08\x07\x06\x05\x04\x03\x02\x01"
      "\0\0\0\0\0\0\0\0"
      "\x34\x12\0\0"
      "\x77\0\0\0",
      40);
  CHECK(bytes_of(builder.take()) == expected);
}

TEST_CASE("a file cut at any byte is refused") {
  const std::string bytes = bytes_of(small_trace());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    const ReadTrace read = read_bytes(bytes.substr(0, length));
    CHECK_FALSE(read.trace);
    CHECK_FALSE(read.error.empty());
  }
  CHECK_FALSE(read_bytes(bytes + std::string(24, '\0')).trace);  // more than the header says
  CHECK_FALSE(read_bytes(bytes + "x").trace);
}

TEST_CASE("oracleGeneral comes back but for TTLs and fractions of seconds") {
  const Trace trace = small_trace();
  std::ostringstream out;
  REQUIRE(write_oracle_general(out, trace));
  CHECK(out.str().size() == 4 * 24);
  const ReadTrace read = read_bytes(out.str());
  REQUIRE(read.trace);
  REQUIRE(read.trace->requests.size() == trace.requests.size());
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    Request expected = trace.requests[i];
    expected.time_ms = expected.time_ms / 1000 * 1000;
    expected.ttl_seconds = 0;
    CHECK(read.trace->requests[i] == expected);
  }
}

TEST_CASE("oracleGeneral records lie as libCacheSim has them") {
  // time 1, object 0x0807060504030201, size 258, next request 5; then the same without a next.
  const std::string first(
      "\x01\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08\x02\x01\0\0\x05\0\0\0\0\0\0\0", 24);
  const std::string last = first.substr(0, 16) + std::string(8, '\xff');
  const ReadTrace read = read_bytes(first + last);
  REQUIRE(read.trace);
  CHECK(read.trace->object_count == 1);
  CHECK(read.trace->requests[0] == Request{1000, 0, 258, 0});
  std::ostringstream out;
  REQUIRE(write_oracle_general(out, *read.trace));
  std::int64_t next[2];
  std::memcpy(&next[0], out.str().data() + 16, 8);
  std::memcpy(&next[1], out.str().data() + 40, 8);
  CHECK(next[0] == 1);
  CHECK(next[1] == -1);
  for (std::size_t length = 1; length < 48; ++length) {
    CAPTURE(length);
    CHECK(read_bytes((first + last).substr(0, length)).trace.has_value() == (length == 24));
  }
}

TEST_CASE("a trace file that is not there says so") {
  const ReadTrace read = read_trace_file("/nonexistent/trace");
  CHECK_FALSE(read.trace);
  CHECK(read.error.find("/nonexistent/trace") != std::string::npos);
}

TEST_CASE("the same seed makes the same trace, another one another") {
  TraceSpec spec = spec_of(2000, 500);
  const Trace trace = generate(spec);
  CHECK(generate(spec).requests == trace.requests);
  spec.seed = 2;
  CHECK(generate(spec).requests != trace.requests);
}

TEST_CASE("popularity follows Zipf's law") {
  for (const double theta : {0.6, 1.0, 1.1}) {
    TraceSpec spec = spec_of(200000, 1000);
    spec.theta = theta;
    std::vector<std::uint64_t> counts = counts_of(generate(spec));
    std::sort(counts.rbegin(), counts.rend());
    double norm = 0;
    for (int rank = 1; rank <= 1000; ++rank) norm += std::pow(rank, -theta);
    CAPTURE(theta);
    for (const int rank : {1, 10, 100}) {
      const double expected = 200000 * std::pow(rank, -theta) / norm;
      CHECK(static_cast<double>(counts[static_cast<std::size_t>(rank) - 1]) ==
            Approx(expected).epsilon(0.12));
    }
  }
}

TEST_CASE("sizes are log-normal and belong to the key") {
  TraceSpec spec = spec_of(300000, 20000);
  spec.theta = 0.1;  // nearly uniform, so that nearly every key appears
  const Trace trace = generate(spec);
  std::unordered_map<std::uint32_t, std::uint32_t> sizes;
  for (const Request& request : trace.requests) {
    REQUIRE(sizes.try_emplace(request.object, request.size).first->second == request.size);
  }
  REQUIRE(sizes.size() > 19000);
  double sum = 0;
  double squares = 0;
  for (const auto& [object, size] : sizes) {
    sum += std::log(size);
    squares += std::log(size) * std::log(size);
  }
  const auto count = static_cast<double>(sizes.size());
  CHECK(std::exp(sum / count) == Approx(250).epsilon(0.05));
  CHECK(std::sqrt(squares / count - sum * sum / count / count) == Approx(1.0).epsilon(0.05));
}

TEST_CASE("one-hit wonders are as many as asked for and come once") {
  TraceSpec spec = spec_of(100000, 50);  // so few popular keys that none of them comes once
  spec.one_hit_share = 0.2;
  const TraceSummary summary = summarize(generate(spec));
  CHECK(summary.one_hit_objects == Approx(20000).epsilon(0.03));
  CHECK(summary.objects == summary.one_hit_objects + 50);
}

TEST_CASE("a scan reads its keys in order, every other request, each time again") {
  TraceSpec spec = spec_of(3000, 1);  // a single popular key: all others are the scan's
  spec.scan_every = 1000;
  spec.scan_keys = 300;
  const Trace trace = generate(spec);
  CHECK(trace.object_count == 301);
  for (std::uint32_t round = 0; round < 3; ++round) {
    for (std::uint32_t i = 0; i < 1000; ++i) {
      const std::uint32_t expected = i % 2 == 1 && i < 600 ? 1 + i / 2 : 0;
      REQUIRE(trace.requests[round * 1000 + i].object == expected);
    }
  }
}

TEST_CASE("drift brings new most popular keys and lets the old ones sink") {
  TraceSpec spec = spec_of(100000, 1000);
  spec.theta = 1.0;
  spec.drift_every = 100;
  const Trace trace = generate(spec);
  std::set<std::uint32_t> early;
  for (std::size_t i = 0; i < 20000; ++i) early.insert(trace.requests[i].object);
  // 800 keys were born since, and they are the most popular.
  std::size_t known = 0;
  for (std::size_t i = 90000; i < 100000; ++i) known += early.count(trace.requests[i].object);
  CHECK(known < 800);
  CHECK(known > 0);
  CHECK(trace.object_count > 1500);
  spec.drift_every = 0;
  CHECK(generate(spec).object_count <= 1000);
}

TEST_CASE("half way all keys are new and a factor larger") {
  TraceSpec spec = spec_of(40000, 300);
  spec.resize_factor = 4;
  spec.size_sigma = 0;
  const Trace trace = generate(spec);
  std::set<std::uint32_t> before;
  for (std::size_t i = 0; i < 40000; ++i) {
    const Request& request = trace.requests[i];
    REQUIRE(request.size == (i < 20000 ? 250U : 1000U));
    if (i < 20000) before.insert(request.object);
    if (i >= 20000) REQUIRE(before.count(request.object) == 0);
  }
}

TEST_CASE("lifetimes are short for the share asked for, and belong to the key") {
  TraceSpec spec = spec_of(100000, 5000);
  spec.short_ttl_share = 0.3;
  spec.short_ttl_seconds = 5;
  spec.long_ttl_seconds = 600;
  const Trace trace = generate(spec);
  std::unordered_map<std::uint32_t, std::uint32_t> ttls;
  for (const Request& request : trace.requests) {
    REQUIRE(ttls.try_emplace(request.object, request.ttl_seconds).first->second ==
            request.ttl_seconds);
  }
  double brief = 0;
  for (const auto& [object, ttl] : ttls) {
    REQUIRE((ttl == 5 || ttl == 600));
    brief += ttl == 5 ? 1 : 0;
  }
  CHECK(brief / static_cast<double>(ttls.size()) == Approx(0.3).epsilon(0.1));
}

TEST_CASE("times are spread evenly at the rate asked for") {
  TraceSpec spec = spec_of(1001, 10);
  spec.requests_per_second = 100;
  CHECK(summarize(generate(spec)).duration_ms == 10000);
}

TEST_CASE("specs that make no sense are refused") {
  CHECK(check_spec({}).empty());
  const auto refused = [](auto change) {
    TraceSpec spec;
    change(spec);
    return !check_spec(spec).empty();
  };
  CHECK(refused([](TraceSpec& spec) { spec.requests = 0; }));
  CHECK(refused([](TraceSpec& spec) { spec.keys = 0; }));
  CHECK(refused([](TraceSpec& spec) { spec.theta = 0; }));
  CHECK(refused([](TraceSpec& spec) { spec.requests_per_second = 0; }));
  CHECK(refused([](TraceSpec& spec) { spec.size_median = 0; }));
  CHECK(refused([](TraceSpec& spec) { spec.size_sigma = -1; }));
  CHECK(refused([](TraceSpec& spec) { spec.size_max = 1; }));
  CHECK(refused([](TraceSpec& spec) { spec.one_hit_share = 1.5; }));
  CHECK(refused([](TraceSpec& spec) { spec.short_ttl_share = -0.5; }));
  CHECK(refused([](TraceSpec& spec) { spec.resize_factor = 0; }));
  CHECK(refused([](TraceSpec& spec) {
    spec.scan_every = 10;
    spec.scan_keys = 6;
  }));
}

TEST_CASE("lifetimes shrink as the time of a paced run does") {
  TraceSpec spec = spec_of(1001, 10);
  spec.requests_per_second = 100;
  const Trace trace = generate(spec);  // ten seconds
  ServerRun run;
  CHECK(effective_speedup(trace, run) == 1);
  run.rate = 1001;  // in one second
  CHECK(effective_speedup(trace, run) == Approx(10));
  run.speedup = 3;
  CHECK(effective_speedup(trace, run) == 3);
  CHECK(scaled_ttl(0, 10) == 0);
  CHECK(scaled_ttl(100, 10) == 10);
  CHECK(scaled_ttl(3, 10) == 1);
  CHECK(scaled_ttl(UINT32_MAX, 1) == 30 * 24 * 3600);
}
