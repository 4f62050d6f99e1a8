// lru_crawler metadump and mgdump, stats cachedump, on the cache engine.
#include "proto/text_dump.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "proto/base64.h"
#include "tests/support/text_service.h"

using namespace larder;
using namespace larder::test;

namespace {

/// The lines of a dump, sorted, without its first and last, which have to be these.
std::vector<std::string> lines_of(const std::string& reply, const std::string& first,
                                  const std::string& last) {
  REQUIRE(reply.starts_with(first));
  REQUIRE(reply.ends_with(last));
  std::istringstream rest(reply.substr(first.size(), reply.size() - first.size() - last.size()));
  std::vector<std::string> lines;
  for (std::string line; std::getline(rest, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> metadump(CacheService& service, const std::string& classes = "all") {
  return lines_of(service.ask("lru_crawler metadump " + classes + "\r\n"), "OK\r\n", "END\r\n");
}
std::vector<std::string> mgdump(CacheService& service, const std::string& classes = "all") {
  return lines_of(service.ask("lru_crawler mgdump " + classes + "\r\n"), "OK\r\n", "EN\r\n");
}
std::vector<std::string> cachedump(CacheService& service, const std::string& words) {
  return lines_of(service.ask("stats cachedump " + words + "\r\n"), "", "END\r\n");
}

/// `ms` with a base64 key, so that it may hold any byte.
void set_any(CacheService& service, const std::string& key) {
  std::string encoded(proto::base64_encoded_size(key.size()), '\0');
  proto::base64_encode(key, encoded.data());
  REQUIRE(service.ask("ms " + encoded + " 1 b\r\nv\r\n") == "HD\r\n");
}

void fill(CacheService& service, int count, const std::string& prefix = "key") {
  std::string sent;
  for (int i = 0; i < count; ++i)
    sent += "set " + prefix + std::to_string(i) + " 0 0 1 noreply\r\nv\r\n";
  REQUIRE(service.ask(sent).empty());
}

}  // namespace

TEST_CASE("dump: the fields of a line") {
  CacheService service;
  const engine::Clock& clock = service.engine.clock();
  const std::string stored = std::to_string(clock.unix_now());
  service.ask("set plain 0 0 5\r\nvalue\r\nset full 4294967295 1000 5\r\nvalue\r\n");
  const std::string expires = std::to_string(clock.unix_now() + 1000);
  service.engine.clock().advance(30);
  CHECK(service.ask("get full\r\n").starts_with("VALUE"));
  const std::string read = std::to_string(clock.unix_now());
  service.engine.clock().advance(7);
  // 20 bytes of header, 4 for flags and 4 for a deadline.
  CHECK(metadump(service) ==
        std::vector<std::string>{
            "key=full exp=" + expires + " la=" + read +
                " cas=0 fetch=yes cls=2 size=37 flags=4294967295 ",
            "key=plain exp=-1 la=" + stored + " cas=0 fetch=no cls=1 size=30 flags=0 "});
  CHECK(mgdump(service) == std::vector<std::string>{"mg full\r", "mg plain\r"});
  CHECK(cachedump(service, "1 0") == std::vector<std::string>{"ITEM plain [5 b; 0 s]\r"});
  CHECK(cachedump(service, "2 0") ==
        std::vector<std::string>{"ITEM full [5 b; " + expires + " s]\r"});
}

TEST_CASE("dump: a cas unique is shown once a client has asked for it") {
  CacheService service;
  service.ask("ms k 1 E77\r\nv\r\n");
  CHECK(metadump(service)[0].find(" cas=77 ") != std::string::npos);
}

TEST_CASE("dump: keys of any bytes") {
  CacheService service;
  for (int byte = 0; byte < 256; ++byte) {
    set_any(service, std::string("k") + static_cast<char>(byte));
  }
  std::set<std::string> expected;
  for (int byte = 0; byte < 256; ++byte) {
    const bool plain = (byte < 128 && std::isalnum(byte) != 0) ||
                       (byte != 0 && std::strchr("-._~", byte) != nullptr);
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, plain ? "k%c" : "k%%%02X", static_cast<unsigned>(byte));
    expected.insert(std::string("key=") + escaped);
  }
  std::set<std::string> dumped;
  for (const std::string& line : metadump(service)) dumped.insert(line.substr(0, line.find(' ')));
  CHECK(dumped == expected);

  // Lines of mgdump can be sent back as they are.
  std::string reply = service.ask("lru_crawler mgdump all\r\n");
  reply = reply.substr(4, reply.size() - 4 - 4);
  std::string hits;
  for (int i = 0; i < 256; ++i) hits += "HD\r\n";
  CHECK(service.ask(reply) == hits);

  // A line of text cannot show the rest.
  CHECK(cachedump(service, "1 0").size() == 256 - 34);
}

TEST_CASE("dump: the longest keys") {
  CacheService service;
  const std::string high(250, '\xff');
  const std::string zero(250, '\0');
  service.ask("set " + high + " 0 0 1\r\nv\r\n");
  set_any(service, zero.substr(0, 186));  // in base64, a key has 250 bytes at most, too
  std::string escaped;
  for (int i = 0; i < 250; ++i) escaped += "%FF";
  const auto lines = metadump(service);
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].starts_with("key=" + escaped + " exp=-1 "));
  CHECK(mgdump(service)[0].size() == 3 + 248 + 3);
}

