#include "proto/text_login.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "proto/protocol_select.h"
#include "tests/support/fake_host.h"
#include "tests/support/model_engine.h"
#include "tests/support/wire.h"

using namespace larder;
using namespace larder::test;

namespace {

constexpr std::string_view kLogin = "set any 0 0 8\r\nann secr\r\n";
constexpr std::string_view kUnauthenticated = "CLIENT_ERROR unauthenticated\r\n";

/// A text connection that asks for a login: user ann, password secr.
struct Door {
  explicit Door(unsigned budget = 20)
      : wire(worker, (prepare(), proto::make_protocol({engine, worker, host, settings},
                                                      proto::Binding::ascii, 's')),
             budget) {}
  void prepare() {
    host.user = "ann";
    host.password = "secr";
    settings.login_required = true;
  }
  std::string ask(std::string_view bytes) {
    wire.feed(bytes);
    return wire.replies();
  }
  std::uint64_t counted(engine::Counter counter) const {
    return worker.counters.read(static_cast<std::size_t>(counter));
  }

  ModelEngine engine;
  engine::Worker& worker = engine.add_worker();
  FakeHost host;
  proto::Settings settings;
  Wire wire;
};

std::string answer(std::string_view bytes) { return Door().ask(bytes); }

}  // namespace

TEST_CASE("nothing is executed before the login") {
  Door door;
  CHECK(door.ask("set a 0 0 1\r\n1\r\n") == "CLIENT_ERROR bad authentication token format\r\n");
  CHECK(door.ask("get abc\r\n") == kUnauthenticated);
  CHECK(door.ask("version\r\n") == kUnauthenticated);
  CHECK(door.ask("stats\r\n") == kUnauthenticated);
  CHECK(door.ask(kLogin) == "STORED\r\n");
  CHECK(door.ask("get a\r\n") == "END\r\n");
  CHECK(door.ask("get any\r\n") == "END\r\n");  // the login itself stores nothing
  CHECK(door.ask("set a 0 0 1\r\n1\r\nget a\r\n") == "STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n");
}

TEST_CASE("logins are counted, mistakes of form are not") {
  Door door;
  door.ask("set a 0 0 7\r\nann bad\r\nset a 0 0 3\r\nann\r\nget abc\r\n");
  CHECK(door.counted(engine::Counter::auth_cmds) == 1);
  CHECK(door.counted(engine::Counter::auth_errors) == 1);
  door.ask(kLogin);
  CHECK(door.counted(engine::Counter::auth_cmds) == 2);
  CHECK(door.counted(engine::Counter::auth_errors) == 1);
}

TEST_CASE("what a login may look like") {
  CHECK(answer("set a b c 8 noreply more\r\nann secr\r\n") == "STORED\r\n");
  CHECK(answer("setx  a  0  0  008\r\nann secr\r\n") == "STORED\r\n");
  CHECK(answer("set a 0 0\r\n") == kUnauthenticated);
  CHECK(answer("set a 0 0 -8\r\n") == kUnauthenticated);
  CHECK(answer("set a 0 0 8x\r\n") == kUnauthenticated);
  CHECK(answer("set a 0 0 99999999999\r\n") == kUnauthenticated);
  CHECK(answer("set a 0 0 8\r\nann secrxx") == "CLIENT_ERROR bad command line termination\r\n");
  CHECK(answer("set a 0 0 0\r\n\r\n") == "CLIENT_ERROR bad authentication token format\r\n");
  for (const char* token : {"ann sec", "ann secret", "an secr", "ann  secr", " secr", "ann "}) {
    const std::string bytes = std::to_string(std::string_view(token).size());
    INFO(token);
    CHECK(answer("set a 0 0 " + bytes + "\r\n" + token + "\r\n") ==
          "CLIENT_ERROR authentication failure\r\n");
  }
}

TEST_CASE("the login and what follows it, however they are cut") {
  const std::string requests =
      "get abc\r\nset a 0 0 3\r\nann\r\n" + std::string(kLogin) + "set k 0 0 2\r\nhi\r\nget k\r\n";
  const std::string replies = std::string(kUnauthenticated) +
                              "CLIENT_ERROR bad authentication token format\r\n"
                              "STORED\r\nSTORED\r\nVALUE k 0 2\r\nhi\r\nEND\r\n";
  for (const unsigned budget : {1U, 2U, 20U}) {
    for (std::size_t cut = 0; cut <= requests.size(); ++cut) {
      Door door(budget);
      std::string got = door.ask(std::string_view(requests).substr(0, cut));
      got += door.ask(std::string_view(requests).substr(cut));
      INFO("cut at " << cut);
      CHECK(got == replies);
    }
    Door door(budget);
    std::string got;
    for (const char byte : requests) got += door.ask({&byte, 1});
    CHECK(got == replies);
  }
}

TEST_CASE("a stranger makes the server hold a line and a token") {
  const std::string longest(2048, 'x');
  Door patient;
  CHECK(patient.ask(longest).empty());
  CHECK_FALSE(patient.wire.closed());
  CHECK(patient.ask("\n") == kUnauthenticated);
  Door endless;
  endless.ask(longest + "x");
  CHECK(endless.wire.closed());
  for (const char* line : {"mn\r\n", "quit\r\n", "\n"}) {
    Door door;
    CHECK(door.ask(line).empty());
    CHECK(door.wire.closed());
  }
  Door door;
  CHECK(door.ask("set a 0 0 16385\r\n") == "CLIENT_ERROR auth token too long\r\n");
  CHECK(door.ask("set a 0 0 16384\r\n" + std::string(16384, ' ')).empty());
  CHECK(door.wire.buffered_bytes() < 17000);
  CHECK(door.ask("\r\n") == "CLIENT_ERROR authentication failure\r\n");
}

TEST_CASE("a large value goes straight into its item behind the login too") {
  Door door;
  const std::string value(20'000, 'v');
  CHECK(door.ask(std::string(kLogin) + "set k 0 0 20000\r\n" + value.substr(0, 500)) ==
        "STORED\r\n");
  CHECK(door.ask(value.substr(500) + "\r\n") == "STORED\r\n");
  CHECK(door.ask("get k\r\n") == "VALUE k 0 20000\r\n" + value + "\r\nEND\r\n");
}
