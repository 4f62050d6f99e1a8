// The commands on lists, word for word.
#include "tests/support/redis_service.h"

using namespace larder::redis::test;

TEST_CASE("pushing and popping") {
  RedisService service;
  converse(service, {{"rpush l b c", ":2"},
                     {"lpush l a 0", ":4"},
                     {"lpushx l -1", ":5"},
                     {"rpushx none x", ":0"},
                     {"llen l", ":5"},
                     {"llen none", ":0"},
                     {"lrange l 0 -1", "*5 \"-1\" \"0\" \"a\" \"b\" \"c\""},
                     {"lpop l", "\"-1\""},
                     {"rpop l 2", "*2 \"c\" \"b\""},
                     {"lpop l 0", "*0"},
                     {"lpop l -1", kNotPositive},
                     {"lpop l x", kNotPositive},
                     {"lpop l 1 2", "-ERR wrong number of arguments for 'lpop' command"},
                     {"lpop l 9", "*2 \"0\" \"a\""},
                     {"exists l", ":0"},
                     {"lpop l", "nil"},
                     {"rpop l 1", "nil*"}});
}

TEST_CASE("reading by index and range") {
  RedisService service;
  converse(service, {{"rpush l a b c d", ":4"},
                     {"lindex l 0", "\"a\""},
                     {"lindex l -1", "\"d\""},
                     {"lindex l 4", "nil"},
                     {"lindex l x", kNotInteger},
                     {"lindex none x", "nil"},
                     {"lrange l 1 2", "*2 \"b\" \"c\""},
                     {"lrange l -100 1", "*2 \"a\" \"b\""},
                     {"lrange l 3 100", "*1 \"d\""},
                     {"lrange l 2 1", "*0"},
                     {"lrange l 4 9", "*0"},
                     {"lrange none x 1", kNotInteger},
                     {"lrange none 0 1", "*0"}});
}

TEST_CASE("changing elements in place") {
  RedisService service;
  converse(service, {{"rpush l a b a c a", ":5"},
                     {"lset l 1 B", "+OK"},
                     {"lset l 5 x", "-ERR index out of range"},
                     {"lset l x x", kNotInteger},
                     {"lset none 0 x", "-ERR no such key"},
                     {"linsert l before B 1", ":6"},
                     {"linsert l AFTER c 2", ":7"},
                     {"linsert l after none 2", ":-1"},
                     {"linsert none after a 2", ":0"},
                     {"linsert none middle a 2", kSyntax},
                     {"lrange l 0 -1", "*7 \"a\" \"1\" \"B\" \"a\" \"c\" \"2\" \"a\""},
                     {"lrem l -2 a", ":2"},
                     {"lrange l 0 -1", "*5 \"a\" \"1\" \"B\" \"c\" \"2\""},
                     {"ltrim l 1 -2", "+OK"},
                     {"lrange l 0 -1", "*3 \"1\" \"B\" \"c\""},
                     {"lrem l 0 none", ":0"},
                     {"ltrim l 5 9", "+OK"},
                     {"exists l", ":0"},
                     {"ltrim l 0 0", "+OK"}});
}

TEST_CASE("finding positions") {
  RedisService service;
  converse(service, {{"rpush l a b c 1 2 3 c c", ":8"},
                     {"lpos l c", ":2"},
                     {"lpos l c rank 2", ":6"},
                     {"lpos l c rank -1", ":7"},
                     {"lpos l c count 0", "*3 :2 :6 :7"},
                     {"lpos l c COUNT 2 RANK -1", "*2 :7 :6"},
                     {"lpos l c count 0 maxlen 3", "*1 :2"},
                     {"lpos l none", "nil"},
                     {"lpos l none count 1", "*0"},
                     {"lpos none a", "nil"},
                     {"lpos none a count 1", "*0"},
                     {"lpos l c count -1", "-ERR COUNT can't be negative"},
                     {"lpos l c maxlen -1", "-ERR MAXLEN can't be negative"},
                     {"lpos l c rank", kSyntax},
                     {"lpos l c nope 1", kSyntax}});
}

TEST_CASE("moving between lists") {
  RedisService service;
  converse(service, {{"rpush a 1 2 3", ":3"},
                     {"lmove a b LEFT RIGHT", "\"1\""},
                     {"rpoplpush a b", "\"3\""},
                     {"lrange b 0 -1", "*2 \"3\" \"1\""},
                     {"lmove b b left right", "\"3\""},
                     {"lrange b 0 -1", "*2 \"1\" \"3\""},
                     {"lmove a c right left", "\"2\""},
                     {"exists a", ":0"},
                     {"lmove a c right left", "nil"},
                     {"lmove c c right left", "\"2\""},
                     {"lrange c 0 -1", "*1 \"2\""},
                     {"lmove c b up left", kSyntax},
                     {"set text x", "+OK"},
                     {"lmove c text left left", kWrongType},
                     {"lrange c 0 -1", "*1 \"2\""}});
}

TEST_CASE("popping from the first of several") {
  RedisService service;
  converse(service, {{"rpush l 1 2 3", ":3"},
                     {"lmpop 2 none l left", "*2 \"l\" *1 \"1\""},
                     {"lmpop 1 l RIGHT COUNT 10", "*2 \"l\" *2 \"3\" \"2\""},
                     {"lmpop 1 l left", "nil*"},
                     {"lmpop 0 l left", "-ERR numkeys should be greater than 0"},
                     {"lmpop x l left", "-ERR numkeys should be greater than 0"},
                     {"lmpop 2 l left", kSyntax},
                     {"lmpop 1 l up", kSyntax},
                     {"lmpop 1 l left count 0", "-ERR count should be greater than 0"},
                     {"lmpop 1 l left count", kSyntax},
                     {"lmpop 1 l left count 1 count 1", kSyntax}});
}

TEST_CASE("a key of another type is refused by each list command") {
  RedisService service;
  service.run("set text x");
  for (const char* command :
       {"lpush text a", "rpushx text a", "linsert text before a b", "lset text 0 a", "llen text",
        "lindex text 0", "lrange text 0 1", "lpos text a", "lpop text", "rpop text 2", "lrem text 0 a",
        "ltrim text 0 1", "lmove text l left left", "rpoplpush text l", "lmpop 1 text left"}) {
    CAPTURE(command);
    CHECK(service.run(command) == kWrongType);
  }
}
