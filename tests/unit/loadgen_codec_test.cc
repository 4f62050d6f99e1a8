// The load generator's codecs: what they write, and what they make of a reply cut at any byte.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/canned_reply.h"
#include "bench/loadgen/codec.h"

using namespace larder::bench;

namespace {

constexpr ProtocolKind kProtocols[] = {ProtocolKind::text, ProtocolKind::meta, ProtocolKind::binary,
                                       ProtocolKind::resp};

struct Found {
  std::uint32_t position;
  std::string bytes;
  std::optional<std::uint32_t> flags;
  bool operator==(const Found&) const = default;
};

/// What a codec made of a reply.
struct Outcome {
  std::vector<Found> found;
  Event::Kind end = Event::Kind::need_more;  // done, error, broken, or need_more: no end came
  std::string text;                          // of an error or a broken reply
  std::size_t consumed = 0;
  bool operator==(const Outcome&) const = default;
};

/// Feeds a reply, at first `cut` bytes of it and then the rest, as a connection does.
Outcome feed(Codec& codec, const std::string& reply, const Pending& pending, std::size_t cut) {
  Outcome outcome;
  for (const std::size_t end : {cut, reply.size()}) {
    while (outcome.consumed < end) {
      const std::string_view input =
          std::string_view(reply).substr(outcome.consumed, end - outcome.consumed);
      const Event event = codec.parse(input, pending);
      if (event.kind == Event::Kind::need_more) {
        REQUIRE(event.consumed == 0);
        REQUIRE((event.wanted == 0 || event.wanted > input.size()));
        break;
      }
      outcome.consumed += event.consumed;
      if (event.kind == Event::Kind::value) {
        outcome.found.push_back(
            {event.position, std::string(event.bytes),
             event.has_flags ? std::optional<std::uint32_t>(event.flags) : std::nullopt});
        if (!event.last) continue;
      }
      outcome.end = event.kind == Event::Kind::value ? Event::Kind::done : event.kind;
      if (event.kind != Event::Kind::value) outcome.text = event.bytes;
      return outcome;
    }
  }
  return outcome;
}

const KeyNames kNames("key-", 10, 1000);

std::string request(ProtocolKind protocol, bool strict, const std::vector<std::uint32_t>& keys) {
  ByteBuffer out;
  make_codec(protocol, kNames, strict)->write_get(out, keys);
  return std::string(out.view());
}

std::string set_request(ProtocolKind protocol, SetFields fields, std::string_view value) {
  ByteBuffer out;
  const auto codec = make_codec(protocol, kNames, true);
  codec->write_set(out, 7, fields, static_cast<std::uint32_t>(value.size()));
  out.append(value);
  out.append(codec->set_end());
  return std::string(out.view());
}

Outcome feed_whole(ProtocolKind protocol, const std::string& reply, const Pending& pending) {
  return feed(*make_codec(protocol, kNames, true), reply, pending, reply.size());
}

}  // namespace

TEST_CASE("any mix of hits and misses is read the same, wherever the reply is cut") {
  const std::vector<std::uint32_t> all_keys = {5, 17, 5, 999};
  // Bytes that look like the ends of replies must not be taken for them.
  const std::vector<std::string> contents = {"plain", "\r\nEND\r\n", "", "MN\r\n$-1\r\nEN\r\n"};
  for (const ProtocolKind protocol : kProtocols) {
    for (std::size_t count = 1; count <= all_keys.size(); ++count) {
      for (unsigned hits = 0; hits < 1U << count; ++hits) {
        const std::vector<std::uint32_t> keys(all_keys.begin(),
                                              all_keys.begin() + static_cast<long>(count));
        std::vector<std::optional<CannedValue>> values(count);
        Outcome expected;
        for (std::uint32_t i = 0; i < count; ++i) {
          if ((hits >> i & 1U) == 0) continue;
          // The same key twice, the first time missing: a name alone cannot tell which it is.
          if (i == 2 && (hits & 1U) == 0) continue;
          values[i] = CannedValue{contents[i], 1000000007U * (i + 1)};
          expected.found.push_back({i, contents[i], values[i]->flags});
          if (protocol == ProtocolKind::resp) expected.found.back().flags.reset();
        }
        expected.end = Event::Kind::done;
        const std::string reply = canned_get_reply(protocol, kNames, keys, values, true);
        expected.consumed = reply.size();
        const Pending pending{Operation::get, keys};
        const auto codec = make_codec(protocol, kNames, true);
        for (std::size_t cut = 0; cut <= reply.size(); ++cut) {
          CAPTURE(protocol_name(protocol), count, hits, cut, reply);
          REQUIRE(feed(*codec, reply, pending, cut) == expected);
        }
      }
    }
  }
}

