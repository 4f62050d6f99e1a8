#include "engine/redis/persist/dump.h"

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/redis/persist/crc64.h"
#include "engine/redis/types/stream.h"

using namespace larder::redis;
using namespace larder::redis::persist;
using namespace std::string_literals;

namespace {

const ValueLimits kLimits;

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

/// A payload of a form, with a right footer.
std::string payload(Form form, const std::function<void(RdbWriter&)>& write, unsigned version = 10) {
  std::string bytes;
  StringSink sink(bytes);
  RdbWriter out(sink);
  out.form(form);
  write(out);
  bytes.push_back(static_cast<char>(version));
  bytes.push_back('\0');
  const std::uint64_t checksum = crc64(0, bytes);
  return bytes.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
}

std::string blob(Form form, std::string_view bytes) {
  return payload(form, [bytes](RdbWriter& out) { out.string(bytes); });
}

std::string strings(Form form, std::uint64_t count, const std::vector<std::string>& texts) {
  return payload(form, [&](RdbWriter& out) {
    out.length(count);
    for (const std::string& text : texts) out.string(text);
  });
}

std::string packed(const std::vector<std::string>& entries) {
  Listpack pack;
  for (const std::string& entry : entries) pack.push_back(entry);
  return {reinterpret_cast<const char*>(pack.bytes().data()), pack.byte_count()};
}

/// A stream of one entry, 0-`seq`.
std::string one_entry_stream(std::uint64_t seq) {
  return payload(Form::kStream2, [seq](RdbWriter& out) {
    out.length(1);
    out.string(std::string(16, '\0'));
    out.string(packed({"1", "0", "1", "f", "0", "2", "0", std::to_string(seq), "v", "4"}));
    for (const std::uint64_t number : {std::uint64_t{1}, std::uint64_t{0}, seq}) out.length(number);
    for (const std::uint64_t number : {std::uint64_t{0}, seq}) out.length(number);
    for (const std::uint64_t number : {0, 0, 1, 0}) out.length(number);  // deleted id, added, groups
  });
}

using Texts = std::vector<std::string>;

/// What a value holds, in an order of its own.
Texts contents(const Value& value) {
  Texts texts;
  IntegerText room;
  switch (value.type()) {
    case Type::kList: {
      const auto& list = static_cast<const List&>(value);
      for (auto at = list.first(); at; at = list.next(at)) texts.emplace_back(list.value(at).text(room));
      break;
    }
    case Type::kSet:
      static_cast<const Set&>(value).for_each(
          [&](const PackedValue& member) { texts.emplace_back(member.text(room)); });
      std::sort(texts.begin(), texts.end());
      break;
    case Type::kSortedSet:
      static_cast<const SortedSet&>(value).visit_all([&](std::string_view name, double score) {
        texts.push_back(std::string(name) + "=" + std::to_string(score));
      });
      break;
    case Type::kHash:
      static_cast<const Hash&>(value).for_each([&](const Hash::Pair& pair) {
        std::string text(pair.field.text(room));
        text += "=" + std::string(pair.value.text(room));
        if (pair.deadline_ms != 0) text += "@" + std::to_string(pair.deadline_ms);
        texts.push_back(text);
      });
      std::sort(texts.begin(), texts.end());
      break;
    case Type::kStream:
      static_cast<const Stream&>(value).visit(
          kStreamIdMin, kStreamIdMax, false, [&](const StreamEntry& entry) {
            StreamIdText id;
            std::string text(id.of(entry.id()));
            entry.for_each_field([&](std::string_view name, std::string_view field) {
              text += " " + std::string(name) + "=" + std::string(field);
            });
            texts.push_back(text);
            return true;
          });
      break;
    case Type::kString:
      break;
  }
  return texts;
}

/// The contents of a payload; the value is checked, and its bytes are counted.
Texts restored(const std::string& bytes) {
  REQUIRE(payload_intact(bytes));
  const auto before = heap::thread_bytes();
  Texts texts;
  {
    const auto loaded = restore(bytes, kLimits);
    REQUIRE(loaded);
    REQUIRE(loaded->object != nullptr);
    loaded->object->check_integrity();
    CHECK(heap::thread_bytes() - before == static_cast<std::int64_t>(loaded->object->heap_bytes()));
    texts = contents(*loaded->object);
  }
  CHECK(heap::thread_bytes() == before);
  return texts;
}

bool refused(const std::string& bytes) {
  const auto before = heap::thread_bytes();
  const bool intact = payload_intact(bytes);
  const bool no_value = !intact || !restore(bytes, kLimits);
  return no_value && heap::thread_bytes() == before;
}

std::string ziplist(const std::vector<std::string>& texts) {
  std::string body;
  std::size_t before = 0;
  std::size_t tail = 10;
  for (const std::string& text : texts) {
    tail = 10 + body.size();
    body += static_cast<char>(before);
    body += static_cast<char>(text.size());
    body += text;
    before = 2 + text.size();
  }
  std::string bytes;
  const auto put = [&bytes](std::size_t value, int width) {
    for (int i = 0; i < width; ++i) bytes.push_back(static_cast<char>(value >> 8 * i));
  };
  put(11 + body.size(), 4);
  put(tail, 4);
  put(texts.size(), 2);
  return bytes + body + '\xff';
}

// Made by redis-server 7.0.15: DUMP of each kind of value.
const std::map<std::string, std::string> kPeer = {
    {"list", "12010218180000000400816102816202f139300385787878787806ff0a00c2b273c8b8a49fa5"},
    {"ints", "0b1404000000030000000100000002000000701101000a0085d5c1065b1dd055"},
    {"set", "020101610a006296e97e44d21a6d"},
    {"small zset", "1118180000000400836f6e650401018374776f0483322e3504ff0a00e7fbf0d5ac77bbb4"},
    {"large zset", "05020374776f0000000000000440036f6e65000000000000f03f0a00c730e8f58dd90e66"},
    {"small hash", "1012120000000400816602817602816e021101ff0a00a180dda23510453b"},
    {"large hash", "0401016601760a00adf24356b1860efc"},
    {"stream",
     "13011000000000000000010000000000000001c3353a073a0000001600020140000781660200010201002001058176020401"
     "03201404dfff028177200b4018200b202400674010020601ff0203000101020003010167010181ffffffffffffffff010000"
     "00000000000100000000000000013b6e24ffa1010000010105616c6963653b6e24ffa1010000010000000000000001000000"
     "00000000010a00d2866fa201705ea9"},
};

}  // namespace

