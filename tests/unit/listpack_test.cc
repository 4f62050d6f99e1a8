#include "engine/redis/types/listpack.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "engine/redis/types/heap.h"

using larder::redis::IntegerText;
using larder::redis::Listpack;
using larder::redis::ListpackView;
namespace heap = larder::redis::heap;

namespace {

using Bytes = std::vector<std::uint8_t>;

std::string text_at(const ListpackView& pack, Listpack::Position position) {
  IntegerText room;
  return std::string(pack.at(position).text(room));
}

std::vector<std::string> texts(const ListpackView& pack) {
  std::vector<std::string> all;
  for (auto at = pack.first(); at != Listpack::kNone; at = pack.next(at)) {
    all.push_back(text_at(pack, at));
  }
  return all;
}

std::vector<std::string> texts_backwards(const ListpackView& pack) {
  std::vector<std::string> all;
  for (auto at = pack.last(); at != Listpack::kNone; at = pack.previous(at)) {
    all.insert(all.begin(), text_at(pack, at));
  }
  return all;
}

Bytes bytes_of(const Listpack& pack) { return {pack.bytes().begin(), pack.bytes().end()}; }

std::string random_text(std::mt19937_64& random) {
  switch (random() % 6) {
    case 0: return std::to_string(static_cast<std::int64_t>(random() >> (random() % 64)));
    case 1: return std::to_string(-static_cast<std::int64_t>(random() >> (1 + random() % 63)));
    case 2: return std::string(random() % 80, 'a');
    case 3: return std::string(random() % 5000, 'b');
    case 4: return "0" + std::to_string(random() % 100);
    default: return std::string(random() % 12, static_cast<char>(random()));
  }
}

}  // namespace

TEST_CASE("the bytes are those of the format") {
  Listpack pack;
  CHECK(bytes_of(pack) == Bytes{7, 0, 0, 0, 0, 0, 0xff});
  pack.push_back("a");
  pack.push_back("127");
  pack.push_back("-1");
  pack.push_back("300");
  pack.push_back("5000");
  pack.push_back("-8388608");
  pack.push_back("2147483647");
  pack.push_back("-9223372036854775808");
  pack.push_back("");
  const Bytes wanted = {45,   0,    0,    0,    9,    0,        // length, count
                        0x81, 'a',  2,                          // a
                        127,  1,                                // 127
                        0xdf, 0xff, 2,                          // -1
                        0xc1, 0x2c, 2,                          // 300
                        0xf1, 0x88, 0x13, 3,                    // 5000
                        0xf2, 0,    0,    0x80, 4,              // -8388608
                        0xf3, 0xff, 0xff, 0xff, 0x7f, 5,        // 2147483647
                        0xf4, 0,    0,    0,    0,    0, 0, 0, 0x80, 9,
                        0x80, 1,                                // an empty string
                        0xff};
  CHECK(bytes_of(pack) == wanted);
  CHECK(ListpackView::validate(pack.bytes(), true));
}

TEST_CASE("each kind of entry comes back as it went in, from both sides") {
  const std::vector<std::string> wanted = {
      "0",      "127",      "128",         "-1",          "-4096",
      "-4097",  "4095",     "4096",        "32767",       "-32768",
      "32768",  "8388607",  "-8388608",    "8388608",     "2147483647",
      "-2147483648", "2147483648", "9223372036854775807", "-9223372036854775808",
      "9223372036854775808", "", "a", "01", "-0", "+1", " 1", std::string(63, 'x'), std::string(64, 'x'),
      std::string(4095, 'y'), std::string(4096, 'z'), std::string(16380, 'p'), std::string(16384, 'q'),
      std::string(2097150, 'r'), "end"};
  Listpack pack;
  for (const std::string& text : wanted) pack.push_back(text);
  CHECK(pack.size() == wanted.size());
  CHECK(texts(pack) == wanted);
  CHECK(texts_backwards(pack) == wanted);
  pack.check_integrity();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    const auto size = static_cast<std::int64_t>(wanted.size());
    CHECK(text_at(pack, pack.seek(index)) == wanted[i]);
    CHECK(text_at(pack, pack.seek(index - size)) == wanted[i]);
    CHECK(pack.find(pack.first(), wanted[i]) == pack.seek(index));
    CHECK(pack.equals(pack.seek(index), wanted[i]));
    CHECK_FALSE(pack.equals(pack.seek(index), "other"));
  }
  CHECK(pack.seek(static_cast<std::int64_t>(wanted.size())) == Listpack::kNone);
  CHECK(pack.seek(-1 - static_cast<std::int64_t>(wanted.size())) == Listpack::kNone);
}

