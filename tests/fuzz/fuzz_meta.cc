// The meta commands. Raw bytes seldom make a line with flags that are taken, so the input is read as
// choices: a verb, a key, flags with tokens that are likely to matter, now and then any bytes.
//
// As long as every data block is as long as it is said to be, no line can hide the next, and the
// `mn` that is sent last has to be answered last.
#include <string>

#include "tests/fuzz/fuzz_connection.h"
#include "tests/fuzz/replies.h"

namespace {

using namespace larder;

const std::string kLongKey(250, 'k');
const std::string kTooLongKey(251, 'k');
constexpr std::string_view kVerbs[] = {"mg", "ms", "md", "ma", "me", "mn", "ms", "mg"};
const std::string_view kKeys[] = {"a", "b", "n", "YQ==", "Yg==", "bm9uZQ==", kLongKey, kTooLongKey, "~"};
constexpr std::string_view kLetters = "bcfhklqstvuxEIMNTRODCFJLPTNIcvMD";
constexpr std::string_view kTokens[] = {
    "", "0", "1", "2", "-1", "30", "100", "2592001", "4294967295", "18446744073709551615",
    "18446744073709551616", "S", "E", "A", "P", "R", "I", "D", "i", "set", "append", "opaque",
    "ooooooooooooooooooooooooooooooo", "oooooooooooooooooooooooooooooooooooooooo", "x", "9999999999"};
constexpr std::size_t kSizes[] = {0, 1, 2, 7, 20, 200, 2047, 2048, 5000, 9000};

std::string_view pick_key(fuzz::Choices& choices) { return kKeys[choices.below(std::size(kKeys))]; }

/// False: one of them may make the line malformed, so that a data block is taken for commands.
bool add_flags(fuzz::Choices& choices, std::string* line) {
  bool honest = true;
  for (unsigned count = choices.below(7); count > 0; --count) {
    *line += ' ';
    if (choices.one_in(32)) {
      honest = false;
      for (const char byte : choices.take(1 + choices.below(8))) {
        if (byte != '\n' && byte != '\r') *line += byte;
      }
      continue;
    }
    *line += kLetters[choices.below(kLetters.size())];
    *line += kTokens[choices.below(std::size(kTokens))];
  }
  return honest;
}

/// One request. False: its data block is not as long as it says, or it is no request at all.
bool add_request(fuzz::Choices& choices, std::string* stream) {
  const std::string_view verb = kVerbs[choices.below(std::size(kVerbs))];
  const std::string_view key = pick_key(choices);
  *stream += verb;
  if (verb == "mn") {
    *stream += "\r\n";
    return true;
  }
  *stream += ' ';
  *stream += key;
  if (verb != "ms") {
    add_flags(choices, stream);
    *stream += "\r\n";
    return true;
  }
  const std::size_t bytes = kSizes[choices.below(std::size(kSizes))];
  bool honest = !choices.one_in(16);
  *stream += ' ';
  *stream += std::to_string(honest ? bytes : bytes + 1);
  honest = add_flags(choices, stream) && honest;
  *stream += "\r\n";
  const bool digits = choices.one_in(4);
  stream->append(bytes, digits ? '7' : 'v');
  *stream += "\r\n";
  return honest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kStreamBytesMax = 60'000;
  fuzz::Choices choices({reinterpret_cast<const char*>(data), size});
  const unsigned budget = 1 + choices.below(20);
  const unsigned cuts = choices.byte();
  std::string stream;
  bool honest = true;
  while (choices.left() && stream.size() < kStreamBytesMax) {
    honest = add_request(choices, &stream) && honest;
  }
  stream += "mn\r\n";
  bool closed = false;
  const std::string replies =
      fuzz::feed_both_ways(proto::Binding::ascii, stream, cuts, budget, &closed);
  fuzz::check_text_replies(replies);
  if (honest) fuzz::require(!closed && replies.ends_with("MN\r\n"), "mn is not answered", stream);
  return 0;
}
