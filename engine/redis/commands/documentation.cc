#include "engine/redis/commands/documentation.h"

#include <algorithm>

namespace larder::redis {

namespace {

// Sorted by name. Commands that are not there (yet) are of no harm.
// clang-format off
constexpr Documentation kRows[] = {
    {.name = "acl|cat", .arguments = "categoryname?"},
    {.name = "acl|deluser", .arguments = "username*"},
    {.name = "acl|dryrun", .arguments = "username command arg?*"},
    {.name = "acl|genpass", .arguments = "bits,i?"},
    {.name = "acl|getuser",
     .arguments = "username",
     .history = "6.2.0 Patterns of channels\n"
      "7.0.0 Selectors; patterns told as rules"},
    {.name = "acl|log", .arguments = "operation,o?(count,i reset,t'RESET')"},
    {.name = "acl|setuser",
     .arguments = "username rule?*",
     .history = "6.2.0 Patterns of channels\n"
      "7.0.0 Selectors; permissions by key"},
    {.name = "append", .arguments = "key,k#0 value"},
    {.name = "auth",
     .arguments = "username@6.0.0? password",
     .history = "6.0.0 Takes a user beside the password"},
    {.name = "bgsave", .arguments = "schedule,t'SCHEDULE'@3.2.2?", .history = "3.2.2 New: `SCHEDULE`"},
    {.name = "bitcount",
     .arguments = "key,k#0 index,b?(start,i end,i index_unit,o@7.0.0?(byte,t'BYTE' bit,t'BIT'))",
     .history = "7.0.0 New: `BYTE|BIT`"},
    {.name = "bitfield",
     .arguments = "key,k#0 operation,o?*(encoding_offset,b'GET'(encoding offset,i) "
      "write,b(wrap_sat_fail,o'OVERFLOW'?(wrap,t'WRAP' sat,t'SAT' fail,t'FAIL') "
      "write_operation,o(encoding_offset_value,b'SET'(encoding offset,i value,i) "
      "encoding_offset_increment,b'INCRBY'(encoding offset,i increment,i))))"},
    {.name = "bitfield_ro", .arguments = "key,k#0 encoding_offset,b'GET'?*+(encoding offset,i)"},
    {.name = "bitop", .arguments = "operation destkey,k#0 key,k#1*"},
    {.name = "bitpos",
     .arguments = "key,k#0 bit,i index,b?(start,i end_index,b?(end,i "
      "index_unit,o@7.0.0?(byte,t'BYTE' bit,t'BIT')))",
     .history = "7.0.0 New: `BYTE|BIT`"},
    {.name = "blmove",
     .arguments = "source,k#0 destination,k#1 wherefrom,o(left,t'LEFT' right,t'RIGHT') "
      "whereto,o(left,t'LEFT' right,t'RIGHT') timeout,d"},
    {.name = "blmpop",
     .arguments = "timeout,d numkeys,i key,k#0* where,o(left,t'LEFT' right,t'RIGHT') "
      "count,i'COUNT'?"},
    {.name = "blpop", .arguments = "key,k#0* timeout,d", .history = "6.0.0 `timeout` may have a fraction"},
    {.name = "brpop", .arguments = "key,k#0* timeout,d", .history = "6.0.0 `timeout` may have a fraction"},
    {.name = "brpoplpush",
     .arguments = "source,k#0 destination,k#1 timeout,d",
     .history = "6.0.0 `timeout` may have a fraction"},
    {.name = "bzmpop",
     .arguments = "timeout,d numkeys,i key,k#0* where,o(min,t'MIN' max,t'MAX') count,i'COUNT'?"},
    {.name = "bzpopmax", .arguments = "key,k#0* timeout,d", .history = "6.0.0 `timeout` may have a fraction"},
    {.name = "bzpopmin", .arguments = "key,k#0* timeout,d", .history = "6.0.0 `timeout` may have a fraction"},
    {.name = "client|caching", .arguments = "mode,o(yes,t'YES' no,t'NO')"},
    {.name = "client|info", .tips = "nondeterministic_output"},
    {.name = "client|kill",
     .arguments = "filter,o(ip:port!2.8.12 new-format,o*(client-id,i'ID'@2.8.12? "
      "normal_master_slave_pubsub,o'TYPE'@2.8.12?(normal,t'NORMAL' "
      "master,t'MASTER'@3.2.0 slave,t'SLAVE' replica,t'REPLICA'@5.0.0 "
      "pubsub,t'PUBSUB') username'USER'? ip:port'ADDR'? ip:port'LADDR'@6.2.0? "
      "yes/no'SKIPME'?))",
     .history = "2.8.12 Filters by name\n"
      "2.8.12 New: `ID`\n"
      "3.2.0 New: `master`, `TYPE`\n"
      "5.0.0 `replica` is the word for `slave`, which stays known\n"
      "6.2.0 New: `LADDR`"},
    {.name = "client|list",
     .arguments = "normal_master_replica_pubsub,o'TYPE'@5.0.0?(normal,t'NORMAL' master,t'MASTER' "
      "replica,t'REPLICA' pubsub,t'PUBSUB') id,b'ID'@6.2.0?(client-id,i*)",
     .history = "2.8.12 New: `id`\n"
      "5.0.0 New: `TYPE`\n"
      "6.0.0 New: `user`\n"
      "6.2.0 New: `argv-mem`, `tot-mem`, `laddr`, `redir`, `ID`\n"
      "7.0.0 New: `resp`, `multi-mem`, `rbs`, `rbp`\n"
      "7.0.3 New: `ssub`",
     .tips = "nondeterministic_output"},
    {.name = "client|no-evict", .arguments = "enabled,o(on,t'ON' off,t'OFF')"},
    {.name = "client|no-touch", .arguments = "enabled,o(on,t'ON' off,t'OFF')"},
    {.name = "client|pause",
     .arguments = "timeout,i mode,o@6.2.0?(write,t'WRITE' all,t'ALL')",
     .history = "6.2.0 New: `CLIENT PAUSE WRITE`, `mode`"},
    {.name = "client|reply", .arguments = "on_off_skip,o(on,t'ON' off,t'OFF' skip,t'SKIP')"},
    {.name = "client|setinfo", .arguments = "attr,o(libname'LIB-NAME' libver'LIB-VER')"},
    {.name = "client|setname", .arguments = "connection-name"},
    {.name = "client|tracking",
     .arguments = "status,o(on,t'ON' off,t'OFF') client-id,i'REDIRECT'? prefix'PREFIX'?*+ "
      "bcast,t'BCAST'? optin,t'OPTIN'? optout,t'OPTOUT'? noloop,t'NOLOOP'?"},
    {.name = "client|unblock",
     .arguments = "client-id,i timeout_error,o?(timeout,t'TIMEOUT' error,t'ERROR')"},
    {.name = "command", .tips = "nondeterministic_output_order"},
    {.name = "command|docs", .arguments = "command-name?*", .tips = "nondeterministic_output_order"},
    {.name = "command|info",
     .arguments = "command-name?*",
     .history = "7.0.0 Without arguments it tells of all commands",
     .tips = "nondeterministic_output_order"},
    {.name = "command|list",
     .arguments = "filterby,o'FILTERBY'?(module-name'MODULE' category'ACLCAT' pattern,p'PATTERN')",
     .tips = "nondeterministic_output_order"},
    {.name = "config|get", .arguments = "parameter,b*(parameter)", .history = "7.0.0 Takes several patterns"},
    {.name = "config|set",
     .arguments = "parameter_value,b*(parameter value)",
     .history = "7.0.0 Changes several settings at once",
     .tips = "request_policy:all_nodes response_policy:all_succeeded"},
    {.name = "copy", .arguments = "source,k#0 destination,k#1 destination-db,i'DB'? replace,t'REPLACE'?"},
    {.name = "dbsize", .tips = "request_policy:all_shards response_policy:agg_sum"},
    {.name = "debug", .system = true},
    {.name = "decr", .arguments = "key,k#0"},
    {.name = "decrby", .arguments = "key,k#0 decrement,i"},
    {.name = "del", .arguments = "key,k#0*", .tips = "request_policy:multi_shard response_policy:agg_sum"},
    {.name = "dump", .arguments = "key,k#0", .tips = "nondeterministic_output"},
    {.name = "echo", .arguments = "message"},
    {.name = "eval", .arguments = "script numkeys,i key,k#0?* arg?*"},
    {.name = "eval_ro", .arguments = "script numkeys,i key,k#0?* arg?*"},
    {.name = "evalsha", .arguments = "sha1 numkeys,i key,k#0?* arg?*"},
    {.name = "evalsha_ro", .arguments = "sha1 numkeys,i key,k#0?* arg?*"},
    {.name = "exists",
     .arguments = "key,k#0*",
     .history = "3.0.3 Takes several `key`",
     .tips = "request_policy:multi_shard response_policy:agg_sum"},
    {.name = "expire",
     .arguments = "key,k#0 seconds,i condition,o@7.0.0?(nx,t'NX' xx,t'XX' gt,t'GT' lt,t'LT')",
     .history = "7.0.0 New: `NX`, `XX`, `GT`, `LT`"},
    {.name = "expireat",
     .arguments = "key,k#0 unix-time-seconds,u condition,o@7.0.0?(nx,t'NX' xx,t'XX' gt,t'GT' "
      "lt,t'LT')",
     .history = "7.0.0 New: `NX`, `XX`, `GT`, `LT`"},
    {.name = "expiretime", .arguments = "key,k#0"},
    {.name = "failover",
     .arguments = "target,b'TO'?(host port,i force,t'FORCE'?) abort,t'ABORT'? "
      "milliseconds,i'TIMEOUT'?"},
    {.name = "fcall", .arguments = "function numkeys,i key,k#0?* arg?*"},
    {.name = "fcall_ro", .arguments = "function numkeys,i key,k#0?* arg?*"},
    {.name = "flushall",
     .arguments = "async,o?(async,t'ASYNC'@4.0.0 sync,t'SYNC'@6.2.0)",
     .history = "4.0.0 New: `ASYNC`\n"
      "6.2.0 New: `SYNC`",
     .tips = "request_policy:all_shards response_policy:all_succeeded"},
    {.name = "flushdb",
     .arguments = "async,o?(async,t'ASYNC'@4.0.0 sync,t'SYNC'@6.2.0)",
     .history = "4.0.0 New: `ASYNC`\n"
      "6.2.0 New: `SYNC`",
     .tips = "request_policy:all_shards response_policy:all_succeeded"},
    {.name = "function|delete",
     .arguments = "library-name",
     .tips = "request_policy:all_shards response_policy:all_succeeded"},
    {.name = "function|flush",
     .arguments = "async,o?(async,t'ASYNC' sync,t'SYNC')",
     .tips = "request_policy:all_shards response_policy:all_succeeded"},
    {.name = "function|kill", .tips = "request_policy:all_shards response_policy:one_succeeded"},
    {.name = "function|list",
     .arguments = "library-name-pattern'LIBRARYNAME'? withcode,t'WITHCODE'?",
     .tips = "nondeterministic_output_order"},
    {.name = "function|load",
     .arguments = "replace,t'REPLACE'? function-code",
     .tips = "request_policy:all_shards response_policy:all_succeeded"},
    {.name = "function|restore",
     .arguments = "serialized-value policy,o?(flush,t'FLUSH' append,t'APPEND' replace,t'REPLACE')",
     .tips = "request_policy:all_shards response_policy:all_succeeded"},
    {.name = "function|stats",
     .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
    {.name = "geoadd",
     .arguments = "key,k#0 condition,o@6.2.0?(nx,t'NX' xx,t'XX') change,t'CH'@6.2.0? "
      "longitude_latitude_member,b*(longitude,d latitude,d member)",
     .history = "6.2.0 New: `CH`, `NX`, `XX`"},
    {.name = "geodist", .arguments = "key,k#0 member1 member2 unit,o?(m,t'M' km,t'KM' ft,t'FT' mi,t'MI')"},
    {.name = "geohash", .arguments = "key,k#0 member*"},
    {.name = "geopos", .arguments = "key,k#0 member*"},
    {.name = "georadius",
     .arguments = "key,k#0 longitude,d latitude,d radius,d unit,o(m,t'M' km,t'KM' ft,t'FT' "
      "mi,t'MI') withcoord,t'WITHCOORD'? withdist,t'WITHDIST'? withhash,t'WITHHASH'? "
      "count,b?(count,i'COUNT' any,t'ANY'@6.2.0?) order,o?(asc,t'ASC' desc,t'DESC') "
      "key,k#1'STORE'? key,k#2'STOREDIST'?",
     .history = "6.2.0 New: `ANY`, `COUNT`\n"
      "7.0.0 Units in capitals"},
    {.name = "georadius_ro",
     .arguments = "key,k#0 longitude,d latitude,d radius,d unit,o(m,t'M' km,t'KM' ft,t'FT' "
      "mi,t'MI') withcoord,t'WITHCOORD'? withdist,t'WITHDIST'? withhash,t'WITHHASH'? "
      "count,b?(count,i'COUNT' any,t'ANY'@6.2.0?) order,o?(asc,t'ASC' desc,t'DESC')",
     .history = "6.2.0 New: `ANY`, `COUNT`"},
    {.name = "georadiusbymember",
     .arguments = "key,k#0 member radius,d unit,o(m,t'M' km,t'KM' ft,t'FT' mi,t'MI') "
      "withcoord,t'WITHCOORD'? withdist,t'WITHDIST'? withhash,t'WITHHASH'? "
      "count,b?(count,i'COUNT' any,t'ANY'?) order,o?(asc,t'ASC' desc,t'DESC') "
      "key,k#1'STORE'? key,k#2'STOREDIST'?",
     .history = "7.0.0 Units in capitals"},
    {.name = "georadiusbymember_ro",
     .arguments = "key,k#0 member radius,d unit,o(m,t'M' km,t'KM' ft,t'FT' mi,t'MI') "
      "withcoord,t'WITHCOORD'? withdist,t'WITHDIST'? withhash,t'WITHHASH'? "
      "count,b?(count,i'COUNT' any,t'ANY'?) order,o?(asc,t'ASC' desc,t'DESC')"},
    {.name = "geosearch",
     .arguments = "key,k#0 from,o(member'FROMMEMBER' longitude_latitude,b'FROMLONLAT'(longitude,d "
      "latitude,d)) by,o(circle,b(radius,d'BYRADIUS' unit,o(m,t'M' km,t'KM' ft,t'FT' "
      "mi,t'MI')) box,b(width,d'BYBOX' height,d unit,o(m,t'M' km,t'KM' ft,t'FT' "
      "mi,t'MI'))) order,o?(asc,t'ASC' desc,t'DESC') count,b?(count,i'COUNT' "
      "any,t'ANY'?) withcoord,t'WITHCOORD'? withdist,t'WITHDIST'? withhash,t'WITHHASH'?",
     .history = "7.0.0 Units in capitals"},
    {.name = "geosearchstore",
     .arguments = "destination,k#0 source,k#1 from,o(member'FROMMEMBER' "
      "longitude_latitude,b'FROMLONLAT'(longitude,d latitude,d)) "
      "by,o(circle,b(radius,d'BYRADIUS' unit,o(m,t'M' km,t'KM' ft,t'FT' mi,t'MI')) "
      "box,b(width,d'BYBOX' height,d unit,o(m,t'M' km,t'KM' ft,t'FT' mi,t'MI'))) "
      "order,o?(asc,t'ASC' desc,t'DESC') count,b?(count,i'COUNT' any,t'ANY'?) "
      "storedist,t'STOREDIST'?",
     .history = "7.0.0 Units in capitals"},
    {.name = "get", .arguments = "key,k#0"},
    {.name = "getbit", .arguments = "key,k#0 offset,i"},
    {.name = "getdel", .arguments = "key,k#0"},
    {.name = "getex",
     .arguments = "key,k#0 expiration,o?(seconds,i'EX' milliseconds,i'PX' "
      "unix-time-seconds,u'EXAT' unix-time-milliseconds,u'PXAT' persist,t'PERSIST')"},
    {.name = "getrange", .arguments = "key,k#0 start,i end,i"},
    {.name = "getset", .arguments = "key,k#0 value"},
    {.name = "hdel", .arguments = "key,k#0 field*", .history = "2.4.0 Takes several `field`"},
    {.name = "hello",
     .arguments = "arguments,b?(protover,i username_password,b'AUTH'?(username password) "
      "clientname'SETNAME'?)",
     .history = "6.2.0 `protover` may be left out: then it only tells about the connection"},
    {.name = "hexists", .arguments = "key,k#0 field"},
    {.name = "hexpire",
     .arguments = "key,k#0 seconds,i condition,o?(nx,t'NX' xx,t'XX' gt,t'GT' lt,t'LT') "
      "fields,b'FIELDS'(numfields,i field*)"},
    {.name = "hexpireat",
     .arguments = "key,k#0 unix-time-seconds,u condition,o?(nx,t'NX' xx,t'XX' gt,t'GT' lt,t'LT') "
      "fields,b'FIELDS'(numfields,i field*)"},
    {.name = "hexpiretime", .arguments = "key,k#0 fields,b'FIELDS'(numfields,i field*)"},
    {.name = "hget", .arguments = "key,k#0 field"},
    {.name = "hgetall", .arguments = "key,k#0", .tips = "nondeterministic_output_order"},
    {.name = "hincrby", .arguments = "key,k#0 field increment,i"},
    {.name = "hincrbyfloat", .arguments = "key,k#0 field increment,d"},
    {.name = "hkeys", .arguments = "key,k#0", .tips = "nondeterministic_output_order"},
    {.name = "hlen", .arguments = "key,k#0"},
    {.name = "hmget", .arguments = "key,k#0 field*"},
    {.name = "hmset", .arguments = "key,k#0 field_value,b*(field value)"},
    {.name = "hpersist", .arguments = "key,k#0 fields,b'FIELDS'(numfields,i field*)"},
    {.name = "hpexpire",
     .arguments = "key,k#0 milliseconds,i condition,o?(nx,t'NX' xx,t'XX' gt,t'GT' lt,t'LT') "
      "fields,b'FIELDS'(numfields,i field*)"},
    {.name = "hpexpireat",
     .arguments = "key,k#0 unix-time-milliseconds,u condition,o?(nx,t'NX' xx,t'XX' gt,t'GT' "
      "lt,t'LT') fields,b'FIELDS'(numfields,i field*)"},
    {.name = "hpexpiretime", .arguments = "key,k#0 fields,b'FIELDS'(numfields,i field*)"},
    {.name = "hpttl",
     .arguments = "key,k#0 fields,b'FIELDS'(numfields,i field*)",
     .tips = "nondeterministic_output"},
    {.name = "hrandfield",
     .arguments = "key,k#0 options,b?(count,i withvalues,t'WITHVALUES'?)",
     .tips = "nondeterministic_output"},
    {.name = "hscan",
     .arguments = "key,k#0 cursor,i pattern,p'MATCH'? count,i'COUNT'?",
     .tips = "nondeterministic_output"},
    {.name = "hset",
     .arguments = "key,k#0 field_value,b*(field value)",
     .history = "4.0.0 Takes several `field` and `value`"},
    {.name = "hsetnx", .arguments = "key,k#0 field value"},
    {.name = "hstrlen", .arguments = "key,k#0 field"},
    {.name = "httl",
     .arguments = "key,k#0 fields,b'FIELDS'(numfields,i field*)",
     .tips = "nondeterministic_output"},
    {.name = "hvals", .arguments = "key,k#0", .tips = "nondeterministic_output_order"},
    {.name = "incr", .arguments = "key,k#0"},
    {.name = "incrby", .arguments = "key,k#0 increment,i"},
    {.name = "incrbyfloat", .arguments = "key,k#0 increment,d"},
    {.name = "info",
     .arguments = "section?*",
     .history = "7.0.0 Takes several sections",
     .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
    {.name = "keys",
     .arguments = "pattern,p",
     .tips = "request_policy:all_shards nondeterministic_output_order"},
    {.name = "lastsave", .tips = "nondeterministic_output"},
    {.name = "latency|doctor",
     .tips = "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {.name = "latency|graph",
     .arguments = "event",
     .tips = "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {.name = "latency|histogram",
     .arguments = "command?*",
     .tips = "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {.name = "latency|history",
     .arguments = "event",
     .tips = "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {.name = "latency|latest",
     .tips = "nondeterministic_output request_policy:all_nodes response_policy:special"},
    {.name = "latency|reset",
     .arguments = "event?*",
     .tips = "request_policy:all_nodes response_policy:all_succeeded"},
    {.name = "lcs",
     .arguments = "key1,k#0 key2,k#0 len,t'LEN'? idx,t'IDX'? len,i'MINMATCHLEN'? "
      "withmatchlen,t'WITHMATCHLEN'?"},
    {.name = "lindex", .arguments = "key,k#0 index,i"},
    {.name = "linsert", .arguments = "key,k#0 where,o(before,t'BEFORE' after,t'AFTER') pivot element"},
    {.name = "llen", .arguments = "key,k#0"},
    {.name = "lmove",
     .arguments = "source,k#0 destination,k#1 wherefrom,o(left,t'LEFT' right,t'RIGHT') "
      "whereto,o(left,t'LEFT' right,t'RIGHT')"},
    {.name = "lmpop", .arguments = "numkeys,i key,k#0* where,o(left,t'LEFT' right,t'RIGHT') count,i'COUNT'?"},
    {.name = "lolwut", .arguments = "version,i'VERSION'?"},
    {.name = "lpop", .arguments = "key,k#0 count,i@6.2.0?", .history = "6.2.0 New: `count`"},
    {.name = "lpos", .arguments = "key,k#0 element rank,i'RANK'? num-matches,i'COUNT'? len,i'MAXLEN'?"},
    {.name = "lpush", .arguments = "key,k#0 element*", .history = "2.4.0 Takes several `element`"},
    {.name = "lpushx", .arguments = "key,k#0 element*", .history = "4.0.0 Takes several `element`"},
    {.name = "lrange", .arguments = "key,k#0 start,i stop,i"},
    {.name = "lrem", .arguments = "key,k#0 count,i element"},
    {.name = "lset", .arguments = "key,k#0 index,i element"},
    {.name = "ltrim", .arguments = "key,k#0 start,i stop,i"},
    {.name = "memory|doctor",
     .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
    {.name = "memory|malloc-stats",
     .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
    {.name = "memory|purge", .tips = "request_policy:all_shards response_policy:all_succeeded"},
    {.name = "memory|stats",
     .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
    {.name = "memory|usage", .arguments = "key,k#0 count,i'SAMPLES'?"},
    {.name = "mget", .arguments = "key,k#0*", .tips = "request_policy:multi_shard"},
    {.name = "migrate",
     .arguments = "host port,i key_or_empty_string,o(key,k#0 empty_string,t'\"\"') "
      "destination-db,i timeout,i copy,t'COPY'@3.0.0? replace,t'REPLACE'@3.0.0? "
      "authentication,o?(password'AUTH'@4.0.7? "
      "username_password,b'AUTH2'@6.0.0?(username password)) key,k#1'KEYS'@3.0.6?*",
     .history = "3.0.0 New: `COPY`, `REPLACE`\n"
      "3.0.6 New: `KEYS`\n"
      "4.0.7 New: `AUTH`\n"
      "6.0.0 New: `AUTH2`",
     .tips = "nondeterministic_output"},
    {.name = "module|list", .tips = "nondeterministic_output_order"},
    {.name = "module|load", .arguments = "path arg?*"},
    {.name = "module|loadex", .arguments = "path configs,b'CONFIG'?*+(name value) args,b'ARGS'?*(arg)"},
    {.name = "module|unload", .arguments = "name"},
    {.name = "move", .arguments = "key,k#0 db,i"},
    {.name = "mset",
     .arguments = "key_value,b*(key,k#0 value)",
     .tips = "request_policy:multi_shard response_policy:all_succeeded"},
    {.name = "msetnx",
     .arguments = "key_value,b*(key,k#0 value)",
     .tips = "request_policy:multi_shard response_policy:agg_min"},
    {.name = "object|encoding", .arguments = "key,k#0", .tips = "nondeterministic_output"},
    {.name = "object|freq", .arguments = "key,k#0", .tips = "nondeterministic_output"},
    {.name = "object|idletime", .arguments = "key,k#0", .tips = "nondeterministic_output"},
    {.name = "object|refcount", .arguments = "key,k#0", .tips = "nondeterministic_output"},
    {.name = "persist", .arguments = "key,k#0"},
    {.name = "pexpire",
     .arguments = "key,k#0 milliseconds,i condition,o@7.0.0?(nx,t'NX' xx,t'XX' gt,t'GT' lt,t'LT')",
     .history = "7.0.0 New: `NX`, `XX`, `GT`, `LT`"},
    {.name = "pexpireat",
     .arguments = "key,k#0 unix-time-milliseconds,u condition,o@7.0.0?(nx,t'NX' xx,t'XX' gt,t'GT' "
      "lt,t'LT')",
     .history = "7.0.0 New: `NX`, `XX`, `GT`, `LT`"},
    {.name = "pexpiretime", .arguments = "key,k#0"},
    {.name = "pfadd", .arguments = "key,k#0 element?*"},
    {.name = "pfcount", .arguments = "key,k#0*"},
    {.name = "pfdebug", .arguments = "subcommand key,k#0", .system = true},
    {.name = "pfmerge", .arguments = "destkey,k#0 sourcekey,k#1*"},
    {.name = "pfselftest", .system = true},
    {.name = "ping",
     .arguments = "message?",
     .tips = "request_policy:all_shards response_policy:all_succeeded"},
    {.name = "psetex", .arguments = "key,k#0 milliseconds,i value"},
    {.name = "psubscribe", .arguments = "pattern,b*(pattern,p)"},
    {.name = "psync", .arguments = "replicationid offset,i"},
    {.name = "pttl",
     .arguments = "key,k#0",
     .history = "2.8.0 Tells -2 of a missing key",
     .tips = "nondeterministic_output"},
    {.name = "publish", .arguments = "channel message"},
    {.name = "pubsub|channels", .arguments = "pattern,p?"},
    {.name = "pubsub|numsub", .arguments = "channel?*"},
    {.name = "pubsub|shardchannels", .arguments = "pattern,p?"},
    {.name = "pubsub|shardnumsub", .arguments = "shardchannel?*"},
    {.name = "punsubscribe", .arguments = "pattern,p?*"},
    {.name = "randomkey", .tips = "request_policy:all_shards nondeterministic_output"},
    {.name = "rename", .arguments = "key,k#0 newkey,k#1"},
    {.name = "renamenx",
     .arguments = "key,k#0 newkey,k#1",
     .history = "3.2.0 Source and destination may be the same"},
    {.name = "replconf", .system = true},
    {.name = "replicaof", .arguments = "args,o(host-port,b(host port,i) no-one,b(no,t'NO' one,t'ONE'))"},
    {.name = "restore",
     .arguments = "key,k#0 ttl,i serialized-value replace,t'REPLACE'@3.0.0? "
      "absttl,t'ABSTTL'@5.0.0? seconds,i'IDLETIME'@5.0.0? frequency,i'FREQ'@5.0.0?",
     .history = "3.0.0 New: `REPLACE`\n"
      "5.0.0 New: `ABSTTL`\n"
      "5.0.0 New: `IDLETIME`, `FREQ`"},
    {.name = "restore-asking",
     .arguments = "key,k#0 ttl,i serialized-value replace,t'REPLACE'@3.0.0? "
      "absttl,t'ABSTTL'@5.0.0? seconds,i'IDLETIME'@5.0.0? frequency,i'FREQ'@5.0.0?",
     .history = "3.0.0 New: `REPLACE`\n"
      "5.0.0 New: `ABSTTL`\n"
      "5.0.0 New: `IDLETIME`, `FREQ`",
     .system = true},
    {.name = "rpop", .arguments = "key,k#0 count,i@6.2.0?", .history = "6.2.0 New: `count`"},
    {.name = "rpoplpush", .arguments = "source,k#0 destination,k#1"},
    {.name = "rpush", .arguments = "key,k#0 element*", .history = "2.4.0 Takes several `element`"},
    {.name = "rpushx", .arguments = "key,k#0 element*", .history = "4.0.0 Takes several `element`"},
    {.name = "sadd", .arguments = "key,k#0 member*", .history = "2.4.0 Takes several `member`"},
    {.name = "scan",
     .arguments = "cursor,i pattern,p'MATCH'? count,i'COUNT'? type'TYPE'@6.0.0?",
     .history = "6.0.0 New: `TYPE`",
     .tips = "nondeterministic_output request_policy:special"},
    {.name = "scard", .arguments = "key,k#0"},
    {.name = "script|debug", .arguments = "mode,o(yes,t'YES' sync,t'SYNC' no,t'NO')"},
    {.name = "script|exists",
     .arguments = "sha1*",
     .tips = "request_policy:all_shards response_policy:agg_logical_and"},
    {.name = "script|flush",
     .arguments = "async,o@6.2.0?(async,t'ASYNC' sync,t'SYNC')",
     .history = "6.2.0 New: `ASYNC`, `SYNC`",
     .tips = "request_policy:all_nodes response_policy:all_succeeded"},
    {.name = "script|kill", .tips = "request_policy:all_shards response_policy:one_succeeded"},
    {.name = "script|load",
     .arguments = "script",
     .tips = "request_policy:all_nodes response_policy:all_succeeded"},
    {.name = "sdiff", .arguments = "key,k#0*", .tips = "nondeterministic_output_order"},
    {.name = "sdiffstore", .arguments = "destination,k#0 key,k#1*"},
    {.name = "select", .arguments = "index,i"},
    {.name = "set",
     .arguments = "key,k#0 value condition,o@2.6.12?(nx,t'NX' xx,t'XX') get,t'GET'@6.2.0? "
      "expiration,o?(seconds,i'EX'@2.6.12 milliseconds,i'PX'@2.6.12 "
      "unix-time-seconds,u'EXAT'@6.2.0 unix-time-milliseconds,u'PXAT'@6.2.0 "
      "keepttl,t'KEEPTTL'@6.0.0)",
     .history = "2.6.12 New: `EX`, `PX`, `NX`, `XX`\n"
      "6.0.0 New: `KEEPTTL`\n"
      "6.2.0 New: `GET`, `EXAT`, `PXAT`\n"
      "7.0.0 `NX` and `GET` go together"},
    {.name = "setbit", .arguments = "key,k#0 offset,i value,i"},
    {.name = "setex", .arguments = "key,k#0 seconds,i value"},
    {.name = "setnx", .arguments = "key,k#0 value"},
    {.name = "setrange", .arguments = "key,k#0 offset,i value"},
    {.name = "shutdown",
     .arguments = "nosave_save,o?(nosave,t'NOSAVE' save,t'SAVE') now,t'NOW'@7.0.0? "
      "force,t'FORCE'@7.0.0? abort,t'ABORT'@7.0.0?",
     .history = "7.0.0 New: `NOW`, `FORCE`, `ABORT`"},
    {.name = "sinter", .arguments = "key,k#0*", .tips = "nondeterministic_output_order"},
    {.name = "sintercard", .arguments = "numkeys,i key,k#0* limit,i'LIMIT'?"},
    {.name = "sinterstore", .arguments = "destination,k#0 key,k#1*"},
    {.name = "sismember", .arguments = "key,k#0 member"},
    {.name = "slaveof", .arguments = "args,o(host-port,b(host port,i) no-one,b(no,t'NO' one,t'ONE'))"},
    {.name = "slowlog|get",
     .arguments = "count,i?",
     .history = "4.0.0 Tells the address and name of the client",
     .tips = "request_policy:all_nodes nondeterministic_output"},
    {.name = "slowlog|len",
     .tips = "request_policy:all_nodes response_policy:agg_sum nondeterministic_output"},
    {.name = "slowlog|reset", .tips = "request_policy:all_nodes response_policy:all_succeeded"},
    {.name = "smembers", .arguments = "key,k#0", .tips = "nondeterministic_output_order"},
    {.name = "smismember", .arguments = "key,k#0 member*"},
    {.name = "smove", .arguments = "source,k#0 destination,k#1 member"},
    {.name = "sort",
     .arguments = "key,k#0 pattern,p#1'BY'? offset_count,b'LIMIT'?(offset,i count,i) "
      "pattern,p#1'GET'?*+ order,o?(asc,t'ASC' desc,t'DESC') sorting,t'ALPHA'? "
      "destination,k#2'STORE'?"},
    {.name = "sort_ro",
     .arguments = "key,k#0 pattern,p#1'BY'? offset_count,b'LIMIT'?(offset,i count,i) "
      "pattern,p#1'GET'?*+ order,o?(asc,t'ASC' desc,t'DESC') sorting,t'ALPHA'?"},
    {.name = "spop",
     .arguments = "key,k#0 count,i@3.2.0?",
     .history = "3.2.0 New: `count`",
     .tips = "nondeterministic_output"},
    {.name = "spublish", .arguments = "shardchannel message"},
    {.name = "srandmember",
     .arguments = "key,k#0 count,i@2.6.0?",
     .history = "2.6.0 New: `count`",
     .tips = "nondeterministic_output"},
    {.name = "srem", .arguments = "key,k#0 member*", .history = "2.4.0 Takes several `member`"},
    {.name = "sscan",
     .arguments = "key,k#0 cursor,i pattern,p'MATCH'? count,i'COUNT'?",
     .tips = "nondeterministic_output"},
    {.name = "ssubscribe", .arguments = "shardchannel*"},
    {.name = "strlen", .arguments = "key,k#0"},
    {.name = "subscribe", .arguments = "channel*"},
    {.name = "substr", .arguments = "key,k#0 start,i end,i"},
    {.name = "sunion", .arguments = "key,k#0*", .tips = "nondeterministic_output_order"},
    {.name = "sunionstore", .arguments = "destination,k#0 key,k#1*"},
    {.name = "sunsubscribe", .arguments = "shardchannel?*"},
    {.name = "swapdb", .arguments = "index1,i index2,i"},
    {.name = "time", .tips = "nondeterministic_output"},
    {.name = "touch", .arguments = "key,k#0*", .tips = "request_policy:multi_shard response_policy:agg_sum"},
    {.name = "ttl",
     .arguments = "key,k#0",
     .history = "2.8.0 Tells -2 of a missing key",
     .tips = "nondeterministic_output"},
    {.name = "type", .arguments = "key,k#0"},
    {.name = "unlink", .arguments = "key,k#0*", .tips = "request_policy:multi_shard response_policy:agg_sum"},
    {.name = "unsubscribe", .arguments = "channel?*"},
    {.name = "wait",
     .arguments = "numreplicas,i timeout,i",
     .tips = "request_policy:all_shards response_policy:agg_min"},
    {.name = "watch", .arguments = "key,k#0*"},
    {.name = "xack", .arguments = "key,k#0 group id*"},
    {.name = "xadd",
     .arguments = "key,k#0 nomkstream,t'NOMKSTREAM'@6.2.0? trim,b?(strategy,o(maxlen,t'MAXLEN' "
      "minid,t'MINID'@6.2.0) operator,o?(equal,t'=' approximately,t'~') threshold "
      "count,i'LIMIT'@6.2.0?) id_or_auto,o(auto_id,t'*' id) field_value,b*(field value)",
     .history = "6.2.0 New: `NOMKSTREAM`, `MINID`, `LIMIT`\n"
      "7.0.0 Takes `<ms>-*` as an id",
     .tips = "nondeterministic_output"},
    {.name = "xautoclaim",
     .arguments = "key,k#0 group consumer min-idle-time start count,i'COUNT'? justid,t'JUSTID'?",
     .history = "7.0.0 Tells which entries of the pending list were gone",
     .tips = "nondeterministic_output"},
    {.name = "xclaim",
     .arguments = "key,k#0 group consumer min-idle-time id* ms,i'IDLE'? "
      "unix-time-milliseconds,u'TIME'? count,i'RETRYCOUNT'? force,t'FORCE'? "
      "justid,t'JUSTID'? id'LASTID'?",
     .tips = "nondeterministic_output"},
    {.name = "xdel", .arguments = "key,k#0 id*"},
    {.name = "xgroup|create",
     .arguments = "key,k#0 groupname id,o(id new_id,t'$') mkstream,t'MKSTREAM'? "
      "entries_read,i'ENTRIESREAD'?",
     .history = "7.0.0 New: `entries_read`"},
    {.name = "xgroup|createconsumer", .arguments = "key,k#0 groupname consumername"},
    {.name = "xgroup|delconsumer", .arguments = "key,k#0 groupname consumername"},
    {.name = "xgroup|destroy", .arguments = "key,k#0 groupname"},
    {.name = "xgroup|setid",
     .arguments = "key,k#0 groupname id,o(id new_id,t'$') entries_read,i'ENTRIESREAD'?",
     .history = "7.0.0 New: `entries_read`"},
    {.name = "xinfo|consumers", .arguments = "key,k#0 groupname", .tips = "nondeterministic_output"},
    {.name = "xinfo|groups", .arguments = "key,k#0", .history = "7.0.0 New: `entries-read`, `lag`"},
    {.name = "xinfo|stream",
     .arguments = "key,k#0 full,b'FULL'?(count,i'COUNT'?)",
     .history = "6.0.0 New: `FULL`\n"
      "7.0.0 New: `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read`, `lag`"},
    {.name = "xlen", .arguments = "key,k#0"},
    {.name = "xpending",
     .arguments = "key,k#0 group filters,b?(min-idle-time,i'IDLE'@6.2.0? start end count,i "
      "consumer?)",
     .history = "6.2.0 `IDLE`; ends may be excluded",
     .tips = "nondeterministic_output"},
    {.name = "xrange",
     .arguments = "key,k#0 start end count,i'COUNT'?",
     .history = "6.2.0 Ends may be excluded"},
    {.name = "xread", .arguments = "count,i'COUNT'? milliseconds,i'BLOCK'? streams,b'STREAMS'(key,k#0* id*)"},
    {.name = "xreadgroup",
     .arguments = "group_consumer,b'GROUP'(group consumer) count,i'COUNT'? milliseconds,i'BLOCK'? "
      "noack,t'NOACK'? streams,b'STREAMS'(key,k#0* id*)"},
    {.name = "xrevrange",
     .arguments = "key,k#0 end start count,i'COUNT'?",
     .history = "6.2.0 Ends may be excluded"},
    {.name = "xsetid",
     .arguments = "key,k#0 last-id entries_added,i'ENTRIESADDED'@7.0.0? "
      "max_deleted_entry_id'MAXDELETEDID'@7.0.0?",
     .history = "7.0.0 New: `entries_added`, `max_deleted_entry_id`"},
    {.name = "xtrim",
     .arguments = "key,k#0 trim,b(strategy,o(maxlen,t'MAXLEN' minid,t'MINID'@6.2.0) "
      "operator,o?(equal,t'=' approximately,t'~') threshold count,i'LIMIT'@6.2.0?)",
     .history = "6.2.0 New: `MINID`, `LIMIT`",
     .tips = "nondeterministic_output"},
    {.name = "zadd",
     .arguments = "key,k#0 condition,o@3.0.2?(nx,t'NX' xx,t'XX') comparison,o@6.2.0?(gt,t'GT' "
      "lt,t'LT') change,t'CH'@3.0.2? increment,t'INCR'@3.0.2? score_member,b*(score,d "
      "member)",
     .history = "2.4.0 Takes several elements\n"
      "3.0.2 New: `XX`, `NX`, `CH`, `INCR`\n"
      "6.2.0 New: `GT`, `LT`"},
    {.name = "zcard", .arguments = "key,k#0"},
    {.name = "zcount", .arguments = "key,k#0 min,d max,d"},
    {.name = "zdiff", .arguments = "numkeys,i key,k#0* withscores,t'WITHSCORES'?"},
    {.name = "zdiffstore", .arguments = "destination,k#0 numkeys,i key,k#1*"},
    {.name = "zincrby", .arguments = "key,k#0 increment,i member"},
    {.name = "zinter",
     .arguments = "numkeys,i key,k#0* weight,i'WEIGHTS'?* aggregate,o'AGGREGATE'?(sum,t'SUM' "
      "min,t'MIN' max,t'MAX') withscores,t'WITHSCORES'?"},
    {.name = "zintercard", .arguments = "numkeys,i key,k#0* limit,i'LIMIT'?"},
    {.name = "zinterstore",
     .arguments = "destination,k#0 numkeys,i key,k#1* weight,i'WEIGHTS'?* "
      "aggregate,o'AGGREGATE'?(sum,t'SUM' min,t'MIN' max,t'MAX')"},
    {.name = "zlexcount", .arguments = "key,k#0 min max"},
    {.name = "zmpop", .arguments = "numkeys,i key,k#0* where,o(min,t'MIN' max,t'MAX') count,i'COUNT'?"},
    {.name = "zmscore", .arguments = "key,k#0 member*"},
    {.name = "zpopmax", .arguments = "key,k#0 count,i?"},
    {.name = "zpopmin", .arguments = "key,k#0 count,i?"},
    {.name = "zrandmember",
     .arguments = "key,k#0 options,b?(count,i withscores,t'WITHSCORES'?)",
     .tips = "nondeterministic_output"},
    {.name = "zrange",
     .arguments = "key,k#0 start stop sortby,o@6.2.0?(byscore,t'BYSCORE' bylex,t'BYLEX') "
      "rev,t'REV'@6.2.0? offset_count,b'LIMIT'@6.2.0?(offset,i count,i) "
      "withscores,t'WITHSCORES'?",
     .history = "6.2.0 New: `REV`, `BYSCORE`, `BYLEX`, `LIMIT`"},
    {.name = "zrangebylex", .arguments = "key,k#0 min max offset_count,b'LIMIT'?(offset,i count,i)"},
    {.name = "zrangebyscore",
     .arguments = "key,k#0 min,d max,d withscores,t'WITHSCORES'@2.0.0? "
      "offset_count,b'LIMIT'?(offset,i count,i)",
     .history = "2.0.0 New: `WITHSCORES`"},
    {.name = "zrangestore",
     .arguments = "dst,k#0 src,k#1 min max sortby,o?(byscore,t'BYSCORE' bylex,t'BYLEX') "
      "rev,t'REV'? offset_count,b'LIMIT'?(offset,i count,i)"},
    {.name = "zrank", .arguments = "key,k#0 member"},
    {.name = "zrem", .arguments = "key,k#0 member*", .history = "2.4.0 Takes several elements"},
    {.name = "zremrangebylex", .arguments = "key,k#0 min max"},
    {.name = "zremrangebyrank", .arguments = "key,k#0 start,i stop,i"},
    {.name = "zremrangebyscore", .arguments = "key,k#0 min,d max,d"},
    {.name = "zrevrange", .arguments = "key,k#0 start,i stop,i withscores,t'WITHSCORES'?"},
    {.name = "zrevrangebylex", .arguments = "key,k#0 max min offset_count,b'LIMIT'?(offset,i count,i)"},
    {.name = "zrevrangebyscore",
     .arguments = "key,k#0 max,d min,d withscores,t'WITHSCORES'? offset_count,b'LIMIT'?(offset,i "
      "count,i)",
     .history = "2.1.6 `min` and `max` may be excluded"},
    {.name = "zrevrank", .arguments = "key,k#0 member"},
    {.name = "zscan",
     .arguments = "key,k#0 cursor,i pattern,p'MATCH'? count,i'COUNT'?",
     .tips = "nondeterministic_output"},
    {.name = "zscore", .arguments = "key,k#0 member"},
    {.name = "zunion",
     .arguments = "numkeys,i key,k#0* weight,i'WEIGHTS'?* aggregate,o'AGGREGATE'?(sum,t'SUM' "
      "min,t'MIN' max,t'MAX') withscores,t'WITHSCORES'?"},
    {.name = "zunionstore",
     .arguments = "destination,k#0 numkeys,i key,k#1* weight,i'WEIGHTS'?* "
      "aggregate,o'AGGREGATE'?(sum,t'SUM' min,t'MIN' max,t'MAX')"},
};
// clang-format on

constexpr bool by_name(const Documentation& a, const Documentation& b) { return a.name < b.name; }
static_assert(std::is_sorted(std::begin(kRows), std::end(kRows), by_name));

std::string_view type_name(char letter) {
  switch (letter) {
    case 'k': return "key";
    case 'i': return "integer";
    case 'd': return "double";
    case 'p': return "pattern";
    case 'u': return "unix-time";
    case 't': return "pure-token";
    case 'o': return "oneof";
    default: return "block";
  }
}

// Reads arguments up to the end of the text or a closing bracket.
class ArgumentReader {
 public:
  explicit ArgumentReader(std::string_view text) : text_(text) {}

  std::vector<Argument> list() {
    std::vector<Argument> arguments;
    while (!text_.empty() && text_.front() != ')') {
      arguments.push_back(argument());
      take(' ');
    }
    return arguments;
  }

 private:
  Argument argument() {
    Argument read;
    read.name = word(",#'@!?*+( )");
    read.type = "string";
    if (take(',')) {
      read.type = type_name(text_.front());
      text_.remove_prefix(1);
    }
    if (take('#')) {
      read.key_spec = text_.front() - '0';
      text_.remove_prefix(1);
    }
    if (take('\'')) {
      read.token = word("'");
      take('\'');
    }
    if (take('@')) read.since = word("!?*+( )");
    if (take('!')) read.deprecated_since = word("?*+( )");
    read.optional = take('?');
    read.multiple = take('*');
    read.multiple_token = take('+');
    if (take('(')) {
      read.arguments = list();
      take(')');
    }
    return read;
  }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string_view word(std::string_view end_marks) {
    const std::size_t end = std::min(text_.find_first_of(end_marks), text_.size());
    const std::string_view result = text_.substr(0, end);
    text_.remove_prefix(end);
    return result;
  }

  std::string_view text_;
};

}  // namespace

const Documentation* find_documentation(std::string_view full_name) {
  const Documentation wanted{.name = full_name};
  const auto* found = std::lower_bound(std::begin(kRows), std::end(kRows), wanted, by_name);
  return found != std::end(kRows) && found->name == full_name ? found : nullptr;
}

std::vector<Argument> parse_arguments(std::string_view text) { return ArgumentReader(text).list(); }

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace larder::redis
