#include "server/proven_addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>

using namespace larder::server;

namespace {

PeerAddress v4(const char* text, std::uint16_t port = 1) {
  sockaddr_storage storage{};
  auto& address = reinterpret_cast<sockaddr_in&>(storage);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  REQUIRE(inet_pton(AF_INET, text, &address.sin_addr) == 1);
  return PeerAddress::of(storage);
}
PeerAddress v6(const char* text) {
  sockaddr_storage storage{};
  auto& address = reinterpret_cast<sockaddr_in6&>(storage);
  address.sin6_family = AF_INET6;
  REQUIRE(inet_pton(AF_INET6, text, &address.sin6_addr) == 1);
  return PeerAddress::of(storage);
}

}  // namespace

TEST_CASE("an address is proven while a connection from it is open") {
  ProvenAddresses proven;
  CHECK_FALSE(proven.contains(v4("10.0.0.1")));
  proven.add(v4("10.0.0.1", 1000));
  proven.add(v4("10.0.0.1", 1001));
  CHECK(proven.contains(v4("10.0.0.1", 5)));
  CHECK_FALSE(proven.contains(v4("10.0.0.2", 1000)));
  proven.remove(v4("10.0.0.1", 1000));
  CHECK(proven.contains(v4("10.0.0.1")));
  proven.remove(v4("10.0.0.1", 1001));
  CHECK_FALSE(proven.contains(v4("10.0.0.1")));
  proven.add(v6("2001:db8::1"));
  CHECK(proven.contains(v6("2001:db8::1")));
  CHECK_FALSE(proven.contains(v6("2001:db8::2")));
}

TEST_CASE("loopback needs no proof, a unix socket proves nothing") {
  ProvenAddresses proven;
  CHECK(proven.contains(v4("127.0.0.1")));
  CHECK(proven.contains(v4("127.9.9.9")));
  CHECK(proven.contains(v6("::1")));
  proven.add(PeerAddress{});
  CHECK_FALSE(proven.contains(v4("0.0.0.0")));
}

TEST_CASE("addresses as text") {
  AddressText text;
  CHECK(v4("10.1.2.3", 80).text(text) == "10.1.2.3");
  CHECK(v4("10.1.2.3", 80).port == 80);
  CHECK(v6("2001:db8::1").text(text) == "2001:db8::1");
  CHECK(PeerAddress{}.text(text) == "unix");
}