TEST_CASE("a lenient codec finds the same values and the same end") {
  const std::vector<std::uint32_t> keys = {5, 17, 23};
  const std::vector<std::optional<CannedValue>> values = {CannedValue{"one", 0}, std::nullopt,
                                                          CannedValue{"three", 0}};
  for (const ProtocolKind protocol : kProtocols) {
    const std::string reply = canned_get_reply(protocol, kNames, keys, values, false);
    const auto codec = make_codec(protocol, kNames, false);
    for (int round = 0; round < 2; ++round) {  // nothing of a reply is left behind for the next
      const Outcome outcome = feed(*codec, reply, {Operation::get, keys}, reply.size() / 2);
      CAPTURE(protocol_name(protocol));
      REQUIRE(outcome.found.size() == 2);
      CHECK(outcome.found[0].bytes == "one");
      CHECK(outcome.found[1].bytes == "three");
      CHECK(outcome.end == Event::Kind::done);
      CHECK(outcome.consumed == reply.size());
    }
  }
}

TEST_CASE("set and flush are acknowledged") {
  const std::vector<std::uint32_t> keys = {1};
  for (const ProtocolKind protocol : kProtocols) {
    for (const Operation operation : {Operation::set, Operation::flush}) {
      const std::string reply = canned_done_reply(protocol, operation);
      const Pending pending{operation, keys};
      for (std::size_t cut = 0; cut <= reply.size(); ++cut) {
        const auto codec = make_codec(protocol, kNames, true);
        CAPTURE(protocol_name(protocol), cut);
        const Outcome outcome = feed(*codec, reply, pending, cut);
        CHECK(outcome.end == Event::Kind::done);
        CHECK(outcome.consumed == reply.size());
      }
    }
  }
}

TEST_CASE("error replies end a request and keep their text") {
  const std::vector<std::uint32_t> one = {1};
  const std::vector<std::uint32_t> many = {1, 2};
  const std::string oom = "SERVER_ERROR out of memory storing object";
  for (const ProtocolKind protocol : {ProtocolKind::text, ProtocolKind::meta}) {
    for (const Pending& pending : {Pending{Operation::set, one}, Pending{Operation::get, one},
                                   Pending{Operation::get, many}, Pending{Operation::flush, {}}}) {
      const Outcome outcome = feed_whole(protocol, oom + "\r\n", pending);
      CHECK(outcome.end == Event::Kind::error);
      CHECK(outcome.text == oom);
      CHECK(outcome.consumed == oom.size() + 2);
    }
  }
  CHECK(feed_whole(ProtocolKind::text, "NOT_STORED\r\n", {Operation::set, one}).end ==
        Event::Kind::error);
  CHECK(feed_whole(ProtocolKind::meta, "NS\r\n", {Operation::set, one}).end == Event::Kind::error);
  const Outcome redis = feed_whole(ProtocolKind::resp, "-OOM no\r\n", {Operation::set, one});
  CHECK(redis.end == Event::Kind::error);
  CHECK(redis.text == "OOM no");

  std::string binary = canned_done_reply(ProtocolKind::binary, Operation::set);
  binary[7] = '\x82';
  binary[11] = 3;
  const Outcome refused = feed_whole(ProtocolKind::binary, binary + "oom", {Operation::set, one});
  CHECK(refused.end == Event::Kind::error);
  CHECK(refused.text == "oom");
}

TEST_CASE("bytes that are no reply are never taken for one") {
  const std::vector<std::uint32_t> one = {1};
  const std::vector<std::uint32_t> two = {1, 2};
  const Pending set{Operation::set, one};
  const Pending get{Operation::get, one};
  const Pending multiget{Operation::get, two};
  struct Case {
    ProtocolKind protocol;
    Pending pending;
    std::string reply;
  };
  const std::vector<Case> cases = {
      {ProtocolKind::text, set, "END\r\n"},
      {ProtocolKind::text, get, "STORED\r\n"},
      {ProtocolKind::text, get, "VALUE key-000001 0 x\r\n"},
      {ProtocolKind::text, get, "VALUE key-000001 0 2 \r\nab\r\n"},
      {ProtocolKind::text, get, "VALUE key-000001 0 2\r\nabcd\r\n"},
      {ProtocolKind::text, get, "VALUE key-000002 0 2\r\nab\r\nEND\r\n"},
      {ProtocolKind::text, get, "VALUE k 0 2\r\nab\r\nEND\r\n"},
      {ProtocolKind::text, get, std::string(10000, 'x')},
      {ProtocolKind::meta, set, "STORED\r\n"},
      {ProtocolKind::meta, get, "VA 2 s2\r\nab\r\n"},
      {ProtocolKind::meta, get, "VA two\r\nab\r\n"},
      {ProtocolKind::meta, get, "MN\r\n"},
      {ProtocolKind::meta, multiget, "VA 2 kkey-000003\r\nab\r\n"},
      {ProtocolKind::meta, multiget, "EN\r\n"},
      {ProtocolKind::resp, set, "$2\r\nOK\r\n"},
      {ProtocolKind::resp, get, "*1\r\n"},
      {ProtocolKind::resp, get, "$2\r\nabc\r\n"},
      {ProtocolKind::resp, multiget, "*3\r\n"},
      {ProtocolKind::resp, multiget, "$2\r\nab\r\n"},
      {ProtocolKind::binary, get, std::string(24, '\x80')},
      {ProtocolKind::binary, get, canned_done_reply(ProtocolKind::binary, Operation::set)},
      {ProtocolKind::binary, set, canned_done_reply(ProtocolKind::binary, Operation::flush)},
  };
  for (const Case& broken : cases) {
    CAPTURE(protocol_name(broken.protocol), broken.reply);
    CHECK(feed_whole(broken.protocol, broken.reply, broken.pending).end == Event::Kind::broken);
  }
}