TEST_CASE("dump: class lists") {
  CacheService service;
  service.ask("set small 0 0 1\r\nv\r\nset other 0 0 2000\r\n" + std::string(2000, 'x') + "\r\n");
  const std::string of_other = service.ask("me other\r\n");
  const std::string other = of_other.substr(of_other.find("cls=") + 4, 2);
  CHECK(metadump(service, "1").size() == 1);
  CHECK(metadump(service, "1")[0].starts_with("key=small "));
  CHECK(metadump(service, other)[0].starts_with("key=other "));
  CHECK(metadump(service, "1," + other).size() == 2);
  CHECK(metadump(service, "hash").size() == 2);
  CHECK(metadump(service, "2").empty());
  CHECK(mgdump(service, other) == std::vector<std::string>{"mg other\r"});
  for (const char* verb : {"metadump", "mgdump"}) {
    const std::string command = std::string("lru_crawler ") + verb;
    for (const char* list : {" 0", " 80", " x", " 1,x", " alle"}) {
      CHECK(service.ask(command + list + "\r\n") == "BADCLASS invalid class id\r\n");
    }
    CHECK(service.ask(command + " ,\r\n") == "NOTSTARTED no items to crawl\r\n");
    CHECK(service.ask(command + "\r\n" + command + " all x\r\n") == "ERROR\r\nERROR\r\n");
    CHECK(service.ask(command + " noreply\r\n" + command + " all noreply\r\n").empty());
  }
}

TEST_CASE("dump: verbs may be abbreviated") {
  CacheService service;
  service.ask("set k 0 0 1\r\nv\r\n");
  CHECK(service.ask("lru_crawler m 1\r\n").starts_with("OK\r\nkey=k "));
  CHECK(service.ask("lru_crawler mg 1\r\n") == "OK\r\nmg k\r\nEN\r\n");
  CHECK(service.ask("lru_crawler mgdumps 1\r\n") == "ERROR\r\n");
}

TEST_CASE("dump: who may not") {
  CacheService service;
  service.settings.dump_enabled = false;
  CHECK(service.ask("lru_crawler metadump all\r\n") == "ERROR metadump not allowed\r\n");
  CHECK(service.ask("lru_crawler mgdump x\r\n") == "ERROR key dump not allowed\r\n");
  CHECK(service.ask("stats cachedump\r\n") == "CLIENT_ERROR stats cachedump not allowed\r\n");
  CHECK(service.ask("lru_crawler metadump\r\n") == "ERROR\r\n");
  CHECK(service.ask("lru_crawler disable\r\n") == "OK\r\n");
  CHECK(service.ask("lru_crawler metadump all\r\n") == "CLIENT_ERROR lru crawler disabled\r\n");
  CHECK(service.ask("lru_crawler mgdump x\r\n") == "CLIENT_ERROR lru crawler disabled\r\n");
}

TEST_CASE("dump: not behind replies that are not sent yet") {
  CacheService service;
  CHECK(service.ask("mg k\r\nlru_crawler metadump all\r\nversion\r\n") ==
        "EN\r\nERROR cannot pipeline other commands before metadump\r\nVERSION 1.6.45\r\n");
  CHECK(service.ask("mg k\r\nlru_crawler mgdump x\r\n") ==
        "EN\r\nERROR cannot pipeline other commands before mgdump\r\n");
  CHECK(service.ask("mg k\r\nmn\r\nlru_crawler mgdump all\r\n") == "EN\r\nMN\r\nOK\r\nEN\r\n");
  CHECK(service.ask("mn\r\nmg k\r\nlru_crawler mgdump all\r\n") ==
        "MN\r\nEN\r\nERROR cannot pipeline other commands before mgdump\r\n");
}

