#include "engine/redis/glob.h"

#include <catch2/catch.hpp>
#include <string>

using larder::redis::glob_match;

TEST_CASE("patterns match what Redis matches") {
  struct Row {
    const char* pattern;
    const char* text;
    bool matches;
  };
  const Row rows[] = {
      {"*", "a", true},          {"*", "", false},         {"", "", true},          {"", "a", false},
      {"a*", "a", true},         {"a*b", "ab", true},      {"a*b", "axxb", true},   {"a*b", "axxbc", false},
      {"*a*b*", "xaybz", true},  {"a**", "a", true},       {"?", "a", true},        {"?", "", false},
      {"a?c", "abc", true},      {"[abc]", "b", true},     {"[abc]", "d", false},   {"[^abc]", "d", true},
      {"[^abc]", "a", false},    {"[a-c]x", "bx", true},   {"[c-a]x", "bx", true},  {"[a-c]", "d", false},
      {"[\\]]", "]", true},      {"[]", "a", false},       {"[^]", "a", true},      {"[a", "a", true},
      {"[a", "b", false},        {"[a-", "-", true},       {"[a-", "a", true},      {"\\*", "*", true},
      {"\\*", "a", false},       {"a\\", "a\\", true},     {"h[ae]llo*", "hello!", true},
      {"*[0-9]", "a1b2", true},  {"*.txt", "a.txt.b", false}, {"abc", "abd", false}, {"[a-z]*", "Q", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pattern, row.text);
    CHECK(glob_match(row.pattern, row.text) == row.matches);
  }
}

TEST_CASE("letters may be matched in any case") {
  CHECK(glob_match("HeL[L-O]*", "hellO", true));
  CHECK_FALSE(glob_match("HeL*", "hello"));
}

TEST_CASE("bytes of any value are matched") {
  CHECK(glob_match(std::string("a\0*", 3), std::string("a\0b", 3)));
  CHECK(glob_match("[\x80-\xff]", "\xc3"));
}

TEST_CASE("many stars take no longer than few") {
  std::string pattern;
  for (int i = 0; i < 2000; ++i) pattern += "a*";
  CHECK_FALSE(glob_match(pattern + "b", std::string(5000, 'a')));
}
