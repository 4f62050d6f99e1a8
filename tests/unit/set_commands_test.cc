// The commands on sets, word for word.
#include "tests/support/redis_service.h"

using namespace larder::redis::test;

TEST_CASE("members come and go") {
  RedisService service;
  converse(service, {{"sadd s 3 1 2 1", ":3"},
                     {"sadd s 1", ":0"},
                     {"scard s", ":3"},
                     {"scard none", ":0"},
                     {"smembers s", "~3 \"1\" \"2\" \"3\""},
                     {"smembers none", "~0"},
                     {"sismember s 2", ":1"},
                     {"sismember s 02", ":0"},
                     {"smismember s 1 x 3", "*3 :1 :0 :1"},
                     {"smismember none 1 2", "*2 :0 :0"},
                     {"srem s 1 9", ":1"},
                     {"srem none 1", ":0"},
                     {"srem s 2 3", ":2"},
                     {"exists s", ":0"}});
}

TEST_CASE("a member moves to another set") {
  RedisService service;
  converse(service, {{"sadd a 1 2", ":2"},
                     {"sadd b 2", ":1"},
                     {"smove a b 1", ":1"},
                     {"smove a b 9", ":0"},
                     {"smove a a 2", ":1"},
                     {"smove a a 3", ":0"},
                     {"smove a b 2", ":1"},
                     {"exists a", ":0"},
                     {"smembers b", "~2 \"1\" \"2\""},
                     {"set text x", "+OK"},
                     {"smove none text 1", ":0"},
                     {"smove b text 1", kWrongType}});
}

TEST_CASE("sets are combined, answered and stored") {
  RedisService service;
  converse(service, {{"sadd a 1 2 3 4", ":4"},
                     {"sadd b 3 4 5", ":3"},
                     {"sinter a b", "~2 \"3\" \"4\""},
                     {"sinter a none", "~0"},
                     {"sunion a b none", "~5 \"1\" \"2\" \"3\" \"4\" \"5\""},
                     {"sdiff a b", "~2 \"1\" \"2\""},
                     {"sdiff a a", "~0"},
                     {"sdiff none a", "~0"},
                     {"sintercard 2 a b", ":2"},
                     {"sintercard 2 a b limit 1", ":1"},
                     {"sintercard 2 a b LIMIT 0", ":2"},
                     {"sintercard 0 a", "-ERR numkeys should be greater than 0"},
                     {"sintercard 3 a b", "-ERR Number of keys can't be greater than number of args"},
                     {"sintercard 1 a limit -1", "-ERR LIMIT can't be negative"},
                     {"sintercard 1 a limit", kSyntax},
                     {"set to x", "+OK"},
                     {"sunionstore to a b", ":5"},
                     {"scard to", ":5"},
                     {"sdiffstore to a b", ":2"},
                     {"sinterstore to a to", ":2"},
                     {"smembers to", "~2 \"1\" \"2\""},
                     {"sinterstore to none", ":0"},
                     {"exists to", ":0"}});
}

TEST_CASE("random members") {
  RedisService service;
  converse(service, {{"sadd s 7", ":1"},
                     {"srandmember s", "\"7\""},
                     {"srandmember s 5", "*1 \"7\""},
                     {"srandmember s -3", "*3 \"7\" \"7\" \"7\""},
                     {"srandmember s 0", "*0"},
                     {"srandmember none", "nil"},
                     {"srandmember none 3", "*0"},
                     {"srandmember s x", kNotInteger},
                     {"srandmember s -9223372036854775808",
                      "-ERR value is out of range, value must between -9223372036854775807 and "
                      "9223372036854775807"},
                     {"srandmember s 1 2", kSyntax},
                     {"spop s 0", "~0"},
                     {"spop none", "nil"},
                     {"spop none 2", "~0"},
                     {"spop s -1", "-ERR value is out of range, must be positive"},
                     {"spop s 1 2", kSyntax},
                     {"spop s 4", "~1 \"7\""},
                     {"exists s", ":0"},
                     {"sadd s 8", ":1"},
                     {"spop s", "\"8\""},
                     {"exists s", ":0"}});
}

TEST_CASE("scanning a set") {
  RedisService service;
  converse(service, {{"sadd s 1 2 13", ":3"},
                     {"sscan s 0", "*2 \"0\" *3 \"1\" \"2\" \"13\""},
                     {"sscan s 0 match 1* count 5", "*2 \"0\" *2 \"1\" \"13\""},
                     {"sscan none 0 nonsense", "*2 \"0\" *0"},
                     {"sscan s x", "-ERR invalid cursor"},
                     {"sscan s 0 count 0", kSyntax},
                     {"sscan s 0 count x", kNotInteger},
                     {"sscan s 0 type set", kSyntax}});
}

TEST_CASE("a key of another type is refused by each set command") {
  RedisService service;
  service.run("set text x");
  service.run("sadd s 1");
  for (const char* command :
       {"sadd text a", "srem text a", "scard text", "sismember text a", "smismember text a",
        "smembers text", "smove text s a", "smove s text 1", "spop text", "spop text 1", "srandmember text",
        "srandmember text 2", "sscan text 0", "sinter s text", "sinter none text", "sunion text s",
        "sdiff s text", "sintercard 2 s text", "sunionstore to s text"}) {
    CAPTURE(command);
    CHECK(service.run(command) == kWrongType);
  }
  CHECK(service.run("exists to") == ":0");
}
