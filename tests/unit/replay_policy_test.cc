// The simulated caches: small traces worked out by hand, exact LRU against a naive model, and the
// bound that Belady's policy must be.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/loadgen/random.h"
#include "bench/replay/policy.h"
#include "bench/replay/score.h"
#include "bench/replay/trace.h"

using namespace larder::bench;
using namespace larder::bench::replay;

namespace {

constexpr std::uint32_t kUnit = 100;  // size of an object unless a case says otherwise

/// One request a letter, a second apart, all of one size.
Trace letters(std::string_view text) {
  TraceBuilder builder;
  std::uint64_t time_ms = 0;
  for (const char letter : text) {
    builder.add(static_cast<std::uint64_t>(letter), time_ms += 1000, kUnit, 0);
  }
  return builder.take();
}

/// "+" for a hit and "-" for a miss, one a request.
std::string answers(std::string_view policy_name, const Trace& trace, std::uint64_t capacity) {
  const std::unique_ptr<Policy> policy = make_policy(policy_name, trace, capacity);
  std::string text;
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    text += policy->request(i) ? '+' : '-';
    REQUIRE(policy->check_integrity());
  }
  return text;
}

struct RandomTrace {
  std::uint32_t requests = 3000;
  std::uint32_t keys = 60;
  bool mixed_sizes = false;
  bool with_ttls = false;
};

Trace make_random(const RandomTrace& shape, std::uint64_t seed) {
  Random random(seed);
  TraceBuilder builder;
  for (std::uint32_t i = 0; i < shape.requests; ++i) {
    // The product of two uniform numbers favours the low keys.
    const std::uint64_t key = random.below(1 + random.below(shape.keys));
    const std::uint64_t size = shape.mixed_sizes ? 20 + mix(key) % 300 : kUnit;
    const auto ttl = static_cast<std::uint32_t>(shape.with_ttls ? mix(key + 7) % 40 : 0);
    builder.add(key, i * std::uint64_t{500}, size, ttl);
  }
  return builder.take();
}

/// LRU as one would write it on a blackboard: a list searched from end to end.
std::string naive_lru(const Trace& trace, std::uint64_t capacity) {
  struct Entry {
    std::uint32_t object;
    std::uint32_t size;
    std::uint64_t deadline;
  };
  std::deque<Entry> entries;  // newest first
  const auto used = [&entries] {
    std::uint64_t bytes = 0;
    for (const Entry& entry : entries) bytes += entry.size;
    return bytes;
  };
  std::string text;
  for (const Request& request : trace.requests) {
    std::erase_if(entries, [&](const Entry& each) { return each.deadline <= request.time_ms; });
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& each) {
      return each.object == request.object;
    });
    if (found != entries.end()) {
      const Entry entry = *found;
      entries.erase(found);
      entries.push_front(entry);
      text += '+';
      continue;
    }
    text += '-';
    if (request.size > capacity) continue;
    while (used() + request.size > capacity) entries.pop_back();
    const std::uint64_t deadline =
        request.ttl_seconds == 0 ? UINT64_MAX
                                 : request.time_ms + request.ttl_seconds * std::uint64_t{1000};
    entries.push_front({request.object, request.size, deadline});
  }
  return text;
}

std::uint64_t hits(std::string_view policy, const Trace& trace, std::uint64_t capacity) {
  const std::unique_ptr<Policy> made = make_policy(policy, trace, capacity);
  return simulate(*made, trace, 0).hits;
}

}  // namespace

TEST_CASE("LRU evicts what was asked for longest ago") {
  //                                 b goes for c, a for b
  CHECK(answers("lru", letters("abacabc"), 2 * kUnit) == "--+-+--");
  CHECK(answers("lru", letters("abcabc"), 2 * kUnit) == "------");
  CHECK(answers("lru", letters("abcabc"), 3 * kUnit) == "---+++");
}

TEST_CASE("LRU makes room for a large object by evicting several") {
  TraceBuilder builder;
  for (const auto& [key, size] : std::initializer_list<std::pair<char, std::uint64_t>>{
           {'a', 100}, {'b', 100}, {'c', 100}, {'L', 250}, {'c', 100}, {'L', 250}}) {
    builder.add(static_cast<std::uint64_t>(key), 0, size, 0);
  }
  CHECK(answers("lru", builder.take(), 300) == "------");
}

TEST_CASE("exact LRU agrees with a naive model") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const RandomTrace shape{.mixed_sizes = seed % 2 == 1, .with_ttls = seed % 4 >= 2};
    const Trace trace = make_random(shape, seed);
    for (const std::uint64_t capacity : {150U, 1000U, 3000U}) {
      CAPTURE(seed, capacity);
      const std::string exact = answers("lru", trace, capacity);
      REQUIRE(exact == naive_lru(trace, capacity));
    }
  }
}

TEST_CASE("Belady evicts what is needed last") {
  //   abc: full at two; c is needed after a and b, so it is not let in.
  CHECK(answers("belady", letters("abcabc"), 2 * kUnit) == "---++-");
  //   The textbook's trace: 9 faults with 3 frames; declining an object saves two of them.
  CHECK(answers("belady", letters("123412512345"), 3 * kUnit) == "----++-+++--");
}

TEST_CASE("an object that is never asked for again is not let in by Belady") {
  CHECK(answers("belady", letters("axbyab"), 2 * kUnit) == "----++");
  CHECK(answers("lru", letters("axbyab"), 2 * kUnit) == "------");
}