TEST_CASE("dump: values that redis-server made") {
  const std::map<std::string, Texts> expected = {
      {"list", {"a", "b", "12345", "xxxxx"}},
      {"ints", {"1", "2", "70000"}},
      {"set", {"a"}},
      {"small zset", {"one=1.000000", "two=2.500000"}},
      {"large zset", {"one=1.000000", "two=2.500000"}},
      {"small hash", {"f=v", "n=17"}},
      {"large hash", {"f=v"}},
      {"stream", {"1-1 f=v", "3-0 g=w"}},
  };
  for (const auto& [name, hex] : kPeer) {
    INFO(name);
    CHECK(restored(from_hex(hex)) == expected.at(name));
  }
  const auto text = [](std::string_view hex) { return restore(from_hex(hex), kLimits)->string; };
  CHECK(text("000568656c6c6f0a006372df766534200a") == "hello");
  CHECK(text("00c1d4fe0a00c6c48623febede2e") == "-300");
  std::string repeated;
  for (int i = 0; i < 40; ++i) repeated += "ab";
  CHECK(text("00c30a405002616261e042010161620a00949d5f0eb1dea445") == repeated);
}

TEST_CASE("dump: our bytes are those of redis-server") {
  CHECK(dump_string("hello") == from_hex("000568656c6c6f0a006372df766534200a"));
  CHECK(dump_string("-300") == from_hex("00c1d4fe0a00c6c48623febede2e"));
  for (const auto& [name, hex] : kPeer) {
    if (name == "stream") continue;  // compressed, and compressors differ
    if (name.starts_with("large")) continue;  // small ones by our limits
    INFO(name);
    CHECK(dump_value(*restore(from_hex(hex), kLimits)->object) == from_hex(hex));
  }
  ValueLimits large;
  large.zset.entries = 0;
  large.hash.listpack_entries = 0;
  for (const char* name : {"large zset", "large hash"}) {
    CHECK(dump_value(*restore(from_hex(kPeer.at(name)), large)->object) == from_hex(kPeer.at(name)));
  }
}

