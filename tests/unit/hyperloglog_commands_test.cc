// The HyperLogLog commands, at the reply interface.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/redis_service.h"

using namespace larder::redis::test;

TEST_CASE("hyperloglog commands: counting one and several values") {
  RedisService service;
  converse(service, {
                        {"pfadd h a b c", ":1"},
                        {"pfadd h a", ":0"},
                        {"pfcount h", ":3"},
                        {"pfadd other c d", ":1"},
                        {"pfcount h other none", ":4"},
                        {"pfmerge to h other", "+OK"},
                        {"pfcount to", ":4"},
                        {"pfdebug encoding to", "+sparse"},
                        {"pfdebug todense to", ":1"},
                        {"pfadd to x", ":1"},
                        {"pfcount to", ":5"},
                        {"set s x", "+OK"},
                        {"pfadd s a", "-WRONGTYPE Key is not a valid HyperLogLog string value."},
                    });
}

TEST_CASE("hyperloglog commands: a value turns dense by the setting and keeps its deadline") {
  RedisService service;
  CHECK(service.run("config set hll-sparse-max-bytes 100") == "+OK");
  CHECK(service.run("pfadd h first") == ":1");
  CHECK(service.run("expire h 1000") == ":1");
  for (int i = 0; i < 100; ++i) service.run("pfadd h " + std::to_string(i));
  CHECK(service.run("pfdebug encoding h") == "+dense");
  CHECK(service.run("ttl h") == ":1000");
}
