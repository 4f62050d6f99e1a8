// The commands on hashes, word for word.
#include "tests/support/redis_service.h"

using namespace larder::redis::test;

TEST_CASE("fields are set, read and removed") {
  RedisService service;
  converse(service, {{"hset h a 1 b 2 a 3", ":2"},
                     {"hmset h c 4", "+OK"},
                     {"hset h a", "-ERR wrong number of arguments for 'hset' command"},
                     {"hset h a 1 b", "-ERR wrong number of arguments for 'hset' command"},
                     {"hsetnx h a 9", ":0"},
                     {"hsetnx h d 5", ":1"},
                     {"hget h a", "\"3\""},
                     {"hget h none", "nil"},
                     {"hget none a", "nil"},
                     {"hmget h a none d", "*3 \"3\" nil \"5\""},
                     {"hmget none a b", "*2 nil nil"},
                     {"hlen h", ":4"},
                     {"hexists h a", ":1"},
                     {"hexists h z", ":0"},
                     {"hstrlen h a", ":1"},
                     {"hstrlen none a", ":0"},
                     {"hgetall h", "%4 \"a\" \"3\" \"b\" \"2\" \"c\" \"4\" \"d\" \"5\""},
                     {"hkeys h", "*4 \"a\" \"b\" \"c\" \"d\""},
                     {"hvals h", "*4 \"3\" \"2\" \"4\" \"5\""},
                     {"hgetall none", "%0"},
                     {"hdel h a none b", ":2"},
                     {"hdel h c d", ":2"},
                     {"exists h", ":0"}});
}

TEST_CASE("numbers are added") {
  RedisService service;
  converse(service, {{"hincrby h n 5", ":5"},
                     {"hincrby h n -7", ":-2"},
                     {"hincrby h n x", kNotInteger},
                     {"hset h big 9223372036854775807", ":1"},
                     {"hincrby h big 1", "-ERR increment or decrement would overflow"},
                     {"hset h word abc", ":1"},
                     {"hincrby h word 1", "-ERR hash value is not an integer"},
                     {"hincrbyfloat h word 1", "-ERR hash value is not a float"},
                     {"hincrbyfloat h n 2.5", "\"0.5\""},
                     {"hincrbyfloat h n x", "-ERR value is not a valid float"},
                     {"hincrbyfloat h n inf", "-ERR value is NaN or Infinity"},
                     {"hincrbyfloat h f 1.0e3", "\"1000\""}});
}

TEST_CASE("random fields") {
  RedisService service;
  converse(service, {{"hset h f v", ":1"},
                     {"hrandfield h", "\"f\""},
                     {"hrandfield h 3", "*1 \"f\""},
                     {"hrandfield h -2", "*2 \"f\" \"f\""},
                     {"hrandfield h -2 withvalues", "*4 \"f\" \"v\" \"f\" \"v\""},
                     {"hrandfield h 0", "*0"},
                     {"hrandfield none", "nil"},
                     {"hrandfield none 1", "*0"},
                     {"hrandfield h 1 nonsense", kSyntax},
                     {"hrandfield h -9223372036854775807 withvalues", "-ERR value is out of range"}});
  service.speak_resp3(true);
  CHECK(service.run("hrandfield h 1 withvalues") == "*1 *2 \"f\" \"v\"");
}

TEST_CASE("scanning a hash") {
  RedisService service;
  converse(service, {{"hset h a 1 b 2", ":2"},
                     {"hscan h 0", "*2 \"0\" *4 \"a\" \"1\" \"b\" \"2\""},
                     {"hscan h 0 match b", "*2 \"0\" *2 \"b\" \"2\""},
                     {"hscan none 0", "*2 \"0\" *0"},
                     {"hscan h 0 count", kSyntax}});
}

TEST_CASE("fields end at their deadlines") {
  RedisService service;
  converse(service, {{"hset h a 1 b 2 c 3", ":3"},
                     {"hexpire h 10 fields 2 a none", "*2 :1 :-2"},
                     {"hpexpire h 5000 fields 1 b", "*1 :1"},
                     {"httl h fields 4 a b c none", "*4 :10 :5 :-1 :-2"},
                     {"hpttl h fields 1 a", "*1 :10000"},
                     {"hpersist h fields 3 b c none", "*3 :1 :-1 :-2"},
                     {"hexpire h 20 nx fields 2 a b", "*2 :0 :1"},
                     {"hexpire h 5 gt fields 2 a c", "*2 :0 :0"},
                     {"hexpire h 5 lt fields 2 a c", "*2 :1 :1"},
                     {"hexpire h 7 xx fields 1 a", "*1 :1"}});
  service.advance_ms(5000);
  converse(service, {{"hget h c", "nil"}, {"hlen h", ":2"}, {"httl h fields 1 a", "*1 :2"}});
  service.advance_ms(2000);
  converse(service, {{"hgetall h", "%1 \"b\" \"2\""},
                     {"hexpireat h 1 fields 1 b", "*1 :2"},
                     {"exists h", ":0"},
                     {"httl h fields 1 b", "*1 :-2"}});
}

TEST_CASE("writing takes a deadline away, counting keeps it") {
  RedisService service;
  converse(service, {{"hset h a 1 b 1", ":2"},
                     {"hexpire h 10 fields 2 a b", "*2 :1 :1"},
                     {"hset h a 2", ":0"},
                     {"hincrby h b 1", ":2"},
                     {"httl h fields 2 a b", "*2 :-1 :10"}});
}

TEST_CASE("deadline commands refuse nonsense") {
  RedisService service;
  converse(service,
           {{"hset h a 1", ":1"},
            {"hexpire h -1 fields 1 a", "-ERR invalid expire time, must be >= 0"},
            {"hexpire h x fields 1 a", kNotInteger},
            {"hexpireat h 70368744178 fields 1 a", "-ERR invalid expire time in 'hexpireat' command"},
            {"hexpire h 1 field 1 a", "-ERR Mandatory keyword FIELDS is missing or not at the right position"},
            {"hexpire h 1 fields 0 a", "-ERR Parameter `numFields` should be greater than 0"},
            {"httl h fields 2 a", "-ERR The `numfields` parameter must match the number of arguments"},
            {"hexpire h 1 nx fields 1", "-ERR The `numfields` parameter must match the number of arguments"}});
}

TEST_CASE("a key of another type is refused by each hash command") {
  RedisService service;
  service.run("set text x");
  for (const char* command :
       {"hset text a 1", "hmset text a 1", "hsetnx text a 1", "hget text a", "hmget text a", "hdel text a",
        "hlen text", "hexists text a", "hstrlen text a", "hgetall text", "hkeys text", "hvals text",
        "hincrby text a 1", "hincrbyfloat text a 1", "hrandfield text", "hrandfield text 1", "hscan text 0",
        "hexpire text 1 fields 1 a", "httl text fields 1 a", "hpersist text fields 1 a"}) {
    CAPTURE(command);
    CHECK(service.run(command) == kWrongType);
  }
}
