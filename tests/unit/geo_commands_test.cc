// The geo commands, at the reply interface.
#include <catch2/catch.hpp>

#include "tests/support/redis_service.h"

using namespace larder::redis::test;

TEST_CASE("geo commands: places, distances and texts") {
  RedisService service;
  converse(service, {
                        {"geoadd g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2"},
                        {"geodist g Palermo Catania", "\"166274.1516\""},
                        {"geodist g Palermo none", "nil"},
                        {"geohash g Palermo none", "*2 \"sqc8b49rny0\" nil"},
                        {"geopos g Catania none", "*2 *2 ,15.08726745843887329 ,37.50266842333162032 nil*"},
                        {"geoadd g 1 86 x", "-ERR invalid longitude,latitude pair 1.000000,86.000000"},
                        {"geosearch g fromlonlat 15 37 byradius 200 km asc withdist",
                         "*2 *2 \"Catania\" \"56.4413\" *2 \"Palermo\" \"190.4424\""},
                        {"geosearch g frommember Palermo bybox 400 400 km desc count 1", "*1 \"Catania\""},
                        {"geosearchstore to g fromlonlat 15 37 byradius 100 km storedist", ":1"},
                        {"zrange to 0 -1", "*1 \"Catania\""},
                        {"georadius g 15 37 1 m store to", ":0"},
                        {"exists to", ":0"},
                        {"georadius_ro g 15 37 1 m store to", kSyntax},
                    });
}
