#include "engine/redis/persist/lzf.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace larder::redis::persist;

namespace {

std::string expanded(std::string_view compressed, std::size_t bytes) {
  std::string out(bytes, '\0');
  REQUIRE(lzf_expand(compressed, out.data(), out.size()));
  return out;
}

std::string text_of(unsigned kind, std::mt19937& random) {
  std::string text(random() % 5000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kind == 0) text[i] = static_cast<char>(random());
    if (kind == 1) text[i] = static_cast<char>('a' + random() % 2);
    if (kind == 2) text[i] = static_cast<char>(i / 300);
    if (kind == 3) text[i] = i < 20 || random() % 50 == 0 ? static_cast<char>(random()) : text[i - 20];
  }
  return text;
}

}  // namespace

TEST_CASE("lzf: what was compressed comes back") {
  std::mt19937 random(2);
  std::string compressed;
  for (int round = 0; round < 400; ++round) {
    const std::string text = text_of(static_cast<unsigned>(round) % 4, random);
    REQUIRE(lzf_compress(text, text.size() * 2 + 10, compressed));
    CHECK(expanded(compressed, text.size()) == text);
    CHECK(text.size() <= lzf_expanded_max(compressed.size()));
  }
}

TEST_CASE("lzf: repetitions shrink, chance does not") {
  std::mt19937 random(3);
  std::string compressed;
  CHECK(lzf_compress(std::string(10'000, 'z'), 200, compressed));
  std::string noise(1000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  CHECK_FALSE(lzf_compress(noise, noise.size(), compressed));
}

TEST_CASE("lzf: texts of another compressor") {
  using namespace std::string_literals;
  CHECK(expanded("\x02" "abc"s, 3) == "abc");
  CHECK(expanded("\x00" "a\x20\x00"s, 4) == "aaaa");
  CHECK(expanded("\x00" "a\xe0\x01\x00"s, 11) == std::string(11, 'a'));
}

TEST_CASE("lzf: broken texts are refused") {
  using namespace std::string_literals;
  char out[64];
  CHECK_FALSE(lzf_expand("\x05" "abc"s, out, 6));        // literals cut short
  CHECK_FALSE(lzf_expand("\x20\x00"s, out, 3));          // copies from before the beginning
  CHECK_FALSE(lzf_expand("\x00" "a\x20"s, out, 4));      // no distance
  CHECK_FALSE(lzf_expand("\x00" "a\xe0\x01"s, out, 11));
  CHECK_FALSE(lzf_expand("\x00" "a\xe0"s, out, 11));
  CHECK_FALSE(lzf_expand("\x02" "abc"s, out, 2));        // longer than said
  CHECK_FALSE(lzf_expand("\x02" "abc"s, out, 4));        // shorter
  CHECK_FALSE(lzf_expand("\x00" "a\xe0\xff\x00"s, out, 64));
  CHECK(lzf_expand("", out, 0));
}

TEST_CASE("lzf: any bytes are expanded or refused within bounds") {
  std::mt19937 random(4);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 40, '\0');
    for (char& c : text) c = static_cast<char>(random() % 4 == 0 ? random() % 4 : random());
    std::string out(random() % 300, '\0');
    lzf_expand(text, out.data(), out.size());
  }
}