TEST_CASE("dump: a stream's groups come back") {
  const auto loaded = restore(from_hex(kPeer.at("stream")), kLimits);
  const auto& stream = static_cast<const Stream&>(*loaded->object);
  CHECK(stream.last_id() == StreamId{3, 0});
  CHECK(stream.max_deleted_id() == StreamId{2, 0});
  CHECK(stream.entries_added() == 3);
  const ConsumerGroup* group = stream.group("g");
  REQUIRE(group != nullptr);
  CHECK(group->entries_read == ConsumerGroup::kUnknown);
  CHECK(group->pending().size() == 1);
  CHECK(*group->pending().begin()->second.consumer->name == "alice");
  const auto again = restore(dump_value(stream), kLimits);
  REQUIRE(again);
  again->object->check_integrity();
  CHECK(contents(*again->object) == contents(stream));
  CHECK(static_cast<const Stream&>(*again->object).group("g")->pending().size() == 1);
}

TEST_CASE("dump: older and newer forms are read") {
  CHECK(restored(strings(Form::kListPlain, 3, {"x", "y", "7"})) == Texts{"x", "y", "7"});
  CHECK(restored(blob(Form::kListZiplist, ziplist({"x", "y"}))) == Texts{"x", "y"});
  CHECK(restored(strings(Form::kListQuicklistZiplist, 2, {ziplist({"x", "y"}), ziplist({"z"})})) ==
        Texts{"x", "y", "z"});
  CHECK(restored(payload(Form::kListQuicklist, [](RdbWriter& out) {
          out.length(2);
          out.length(1);
          out.string("plain");
          out.length(2);
          out.string(packed({"a", "b"}));
        })) == Texts{"plain", "a", "b"});
  CHECK(restored(blob(Form::kSetListpack, packed({"b", "a", "3"}))) == Texts{"3", "a", "b"});
  CHECK(restored(payload(Form::kZsetText, [](RdbWriter& out) {
          out.length(2);
          out.string("b");
          out.raw("\x03" "2.5");
          out.string("a");
          out.raw("\xff");
        })) == Texts{"a=-inf", "b=2.500000"});
  CHECK(restored(blob(Form::kZsetZiplist, ziplist({"a", "1", "b", "2.5"}))) ==
        Texts{"a=1.000000", "b=2.500000"});
  CHECK(restored(blob(Form::kHashZipmap, "\x01\x01" "f\x01\x00" "v\xff"s)) == Texts{"f=v"});
  CHECK(restored(blob(Form::kHashZiplist, ziplist({"f", "v", "g", "w"}))) == Texts{"f=v", "g=w"});
  CHECK(restored(payload(Form::kHashFieldTtl, [](RdbWriter& out) {
          out.u64(5000);
          out.length(3);
          for (const char* word : {"f", "g", "h"}) {
            out.length(word[0] == 'f' ? 0 : word[0] == 'g' ? 1 : 501);
            out.string(word);
            out.string("v");
          }
        }, 12)) == Texts{"f=v", "g=v@5000", "h=v@5500"});
  CHECK(restored(payload(Form::kHashListpackEx, [](RdbWriter& out) {
          out.u64(5000);
          out.string(packed({"g", "v", "5000", "f", "v", "0"}));
        }, 12)) == Texts{"f=v", "g=v@5000"});
}

TEST_CASE("dump: a hash with deadlines is written in the form that knows them") {
  Hash hash;
  hash.set("f", "v", {});
  hash.set("g", "w", {});
  hash.set_deadline("g", 1'900'000'000'000);
  const std::string bytes = dump_value(hash);
  CHECK(bytes[bytes.size() - 10] == 12);
  CHECK(restored(bytes) == Texts{"f=v", "g=w@1900000000000"});
}

TEST_CASE("dump: version and checksum are looked at first") {
  const std::string sound = from_hex(kPeer.at("list"));
  CHECK(payload_intact(sound));
  CHECK_FALSE(payload_intact(""));
  CHECK_FALSE(payload_intact(sound.substr(1)));
  for (std::size_t i = 0; i < sound.size(); ++i) {
    std::string changed = sound;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(payload_intact(changed));
  }
  CHECK(payload_intact(payload(Form::kString, [](RdbWriter& out) { out.string("x"); }, 12)));
  CHECK_FALSE(payload_intact(payload(Form::kString, [](RdbWriter& out) { out.string("x"); }, 13)));
}