TEST_CASE("Belady is never worse than another policy on objects of one size") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Trace trace = make_random({.with_ttls = seed % 2 == 1}, seed);
    for (const std::uint64_t capacity : {2U, 7U, 20U, 45U}) {
      const std::uint64_t best = hits("belady", trace, capacity * kUnit);
      CAPTURE(seed, capacity);
      CHECK(best >= hits("lru", trace, capacity * kUnit));
      CHECK(best >= hits("s3fifo", trace, capacity * kUnit));
      CHECK(best > 0);
    }
  }
}

TEST_CASE("on mixed sizes Belady leads too") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Trace trace = make_random({.mixed_sizes = true}, seed);
    CAPTURE(seed);
    CHECK(hits("belady", trace, 2000) >= hits("lru", trace, 2000));
    CHECK(hits("belady", trace, 2000) >= hits("s3fifo", trace, 2000));
  }
}

TEST_CASE("S3-FIFO lets new objects out first and remembers them as ghosts") {
  // Room for 10, one of them in small. All ten fit; the eleventh finds small above its share and
  // pushes out the oldest that was never used again: a. Its ghost sends it straight to main, where
  // it outlives the next ten new objects; LRU loses it.
  const Trace trace = letters(
      "abcdefghijk"
      "a"
      "lmnopqrstu"
      "a");
  CHECK(answers("s3fifo", trace, 10 * kUnit) == std::string(22, '-') + "+");
  CHECK(answers("lru", trace, 10 * kUnit) == std::string(23, '-'));
}

TEST_CASE("S3-FIFO moves objects used more than once to main instead of evicting them") {
  // a is used twice, b once: when room is needed, a moves to main and b is evicted.
  CHECK(answers("s3fifo",
                letters("aaabb"
                        "cdefghijk"
                        "a"),
                10 * kUnit) == "-++-+---------+");
  CHECK(answers("s3fifo",
                letters("aaabb"
                        "cdefghijk"
                        "b"),
                10 * kUnit) == "-++-+----------");
}

TEST_CASE("S3-FIFO gives objects of main another round for each use") {
  // As above, a is in main with no uses left; used once there, it survives while others pass.
  const std::string start =
      "aaabb"
      "cdefghijk";
  const std::string passing = "lmnopqrstuvw";
  CHECK(answers("s3fifo", letters(start + "a" + passing + "a"), 10 * kUnit).back() == '+');
}

TEST_CASE("S3-FIFO resists a scan that empties LRU") {
  std::string text;
  for (int round = 0; round < 4; ++round) text += "abcde";
  for (char letter = 'A'; letter <= 'Z'; ++letter) text += letter;
  text += "abcde";
  const Trace trace = letters(text);
  CHECK(answers("s3fifo", trace, 10 * kUnit).substr(text.size() - 5) == "+++++");
  CHECK(answers("lru", trace, 10 * kUnit).substr(text.size() - 5) == "-----");
}

TEST_CASE("objects expire, whatever the policy, at the end of their lifetime and not before") {
  TraceBuilder builder;
  for (const std::uint64_t time_ms : {0U, 1999U, 2000U, 3999U, 4000U}) {
    builder.add('a', time_ms, kUnit, 2);
  }
  const Trace trace = builder.take();
  for (const char* policy : {"lru", "s3fifo", "belady"}) {
    CAPTURE(policy);
    CHECK(answers(policy, trace, kUnit) == "-+-+-");
  }
}

TEST_CASE("expired objects make room before live ones are evicted") {
  TraceBuilder builder;
  builder.add('a', 0, kUnit, 0);
  builder.add('b', 0, kUnit, 1);
  builder.add('c', 1000, kUnit, 0);
  builder.add('a', 1000, kUnit, 0);
  builder.add('c', 1000, kUnit, 0);
  const Trace trace = builder.take();
  for (const char* policy : {"lru", "s3fifo", "belady"}) {
    CAPTURE(policy);
    CHECK(answers(policy, trace, 2 * kUnit) == "---++");
  }
}

TEST_CASE("an object larger than the cache is never held and evicts nobody") {
  TraceBuilder builder;
  for (const auto& [key, size] : std::initializer_list<std::pair<char, std::uint64_t>>{
           {'a', 100}, {'L', 201}, {'L', 201}, {'a', 100}}) {
    builder.add(static_cast<std::uint64_t>(key), 0, size, 0);
  }
  const Trace trace = builder.take();
  for (const char* policy : {"lru", "s3fifo", "belady"}) {
    CAPTURE(policy);
    CHECK(answers(policy, trace, 200) == "---+");
  }
}

TEST_CASE("the books balance on mixed sizes and lifetimes") {
  const Trace trace = make_random({.mixed_sizes = true, .with_ttls = true}, 5);
  for (const char* policy : {"lru", "s3fifo", "belady"}) {
    CAPTURE(policy);
    const std::string text = answers(policy, trace, 2500);  // checks at every step
    CHECK(text.find('+') != std::string::npos);
  }
}

TEST_CASE("the warm-up is left out of a score, and bytes are those asked for") {
  TraceBuilder builder;
  builder.add('a', 0, 100, 0);
  builder.add('b', 0, 300, 0);
  builder.add('b', 0, 300, 0);
  builder.add('c', 0, 100, 0);
  const Trace trace = builder.take();
  const std::unique_ptr<Policy> policy = make_lru(trace, 1000);
  const Score score = simulate(*policy, trace, 1);
  CHECK(score.requests == 3);
  CHECK(score.hits == 1);
  CHECK(score.bytes == 700);
  CHECK(score.hit_bytes == 300);
  CHECK(score.hit_ratio() == Approx(1.0 / 3));
  CHECK(score.byte_hit_ratio() == Approx(3.0 / 7));
  CHECK(Score{}.hit_ratio() == 0);
}

TEST_CASE("an unknown policy has no simulator") {
  const Trace trace = letters("a");
  CHECK(make_policy("mru", trace, 100) == nullptr);
}
