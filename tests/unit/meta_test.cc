// The flags of meta commands as they are parsed, and what their replies say of time and recaching.
// The conversations of text_transcripts.cc cover the rest.
#include <catch2/catch.hpp>
#include <string>

#include "proto/errors.h"
#include "proto/meta_flags.h"
#include "proto/meta_reply.h"
#include "tests/support/text_service.h"

using namespace larder;
using namespace larder::proto;
using namespace larder::test;

namespace {

/// Flags as they are read from a line whose flags begin at its third word.
struct Reading {
  explicit Reading(std::string text) : line(std::move(text)), words(line) {
    error = parse_meta_flags(words, 2, clock, &key_buffer, &flags);
  }
  std::string returned() const { return {flags.returned.data(), flags.returned_count}; }

  std::string line;
  engine::Clock clock;
  Words words;
  KeyBuffer key_buffer;
  MetaFlags flags;
  std::string_view error;
};

}  // namespace

TEST_CASE("meta flags: what each letter sets") {
  const Reading plain("mg k");
  CHECK(plain.error.empty());
  CHECK(plain.flags.key == "k");
  CHECK(plain.flags.delta == 1);
  CHECK(plain.flags.initial == 0);
  CHECK(plain.flags.mode == 0);
  CHECK_FALSE(plain.flags.touch);
  CHECK_FALSE(plain.flags.vivify);
  CHECK_FALSE(plain.flags.recache_s);
  CHECK(plain.returned().empty());

  const Reading all(
      "mg Zm9v b v q u I x C18446744073709551615 c F4294967295 E2 J3 D4 MA T0 N-1 R5");
  CHECK(all.error.empty());
  CHECK(all.flags.key == "foo");
  CHECK(all.flags.base64_key);
  CHECK(all.flags.value);
  CHECK(all.flags.quiet);
  CHECK(all.flags.no_bump);
  CHECK(all.flags.invalidate);
  CHECK(all.flags.remove_value);
  CHECK(all.flags.compare);
  CHECK(all.flags.want_cas);
  CHECK(all.flags.compare_cas == 18446744073709551615u);
  CHECK(all.flags.client_flags == 4294967295u);
  CHECK(all.flags.explicit_cas == 2);
  CHECK(all.flags.initial == 3);
  CHECK(all.flags.delta == 4);
  CHECK(all.flags.mode == 'A');
  CHECK(all.flags.touch == engine::Deadline::never());
  CHECK(all.flags.vivify == engine::Deadline::past());
  CHECK(all.returned() == "cTN");
}

TEST_CASE("meta flags: those that come back keep their order") {
  const Reading reading("mg k s Oabc t k f h l c");
  CHECK(reading.error.empty());
  CHECK(reading.returned() == "sOtkfhlc");
  CHECK(reading.flags.opaque == "Oabc");
}

TEST_CASE("meta flags: the later of T and N is the deadline of a new item") {
  const auto created = [](const char* line) {
    const Reading reading(line);
    return reading.flags.created_deadline().seconds() - reading.clock.now();
  };
  CHECK(created("mg k N30") == 30);
  CHECK(created("mg k N30 T60") == 60);
  CHECK(created("mg k T60 N30") == 30);
}

TEST_CASE("meta flags: R is judged against a T that comes before it") {
  CHECK(Reading("mg k R30").flags.recache_s == 30u);
  CHECK(Reading("mg k R30 T5").flags.recache_s == 30u);
  CHECK(Reading("mg k R0").flags.recache_s == 0u);
  CHECK(Reading("mg k R-1").flags.recache_s == 0u);
  CHECK_FALSE(Reading("mg k T30 R30").flags.recache_s);
  CHECK_FALSE(Reading("mg k T0 R30").flags.recache_s);
  CHECK(Reading("mg k T29 R30").flags.recache_s > 1'000'000'000u);
  Reading absolute("mg k");
  const std::int64_t soon = absolute.clock.unix_now() + 40;
  CHECK(Reading("mg k R" + std::to_string(soon)).flags.recache_s <= 40u);
}

TEST_CASE("meta flags: words that begin like no flag make the line malformed") {
  for (const char* good :
       {"mg k A", "mg k z", "mg k 0", "mg k 9", "mg k _", "mg k", "mg k v! s\xff"}) {
    INFO(good);
    CHECK(meta_flags_well_formed(Words(good), 2));
  }
  for (const char* bad : {"mg k !", "mg k @", "mg k {", "mg k v ~", "mg k \x7f", "mg k \x80",
                          "mg k \xff", "mg k :", "mg k /", "mg k \t"}) {
    INFO(bad);
    CHECK_FALSE(meta_flags_well_formed(Words(bad), 2));
  }
}

TEST_CASE("meta flags: the key is written as it was sent") {
  char room[kMetaKeyRoom];
  CHECK(std::string(room, write_meta_key(room, "foo", false)) == " kfoo");
  CHECK(std::string(room, write_meta_key(room, "foo", true)) == " kZm9v b");
  const std::string longest(kKeyBytesMax, 'k');
  CHECK(write_meta_key(room, longest, true) - room <= static_cast<std::ptrdiff_t>(kMetaKeyRoom));
}

TEST_CASE("meta: me shows what is known of an item") {
  ModelService service;
  service.engine.clock().advance(10);
  CHECK(service.ask("ms k 2 E5 T100\r\nhi\r\n") == "HD\r\n");
  service.engine.clock().advance(3);
  const std::size_t size = service.engine.item_bytes(1, 0, 2);
  CHECK(service.ask("me k\r\n") ==
        "ME k exp=97 la=3 cas=5 fetch=no cls=1 size=" + std::to_string(size) + "\r\n");
  service.ask("mg k\r\n");
  CHECK(service.ask("me k\r\nme aw== b\r\n") ==
        "ME k exp=97 la=0 cas=5 fetch=yes cls=1 size=" + std::to_string(size) +
            "\r\nME aw== exp=97 la=0 cas=5 fetch=yes cls=1 size=" + std::to_string(size) + "\r\n");
  CHECK(service.counted(engine::Counter::cmd_meta) == 3);
  CHECK(service.counted(engine::Counter::cmd_get) == 1);
}

TEST_CASE("meta: times since the last access") {
  ModelService service;
  service.ask("ms k 2\r\nhi\r\n");
  service.engine.clock().advance(5);
  CHECK(service.ask("mg k l u\r\nmg k l h\r\nmg k l h\r\n") == "HD l5\r\nHD l5 h0\r\nHD l0 h1\r\n");
}

TEST_CASE("meta: one client wins a stale item, and again after the next invalidation") {
  ModelService service;
  CHECK(service.ask("ms k 1 E5\r\na\r\nmd k I T30\r\nmg k v\r\nmg k v\r\nmd k I\r\nmg k v\r\n") ==
        "HD\r\nHD\r\nVA 1 X W\r\na\r\nVA 1 Z X\r\na\r\nHD\r\nVA 1 X W\r\na\r\n");
}
