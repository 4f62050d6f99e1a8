// The load generator: options, distributions, values, sums and the report.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "bench/loadgen/distribution.h"
#include "bench/loadgen/histogram.h"
#include "bench/loadgen/keys.h"
#include "bench/loadgen/options.h"
#include "bench/loadgen/process_stats.h"
#include "bench/loadgen/random.h"
#include "bench/loadgen/report.h"
#include "bench/loadgen/value.h"

using namespace larder::bench;

namespace {

std::string make_value(const ValueMaker& values, std::uint32_t key, std::uint64_t version,
                       std::uint32_t length) {
  std::string bytes(length, '\0');
  values.write(bytes.data(), key, version, length);
  return bytes;
}

bool accepts(const ValueMaker& values, std::string_view bytes, std::uint32_t key) {
  std::uint64_t version = 0;
  return values.check(bytes, key, version) == ValueMaker::Check::good;
}

ParsedOptions parse(std::vector<std::string> words) {
  words.insert(words.begin(), "loadgen");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  return parse_options(static_cast<int>(pointers.size()), pointers.data());
}

}  // namespace

// ---- which key

TEST_CASE("zipf draws ranks with the frequencies of its law") {
  constexpr std::uint32_t kCount = 1000;
  constexpr int kDraws = 400000;
  for (const double theta : {0.5, 0.99, 1.0, 1.3}) {
    const Distribution zipf({DistributionKind::zipf, theta}, kCount);
    Random random(7);
    std::vector<int> drawn(kCount);
    for (int i = 0; i < kDraws; ++i) ++drawn.at(zipf.next(random));
    double norm = 0;
    for (std::uint32_t k = 1; k <= kCount; ++k) norm += std::pow(k, -theta);
    for (const std::uint32_t rank : {1U, 2U, 3U, 10U, 100U, 1000U}) {
      const double probability = std::pow(rank, -theta) / norm;
      const double expected = kDraws * probability;
      CAPTURE(theta, rank, expected);
      // Five standard deviations; the seed is fixed, so this does not flicker.
      CHECK(std::abs(drawn[rank - 1] - expected) < 5 * std::sqrt(expected) + 1);
    }
  }
}

TEST_CASE("zipf over one key always draws it") {
  const Distribution zipf({DistributionKind::zipf, 0.99}, 1);
  Random random(1);
  for (int i = 0; i < 1000; ++i) REQUIRE(zipf.next(random) == 0);
}

TEST_CASE("uniform reaches all keys about equally, single only one") {
  constexpr int kCount = 50;
  constexpr int kDraws = 100000;
  const Distribution uniform({DistributionKind::uniform}, kCount);
  const Distribution single({DistributionKind::single}, kCount);
  Random random(3);
  std::vector<int> drawn(kCount);
  for (int i = 0; i < kDraws; ++i) {
    ++drawn.at(uniform.next(random));
    REQUIRE(single.next(random) == 0);
  }
  const auto [least, most] = std::minmax_element(drawn.begin(), drawn.end());
  CHECK(*least > kDraws / kCount - 5 * 45);
  CHECK(*most < kDraws / kCount + 5 * 45);
}

TEST_CASE("the same seed gives the same load, another seed another") {
  Random first(5);
  Random second(5);
  Random third(6);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = first.next();
    REQUIRE(number == second.next());
    differs = differs || number != third.next();
  }
  CHECK(differs);
}

// ---- key names

TEST_CASE("key names are different, of one width, and recognised") {
  const KeyNames names("k:", 6, 1200);
  std::set<std::string> seen;
  for (std::uint32_t key = 0; key < names.count(); ++key) {
    const std::string name = names.name(key);
    REQUIRE(name.size() == 6);
    REQUIRE(names.matches(name, key));
    REQUIRE_FALSE(names.matches(name, (key + 1) % names.count()));
    seen.insert(name);
  }
  CHECK(seen.size() == names.count());
  CHECK(names.name(0) == "k:0000");
  CHECK(names.name(1199) == "k:1199");
  CHECK_FALSE(names.matches("k:11990", 1199));
}

