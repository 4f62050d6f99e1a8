#include "engine/redis/persist/legacy.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace larder::redis::persist;
using namespace std::string_literals;

namespace {

struct Walked {
  bool sound;
  std::vector<std::string> entries;
};
template <typename Walk>
Walked walk(Walk walker, std::string_view blob) {
  Walked walked;
  walked.sound = walker(blob, [&walked](std::string_view entry) {
    walked.entries.emplace_back(entry);
    return true;
  });
  return walked;
}

/// A ziplist of raw entries (without the length of the entry before).
std::string ziplist(const std::vector<std::string>& raw) {
  std::string body;
  std::size_t before = 0;
  std::size_t tail = 10;
  for (const std::string& entry : raw) {
    tail = 10 + body.size();
    std::string with_length;
    if (before < 254) {
      with_length.push_back(static_cast<char>(before));
    } else {
      with_length.push_back('\xfe');
      for (int shift = 0; shift < 32; shift += 8) with_length.push_back(static_cast<char>(before >> shift));
    }
    with_length += entry;
    before = with_length.size();
    body += with_length;
  }
  std::string blob;
  const auto put = [&blob](std::size_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) blob.push_back(static_cast<char>(value >> 8 * i));
  };
  put(10 + body.size() + 1, 4);
  put(tail, 4);
  put(raw.size(), 2);
  return blob + body + '\xff';
}

const std::vector<std::string> kRaw{
    "\x03" "abc",          "\x40\x03" "def",       "\x80\0\0\0\x02hi"s, "\xc0\xff\xff",
    "\xd0\0\0\0\x80"s,     "\xe0\xff\xff\xff\xff\xff\xff\xff\x7f"s,     "\xf0\xff\xff\x80"s,
    "\xfe\x85",            "\xf1",                 "\xfd",              "\x41\x2c" + std::string(300, 'x'),
    "\x01z"};
const std::vector<std::string> kTexts{
    "abc", "def", "hi", "-1", "-2147483648", "9223372036854775807", "-8323073", "-123", "0", "12",
    std::string(300, 'x'), "z"};

}  // namespace

TEST_CASE("legacy: a ziplist with every kind of entry") {
  const Walked walked = walk(walk_ziplist, ziplist(kRaw));
  CHECK(walked.sound);
  CHECK(walked.entries == kTexts);
  CHECK(walk(walk_ziplist, ziplist({})).sound);
}

TEST_CASE("legacy: a ziplist that is cut or changed anywhere is refused or read within bounds") {
  const std::string blob = ziplist(kRaw);
  for (std::size_t bytes = 0; bytes < blob.size(); ++bytes) {
    CHECK_FALSE(walk(walk_ziplist, blob.substr(0, bytes)).sound);
  }
  CHECK_FALSE(walk(walk_ziplist, blob + "x").sound);
  std::mt19937 random(9);
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = blob;
    for (int i = 0; i < 3; ++i) changed[random() % changed.size()] = static_cast<char>(random());
    walk(walk_ziplist, std::string(changed));
  }
  std::string counted = blob;
  counted[8] = 3;
  CHECK_FALSE(walk(walk_ziplist, counted).sound);
  std::string tail = blob;
  tail[4] = 10;
  CHECK_FALSE(walk(walk_ziplist, tail).sound);
}

TEST_CASE("legacy: a visitor that stops makes the walk fail") {
  CHECK_FALSE(walk_ziplist(ziplist(kRaw), [](std::string_view) { return false; }));
}

TEST_CASE("legacy: zipmaps") {
  const std::string blob = "\x02\x03" "foo\x03\x00" "bar\x05" "hello\x05\x02" "worldxx\xff"s;
  const Walked walked = walk(walk_zipmap, blob);
  CHECK(walked.sound);
  CHECK(walked.entries == std::vector<std::string>{"foo", "bar", "hello", "world"});
  for (std::size_t bytes = 0; bytes < blob.size(); ++bytes) {
    CHECK_FALSE(walk(walk_zipmap, blob.substr(0, bytes)).sound);
  }
  CHECK_FALSE(walk(walk_zipmap, "\x03" + blob.substr(1)).sound);
  CHECK(walk(walk_zipmap, "\xfe" + blob.substr(1)).sound);
  std::mt19937 random(10);
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = blob;
    for (int i = 0; i < 2; ++i) changed[random() % changed.size()] = static_cast<char>(random());
    walk(walk_zipmap, changed);
  }
}
