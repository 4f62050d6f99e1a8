// Writes what the fuzzers start from: fuzz_material OUT makes OUT/<target>/ with a seed for each conversation
// of tests/support, each Redis command and each form of a payload, and OUT/<target>.dict with the words of
// the command tables.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/redis/persist/dump.h"
#include "proto/text_verbs.h"
#include "proto/udp_frame.h"
#include "server/option_names.h"
#include "tests/fuzz/fuzz_redis.h"
#include "tests/fuzz/redis_words.h"
#include "tests/support/binary_transcripts.h"
#include "tests/support/text_transcripts.h"

namespace {

using namespace larder;
namespace fs = std::filesystem;

constexpr std::size_t kSeedBytesMax = 16 * 1024;
/// Requests in a turn, where the stream is cut: what comes first in a seed of a protocol.
const std::string kTextStart = "\x13\x01";
const std::string kBinaryStart = std::string("\x12\x01", 2);
/// Settings of the engine, lines whose words are sent as arrays, where the stream is cut.
const std::string kRespLines = std::string("\xe0\x01\x01", 3);
/// Settings of the port, a sender that may be sent anything, a socket that takes all.
const std::string kUdpStart = std::string("\x00\x53\x00", 3);

class Folder {
 public:
  Folder(const fs::path& out, const std::string& target) : path_(out / target) {
    fs::create_directories(path_);
  }
  void add(const std::string& seed) {
    if (seed.size() > kSeedBytesMax) return;
    std::ofstream(path_ / ("seed-" + std::to_string(++count_)), std::ios::binary) << seed;
  }