TEST_CASE("key names that would not fit are refused") {
  CHECK(KeyNames::fits("k:", 6, 10000));
  CHECK_FALSE(KeyNames::fits("k:", 6, 10001));
  CHECK(KeyNames::fits("", 250, 10));
  CHECK_FALSE(KeyNames::fits("", 251, 10));
}

// ---- value content

TEST_CASE("a value checks as what it was written as") {
  const ValueMaker values({0, 5000}, 11);
  for (const std::uint32_t key : {0U, 1U, 199999U}) {
    for (std::uint64_t version : {std::uint64_t{1}, std::uint64_t{77} << 40 | 5}) {
      const std::uint32_t length = values.length_of(key, version);
      std::uint64_t found = 0;
      CHECK(values.check(make_value(values, key, version, length), key, found) ==
            ValueMaker::Check::good);
      CHECK(found == (version & ValueMaker::version_mask(length)));
    }
  }
}

TEST_CASE("any change of one byte is found, at every length") {
  const std::uint32_t key = 42;
  for (std::uint32_t length : {1U, 2U, 3U, 4U, 7U, 8U, 15U, 16U, 17U, 23U, 24U, 31U, 100U, 1000U}) {
    const ValueMaker values({length, length}, 11);
    std::string bytes = make_value(values, key, 0x1234567, length);
    REQUIRE(accepts(values, bytes, key));
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const int change : {0x01, 0x80, 0xff, 0x20}) {
        const char before = bytes[at];
        bytes[at] = static_cast<char>(before ^ change);
        CAPTURE(length, at, change);
        REQUIRE_FALSE(accepts(values, bytes, key));
        bytes[at] = before;
      }
    }
  }
}

TEST_CASE("a value torn between two versions is found at every cut") {
  const std::uint32_t length = 100;
  const ValueMaker values({length, length}, 11);
  const std::string older = make_value(values, 5, 1000, length);
  const std::string newer = make_value(values, 5, 1001, length);
  for (std::size_t cut = 0; cut <= length; ++cut) {
    const std::string torn = newer.substr(0, cut) + older.substr(cut);
    CAPTURE(cut);
    REQUIRE(accepts(values, torn, 5) == (torn == older || torn == newer));
  }
}

TEST_CASE("two versions of a key share no word, so that a mixture of them shows") {
  const ValueMaker values({100, 100}, 11);
  const std::string older = make_value(values, 5, 1000, 100);
  const std::string newer = make_value(values, 5, 1001, 100);
  for (std::size_t at = 0; at < 96; at += 8) {
    CAPTURE(at);
    CHECK(older.substr(at, 8) != newer.substr(at, 8));
  }
}

TEST_CASE("another key's value, another key space's and a cut one are refused") {
  const ValueMaker values({50, 100}, hash_text("a"));
  const ValueMaker others({50, 100}, hash_text("b"));
  const std::uint32_t length = values.length_of(5, 9);
  const std::string bytes = make_value(values, 5, 9, length);
  REQUIRE(accepts(values, bytes, 5));
  CHECK_FALSE(accepts(values, bytes, 6));
  CHECK_FALSE(accepts(others, bytes, 5));
  CHECK_FALSE(accepts(values, bytes.substr(0, length - 1), 5));
  CHECK_FALSE(accepts(values, bytes + "x", 5));
  CHECK_FALSE(accepts(values, "", 5));
}

TEST_CASE("a whole value of a length that its version does not have is refused") {
  const ValueMaker values({50, 100}, 11);
  const std::uint32_t length = values.length_of(5, 9) == 60 ? 61 : 60;
  std::uint64_t version = 0;
  CHECK(values.check(make_value(values, 5, 9, length), 5, version) ==
        ValueMaker::Check::bad_length);
}

