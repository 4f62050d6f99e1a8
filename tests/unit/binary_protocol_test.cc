#include "proto/binary_protocol.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/binary_transcripts.h"
#include "tests/support/fake_host.h"
#include "tests/support/model_engine.h"
#include "tests/support/wire.h"

using namespace larder;
using namespace larder::test;

namespace {

/// A fresh engine and a connection to it.
struct Service {
  explicit Service(unsigned budget = 20, ModelConfig config = {}, bool flush_enabled = true)
      : engine(config),
        worker(engine.add_worker()),
        wire(worker, protocol(flush_enabled), budget) {}

  std::unique_ptr<proto::Protocol> protocol(bool flush_enabled) {
    settings.flush_enabled = flush_enabled;
    return std::make_unique<proto::BinaryProtocol>(proto::Session{engine, worker, host, settings});
  }
  std::string ask(const std::string& bytes) {
    wire.feed(bytes);
    return wire.replies();
  }

  ModelEngine engine;
  engine::Worker& worker;
  FakeHost host;
  proto::Settings settings;
  Wire wire;
};

struct Stream {
  std::string requests;
  std::string replies;
};
Stream joined(const Transcript& transcript) {
  Stream all;
  for (const Step& step : transcript.steps) {
    all.requests += step.request;
    all.replies += step.reply;
  }
  return all;
}

/// The whole conversation, cut at the given places.
void play(const Transcript& transcript, const Stream& stream, const std::vector<std::size_t>& cuts,
          unsigned budget) {
  Service service(budget, {}, !transcript.needs_flush_disabled);
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    service.wire.feed(std::string_view(stream.requests).substr(from, cut - from));
    from = cut;
  }
  service.wire.feed(std::string_view(stream.requests).substr(from));
  const bool right = service.wire.replies() == stream.replies;
  if (!right) {
    CAPTURE(transcript.name, cuts, budget);
    FAIL("other replies");
  }
  if (service.wire.closed() != transcript.closes) {
    CAPTURE(transcript.name, cuts, budget);
    FAIL("wrong end");
  }
  if (service.engine.handle_count() != 0) FAIL("a pin or an allocation is left");
}

std::string flags_exptime(unsigned flags, unsigned exptime) {
  return number(flags, 4) + number(exptime, 4);
}

}  // namespace

TEST_CASE("binary: conversations, request by request") {
  for (const Transcript& transcript : binary_transcripts()) {
    Service service(20, {}, !transcript.needs_flush_disabled);
    for (std::size_t i = 0; i < transcript.steps.size(); ++i) {
      INFO(transcript.name << ", step " << i);
      const bool right = service.ask(transcript.steps[i].request) == transcript.steps[i].reply;
      CHECK(right);
      CHECK(service.wire.closed() == (transcript.closes && i + 1 == transcript.steps.size()));
    }
  }
}

TEST_CASE("binary: a conversation may be cut at any byte") {
  for (const Transcript& transcript : binary_transcripts()) {
    const Stream stream = joined(transcript);
    const std::size_t size = stream.requests.size();
    // Long values are cut around their ends and at a few places inside.
    const std::size_t step = size < 20'000 ? 1 : size / 97;
    for (std::size_t cut = 0; cut < size; cut += step) play(transcript, stream, {cut}, 20);
    SUCCEED();
  }
}

