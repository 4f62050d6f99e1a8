// Words that mean something to some Redis command, beside the commands' names: for the dictionary, and for
// requests that are made of choices.
#pragma once

#include <string_view>

namespace larder::fuzz {

inline constexpr std::string_view kRedisWords[] = {
    // Numbers and what stands for them.
    "0", "1", "2", "3", "-1", "-2", "10", "100", "4096", "9223372036854775807", "-9223372036854775808",
    "18446744073709551615", "1.5", "-0", "1e300", "nan", "inf", "-inf", "+inf", "(1", "(2.5", "[a", "(b", "[",
    "+", "-", "*", "$", ">", "=", "~", "1-1", "2-0", "1-*", "0-0", "5", "(1-1", "u8", "i16", "u63", "i64",
    "#1", "1700000000", "99999999999",
    // Values.
    "a", "b", "c", "field", "some words", "0123456789012345678901234567890123456789", "\\x80\\x00\\xff",
    "13.361389", "38.115556", "15.087269", "37.502669", "k*", "[a-c]?", "",
    // Options.
    "EX", "PX", "EXAT", "PXAT", "NX", "XX", "GT", "LT", "CH", "INCR", "KEEPTTL", "GET", "PERSIST",
    "WITHSCORES", "WITHVALUES", "LIMIT", "BY", "ASC", "DESC", "ALPHA", "STORE", "STOREDIST", "BYSCORE",
    "BYLEX", "REV", "WEIGHTS", "AGGREGATE", "SUM", "MIN", "MAX", "LEFT", "RIGHT", "BEFORE", "AFTER", "COUNT",
    "RANK", "MAXLEN", "MINID", "NOMKSTREAM", "STREAMS", "GROUP", "NOACK", "IDLE", "FORCE", "JUSTID", "LASTID",
    "ENTRIESADDED", "MAXDELETEDID", "MKSTREAM", "ENTRIESREAD", "FULL", "RETRYCOUNT", "TIME", "MATCH", "TYPE",
    "NOVALUES", "string", "list", "set", "zset", "hash", "stream", "FROMMEMBER", "FROMLONLAT", "BYRADIUS",
    "BYBOX", "ANY", "WITHCOORD", "WITHDIST", "WITHHASH", "m", "km", "BIT", "BYTE", "AND", "OR", "XOR", "NOT",
    "OVERFLOW", "WRAP", "SAT", "FAIL", "INCRBY", "SET", "IDX", "LEN", "MINMATCHLEN", "WITHMATCHLEN",
    "REPLACE", "DB", "COPY", "ABSTTL", "IDLETIME", "FREQ", "FIELDS", "ASYNC", "SYNC", "AUTH", "secret",
    "SETNAME", "default", "ON", "OFF", "SKIP", "sds", "encoding"};

}  // namespace larder::fuzz
