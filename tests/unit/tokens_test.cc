#include "proto/tokens.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

using namespace larder::proto;

namespace {

std::vector<std::string> words_of(std::string_view line) {
  // A copy of its own length, so that a sanitizer sees a read behind the end.
  const std::unique_ptr<char[]> exact(new char[line.size()]);
  if (!line.empty()) std::memcpy(exact.get(), line.data(), line.size());
  const Words words(std::string_view(exact.get(), line.size()));
  std::vector<std::string> all;
  for (std::size_t i = 0; i < words.count(); ++i) all.emplace_back(words[i]);
  return all;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("tokens: words are what stands between spaces") {
  CHECK(words_of("") == List{});
  CHECK(words_of("   ") == List{});
  CHECK(words_of("get") == List{"get"});
  CHECK(words_of(" get  a   b ") == List{"get", "a", "b"});
  CHECK(words_of("a\tb \r \x01") == List{"a\tb", "\r", "\x01"});
  CHECK(words_of("one-word-of-more-than-sixteen-bytes another-such-long-word x") ==
        List{"one-word-of-more-than-sixteen-bytes", "another-such-long-word", "x"});
}

TEST_CASE("tokens: any lengths of words and gaps") {
  for (std::size_t word = 1; word < 40; ++word) {
    for (std::size_t gap = 1; gap < 20; ++gap) {
      const std::string first(word, 'a');
      const std::string second(40 - word, 'b');
      const std::string line = first + std::string(gap, ' ') + second + std::string(gap - 1, ' ');
      if (words_of(line) != List{first, second}) FAIL(line);
    }
  }
  SUCCEED();
}

TEST_CASE("tokens: no more than 23 words are kept") {
  std::string line;
  for (int i = 0; i < 22; ++i) line += "w ";
  CHECK(words_of(line + "last").size() == 23);
  CHECK(words_of(line + "last").back() == "last");
  CHECK(words_of(line + "last more").size() == 23);
  CHECK(words_of(line + "last more").back() == "last");
}

TEST_CASE("tokens: searches find the first and stay inside") {
  for (std::size_t size = 0; size < 70; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      const std::unique_ptr<char[]> bytes(new char[size]);
      std::memset(bytes.get(), 'x', size);
      if (at < size) bytes[at] = ' ';
      if (at + 1 < size) bytes[size - 1] = '\n';
      const char* const begin = bytes.get();
      const char* const end = begin + size;
      if (find_word_end(begin, end) != begin + at) FAIL(size << ' ' << at);
      if (find_byte(begin, end, ' ') != begin + at) FAIL(size << ' ' << at);
      if (at < size) bytes[at] = '\n';
      if (find_word_end(begin, end) != begin + at) FAIL(size << ' ' << at);
      if (find_byte(begin, end, '\n') != begin + at) FAIL(size << ' ' << at);
    }
  }
  SUCCEED();
}

TEST_CASE("tokens: a word abbreviates the names it begins") {
  CHECK(abbreviates("s", "settings"));
  CHECK(abbreviates("settings", "settings"));
  CHECK_FALSE(abbreviates("settingsx", "settings"));
  CHECK_FALSE(abbreviates("x", "settings"));
}
