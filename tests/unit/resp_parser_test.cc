#include "proto/resp_parser.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using larder::proto::RespParser;
using Status = RespParser::Status;

namespace {

using Request = std::vector<std::string>;

struct Parsed {
  std::vector<Request> requests;
  std::string error;
  bool operator==(const Parsed&) const = default;
};

// What a parser makes of a stream that comes in pieces of `piece` bytes.
Parsed parse(std::string_view stream, std::size_t piece, RespParser::Limits limits = {}) {
  RespParser parser;
  Parsed parsed;
  std::string input;
  while (true) {
    while (!input.empty()) {
      std::vector<std::string_view> arguments;
      std::size_t taken = 0;
      const Status status = parser.take(input, limits, &arguments, &taken);
      if (status == Status::error) {
        parsed.error = parser.error();
        return parsed;
      }
      if (status == Status::incomplete) break;
      if (status == Status::request) parsed.requests.emplace_back(arguments.begin(), arguments.end());
      input.erase(0, taken);
    }
    if (stream.empty()) return parsed;
    const std::size_t bytes = std::min(piece, stream.size());
    input += stream.substr(0, bytes);
    stream.remove_prefix(bytes);
  }
}

Parsed parse_all_ways(std::string_view stream) {
  const Parsed whole = parse(stream, stream.size());
  for (std::size_t piece = 1; piece < stream.size(); ++piece) REQUIRE(parse(stream, piece) == whole);
  return whole;
}

}  // namespace

TEST_CASE("arrays of bulk strings, whole and in any pieces") {
  const Parsed parsed = parse_all_ways(
      std::string("*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\n\0b\r\n*0\r\n*-1\r\n*2\r\n$0\r\n\r\n$1\r\nx\r\n", 71));
  CHECK(parsed.error.empty());
  CHECK(parsed.requests == std::vector<Request>{{"PING"}, {"SET", "k", std::string("a\r\n\0b", 5)}, {"", "x"}});
}

TEST_CASE("inline commands, with Redis' quoting") {
  const Parsed parsed = parse_all_ways(
      "PING\r\n\r\n  set  a\tb \n"
      "\"x\\x41\\n\\\"\" 'it\\'s' pl\"ai\"\n");
  CHECK(parsed.error.empty());
  REQUIRE(parsed.requests.size() == 3);
  CHECK(parsed.requests[0] == Request{"PING"});
  CHECK(parsed.requests[1] == Request{"set", "a", "b"});
  CHECK(parsed.requests[2] == Request{"xA\n\"", "it's", "plai"});
}

TEST_CASE("what is no request is named as Redis names it") {
  const auto error = [](std::string_view stream) { return parse_all_ways(stream).error; };
  CHECK(error("*abc\r\n") == "ERR Protocol error: invalid multibulk length");
  CHECK(error("*20000000000\r\n") == "ERR Protocol error: invalid multibulk length");
  CHECK(error("*1\r\nx") == "ERR Protocol error: expected '$', got 'x'");
  CHECK(error("*1\r\n$-5\r\n") == "ERR Protocol error: invalid bulk length");
  CHECK(error("*1\r\n$blabla\r\n") == "ERR Protocol error: invalid bulk length");
  CHECK(error("*1\r\n$2000000000\r\n") == "ERR Protocol error: invalid bulk length");
  CHECK(error("set a \"b\n") == "ERR Protocol error: unbalanced quotes in request");
  CHECK(error("set a \"b\"c\n") == "ERR Protocol error: unbalanced quotes in request");
  CHECK(parse(std::string(70000, 'x'), 70000).error == "ERR Protocol error: too big inline request");
  CHECK(parse("*" + std::string(70000, '1'), 70001).error == "ERR Protocol error: too big mbulk count string");
  CHECK(parse("*1\r\n$" + std::string(70000, '1'), 70005).error ==
        "ERR Protocol error: too big bulk count string");
}

TEST_CASE("before AUTH requests are small") {
  const RespParser::Limits limits{.authenticated = false};
  CHECK(parse("*11\r\n", 5, limits).error == "ERR Protocol error: unauthenticated multibulk length");
  CHECK(parse("*1\r\n$16385\r\n", 12, limits).error == "ERR Protocol error: unauthenticated bulk length");
  CHECK(parse("*1\r\n$4\r\nPING\r\n", 100, limits).requests.size() == 1);
}