TEST_CASE("lengths stay in their range and are spread as asked") {
  const ValueMaker uniform({10, 1000}, 1);
  const ValueMaker lognormal({10, 1000, LengthKind::lognormal}, 1);
  std::vector<std::uint32_t> even;
  std::vector<std::uint32_t> skewed;
  for (std::uint64_t version = 1; version <= 20001; ++version) {
    even.push_back(uniform.length_of(3, version));
    skewed.push_back(lognormal.length_of(3, version));
  }
  std::sort(even.begin(), even.end());
  std::sort(skewed.begin(), skewed.end());
  CHECK(even.front() == 10);
  CHECK(even.back() == 1000);
  CHECK(std::abs(static_cast<int>(even[10000]) - 505) < 20);
  CHECK(skewed.front() >= 10);
  CHECK(skewed.back() <= 1000);
  // The median is the geometric mean, and one standard deviation is a sixth of the log range.
  CHECK(std::abs(static_cast<int>(skewed[10000]) - 100) < 5);
  CHECK(std::abs(static_cast<int>(skewed[16827]) - 215) < 12);
}

// ---- latencies

TEST_CASE("percentiles are never below the exact ones and at most 1/64 above") {
  Random random(9);
  std::vector<std::uint64_t> samples;
  Histogram histogram;
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t value = random.next() >> (random.below(60) + 2);
    samples.push_back(value);
    histogram.record(value);
  }
  std::sort(samples.begin(), samples.end());
  for (const double percent : {0.01, 1.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * 20000));
    const std::uint64_t exact = samples[std::max<std::size_t>(rank, 1) - 1];
    const std::uint64_t told = histogram.percentile(percent);
    CAPTURE(percent, exact, told);
    CHECK(told >= exact);
    CHECK(told - exact <= exact / 64);
  }
  CHECK(histogram.max() == samples.back());
  CHECK(histogram.percentile(100) == samples.back());
  for (std::uint64_t limit = 1; limit < samples.back(); limit *= 2) {
    const auto below = std::lower_bound(samples.begin(), samples.end(), limit) - samples.begin();
    CHECK(histogram.count_up_to(limit - 1) == static_cast<std::uint64_t>(below));
  }
  CHECK(histogram.count_up_to(~std::uint64_t{0}) == histogram.count());
}