TEST_CASE("a pack agrees with a vector over random changes") {
  const auto seed = GENERATE(1u, 2u, 3u, 4u);
  std::mt19937_64 random(seed);
  const heap::Meter meter;
  {
    Listpack pack;
    std::vector<std::string> model;
    for (int step = 0; step < 3000; ++step) {
      const std::string text = random_text(random);
      const std::size_t index = model.empty() ? 0 : random() % model.size();
      const auto position = pack.seek(static_cast<std::int64_t>(index));
      const auto place = model.begin() + static_cast<std::ptrdiff_t>(index);
      switch (random() % 8) {
        case 0:
          pack.push_back(text);
          model.push_back(text);
          break;
        case 1:
          pack.push_front(text);
          model.insert(model.begin(), text);
          break;
        case 2:
        case 3:
          REQUIRE(text_at(pack, pack.insert(position, text)) == text);
          model.insert(place, text);
          break;
        case 4:
          if (model.empty()) break;
          REQUIRE(text_at(pack, pack.replace(position, text)) == text);
          *place = text;
          break;
        case 5: {
          if (model.empty()) break;
          const std::size_t count = std::min<std::size_t>(random() % 4, model.size() - index);
          const auto after = pack.erase(position, count);
          const auto left = model.erase(place, place + static_cast<std::ptrdiff_t>(count));
          REQUIRE((after == Listpack::kNone) == (left == model.end()));
          if (after != Listpack::kNone) REQUIRE(text_at(pack, after) == *left);
          break;
        }
        case 6:
          if (model.empty()) break;
          REQUIRE(text_at(pack, pack.find(pack.first(), model[index])) == model[index]);
          break;
        default: REQUIRE(ListpackView::entry_bytes(text) >= 2);
      }
      REQUIRE(pack.size() == model.size());
      if (step % 100 == 0) {
        pack.check_integrity();
        REQUIRE(texts(pack) == model);
        REQUIRE(texts_backwards(pack) == model);
      }
    }
    Listpack copy(pack.bytes());
    copy.append(pack);
    copy.check_integrity();
    CHECK(copy.size() == 2 * model.size());
  }
  CHECK(meter.delta() == 0);
}

TEST_CASE("more entries than the count can say are counted by walking") {
  Listpack pack;
  for (int i = 0; i < 65'534; ++i) pack.push_back(std::int64_t{7});
  CHECK(pack.size() == 65'534);
  for (int i = 0; i < 3; ++i) pack.push_back(std::int64_t{8});
  CHECK(pack.bytes()[4] == 0xff);
  CHECK(pack.bytes()[5] == 0xff);
  CHECK(pack.size() == 65'537);
  CHECK(text_at(pack, pack.seek(65'536)) == "8");
  CHECK(text_at(pack, pack.seek(-65'537)) == "7");
  pack.erase(pack.first(), 10);
  CHECK(pack.size() == 65'527);
  pack.check_integrity();
}

TEST_CASE("finding may look at every other entry only") {
  Listpack pack;
  for (const char* text : {"a", "b", "b", "c", "c", "a"}) pack.push_back(text);
  CHECK(pack.find(pack.first(), "b", 1) == pack.seek(2));
  CHECK(pack.find(pack.first(), "c", 1) == pack.seek(4));
  CHECK(pack.find(pack.next(pack.first()), "b", 1) == pack.seek(1));
}

TEST_CASE("damaged bytes are refused, and reading what is accepted stays inside") {
  Listpack pack;
  std::mt19937_64 random(11);
  for (int i = 0; i < 20; ++i) pack.push_back(random_text(random).substr(0, 100));
  const Bytes sound = bytes_of(pack);
  CHECK(ListpackView::validate(sound, true));
  for (std::size_t cut = 0; cut < sound.size(); ++cut) {
    CHECK_FALSE(ListpackView::validate(std::span(sound).first(cut), false));
  }
  for (int round = 0; round < 50'000; ++round) {
    Bytes damaged = sound;
    const std::size_t flips = 1 + random() % 3;
    for (std::size_t i = 0; i < flips; ++i) {
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    }
    const Bytes exact(damaged);  // no spare bytes behind, for the sanitizer
    if (!ListpackView::validate(exact, true)) continue;
    const ListpackView view(exact.data());
    REQUIRE(texts(view) == texts_backwards(view));
  }
  CHECK_FALSE(ListpackView::validate({}, false));
  // A string that claims to be longer than all there is.
  CHECK_FALSE(ListpackView::validate(Bytes{12, 0, 0, 0, 1, 0, 0xf0, 0xff, 0xff, 0xff, 0xff, 0xff}, true));
  CHECK_FALSE(ListpackView::validate(Bytes{8, 0, 0, 0, 1, 0, 0xf5, 0xff}, true));
}