TEST_CASE("a value in the wrong place of a multi-get is refused") {
  const std::vector<std::uint32_t> asked = {1, 2};
  const std::vector<std::uint32_t> answered = {2, 1};
  const std::vector<std::optional<CannedValue>> values(2, CannedValue{"v", 0});
  for (const ProtocolKind protocol : {ProtocolKind::text, ProtocolKind::meta}) {
    const std::string reply = canned_get_reply(protocol, kNames, answered, values, true);
    CHECK(feed_whole(protocol, reply, {Operation::get, asked}).end == Event::Kind::broken);
  }
  std::string binary = canned_get_reply(ProtocolKind::binary, kNames, asked, values, true);
  binary[15] = 1;  // the opaque of the first value; the second one's is 1 too
  CHECK(feed_whole(ProtocolKind::binary, binary, {Operation::get, asked}).end ==
        Event::Kind::broken);
}

TEST_CASE("gets are written as the protocols want them") {
  CHECK(request(ProtocolKind::text, true, {7}) == "get key-000007\r\n");
  CHECK(request(ProtocolKind::text, false, {7, 42}) == "get key-000007 key-000042\r\n");
  CHECK(request(ProtocolKind::meta, false, {7}) == "mg key-000007 v\r\n");
  CHECK(request(ProtocolKind::meta, true, {7}) == "mg key-000007 v f\r\n");
  CHECK(request(ProtocolKind::meta, true, {7, 42}) ==
        "mg key-000007 v q k f\r\nmg key-000042 v q k f\r\nmn\r\n");
  CHECK(request(ProtocolKind::resp, true, {7}) == "*2\r\n$3\r\nGET\r\n$10\r\nkey-000007\r\n");
  CHECK(request(ProtocolKind::resp, true, {7, 42}) ==
        "*3\r\n$4\r\nMGET\r\n$10\r\nkey-000007\r\n$10\r\nkey-000042\r\n");
  const std::string binary = request(ProtocolKind::binary, true, {7, 42});
  REQUIRE(binary.size() == 3 * 24 + 2 * 10);
  CHECK(binary.substr(0, 34) ==
        std::string("\x80\x09\0\x0a\0\0\0\0\0\0\0\x0a\0\0\0\0\0\0\0\0\0\0\0\0"
                    "key-000007",
                    34));
  CHECK(binary[34 + 15] == 1);
  CHECK(binary[68 + 1] == 0x0a);
}

TEST_CASE("sets are written as the protocols want them") {
  CHECK(set_request(ProtocolKind::text, {9, 60}, "abc") == "set key-000007 9 60 3\r\nabc\r\n");
  CHECK(set_request(ProtocolKind::meta, {9, 60}, "abc") == "ms key-000007 3 F9 T60\r\nabc\r\n");
  CHECK(set_request(ProtocolKind::meta, {0, 0}, "") == "ms key-000007 0\r\n\r\n");
  CHECK(set_request(ProtocolKind::resp, {9, 0}, "abc") ==
        "*3\r\n$3\r\nSET\r\n$10\r\nkey-000007\r\n$3\r\nabc\r\n");
  CHECK(set_request(ProtocolKind::resp, {9, 60}, "abc") ==
        "*4\r\n$5\r\nSETEX\r\n$10\r\nkey-000007\r\n$2\r\n60\r\n$3\r\nabc\r\n");
  CHECK(set_request(ProtocolKind::binary, {9, 60}, "abc") ==
        std::string("\x80\x01\0\x0a\x08\0\0\0\0\0\0\x15\0\0\0\0\0\0\0\0\0\0\0\0"
                    "\0\0\0\x09\0\0\0\x3c"
                    "key-000007abc",
                    24 + 8 + 10 + 3));
}

TEST_CASE("protocols are found by their names") {
  for (const ProtocolKind protocol : kProtocols) {
    CHECK(protocol_from_name(protocol_name(protocol)) == protocol);
  }
  CHECK_FALSE(protocol_from_name("http"));
}