 private:
  fs::path path_;
  int count_ = 0;
};

void write_dictionary(const fs::path& path, const std::vector<std::string>& words) {
  std::ofstream file(path);
  for (const std::string& word : words) {
    if (word.empty()) continue;
    file << '"';
    for (const char byte : word) {
      if (byte == '"' || byte == '\\') file << '\\';
      if (byte == '\r' || byte == '\n') {
        file << (byte == '\r' ? "\\x0d" : "\\x0a");
      } else {
        file << byte;
      }
    }
    file << "\"\n";
  }
}

std::vector<std::string> text_words() {
  std::vector<std::string> words{"\r\n", " noreply\r\n", " 0 0 1\r\nx\r\n", "18446744073709551615",
                                 "2147483647", "-1", " metadump all\r\n", " mgdump all\r\n",
                                 " items\r\n", " slabs\r\n", " sizes\r\n", " detail on\r\n"};
  for (const std::string_view verb : proto::text_verbs()) words.push_back(std::string(verb) + " ");
  return words;
}

void write_text(const fs::path& out) {
  Folder text(out, "text");
  for (const auto& transcripts : {test::text_transcripts(), test::meta_transcripts()}) {
    for (const test::TextTranscript& each : transcripts) text.add(kTextStart + each.sent);
  }
  text.add(kTextStart + "set large 0 0 9000\r\n" + std::string(9000, 'x') + "\r\nget large\r\n");
  write_dictionary(out / "text.dict", text_words());
}

void write_binary(const fs::path& out) {
  Folder binary(out, "binary");
  for (const test::Transcript& each : test::binary_transcripts()) {
    std::string sent;
    for (const test::Step& step : each.steps) sent += step.request;
    binary.add(kBinaryStart + sent);
  }
  write_dictionary(out / "binary.dict", {"stat", "items", "slabs", "detail on", "reset", "PLAIN"});
}

void write_options(const fs::path& out) {
  Folder options(out, "options");
  std::vector<std::string> words;
  for (const server::OptionName& name : server::option_names()) {
    if (name.letter != 0) {
      const std::string flag = std::string("-") + name.letter;
      options.add(name.takes_value ? flag + "\n1" : flag);
      words.push_back(flag);
    }
    if (name.name.empty()) continue;
    options.add("--" + std::string(name.name) + (name.takes_value ? "=1" : ""));
    words.push_back("--" + std::string(name.name));
  }
  for (const std::string_view name : server::extended_option_names()) {
    options.add("-o\n" + std::string(name) + "=1");
    words.push_back(std::string(name));
  }
  write_dictionary(out / "options.dict", words);
}

/// One datagram as fuzz_udp.cc reads it.
std::string datagram(const std::string& payload) {
  const std::string head{'\0', static_cast<char>(payload.size() & 0xff),
                         static_cast<char>(payload.size() >> 8)};
  return head + payload;
}

void write_udp(const fs::path& out) {
  Folder udp(out, "udp");
  for (const test::TextTranscript& each : test::text_transcripts()) udp.add(kUdpStart + datagram(each.sent));
  for (const test::Transcript& each : test::binary_transcripts()) {
    std::string sent;
    for (const test::Step& step : each.steps) sent += datagram(step.request);
    udp.add(kUdpStart + sent);
  }
  write_dictionary(out / "udp.dict", text_words());
}

void write_resp(const fs::path& out) {
  Folder resp(out, "resp");
  std::vector<std::string> words{"\r\n", "*1\r\n$", "*3\r\n$3\r\n", "$-1\r\n", "*-1\r\n", "k1", "k2"};
  const auto add = [&](const redis::Command& command) {
    std::string name = command.full_name;
    std::replace(name.begin(), name.end(), '|', ' ');
    words.push_back(name + ' ');
    std::string line = name;
    const int count = command.arity < 0 ? 1 - command.arity : command.arity;
    for (int i = command.parent == nullptr ? 1 : 2; i < count; ++i) {
      line += i == command.first_key ? " k1" : " 1";
    }
    resp.add(kRespLines + line + "\nset k1 1\n" + line + "\ndel k1\nrpush k1 a 1\n" + line);
  };
  const redis::CommandTable table;
  for (const redis::Command* command : table.all()) {
    if (command->subcommands.empty()) add(*command);
    for (const redis::Command* each : command->subcommands) add(*each);
  }
  for (const std::string_view word : fuzz::kRedisWords) words.emplace_back(word);
  write_dictionary(out / "resp.dict", words);
}

/// What makes a value of each type under the key k, small ones and large ones.
const std::vector<std::vector<std::string>> kValues = {
    {"set", "k", "hello"},
    {"set", "k", "-300"},
    {"set", "k", std::string(80, 'r')},
    {"rpush", "k", "a", "b", "12345", "xxxxx"},
    {"rpush", "k", std::string(9000, 'a'), "b", std::string(300, 'c')},
    {"sadd", "k", "1", "2", "70000"},
    {"sadd", "k", "-9223372036854775808", "3"},
    {"sadd", "k", "a", "b", "3"},
    {"zadd", "k", "1", "a", "2.5", "b", "-inf", "c"},
    {"zadd", "k", "1", "a", "1", "b", "2", std::string(70, 'z')},
    {"hset", "k", "f", "v", "n", "17"},
    {"hset", "k", "f", std::string(70, 'v'), "n", "17"},
    {"xadd", "k", "1-1", "f", "v"},
};

/// Payloads without version and checksum, read as they are.
void write_restore(const fs::path& out) {
  Folder restore(out, "restore");
  const auto add = [&](const std::string& payload) {
    constexpr std::size_t kFooterBytes = 10;
    const std::string body = payload.substr(0, payload.size() - kFooterBytes);
    restore.add(std::string("\x00\x00", 2) + body);
    restore.add(std::string("\x01\x00", 2) + body);
  };
  const auto dump = [&](fuzz::RedisConnection& redis) {
    const std::string reply = redis.ask({"dump", "k"});
    std::string_view rest = reply;
    add(std::string(fuzz::take_resp_reply(&rest, false)[0]));
  };
  for (const auto& value : kValues) {
    fuzz::RedisConnection redis(fuzz::redis_settings(false));
    redis.ask(value);
    dump(redis);
    if (value[0] == "hset") {
      redis.ask({"hpexpireat", "k", "4102444800000", "fields", "1", "f"});
      dump(redis);
    }
    if (value[0] != "xadd") continue;
    redis.ask({"xadd", "k", "2-0", "f", "v", "g", "w"});
    redis.ask({"xadd", "k", "3-0", "g", "w"});
    redis.ask({"xdel", "k", "2-0"});
    redis.ask({"xgroup", "create", "k", "a", "0"});
    redis.ask({"xreadgroup", "group", "a", "b", "count", "1", "streams", "k", ">"});
    redis.ask({"xgroup", "createconsumer", "k", "a", "c"});
    dump(redis);
  }
  // Forms that are read and never written; the blobs as an input of the kind that frames them.
  const std::string pairs = std::string("\0\1a\3\0011\3\1b\3\0012", 12);
  const std::string ziplist = std::string("\0\0\0\0\x13\0\0\0\xff\xff", 10) + pairs;
  restore.add(std::string("\x00\x01\x00", 3) + std::string("\x01\1f\1\0v", 6));
  for (const char form : {'\1', '\3', '\4'}) restore.add(std::string("\x00\x01", 2) + form + ziplist);
  const std::string listpack("\0\0\0\0\4\0\x81" "a\2\1\1\x81" "b\2\2\1", 16);
  for (const char form : {'\5', '\6', '\7'}) restore.add(std::string("\x00\x01", 2) + form + listpack);
  restore.add(std::string("\x00\x00\x03\x02\x01" "b\x03" "2.5\x01" "a\xff", 13));
  restore.add(std::string("\x00\x00\x01\x03\x01x\x01y\xc0\x07", 10));
  // Choices: one of each kind of body.
  for (char form = 0; form < 15; ++form) {
    restore.add(std::string("\x00\x02", 2) + form +
                std::string("\4\1\1\1\2\1\1\3\1\1\4\1\1\5\1\1\6\1\1", 19));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: fuzz_material OUT\n", stderr);
    return 2;
  }
  const fs::path out = argv[1];
  fs::create_directories(out / "meta");
  write_text(out);
  write_binary(out);
  write_options(out);
  write_udp(out);
  write_resp(out);
  write_restore(out);
  return 0;
}
