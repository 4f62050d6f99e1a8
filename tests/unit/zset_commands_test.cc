// The commands of sorted sets, at the reply interface: shapes and types of replies in both protocols.
#include <catch2/catch.hpp>

#include "tests/support/redis_service.h"

using namespace larder::redis::test;

TEST_CASE("zset commands: scores and ranks are numbers, absent ones null") {
  RedisService service;
  converse(service, {
                        {"zadd z 1 a 2.5 b 3 c", ":3"},
                        {"zscore z b", ",2.5"},
                        {"zscore z none", "nil"},
                        {"zmscore z a none", "*2 ,1 nil"},
                        {"zincrby z 2 a", ",3"},
                        {"zadd z incr 1 a", ",4"},
                        {"zadd z nx incr 1 a", "nil"},
                        {"zadd z gt ch 1 a 9 b", ":1"},
                        {"zrank z c", ":0"},
                        {"zrevrank z c", ":2"},
                        {"zrank none c", "nil"},
                        {"zadd z 1", "-ERR wrong number of arguments for 'zadd' command"},
                        {"zadd z 1 a 2", kSyntax},
                        {"zadd z nan a", "-ERR value is not a valid float"},
                        {"zadd z inf p", ":1"},
                        {"zincrby z -inf p", "-ERR resulting score is not a number (NaN)"},
                        {"set s x", "+OK"},
                        {"zadd s 1 a", kWrongType},
                        {"zrem z a b c p", ":4"},
                        {"exists z", ":0"},
                    });
}

TEST_CASE("zset commands: elements with scores are flat in RESP2 and pairs in RESP3") {
  RedisService service;
  converse(service, {
                        {"zadd z 1 a 2 b", ":2"},
                        {"zrange z 0 -1", "*2 \"a\" \"b\""},
                        {"zrange z 0 -1 withscores", "*4 \"a\" ,1 \"b\" ,2"},
                        {"zrange z 0 -1 rev withscores", "*4 \"b\" ,2 \"a\" ,1"},
                        {"zunion 1 z withscores", "*4 \"a\" ,1 \"b\" ,2"},
                        {"zrandmember z -1 withscores extra", kSyntax},
                        {"zpopmin z 1", "*2 \"a\" ,1"},
                        {"zmpop 1 z max", "*2 \"z\" *1 *2 \"b\" ,2"},
                        {"zmpop 1 z max", "nil*"},
                    });
  service.speak_resp3(true);
  converse(service, {
                        {"zadd z 1 a 2 b", ":2"},
                        {"zrange z 0 -1 withscores", "*2 *2 \"a\" ,1 *2 \"b\" ,2"},
                        {"zunion 1 z withscores", "*2 *2 \"a\" ,1 *2 \"b\" ,2"},
                        {"zpopmin z", "*2 \"a\" ,1"},
                        {"zpopmin z 1", "*1 *2 \"b\" ,2"},
                        {"zpopmin z 1", "*0"},
                    });
}

TEST_CASE("zset commands: the small form ends where the settings say") {
  RedisService service;
  converse(service, {
                        {"config set zset-max-listpack-entries 2", "+OK"},
                        {"zadd z 1 a 2 b", ":2"},
                        {"object encoding z", "\"listpack\""},
                        {"zadd z 3 c", ":1"},
                        {"object encoding z", "\"skiplist\""},
                        {"zrangestore to z 0 1", ":2"},
                        {"object encoding to", "\"listpack\""},
                        {"zunionstore to 1 z", ":3"},
                        {"object encoding to", "\"skiplist\""},
                    });
}

TEST_CASE("zset commands: stores replace whatever the destination holds, and remove it for nothing") {
  RedisService service;
  converse(service, {
                        {"set to text", "+OK"},
                        {"zadd z 1 a 2 b", ":2"},
                        {"zrangestore to z (1 +inf byscore", ":1"},
                        {"zrange to 0 -1", "*1 \"b\""},
                        {"zinterstore to 2 z none", ":0"},
                        {"exists to", ":0"},
                        {"zdiffstore z 1 z", ":2"},
                        {"sadd set a x", ":2"},
                        {"zunion 2 z set weights 10 1 withscores", "*6 \"x\" ,1 \"a\" ,11 \"b\" ,20"},
                        {"zinter 2 z set aggregate max withscores", "*2 \"a\" ,1"},
                        {"zdiff 2 z set", "*1 \"b\""},
                        {"zintercard 2 z set limit 5", ":1"},
                    });
}
