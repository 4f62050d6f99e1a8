#include "proto/udp_frame.h"

#include <catch2/catch.hpp>
#include <string>

using namespace larder::proto;

TEST_CASE("a request is one datagram with something in it") {
  using namespace std::string_view_literals;
  const auto request = parse_udp_request("\x01\x02\x00\x00\x00\x01\x00\x00get a\r\n"sv);
  REQUIRE(request);
  CHECK(request->id == 0x0102);
  CHECK(request->payload == "get a\r\n");
  CHECK_FALSE(parse_udp_request(""sv));
  CHECK_FALSE(parse_udp_request("\x01\x02\x00"sv));
  CHECK_FALSE(parse_udp_request("\x01\x02\x00\x00\x00\x01\x00\x00"sv));        // empty
  CHECK_FALSE(parse_udp_request("\x01\x02\x00\x00\x00\x02\x00\x00get a\r\n"sv));  // one of two
  CHECK_FALSE(parse_udp_request("\x01\x02\x00\x00\x01\x01\x00\x00get a\r\n"sv));  // one of 257
  // memcached looks at neither the sequence nor the last two bytes.
  CHECK(parse_udp_request("\xff\xff\x00\x07\x00\x01\x00\x05x"sv)->id == 0xffff);
}

TEST_CASE("a reply is cut into datagrams of 1400 bytes") {
  CHECK(udp_datagram_count(0) == 0);
  CHECK(udp_datagram_count(1) == 1);
  CHECK(udp_datagram_count(1392) == 1);
  CHECK(udp_datagram_count(1393) == 2);
  CHECK(udp_datagram_count(20000) == 15);
  const auto header = udp_reply_header(0x0102, 3, 0x0405);
  CHECK(std::string(header.data(), header.size()) == std::string("\x01\x02\x00\x03\x04\x05\x00\x00", 8));
}

TEST_CASE("a reply is in proportion to its request, headers counted") {
  CHECK(udp_reply_in_proportion(15, 37, 3));        // 37 + 8 = 3 * 15
  CHECK_FALSE(udp_reply_in_proportion(15, 38, 3));
  CHECK(udp_reply_in_proportion(15, 0, 3));
  CHECK_FALSE(udp_reply_in_proportion(500, 1500, 3));  // two headers
  CHECK(udp_reply_in_proportion(9, 1 << 20, 0));       // no limit
}
