#include "proto/base64.h"

#include <catch2/catch.hpp>
#include <string>

using namespace larder::proto;

namespace {

std::string encoded(const std::string& bytes) {
  std::string text(base64_encoded_size(bytes.size()), '?');
  CHECK(base64_encode(bytes, text.data()) == text.data() + text.size());
  return text;
}

std::string decoded(const std::string& text) {
  std::string bytes(text.size(), '?');
  bytes.resize(base64_decode(text, bytes.data()));
  return bytes;
}

}  // namespace

TEST_CASE("base64: the examples of RFC 4648") {
  const char* const pairs[][2] = {{"f", "Zg=="},         {"fo", "Zm8="},
                                  {"foo", "Zm9v"},       {"foob", "Zm9vYg=="},
                                  {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : pairs) {
    CHECK(encoded(bytes) == text);
    CHECK(decoded(text) == bytes);
  }
  CHECK(encoded("").empty());
}

TEST_CASE("base64: any bytes of any length come back") {
  for (std::size_t size = 1; size <= 260; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * 7 + size);
    if (decoded(encoded(bytes)) != bytes) FAIL(size);
  }
  SUCCEED();
}

TEST_CASE("base64: bytes outside the alphabet are skipped") {
  CHECK(decoded("Z!m\n9\xffv") == "foo");
  CHECK(decoded("!!!") == "");
}

TEST_CASE("base64: what is no base64") {
  for (const char* text : {"", "Z", "Zm", "Zm9", "Zm9vZ", "====", "Z===", "Z m 9"}) {
    INFO(text);
    CHECK(decoded(text).empty());
  }
}

TEST_CASE("base64: a padded group ends the text") {
  CHECK(decoded("Zg==Zm9v") == "f");
  CHECK(decoded("Zm8=Zm9v") == "fo");
}