TEST_CASE("dump: what is not sound is refused, though its checksum is right") {
  CHECK(refused(strings(Form::kListPlain, 0, {})));
  CHECK(refused(strings(Form::kListPlain, 3, {"x"})));
  CHECK(refused(strings(Form::kListPlain, 1, {"x", "left over"})));
  CHECK(refused(blob(Form::kListZiplist, "nonsense")));
  CHECK(refused(blob(Form::kListZiplist, ziplist({}))));
  CHECK(refused(payload(Form::kListQuicklist, [](RdbWriter& out) {
    out.length(1);
    out.length(3);
    out.string("x");
  })));
  CHECK(refused(strings(Form::kSetPlain, 2, {"x", "x"})));
  CHECK(refused(strings(Form::kSetPlain, 0, {})));
  CHECK(refused(blob(Form::kSetIntset, "\x02\x00\x00\x00\x02\x00\x00\x00\x02\x00\x01\x00"s)));
  CHECK(refused(blob(Form::kSetListpack, packed({"a", "a"}))));
  CHECK(refused(blob(Form::kZsetListpack, packed({"a"}))));
  CHECK(refused(blob(Form::kZsetZiplist, ziplist({"a", "x"}))));
  CHECK(refused(blob(Form::kZsetZiplist, ziplist({"a", "1", "a", "2"}))));
  CHECK(refused(payload(Form::kZset, [](RdbWriter& out) {
    out.length(1);
    out.string("a");
    out.real(NAN);
  })));
  CHECK(refused(blob(Form::kHashListpack, packed({"f", "v", "f", "w"}))));
  CHECK(refused(blob(Form::kHashListpack, packed({"f", "v", "g"}))));
  CHECK(refused(blob(Form::kHashZiplist, ziplist({"f"}))));
  CHECK(refused(strings(Form::kHashPlain, 2, {"f", "v", "f", "w"})));
  CHECK(refused(payload(Form::kStream2, [](RdbWriter& out) { out.length(1); })));
  CHECK_FALSE(refused(one_entry_stream(1)));
  CHECK(refused(one_entry_stream(0)));  // 0-0 is no entry's id
  for (const int form : {6, 7, 8, 21, 26, 99, 255}) {
    CHECK(refused(payload(static_cast<Form>(form), [](RdbWriter& out) { out.string("x"); })));
  }
}

TEST_CASE("dump: changed payloads with right checksums are refused or sound") {
  std::mt19937 random(51);
  std::vector<std::string> bodies;
  for (const auto& [name, hex] : kPeer) bodies.push_back(from_hex(hex));
  Hash hash;
  for (int i = 0; i < 5; ++i) hash.set("field" + std::to_string(i), std::to_string(i), {});
  hash.set_deadline("field2", 1'900'000'000'000);
  bodies.push_back(dump_value(hash));
  bodies.push_back(blob(Form::kHashZiplist, ziplist({"f", "v", "g", "w"})));
  for (int round = 0; round < 30'000; ++round) {
    std::string bytes = bodies[random() % bodies.size()];
    bytes.resize(bytes.size() - 10);
    for (auto i = random() % 3 + 1; i > 0; --i) {
      bytes[random() % bytes.size()] = static_cast<char>(random() % 3 == 0 ? random() % 4 : random());
    }
    if (random() % 8 == 0) bytes.resize(random() % bytes.size() + 1);
    bytes.append(10, '\0');
    const auto before = heap::thread_bytes();
    if (const auto loaded = restore(bytes, kLimits); loaded && loaded->object)
      loaded->object->check_integrity();
    REQUIRE(heap::thread_bytes() == before);
  }
}

TEST_CASE("dump: large values of every kind come back") {
  std::mt19937 random(52);
  std::vector<std::unique_ptr<Value>> values;
  auto list = std::make_unique<List>();
  auto set = std::make_unique<Set>();
  auto zset = std::make_unique<SortedSet>();
  auto hash = std::make_unique<Hash>();
  auto stream = std::make_unique<Stream>();
  for (int i = 0; i < 3000; ++i) {
    const std::string text = std::to_string(random() % 5000) + std::string(random() % 30, 'x');
    list->push_back(text, kLimits.list);
    set->insert(text, kLimits.set);
    zset->put(text, static_cast<double>(random() % 100) / 8, kLimits.zset);
    hash->set(text, std::to_string(i), kLimits.hash);
    const std::string_view fields[] = {"name", text};
    stream->append({static_cast<std::uint64_t>(i + 1), 0}, fields, {});
  }
  values.push_back(std::move(list));
  values.push_back(std::move(set));
  values.push_back(std::move(zset));
  values.push_back(std::move(hash));
  values.push_back(std::move(stream));
  for (const auto& value : values) {
    CHECK(restored(dump_value(*value)) == contents(*value));
  }
}