TEST_CASE("small values and the largest one have their own buckets") {
  for (const std::uint64_t value : std::initializer_list<std::uint64_t>{
           0, 1, 63, 64, 65, 127, 128, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    Histogram histogram;
    histogram.record(value, 3);
    CHECK(histogram.count() == 3);
    CHECK(histogram.percentile(50) == value);
  }
}

TEST_CASE("merged histograms count as one") {
  Histogram low;
  Histogram high;
  low.record(10, 99);
  high.record(5000);
  low.merge(high);
  CHECK(low.count() == 100);
  CHECK(low.max() == 5000);
  CHECK(low.percentile(99) == 10);
  CHECK(low.percentile(99.5) == 5000);
  CHECK(low.mean() == Approx((99 * 10 + 5000) / 100.0));
  CHECK(Histogram().percentile(50) == 0);
}

// ---- options, /proc and the report

TEST_CASE("options are read") {
  const ParsedOptions parsed =
      parse({"--protocol", "binary", "--value-bytes", "10-500", "--value-distribution", "lognormal",
             "--distribution", "zipf:1.2", "--ratio", "9:1", "--requests", "10", "--own-keys"});
  REQUIRE(parsed.options);
  const Options& options = *parsed.options;
  CHECK(options.protocol == ProtocolKind::binary);
  CHECK(options.value_lengths.min == 10);
  CHECK(options.value_lengths.max == 500);
  CHECK(options.value_lengths.kind == LengthKind::lognormal);
  CHECK(options.distribution.kind == DistributionKind::zipf);
  CHECK(options.distribution.theta == Approx(1.2));
  CHECK(options.get_share == 9);
  CHECK(options.set_share == 1);
  CHECK(options.requests == 10);
  CHECK(options.own_keys);
  CHECK(options.verify);
}

TEST_CASE("options that make no sense are refused with exit code 2") {
  const std::vector<std::vector<std::string>> bad = {
      {},
      {"--seconds", "1", "--protocol", "http"},
      {"--seconds", "1", "--value-bytes", "9-5"},
      {"--seconds", "1", "--value-bytes", "x"},
      {"--seconds", "1", "--value-bytes", "-5"},
      {"--seconds", "1", "--distribution", "zipf:"},
      {"--seconds", "1", "--distribution", "zipf:0"},
      {"--seconds", "1", "--distribution", "zipfian"},
      {"--seconds", "1", "--ratio", "0:0"},
      {"--seconds", "1", "--ratio", "1"},
      {"--seconds", "1", "--threads", "51"},
      {"--seconds", "1", "--pipeline", "0"},
      {"--seconds", "1", "--key-bytes", "6"},
      {"--seconds", "1", "--own-keys", "--keys", "49"},
      {"--seconds", "1", "stray"},
      {"--seconds", "1", "--no-such-option"},
      {"--seconds", "one"},
  };
  for (const auto& words : bad) {
    const ParsedOptions parsed = parse(words);
    CAPTURE(words);
    CHECK_FALSE(parsed.options);
    CHECK(parsed.exit_code == 2);
    CHECK_FALSE(parsed.message.empty());
  }
  CHECK(parse({"--help"}).exit_code == 0);
}

TEST_CASE("CPU ticks are found behind any process name") {
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  CHECK(parse_stat_ticks("12 (a b) c) 3) S 1 12 12 0 -1 4194304 99 0 7 0 41 43 0 0 20 0 4 0 1000",
                         user, system));
  CHECK(user == 41);
  CHECK(system == 43);
  CHECK_FALSE(parse_stat_ticks("", user, system));
  CHECK_FALSE(parse_stat_ticks("12 (x) S 1 2 3", user, system));
  CHECK_FALSE(read_process_stats(-1));
}

TEST_CASE("the busiest thread is the one with the largest difference") {
  ProcessStats before;
  ProcessStats after;
  before.thread_ns = {{"1", 900}, {"2", 100}};
  after.thread_ns = {{"1", 1000}, {"2", 400}, {"3", 250}};
  CHECK(busiest_thread_ns(before, after) == 300);
}

TEST_CASE("the report is one line of JSON, whatever the server said") {
  Options options;
  Outcome outcome;
  outcome.elapsed_ns = 2000000000;
  outcome.totals.requests = outcome.totals.keys_read = 10;
  outcome.totals.hits = 10;
  outcome.totals.note_problem("bad \"reply\"\r\n\xff\\");
  const std::string json = report_json(options, outcome);
  CHECK(json.find('\n') == std::string::npos);
  CHECK(json.find("\"ops_per_second\":5.000") != std::string::npos);
  CHECK(json.find(R"("first_problem":"bad \"reply\"\u000d\u000a\u00ff\\")") != std::string::npos);
  CHECK(json.find("\"server\"") == std::string::npos);
}

TEST_CASE("a run fails for wrong values, broken replies and errors that are not allowed") {
  Options options;
  Outcome outcome;
  CHECK_FALSE(outcome.failed(options));
  outcome.totals.errors = 1;
  CHECK(outcome.failed(options));
  options.allow_errors = true;
  CHECK_FALSE(outcome.failed(options));
  outcome.totals.wrong_values = 1;
  CHECK(outcome.failed(options));
  outcome.totals.wrong_values = 0;
  outcome.totals.protocol_errors = 1;
  CHECK(outcome.failed(options));
}
