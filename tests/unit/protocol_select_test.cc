#include "proto/protocol_select.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/binary_transcripts.h"
#include "tests/support/fake_host.h"
#include "tests/support/model_engine.h"
#include "tests/support/wire.h"

using namespace larder;
using namespace larder::test;

namespace {

/// What a connection of this binding answers to its first bytes; "(closed)" if it is closed.
std::string answer(proto::Binding binding, const std::string& bytes) {
  ModelEngine engine;
  engine::Worker& worker = engine.add_worker();
  FakeHost host;
  const proto::Settings settings;
  Wire wire(worker, proto::make_protocol({engine, worker, host, settings}, binding,
                                         static_cast<std::uint8_t>(bytes[0])));
  wire.feed(bytes);
  return wire.closed() ? "(closed)" : wire.replies();
}

}  // namespace

TEST_CASE("the first byte tells the protocol, unless it is given") {
  const std::string text = "version\r\n";
  const std::string text_answer = "VERSION 1.6.45\r\n";
  const std::string binary = request({.opcode = 0x0b});
  const std::string binary_answer = reply({.opcode = 0x0b, .value = "1.6.45"});
  CHECK(answer(proto::Binding::automatic, text) == text_answer);
  CHECK(answer(proto::Binding::automatic, binary) == binary_answer);
  CHECK(answer(proto::Binding::ascii, text) == text_answer);
  CHECK(answer(proto::Binding::ascii, binary + "\n") == "ERROR\r\n");
  CHECK(answer(proto::Binding::binary, binary) == binary_answer);
  CHECK(answer(proto::Binding::binary, text) == "(closed)");
}
