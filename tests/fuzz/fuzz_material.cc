// Writes what the fuzzers start from: fuzz_material OUT makes OUT/<target>/ with one seed for each
// conversation of tests/support, and OUT/<target>.dict with the words of the command tables.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "proto/text_verbs.h"
#include "server/option_names.h"
#include "tests/support/binary_transcripts.h"
#include "tests/support/text_transcripts.h"

namespace {

using namespace larder;
namespace fs = std::filesystem;

constexpr std::size_t kSeedBytesMax = 16 * 1024;
/// Requests in a turn, where the stream is cut: what comes first in a seed of a protocol.
const std::string kTextStart = "\x13\x01";
const std::string kBinaryStart = std::string("\x12\x01", 2);

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

void write_text(const fs::path& out) {
  Folder text(out, "text");
  for (const auto& transcripts : {test::text_transcripts(), test::meta_transcripts()}) {
    for (const test::TextTranscript& each : transcripts) text.add(kTextStart + each.sent);
  }
  text.add(kTextStart + "set large 0 0 9000\r\n" + std::string(9000, 'x') + "\r\nget large\r\n");
  std::vector<std::string> words{"\r\n", " noreply\r\n", " 0 0 1\r\nx\r\n", "18446744073709551615",
                                 "2147483647", "-1", " metadump all\r\n", " mgdump all\r\n",
                                 " items\r\n", " slabs\r\n", " sizes\r\n", " detail on\r\n"};
  for (const std::string_view verb : proto::text_verbs()) words.push_back(std::string(verb) + " ");
  write_dictionary(out / "text.dict", words);
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
  return 0;
}