TEST_CASE("dump: requests behind one are answered behind it") {
  for (const unsigned budget : {1u, 2u, 20u}) {
    CacheService service(budget);
    fill(service, 3000);
    const std::string reply = service.ask(
        "lru_crawler mgdump all\r\nversion\r\nget key1\r\nstats cachedump 1 5\r\nmn\r\n");
    const std::string behind = "EN\r\nVERSION 1.6.45\r\nVALUE key1 0 1\r\nv\r\nEND\r\nITEM ";
    const std::size_t at = reply.find(behind);
    REQUIRE(at != std::string::npos);
    CHECK(lines_of(reply.substr(0, at + 4), "OK\r\n", "EN\r\n").size() == 3000);
    CHECK(std::count(reply.begin() + static_cast<std::ptrdiff_t>(at), reply.end(), '[') == 5);
    CHECK(reply.ends_with(" s]\r\nEND\r\nMN\r\n"));
  }
}

TEST_CASE("dump: a reader that does not read bounds our memory") {
  CacheService service;
  const std::string prefix(200, 'p');
  fill(service, 20'000, prefix);
  auto protocol = proto::make_text_protocol(service.session());
  proto::Output output;
  const auto run = [&](std::string_view input) {
    unsigned budget = 20;
    engine::GateGuard gate(service.worker);
    return protocol->run(input, output, budget);
  };
  proto::Progress progress = run("lru_crawler metadump all\r\n");
  std::size_t most = 0;
  std::size_t written = 0;
  std::size_t stalls = 0;
  for (int runs = 0; progress.next == proto::Next::yield; ++runs) {
    REQUIRE(runs < 10'000);
    most = std::max(most, output.size());
    if (output.full()) {
      // As long as nothing is taken, nothing is added.
      const std::size_t before = output.size();
      CHECK(run({}).next == proto::Next::yield);
      CHECK(output.size() == before);
      written += output.size();
      output.consume(output.size());
      ++stalls;
    }
    progress = run({});
  }
  written += output.size();
  CHECK(progress.next == proto::Next::read);
  CHECK(stalls >= 4);
  CHECK(written > 20'000u * 200);
  CHECK(most >= proto::Output::kFullBytes);
  CHECK(most < proto::Output::kFullBytes + 64 * 1024);
}

TEST_CASE("dump: a step at a time for each request of the budget") {
  CacheService service;
  fill(service, 5000);
  auto protocol = proto::make_text_protocol(service.session());
  proto::Output output;
  unsigned budget = 1;
  engine::GateGuard gate(service.worker);
  CHECK(protocol->run("lru_crawler mgdump all\r\n", output, budget).next == proto::Next::yield);
  CHECK(output.size() == 4);
  std::size_t before = output.size();
  for (int runs = 0; runs < 20; ++runs) {
    budget = 1;
    CHECK(protocol->run({}, output, budget).next == proto::Next::yield);
    CHECK(output.size() - before <= engine::kDumpItemsMax * 12);
    before = output.size();
  }
  CHECK(before > 4);
}

TEST_CASE("cachedump: limit and errors") {
  CacheService service;
  fill(service, 500);
  CHECK(cachedump(service, "1 0").size() == 500);
  CHECK(cachedump(service, "1 499").size() == 499);
  CHECK(cachedump(service, "1 1").size() == 1);
  CHECK(cachedump(service, "1 4294967295 x").size() == 500);
  CHECK(cachedump(service, "0 0").empty());
  CHECK(cachedump(service, "63 0").empty());
  CHECK(service.ask("stats cachedump\r\nstats cachedump 1\r\n") ==
        "CLIENT_ERROR bad command line\r\nCLIENT_ERROR bad command line\r\n");
  CHECK(service.ask("stats cachedump x 1\r\nstats cachedump 1 -1\r\n") ==
        "CLIENT_ERROR bad command line format\r\nCLIENT_ERROR bad command line format\r\n");
  CHECK(service.ask("stats cachedump 80 1\r\n") == "CLIENT_ERROR Illegal slab id\r\n");
  service.ask("lru_crawler disable\r\n");
  CHECK(cachedump(service, "1 0").size() == 500);
}

TEST_CASE("cachedump: two megabytes at most") {
  CacheService service;
  const std::string prefix(240, 'p');
  fill(service, 12'000, prefix);
  const std::string of_first = service.ask("me " + prefix + "0\r\n");
  const std::string class_id = of_first.substr(of_first.find("cls=") + 4, 2);
  const std::string reply = service.ask("stats cachedump " + class_id + " 0\r\n");
  CHECK(reply.size() <= 2u << 20);
  CHECK(reply.size() > (2u << 20) - 300);
  CHECK(reply.ends_with(" s]\r\nEND\r\n"));
}