TEST_CASE("binary: a conversation may come byte by byte and in packets of any size") {
  for (const Transcript& transcript : binary_transcripts()) {
    const Stream stream = joined(transcript);
    const std::size_t size = stream.requests.size();
    if (size > 20'000) continue;
    for (const std::size_t piece : {1, 2, 3, 7, 23, 24, 25, 100, 1000, 100'000}) {
      std::vector<std::size_t> cuts;
      for (std::size_t cut = piece; cut < size; cut += piece) cuts.push_back(cut);
      for (const unsigned budget : {1u, 2u, 20u, 1000u}) play(transcript, stream, cuts, budget);
    }
    SUCCEED();
  }
}

TEST_CASE("binary: whatever follows a close is dropped") {
  for (const Transcript& transcript : binary_transcripts()) {
    if (!transcript.closes) continue;
    INFO(transcript.name);
    Stream stream = joined(transcript);
    stream.requests += request({.opcode = 0x0a});
    play(transcript, stream, {}, 20);
  }
  SUCCEED();
}

TEST_CASE("binary: keys of a pipeline are announced in windows") {
  Service service(1000);
  std::string gets;
  for (int i = 0; i < 100; ++i) {
    gets += request({.opcode = 0x09, .key = "key" + std::to_string(i)});
  }
  CHECK(service.ask(gets + request({.opcode = 0x0a})) == reply({.opcode = 0x0a}));
  CHECK(service.engine.prefetched_keys() == 100);
  // A single request has nothing to overlap with.
  service.ask(request({.opcode = 0x00, .key = "key"}));
  CHECK(service.engine.prefetched_keys() == 100);
  // Requests of other kinds share a window.
  service.ask(request({.opcode = 0x14, .key = "a"}) + request({.opcode = 0x19, .key = "b"}) +
              request({.opcode = 0x16, .extras = std::string(20, '\xff'), .key = "c"}));
  CHECK(service.engine.prefetched_keys() == 103);
}

TEST_CASE("binary: the budget is counted down by one a request") {
  Service service;
  proto::BinaryProtocol protocol({service.engine, service.worker, service.host, service.settings});
  std::string input;
  for (int i = 0; i < 50; ++i) input += request({.opcode = 0x09, .key = "key"});
  const std::size_t bytes = request({.opcode = 0x09, .key = "key"}).size();
  proto::Output output;
  engine::GateGuard gate(service.worker);
  unsigned budget = 40;
  proto::Progress progress = protocol.run(input, output, budget);
  CHECK(progress.next == proto::Next::yield);
  CHECK(progress.consumed == 40 * bytes);
  CHECK(budget == 0);
  budget = 40;
  progress = protocol.run(std::string_view(input).substr(progress.consumed), output, budget);
  CHECK(progress.next == proto::Next::read);
  CHECK(progress.consumed == 10 * bytes);
  CHECK(budget == 30);
}

TEST_CASE("binary: a full output stops a pipeline") {
  Service service;
  const std::string large(600'000, 'x');
  service.ask(request({.opcode = 0x01, .extras = flags_exptime(0, 0), .key = "k", .value = large}));
  proto::BinaryProtocol protocol({service.engine, service.worker, service.host, service.settings});
  std::string input;
  for (int i = 0; i < 10; ++i) input += request({.opcode = 0x00, .key = "k"});
  proto::Output output;
  engine::GateGuard gate(service.worker);
  unsigned budget = 100;
  const proto::Progress progress = protocol.run(input, output, budget);
  CHECK(progress.next == proto::Next::yield);
  CHECK(progress.consumed == input.size() / 5);
  CHECK(budget == 98);
  CHECK(output.size() < 2 * proto::Output::kFullBytes);
}

TEST_CASE("binary: a large value goes straight into its item, a small one is waited for") {
  Service service;
  const auto half_sent = [&](std::size_t value_bytes) {
    const std::string whole = request({.opcode = 0x01,
                                       .extras = flags_exptime(0, 0),
                                       .key = "k",
                                       .value = std::string(value_bytes, 'v')});
    service.wire.feed(whole.substr(0, whole.size() / 2));
    const std::size_t handles = service.engine.handle_count();
    const std::string_view state = service.wire.protocol().state();
    service.wire.feed(whole.substr(whole.size() / 2));
    CHECK(service.wire.replies().size() == 24);
    return std::pair(handles, std::string(state));
  };
  CHECK(half_sent(engine::kCopyBytesMax) == std::pair(std::size_t{0}, std::string("conn_read")));
  CHECK(half_sent(engine::kCopyBytesMax + 1) ==
        std::pair(std::size_t{1}, std::string("conn_nread")));
}

TEST_CASE("binary: an upload that never ends gives its memory back") {
  ModelEngine engine;
  FakeHost host;
  const proto::Settings settings;
  engine::Worker& worker = engine.add_worker();
  {
    Wire wire(worker, std::make_unique<proto::BinaryProtocol>(
                          proto::Session{engine, worker, host, settings}));
    wire.feed(request({.opcode = 0x01,
                       .extras = flags_exptime(0, 0),
                       .key = "k",
                       .value = std::string(100'000, 'v')})
                  .substr(0, 50'000));
    CHECK(engine.handle_count() == 1);
  }
  CHECK(engine.handle_count() == 0);
  CHECK(engine.item_count() == 0);
}

TEST_CASE("binary: out of memory is an answer") {
  Service service(20, {.limit_bytes = 1000});
  const auto no_memory = [](int opcode, std::string text) {
    return reply({.opcode = opcode, .value = std::move(text)}, 0x82);
  };
  const std::string extras = flags_exptime(0, 0);
  const std::string alloc = "Out of memory allocating item";
  CHECK(service.ask(request(
            {.opcode = 0x01, .extras = extras, .key = "k", .value = std::string(2000, 'v')})) ==
        no_memory(0x01, alloc));
  CHECK(service.ask(request(
            {.opcode = 0x11, .extras = extras, .key = "k", .value = std::string(20'000, 'v')})) ==
        no_memory(0x11, alloc));
  CHECK(service.ask(request({.opcode = 0x0e, .key = "k", .value = std::string(2000, 'v')})) ==
        no_memory(0x0e, alloc));
  CHECK(service.ask(request(
            {.opcode = 0x01, .extras = extras, .key = "k", .value = std::string(930, '1')})) ==
        reply({.opcode = 0x01, .cas = 1}));
  CHECK(service.ask(request({.opcode = 0x05, .extras = std::string(20, '\0'), .key = "n"})) ==
        no_memory(0x05, "Out of memory allocating new item"));
  // The connection lives on and is in step.
  CHECK(service.ask(request({.opcode = 0x0a})) == reply({.opcode = 0x0a}));
}

TEST_CASE("binary: a dump that is not allowed is not found") {
  Service service;
  service.host.dump_enabled = false;
  CHECK(service.ask(request({.opcode = 0x10, .key = "detail dump"})) ==
        reply({.opcode = 0x10, .value = "Not found"}, 0x01));
}

TEST_CASE("binary: cas is 0 everywhere when it is disabled") {
  Service service(20, {.cas_enabled = false});
  const std::string set = request({.opcode = 0x01, .extras = flags_exptime(0, 0), .key = "k"});
  CHECK(service.ask(set) == reply({.opcode = 0x01}));
  CHECK(service.ask(request({.opcode = 0x00, .key = "k"})) ==
        reply({.opcode = 0x00, .extras = number(0, 4)}));
}

TEST_CASE("binary: quiet stores ask for no cas unique, and reads count where memcached counts") {
  Service service;
  service.ask(request({.opcode = 0x11, .extras = flags_exptime(0, 0), .key = "k", .value = "1"}));
  service.ask(request({.opcode = 0x1c, .extras = number(100, 4), .key = "k"}));
  service.ask(request({.opcode = 0x1e, .extras = number(100, 4), .key = "none"}));
  service.ask(request({.opcode = 0x0c, .key = "k"}));
  service.ask(request({.opcode = 0x08}));
  const auto counted = [&](engine::Counter counter) {
    return service.worker.counters.read(static_cast<std::size_t>(counter));
  };
  CHECK(counted(engine::Counter::cmd_touch) == 2);
  CHECK(counted(engine::Counter::touch_hits) == 1);
  CHECK(counted(engine::Counter::touch_misses) == 1);
  CHECK(counted(engine::Counter::cmd_get) == 1);
  CHECK(counted(engine::Counter::get_hits) == 1);
  CHECK(counted(engine::Counter::cmd_flush) == 1);
}

TEST_CASE("binary: deadlines come from the wire") {
  Service service;
  service.ask(request({.opcode = 0x01, .extras = flags_exptime(0, 10), .key = "k"}));
  service.ask(
      request({.opcode = 0x05, .extras = std::string(16, '\0') + number(10, 4), .key = "n"}));
  service.engine.clock().advance(9);
  CHECK(service.ask(request({.opcode = 0x09, .key = "k"})).size() == 28);
  CHECK(service.ask(request({.opcode = 0x09, .key = "n"})).size() == 29);
  service.engine.clock().advance(1);
  CHECK(service.ask(request({.opcode = 0x09, .key = "k"})).empty());
  CHECK(service.ask(request({.opcode = 0x09, .key = "n"})).empty());
  service.ask(request({.opcode = 0x01, .extras = flags_exptime(0, 0), .key = "k"}));
  service.ask(request({.opcode = 0x18, .extras = number(5, 4)}));
  service.engine.clock().advance(4);
  CHECK(service.ask(request({.opcode = 0x09, .key = "k"})).size() == 28);
  service.engine.clock().advance(1);
  CHECK(service.ask(request({.opcode = 0x09, .key = "k"})).empty());
}
