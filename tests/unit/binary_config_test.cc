// Auto Discovery over the binary protocol: the opcodes of the managed services' clients.
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "proto/binary_protocol.h"
#include "proto/cluster_config.h"
#include "tests/support/binary_transcripts.h"
#include "tests/support/fake_host.h"
#include "tests/support/model_engine.h"
#include "tests/support/wire.h"

using namespace larder;
using namespace larder::test;

namespace {

constexpr int kGet = 0x60, kGetQ = 0x61, kGetK = 0x62, kGetKQ = 0x63, kSet = 0x64, kSetQ = 0x65,
              kDelete = 0x66, kDeleteQ = 0x67, kList = 0x68;
const std::string kNodes = "12\na.example|10.0.0.1|11211 b.example||11211\n";
const std::string kFlags = number(7, 4);

struct Service {
  std::string ask(const std::string& bytes) {
    wire.feed(bytes);
    return wire.replies();
  }
  ModelEngine engine;
  engine::Worker& worker = engine.add_worker();
  FakeHost host;
  proto::Settings settings;
  Wire wire{worker,
            std::make_unique<proto::BinaryProtocol>(proto::Session{engine, worker, host, settings})};
};

std::string set(int opcode, std::string key, std::string value) {
  return request({.opcode = opcode, .extras = kFlags, .key = std::move(key), .value = std::move(value)});
}
std::string of(int opcode, std::string key = "cluster") {
  return request({.opcode = opcode, .key = std::move(key)});
}
std::string not_found(int opcode) { return reply({.opcode = opcode, .value = "Not found"}, 1); }
std::string invalid(int opcode) { return reply({.opcode = opcode, .value = "Invalid arguments"}, 4); }
std::string told(int opcode, std::string key = "") {
  return reply({.opcode = opcode, .extras = kFlags, .key = std::move(key), .value = kNodes});
}
const std::string kNoop = request({.opcode = 0x0a});
const std::string kNoopReply = reply({.opcode = 0x0a});

}  // namespace

TEST_CASE("no list of nodes: loud requests are told so, quiet ones nothing") {
  Service service;
  CHECK(service.ask(of(kGet)) == not_found(kGet));
  CHECK(service.ask(of(kGetK)) == reply({.opcode = kGetK, .key = "cluster"}, 1));
  CHECK(service.ask(of(kGetQ) + of(kGetKQ) + kNoop) == kNoopReply);
  CHECK(service.ask(of(kDelete)) == not_found(kDelete));
  CHECK(service.ask(of(kDeleteQ)) == not_found(kDeleteQ));
  CHECK(service.ask(request({.opcode = kList})) == reply({.opcode = kList}));
}

TEST_CASE("a list of nodes is set, told and deleted") {
  Service service;
  CHECK(service.ask(set(kSet, "cluster", kNodes)) == reply({.opcode = kSet}));
  CHECK(service.ask(of(kGet)) == told(kGet));
  CHECK(service.ask(of(kGetQ) + of(kGetK) + of(kGetKQ)) ==
        told(kGetQ) + told(kGetK, "cluster") + told(kGetKQ, "cluster"));
  CHECK(service.ask(request({.opcode = kList})) == told(kList, "cluster") + reply({.opcode = kList}));
  CHECK(service.ask(of(kDelete)) == reply({.opcode = kDelete}));
  CHECK(service.ask(set(kSetQ, "cluster", kNodes) + of(kDeleteQ) + of(kGet)) == not_found(kGet));
}

TEST_CASE("what is no list, or another config, is refused and the connection lives on") {
  Service service;
  CHECK(service.ask(set(kSet, "cluster", "no list") + kNoop) == invalid(kSet) + kNoopReply);
  CHECK(service.ask(set(kSetQ, "other", kNodes) + kNoop) == invalid(kSetQ) + kNoopReply);
  CHECK(service.ask(of(kGet, "other")) == not_found(kGet));
  CHECK(service.ask(of(kDelete, "other")) == not_found(kDelete));
  const std::string large = set(kSet, "cluster", std::string(proto::kClusterConfigBytesMax + 1, 'x'));
  CHECK(service.ask(large.substr(0, 500)) == reply({.opcode = kSet, .value = "Too large."}, 3));
  CHECK(service.ask(large.substr(500) + kNoop) == kNoopReply);
  CHECK_FALSE(service.host.config);
}

TEST_CASE("clients of old engines get the list by its key, unless an item lies there") {
  Service service;
  const std::string key(proto::kClusterConfigKey);
  CHECK(service.ask(of(0x00, key)) == not_found(0x00));
  service.ask(set(kSet, "cluster", kNodes));
  CHECK(service.ask(of(0x00, key) + of(0x0c, key)) == told(0x00) + told(0x0c, key));
  service.ask(request({.opcode = 0x11, .extras = number(0, 8), .key = key, .value = "mine"}));
  CHECK(service.ask(of(0x00, key)).find("mine") != std::string::npos);
}

TEST_CASE("a list in pieces is waited for") {
  Service service;
  const std::string bytes = set(kSet, "cluster", kNodes);
  for (const char byte : bytes.substr(0, bytes.size() - 1)) CHECK(service.ask(std::string(1, byte)).empty());
  CHECK(service.ask(bytes.substr(bytes.size() - 1)) == reply({.opcode = kSet}));
}
