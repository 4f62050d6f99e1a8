#include "server/listen_spec.h"

#include <catch2/catch.hpp>

using namespace larder::server;
using larder::proto::Binding;

namespace {

const ListenAddress kPlain{.port = 11211};

std::vector<ListenAddress> parsed(std::string_view list) {
  std::vector<ListenAddress> addresses;
  const auto error = parse_listen_list(list, kPlain, &addresses);
  INFO(list);
  CHECK(error.value_or("") == "");
  return addresses;
}

std::string error_of(std::string_view list) {
  std::vector<ListenAddress> addresses;
  return parse_listen_list(list, kPlain, &addresses).value_or("accepted");
}

}  // namespace

TEST_CASE("hosts, ports and IPv6 addresses in every form") {
  struct Case {
    const char* spec;
    const char* host;
    int port;
  };
  const Case kCases[] = {
      {"127.0.0.1", "127.0.0.1", 11211},
      {"127.0.0.1:1", "127.0.0.1", 1},
      {"localhost:65535", "localhost", 65535},
      {"*", "", 11211},
      {"*:7", "", 7},
      {"::1", "::1", 11211},
      {"fe80::1:2", "fe80::1:2", 11211},
      {"[::1]", "::1", 11211},
      {"[::1]:7", "::1", 7},
      {"127.0.0.1:-1", "127.0.0.1", -1},
      {"127.0.0.1:0", "127.0.0.1", 0},
  };
  for (const Case& each : kCases) {
    const auto addresses = parsed(each.spec);
    INFO(each.spec);
    REQUIRE(addresses.size() == 1);
    CHECK(addresses[0].host == each.host);
    CHECK(addresses[0].port == each.port);
    CHECK(addresses[0].tag.empty());
    CHECK(addresses[0].binding == Binding::automatic);
  }
}

TEST_CASE("protocols and tags stand before the address") {
  const auto addresses =
      parsed("proto[ascii]:127.0.0.1:1,proto[binary]:tag[b]:[::1]:2;tag_tools_:*,,"
             "proto[negotiating]:tag[12345678]:::1");
  REQUIRE(addresses.size() == 4);
  CHECK(addresses[0].binding == Binding::ascii);
  CHECK(addresses[0].port == 1);
  CHECK(addresses[1].binding == Binding::binary);
  CHECK(addresses[1].tag == "b");
  CHECK(addresses[1].host == "::1");
  CHECK(addresses[1].port == 2);
  CHECK(addresses[2].tag == "tools");
  CHECK(addresses[2].host.empty());
  CHECK(addresses[3].binding == Binding::automatic);
  CHECK(addresses[3].tag == "12345678");
  CHECK(addresses[3].host == "::1");
}

TEST_CASE("mistakes are named as memcached names them") {
  CHECK(error_of("127.0.0.1:x") == "Invalid port number: \"x\"");
  CHECK(error_of("127.0.0.1:70000") == "Invalid port number: \"70000\"");
  CHECK(error_of("127.0.0.1:") == "Invalid port number: \"\"");
  CHECK(error_of("[::1") == "Invalid IPV6 address: \"[::1\"");
  CHECK(error_of("proto[ascii:127.0.0.1") == "Invalid protocol spec: \"proto[ascii:127.0.0.1\"");
  CHECK(error_of("proto[http]:127.0.0.1") == "Invalid protocol spec: \"proto[http]:127.0.0.1\"");
  CHECK(error_of("proto[proxy]:127.0.0.1") ==
        "Server not built with proxy: \"proto[proxy]:127.0.0.1\"");
  CHECK(error_of("tag[]:127.0.0.1") ==
        "Listener tags must be between 1 and 8 characters: \"\"");
  CHECK(error_of("tag[123456789]:h") ==
        "Listener tags must be between 1 and 8 characters: \"123456789\"");
  CHECK(error_of("tag[x:h") == "Invalid tag in socket config: \"tag[x:h\"");
  CHECK(error_of("notls:h") == "'notls' option is valid only when SSL is enabled");
  CHECK(error_of("127.0.0.1,mtls:h") == "'mtls' option is valid only when SSL is enabled");
}

TEST_CASE("with TLS, a prefix changes it for one address") {
  const ListenAddress usual{.port = 11211, .tls = true, .tls_check = TlsCheck::request};
  std::vector<ListenAddress> addresses;
  REQUIRE(!parse_listen_list("notls:127.0.0.1:1,btls:proto[ascii]:tag_t_:h:2,mtls:[::1]:3,127.0.0.1",
                             usual, &addresses));
  REQUIRE(addresses.size() == 4);
  CHECK(!addresses[0].tls);
  CHECK(addresses[0].host == "127.0.0.1");
  CHECK(addresses[1].tls);
  CHECK(addresses[1].tls_check == TlsCheck::none);
  CHECK(addresses[1].tag == "t");
  CHECK(addresses[1].binding == Binding::ascii);
  CHECK(addresses[2].tls_check == TlsCheck::require);
  CHECK(addresses[2].host == "::1");
  CHECK(addresses[2].port == 3);
  CHECK(addresses[3].tls);
  CHECK(addresses[3].tls_check == TlsCheck::request);
  addresses.clear();
  CHECK(!parse_listen_list("notls", usual, &addresses));
  CHECK(addresses[0].host.empty());
}
