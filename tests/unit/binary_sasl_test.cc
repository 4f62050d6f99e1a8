#include "proto/binary_protocol.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/binary_transcripts.h"
#include "tests/support/fake_host.h"
#include "tests/support/model_engine.h"
#include "tests/support/wire.h"

using namespace larder;
using namespace larder::test;

namespace {

constexpr int kGet = 0x00, kNoop = 0x0a, kVersion = 0x0b, kList = 0x20, kAuth = 0x21, kStep = 0x22;

struct Service {
  explicit Service(bool sasl = true) {
    settings.sasl_enabled = sasl;
    host.user = "ann";
    host.password = "secr";
    wire = std::make_unique<Wire>(worker, std::make_unique<proto::BinaryProtocol>(
                                              proto::Session{engine, worker, host, settings}));
  }
  std::string ask(const std::string& bytes) {
    wire->feed(bytes);
    return wire->replies();
  }
  std::uint64_t counted(engine::Counter counter) const {
    return worker.counters.read(static_cast<std::size_t>(counter));
  }

  ModelEngine engine;
  engine::Worker& worker = engine.add_worker();
  FakeHost host;
  proto::Settings settings;
  std::unique_ptr<Wire> wire;
};

std::string failure(int opcode) { return reply({.opcode = opcode, .value = "Auth failure."}, 0x20); }
std::string success(int opcode) { return reply({.opcode = opcode, .value = "Authenticated"}); }
std::string plain(const std::string& token) {
  return request({.opcode = kAuth, .key = "PLAIN", .value = token});
}
const std::string kGood("\0ann\0secr", 9);
const std::string kBad("\0ann\0guess", 10);
const std::string kMiss = reply({.opcode = kGet, .value = "Not found"}, 1);

}  // namespace

TEST_CASE("without -S there is no such opcode") {
  Service service(false);
  CHECK(service.ask(request({.opcode = kList})) ==
        reply({.opcode = kList, .value = "Unknown command"}, 0x81));
  CHECK(service.ask(plain(kGood) + request({.opcode = kNoop})) ==
        reply({.opcode = kAuth, .value = "Unknown command"}, 0x81) + reply({.opcode = kNoop}));
}

TEST_CASE("until the client is authenticated, everything else is refused and closes") {
  for (const int opcode : {kGet, 0x01, 0x05, 0x07, 0x08, kNoop, 0x10, 0x1b, 0x1c, 0xff}) {
    Service service;
    INFO("opcode " << opcode);
    CHECK(service.ask(request({.opcode = opcode, .key = "k"})) == failure(opcode));
    CHECK(service.wire->closed());
  }
  Service service;
  CHECK(service.ask(request({.opcode = kVersion})) ==
        reply({.opcode = kVersion, .value = "1.6.45"}));
  CHECK(service.ask(request({.opcode = kList})) ==
        reply({.opcode = kList, .value = "PLAIN TWOSTEP"}));
  CHECK_FALSE(service.wire->closed());
}

TEST_CASE("a store is refused by its header, before its value comes") {
  Service service;
  const std::string store =
      request({.opcode = 0x01, .extras = std::string(8, '\0'), .key = "k", .value = "value"});
  CHECK(service.ask(store.substr(0, 24)) == failure(0x01));
  CHECK(service.wire->closed());
}

TEST_CASE("one step, and every step of two, however they are cut") {
  const std::string get = request({.opcode = kGet, .key = "k"});
  const std::string requests = plain(kBad) + plain(kGood) + get +
                               request({.opcode = kAuth, .key = "TWOSTEP"}) +
                               request({.opcode = kStep, .key = "TWOSTEP", .value = "pong"}) + get;
  const std::string replies = failure(kAuth) + success(kAuth) + kMiss +
                              reply({.opcode = kAuth, .value = "ping"}, 0x21) + success(kStep) +
                              kMiss;
  for (std::size_t cut = 0; cut <= requests.size(); ++cut) {
    Service service;
    INFO("cut at " << cut);
    std::string got = service.ask(requests.substr(0, cut));
    got += service.ask(requests.substr(cut));
    CHECK(got == replies);
    CHECK(service.counted(engine::Counter::auth_cmds) == 3);
    CHECK(service.counted(engine::Counter::auth_errors) == 1);
  }
}

TEST_CASE("asking again takes back what was granted") {
  for (const std::string& again : {request({.opcode = kList}), plain(kBad)}) {
    Service service;
    service.ask(plain(kGood));
    CHECK(service.ask(request({.opcode = kGet, .key = "k"})) == kMiss);
    service.ask(again);
    CHECK(service.ask(request({.opcode = kGet, .key = "k"})) == failure(kGet));
    CHECK(service.wire->closed());
  }
}

TEST_CASE("a step that nobody began fails") {
  Service service;
  CHECK(service.ask(request({.opcode = kStep, .key = "PLAIN", .value = kGood})) == failure(kStep));
  service.ask(plain(kBad));
  CHECK(service.ask(request({.opcode = kStep, .key = "PLAIN", .value = kGood})) == failure(kStep));
}

TEST_CASE("what a stranger sends has limits") {
  Service service;
  const std::string noop_after = request({.opcode = kVersion});
  const std::string still_here = reply({.opcode = kVersion, .value = "1.6.45"});
  CHECK(service.ask(request({.opcode = kAuth, .key = std::string(40, 'X'), .value = kGood}) +
                    noop_after) ==
        reply({.opcode = kAuth, .value = "Invalid arguments"}, 4) + still_here);
  const std::string large =
      request({.opcode = kAuth, .key = "PLAIN", .value = std::string(70'000, 'x')});
  CHECK(service.ask(large.substr(0, 100)) ==
        reply({.opcode = kAuth, .value = "Out of memory"}, 0x82));
  CHECK(service.wire->buffered_bytes() == 0);
  CHECK(service.ask(large.substr(100) + noop_after) == still_here);
  CHECK(service.ask(request({.opcode = kAuth, .value = "no mechanism"})) ==
        reply({.opcode = kAuth, .value = "Invalid arguments"}, 4));
  CHECK(service.wire->closed());
}

TEST_CASE("a library that gives no exchange fails everything") {
  Service service;
  service.host.user.clear();
  CHECK(service.ask(request({.opcode = kList})) == failure(kList));
  CHECK(service.ask(plain(kGood)) == failure(kAuth));
}
