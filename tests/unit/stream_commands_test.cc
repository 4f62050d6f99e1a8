// The commands of streams, at the reply interface: ids by the clock, groups, and replies in both protocols.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/redis_service.h"

using namespace larder::redis::test;

TEST_CASE("stream commands: ids by the clock rise, also when it stands still") {
  RedisService service;
  const std::string ms = std::to_string(service.now_ms());
  CHECK(service.run("xadd s * f v") == "\"" + ms + "-0\"");
  CHECK(service.run("xadd s * f v") == "\"" + ms + "-1\"");
  service.advance_ms(-1000);
  CHECK(service.run("xadd s * f v") == "\"" + ms + "-2\"");
  service.advance_ms(2000);
  CHECK(service.run("xadd s * f v") == "\"" + std::to_string(service.now_ms()) + "-0\"");
}

TEST_CASE("stream commands: several streams are an array in RESP2 and a map in RESP3") {
  RedisService service;
  converse(service, {
                        {"xadd a 1-1 f v", "\"1-1\""},
                        {"xadd b 2-2 g w", "\"2-2\""},
                        {"xrange a - +", "*1 *2 \"1-1\" *2 \"f\" \"v\""},
                        {"xread streams a b 0 0",
                         "*2 *2 \"a\" *1 *2 \"1-1\" *2 \"f\" \"v\" *2 \"b\" *1 *2 \"2-2\" *2 \"g\" \"w\""},
                        {"xread streams a 1-1", "nil*"},
                        {"xread block -1 streams a 1-1", "-ERR timeout is negative"},
                    });
  service.speak_resp3(true);
  converse(service, {
                        {"xread streams a b 0 0",
                         "%2 \"a\" *1 *2 \"1-1\" *2 \"f\" \"v\" \"b\" *1 *2 \"2-2\" *2 \"g\" \"w\""},
                        {"xinfo groups a", "*0"},
                    });
}

TEST_CASE("stream commands: pending entries age, move and go") {
  RedisService service;
  converse(service, {
                        {"xgroup create s g $ mkstream", "+OK"},
                        {"xadd s 1-0 f v", "\"1-0\""},
                        {"xreadgroup group g alice streams s >", "*1 *2 \"s\" *1 *2 \"1-0\" *2 \"f\" \"v\""},
                        {"xpending s g - + 10", "*1 *4 \"1-0\" \"alice\" :0 :1"},
                    });
  service.advance_ms(5000);
  converse(service, {
                        {"xpending s g - + 10", "*1 *4 \"1-0\" \"alice\" :5000 :1"},
                        {"xpending s g idle 6000 - + 10", "*0"},
                        {"xclaim s g bob 6000 1-0", "*0"},
                        {"xclaim s g bob 5000 1-0 justid", "*1 \"1-0\""},
                        {"xpending s g - + 10", "*1 *4 \"1-0\" \"bob\" :0 :1"},
                        {"xautoclaim s g carol 0 0", "*3 \"0-0\" *1 *2 \"1-0\" *2 \"f\" \"v\" *0"},
                        {"xpending s g", "*4 :1 \"1-0\" \"1-0\" *1 *2 \"carol\" \"1\""},
                        {"xinfo consumers s g",
                         "*3 %3 \"name\" \"alice\" \"pending\" :0 \"idle\" :5000 %3 \"name\" \"bob\" \"pending\" :0 "
                         "\"idle\" :0 %3 \"name\" \"carol\" \"pending\" :1 \"idle\" :0"},
                        {"xack s g 1-0", ":1"},
                        {"xpending s g", "*4 :0 nil nil nil*"},
                    });
}

TEST_CASE("stream commands: a failed XADD makes no key") {
  RedisService service;
  converse(service, {
                        {"xadd s 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0"},
                        {"xadd s nomkstream * f v", "nil"},
                        {"xadd s x f v", "-ERR Invalid stream ID specified as stream command argument"},
                        {"exists s", ":0"},
                        {"xgroup create s g x mkstream",
                         "-ERR Invalid stream ID specified as stream command argument"},
                        {"exists s", ":0"},
                    });
}
