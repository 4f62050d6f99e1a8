// RESTORE: payloads of every form, with version and checksum made right, so that what is behind them is
// reached: listpacks, ziplists, zipmaps, intsets, nodes of lists and streams.
//
// A payload that is refused leaves nothing. One that is accepted makes a value that its type's commands can
// read and change, whose DUMP makes the same value again, and that is intact all the time.
//
// Input: a byte for the settings, a byte for how the rest is read. The rest is form and body; or a form and a
// blob whose frame is made to fit; or choices that make a body which is sound but for one thing or another.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "engine/redis/persist/crc64.h"
#include "engine/redis/persist/rdb_coding.h"
#include "engine/redis/types/heap.h"
#include "engine/redis/types/stream_node.h"
#include "tests/fuzz/fuzz_redis.h"

namespace {

using namespace larder;
using redis::Listpack;
using redis::StreamId;
using redis::StreamNode;
using redis::persist::Form;
using redis::persist::RdbWriter;

// --- payloads ---

constexpr std::uint64_t kNumbers[] = {0,          1,          2,          3,          64,   16384,
                                      0x7fffffff, 0xffffffff, 1ull << 46, 1ull << 63, ~0ull};

/// `sound`, or now and then something else.
std::uint64_t number(fuzz::Choices& choices, std::uint64_t sound) {
  return choices.one_in(16) ? kNumbers[choices.below(std::size(kNumbers))] : sound;
}

std::string text(fuzz::Choices& choices) {
  constexpr std::string_view kTexts[] = {"a", "b", "c", "1", "2", "-1", "70000", "9223372036854775807", "2.5",
                                         "inf", "nan", "", "1700000000000", "4102444800000"};
  if (choices.one_in(16)) return std::string(choices.take(choices.below(100)));
  if (choices.one_in(16)) return std::string(choices.byte() * 20, 'x');
  return std::string(kTexts[choices.below(std::size(kTexts))]);
}

template <typename Integer>
void put_at(std::string* bytes, std::size_t at, Integer value) {
  std::memcpy(bytes->data() + at, &value, sizeof value);
}

/// A blob of the packed form whose length and end are right.
std::string framed(Form form, std::string blob) {
  constexpr std::size_t kZiplistHeader = 10;
  if (form == Form::kHashZipmap) return blob + '\xff';
  if (form == Form::kSetIntset) {
    blob.resize(std::max<std::size_t>(blob.size(), 8));
    const std::size_t width = std::size_t{2} << (static_cast<unsigned char>(blob[0]) % 3);
    put_at(&blob, 0, static_cast<std::uint32_t>(width));
    put_at(&blob, 4, static_cast<std::uint32_t>((blob.size() - 8) / width));
    blob.resize(8 + (blob.size() - 8) / width * width);
    return blob;
  }
  const bool ziplist = form == Form::kListZiplist || form == Form::kZsetZiplist || form == Form::kHashZiplist;
  blob.resize(std::max(blob.size(), ziplist ? kZiplistHeader : redis::ListpackView::kHeaderBytes));
  blob += '\xff';
  put_at(&blob, 0, static_cast<std::uint32_t>(blob.size()));
  return blob;
}

std::string packed(fuzz::Choices& choices) {
  Listpack pack;
  for (unsigned count = choices.below(12); count > 0; --count) pack.push_back(text(choices));
  return {reinterpret_cast<const char*>(pack.bytes().data()), pack.byte_count()};
}

void put_raw_id(RdbWriter& out, StreamId id) {
  const std::uint64_t big[] = {__builtin_bswap64(id.ms), __builtin_bswap64(id.seq)};
  out.raw({reinterpret_cast<const char*>(big), sizeof big});
}

StreamId put_node(RdbWriter& out, fuzz::Choices& choices, StreamId after) {
  const StreamId id{number(choices, after.ms + 1), choices.below(4)};
  const std::string_view fields[] = {"f", "v", "g", "w"};
  const auto some = [&] { return std::span(fields).first(choices.one_in(2) ? 2 : 4); };
  StreamNode node(id, some());
  StreamId last = id;
  for (unsigned count = choices.below(5); count > 0; --count) {
    last = {last.ms + choices.below(3), last.seq + 1};
    node.append(last, some());
    if (choices.one_in(4)) node.mark_deleted(node.last());
  }
  std::string bytes(node.bytes());
  Listpack pack({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  if (choices.one_in(4)) {
    const auto at = pack.seek(choices.byte());
    if (at != Listpack::kNone) pack.replace(at, static_cast<std::int64_t>(number(choices, choices.below(6))));
  }
  const std::uint64_t big[] = {__builtin_bswap64(id.ms), __builtin_bswap64(id.seq)};
  out.string({reinterpret_cast<const char*>(big), sizeof big});
  out.string({reinterpret_cast<const char*>(pack.bytes().data()), pack.byte_count()});
  return last;
}

void put_id(RdbWriter& out, fuzz::Choices& choices, StreamId id) {
  out.length(number(choices, id.ms));
  out.length(number(choices, id.seq));
}

void put_group(RdbWriter& out, fuzz::Choices& choices, Form form, StreamId last) {
  out.string(text(choices));
  put_id(out, choices, last);
  if (form != Form::kStream1) out.length(number(choices, choices.below(4)));
  const unsigned pending = choices.below(4);
  out.length(pending);
  for (unsigned i = 0; i < pending; ++i) {
    put_raw_id(out, {last.ms - i, number(choices, 0)});
    out.u64(number(choices, 1'700'000'000'000));
    out.length(number(choices, 1));
  }
  const unsigned consumers = choices.below(3);
  out.length(consumers);
  for (unsigned i = 0; i < consumers; ++i) {
    out.string(text(choices));
    out.u64(number(choices, 1'700'000'000'000));
    if (form == Form::kStream3) out.u64(number(choices, 1'700'000'000'000));
    const unsigned owned = i == 0 ? static_cast<unsigned>(number(choices, pending) % 5) : choices.below(2);
    out.length(owned);
    for (unsigned k = 0; k < owned; ++k) put_raw_id(out, {last.ms - k, number(choices, 0)});
  }
}

void put_stream(RdbWriter& out, fuzz::Choices& choices, Form form) {
  const unsigned nodes = choices.below(4);
  out.length(nodes);
  StreamId last{1, 0};
  for (unsigned i = 0; i < nodes; ++i) last = put_node(out, choices, last);
  out.length(choices.below(20));  // live entries: a guess that is often right for few
  put_id(out, choices, last);
  if (form != Form::kStream1) {
    put_id(out, choices, {2, 0});
    put_id(out, choices, {0, 0});
    out.length(number(choices, 20));
  }
  const unsigned groups = choices.below(3);
  out.length(groups);
  for (unsigned i = 0; i < groups; ++i) put_group(out, choices, form, last);
}

void put_list_nodes(RdbWriter& out, fuzz::Choices& choices) {
  const unsigned nodes = choices.below(6);
  out.length(nodes);
  for (unsigned i = 0; i < nodes; ++i) {
    const bool plain = choices.one_in(4);
    out.length(number(choices, plain ? 1 : 2));
    out.string(plain ? text(choices) : packed(choices));
  }
}

/// A body whose parts are sound; what they say together may be not.
void put_body(RdbWriter& out, fuzz::Choices& choices, Form form) {
  switch (form) {
    case Form::kString:
      return out.string(text(choices));
    case Form::kListPlain:
    case Form::kSetPlain:
    case Form::kHashPlain:
    case Form::kZset: {
      const unsigned count = choices.below(12);
      out.length(number(choices, count));
      for (unsigned i = 0; i < count; ++i) {
        out.string(text(choices));
        if (form == Form::kHashPlain) out.string(text(choices));
        if (form == Form::kZset) out.real(std::bit_cast<double>(number(choices, choices.byte())));
      }
      return;
    }
    case Form::kListQuicklist:
      return put_list_nodes(out, choices);
    case Form::kStream1:
    case Form::kStream2:
    case Form::kStream3:
      return put_stream(out, choices, form);
    case Form::kHashFieldTtl: {
      const unsigned count = choices.below(12);
      out.u64(number(choices, 4'102'444'800'000));
      out.length(number(choices, count));
      for (unsigned i = 0; i < count; ++i) {
        out.length(number(choices, choices.below(3)));
        out.string(text(choices));
        out.string(text(choices));
      }
      return;
    }
    case Form::kHashListpackEx:
      out.u64(number(choices, 4'102'444'800'000));
      return out.string(packed(choices));
    default:
      return out.string(packed(choices));
  }
}

std::string payload_of(fuzz::Choices& choices) {
  constexpr Form kBlobs[] = {Form::kHashZipmap,   Form::kListZiplist, Form::kSetIntset,
                             Form::kZsetZiplist,  Form::kHashZiplist, Form::kHashListpack,
                             Form::kZsetListpack, Form::kSetListpack};
  constexpr Form kBuilt[] = {Form::kString,       Form::kListPlain,      Form::kSetPlain,
                             Form::kHashPlain,    Form::kZset,           Form::kHashListpack,
                             Form::kZsetListpack, Form::kSetListpack,    Form::kListQuicklist,
                             Form::kStream1,      Form::kStream2,        Form::kStream3,
                             Form::kHashFieldTtl, Form::kHashListpackEx, Form::kHashListpackExEarly};
  constexpr unsigned kVersion = 12;
  std::string payload;
  redis::persist::StringSink sink(payload);
  RdbWriter out(sink);
  switch (choices.below(3)) {
    case 0:
      out.raw(choices.rest());
      break;
    case 1: {
      const Form form = kBlobs[choices.below(std::size(kBlobs))];
      out.form(form);
      out.string(framed(form, std::string(choices.rest())));
      break;
    }
    default: {
      const Form form = kBuilt[choices.below(std::size(kBuilt))];
      out.form(form);
      put_body(out, choices, form);
    }
  }
  payload += {static_cast<char>(kVersion), '\0'};
  const std::uint64_t checksum = redis::persist::crc64(0, payload);
  return payload.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
}

// --- values ---

/// What is done with a value of a type; K stands for its key.
struct Script {
  std::string_view type;
  std::string_view count;    // elements, of which `read` tells `leaves` leaves each
  std::string_view read;     // all of it
  std::size_t leaves;
  bool ordered;              // `read` tells it in an order that another copy has too
  std::vector<std::string_view> changes;
};
const Script kScripts[] = {
    {"string", "", "GET K", 0, true,
     {"APPEND K x", "SETRANGE K 3 y", "STRLEN K", "SETBIT K 9 1", "PFADD K a", "INCR K"}},
    {"list", "LLEN K", "LRANGE K 0 -1", 1, true,
     {"LINDEX K 0", "LINDEX K -1", "LPOS K a RANK -1", "LSET K 0 new", "LINSERT K AFTER a b", "LREM K 1 a",
      "RPOPLPUSH K K", "LPUSH K 1", "RPUSH K z", "LPOP K 2", "LTRIM K 1 -2", "RPOP K"}},
    {"set", "SCARD K", "SMEMBERS K", 1, false,
     {"SISMEMBER K a", "SRANDMEMBER K -3", "SRANDMEMBER K 2", "SSCAN K 0", "SADD K new 70000", "SREM K a 1",
      "SUNIONSTORE other K", "SDIFFSTORE K other none", "SPOP K 2", "SADD K word"}},
    {"zset", "ZCARD K", "ZRANGE K 0 -1 WITHSCORES", 2, true,
     {"ZRANK K a", "ZREVRANK K b", "ZCOUNT K -inf +inf", "ZLEXCOUNT K - +", "ZRANGEBYSCORE K (0 5",
      "ZSCAN K 0", "ZRANDMEMBER K -3", "ZADD K 1.5 new 2 a", "ZINCRBY K 3 b", "ZREM K a",
      "ZUNIONSTORE other 2 K K", "ZREMRANGEBYRANK K 1 2", "ZPOPMIN K", "ZPOPMAX K"}},
    {"hash", "HLEN K", "HGETALL K", 2, false,
     {"HGET K a", "HSTRLEN K b", "HRANDFIELD K -3 WITHVALUES", "HSCAN K 0", "HPTTL K FIELDS 2 a b",
      "HSET K new 1 a 2", "HINCRBY K 1 5", "HPEXPIRE K 100000 FIELDS 1 a", "HPERSIST K FIELDS 2 a b",
      "HDEL K a",
      "HSET K long "
      "0123456789012345678901234567890123456789012345678901234567890123456789"}},
    {"stream", "", "XRANGE K - +", 0, true,
     {"XINFO STREAM K FULL COUNT 0", "XREVRANGE K + - COUNT 3", "XINFO GROUPS K", "XINFO CONSUMERS K a",
      "XPENDING K a - + 10", "XREAD STREAMS K 2", "XREADGROUP GROUP a b STREAMS K >",
      "XREADGROUP GROUP a c STREAMS K 0", "XAUTOCLAIM K a c 0 0", "XACK K a 2-0 3-1", "XDEL K 2-0 2-1 3-0",
      "XGROUP CREATE K new 0", "XADD K * f v g w", "XREADGROUP GROUP new b COUNT 2 STREAMS K >",
      "XCLAIM K new c 0 2-0 3-0", "XGROUP DELCONSUMER K a b", "XTRIM K MAXLEN 2", "XGROUP DESTROY K a"}},
};

class Session {
 public:
  explicit Session(bool small) : redis_(fuzz::redis_settings(small)) {}

  std::string ask(const std::vector<std::string>& words) {
    const std::string reply = redis_.ask(words);
    std::string_view rest = reply;
    fuzz::take_resp_reply(&rest, false);
    fuzz::require(rest.empty(), "more than a reply", reply);
    return reply;
  }
  /// A line of a script.
  std::string ask(std::string_view line, std::string_view key) {
    std::vector<std::string> words;
    while (!line.empty()) {
      const std::string_view word = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(line.size(), word.size() + 1));
      words.emplace_back(word == "K" ? key : word);
    }
    return ask(words);
  }
  void run(const std::string& payload);

 private:
  std::string dump(std::string_view key) {
    const std::string reply = ask("DUMP K", key);
    std::string_view rest = reply;
    return std::string(fuzz::take_resp_reply(&rest, false)[0]);
  }
  std::vector<std::string> contents(const Script& script, std::string_view key);
  void compare(const Script& script, std::string_view first, std::string_view second);
  void check_intact() { redis_.engine().check_integrity(); }

  fuzz::RedisConnection redis_;
};

/// Everything the value holds, in the order in which it tells it, or sorted.
std::vector<std::string> Session::contents(const Script& script, std::string_view key) {
  const std::string reply = ask(script.read, key);
  std::string_view rest = reply;
  const auto leaves = fuzz::take_resp_reply(&rest, false);
  std::vector<std::string> texts(leaves.begin(), leaves.end());
  if (script.leaves != 0) {
    const std::string count = ask(script.count, key);
    fuzz::require(count == ":" + std::to_string(texts.size() / script.leaves) + "\r\n",
                  "elements are miscounted", reply);
  }
  if (!script.ordered) std::sort(texts.begin(), texts.end());
  return texts;
}

void Session::compare(const Script& script, std::string_view first, std::string_view second) {
  const std::string before = dump(first);
  const std::string after = dump(second);
  fuzz::require(contents(script, first) == contents(script, second), "DUMP makes another value", before);
  // A value keeps the encoding it has grown into; a new one of the same size may be packed.
  const std::string encoding = ask("OBJECT ENCODING K", first);
  if (encoding == ask("OBJECT ENCODING K", second)) {
    // A table has no order, but each element has its bytes.
    const bool table = encoding == "$9\r\nhashtable\r\n";
    fuzz::require(table ? before.size() == after.size() : before == after, "DUMP makes another payload",
                  before);
  }
  if (script.type != "stream") return;
  fuzz::require(ask("XINFO STREAM K FULL COUNT 0", first) == ask("XINFO STREAM K FULL COUNT 0", second),
                "DUMP makes another stream", before);
}

void Session::run(const std::string& payload) {
  const std::string reply = ask({"RESTORE", "first", "0", payload});
  check_intact();
  if (reply != "+OK\r\n") {
    fuzz::require(reply == "-ERR Bad data format\r\n", "another refusal", reply);
    fuzz::require(ask({"DBSIZE"}) == ":0\r\n", "a refused payload leaves a key", payload);
    return;
  }
  const std::string type = ask("TYPE K", "first");
  const auto script = std::find_if(std::begin(kScripts), std::end(kScripts), [&type](const Script& each) {
    return type == "+" + std::string(each.type) + "\r\n";
  });
  // A hash whose fields have all ended is no value.
  if (type == "+none\r\n") return;
  fuzz::require(script != std::end(kScripts), "a value of no type", type);
  contents(*script, "first");  // fields that have ended go
  if (ask("EXISTS K", "first") == ":0\r\n") return;
  fuzz::require(ask({"RESTORE", "second", "0", dump("first")}) == "+OK\r\n", "our own payload is refused",
                payload);
  check_intact();
  compare(*script, "first", "second");
  for (const std::string_view line : script->changes) {
    ask(line, "first");
    check_intact();
  }
  if (ask("EXISTS K", "first") == ":1\r\n") {
    fuzz::require(ask({"RESTORE", "second", "0", dump("first"), "REPLACE"}) == "+OK\r\n",
                  "the payload of a changed value is refused", payload);
    compare(*script, "first", "second");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::FrozenClock clock;
  fuzz::Choices choices({reinterpret_cast<const char*>(data), size});
  const bool small = choices.below(2) == 1;
  const std::string payload = payload_of(choices);
  redis::heap::fold();
  const std::int64_t held = redis::heap::total_bytes();
  Session(small).run(payload);
  redis::heap::fold();
  fuzz::require(redis::heap::total_bytes() == held, "the bytes of values are miscounted", payload);
  return 0;
}
