#include "engine/prefix_stats.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

using larder::engine::PrefixStats;

namespace {
struct Lines final : larder::engine::StatSink {
  using StatSink::stat;
  std::string text;
  void stat(std::string_view name, std::string_view value) override {
    text += std::string(name) + " " + std::string(value) + "\n";
  }
};
std::string dump(const PrefixStats& stats) {
  Lines lines;
  stats.dump(lines);
  return lines.text;
}
}  // namespace

TEST_CASE("keys are counted by what stands before the first delimiter") {
  PrefixStats stats;
  CHECK_FALSE(stats.enabled());
  stats.count_get("foo:123", true);
  stats.count_get("foo:456:789", false);
  stats.count_set("foo:");
  stats.count_delete("bar:1");
  stats.count_get("plain", true);
  stats.count_set(":empty");
  CHECK(dump(stats) == " get 0 hit 0 set 1 del 0\nbar get 0 hit 0 set 0 del 1\nfoo get 2 hit 1 set 1 del 0\n");
  stats.clear();
  CHECK(dump(stats).empty());
  stats.set_delimiter('/');
  stats.count_set("a/b");
  stats.count_set("a:b");
  CHECK(dump(stats) == "a get 0 hit 0 set 1 del 0\n");
}

TEST_CASE("the number of prefixes is bounded") {
  PrefixStats stats;
  for (std::size_t i = 0; i < PrefixStats::kPrefixesMax + 100; ++i) stats.count_set(std::to_string(i) + ":x");
  Lines lines;
  stats.dump(lines);
  CHECK(static_cast<std::size_t>(std::count(lines.text.begin(), lines.text.end(), '\n')) == PrefixStats::kPrefixesMax);
}
