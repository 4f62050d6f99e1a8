// The binary protocol: packets as they come, or packets that are given lengths that add up.
//
// Input: a byte for the number of requests in a turn and the way the rest is read, a byte for where
// the stream is cut, then the stream, or choices that make one.
#include <string>

#include "proto/binary_header.h"
#include "proto/binary_opcodes.h"
#include "tests/fuzz/fuzz_connection.h"
#include "tests/fuzz/replies.h"

namespace {

using namespace larder;
namespace binary = proto::binary;

constexpr std::uint64_t kNumbers[] = {0, 1, 2, 60, 2592001, 0xffffffff, 0xfffffffe, ~std::uint64_t{0}};
constexpr std::size_t kSizes[] = {0, 1, 2, 20, 300, 2048, 5000, 9000};

void add_packet(fuzz::Choices& choices, std::string* stream) {
  const unsigned opcode = choices.below(0x28);
  const binary::Opcode& row = binary::kOpcodes[opcode];
  const bool astray = choices.one_in(16);  // a shape that the opcode does not have
  std::string extras;
  const std::size_t extras_bytes = astray ? choices.below(24) : row.extras_bytes;
  while (extras.size() < extras_bytes) {
    char number[8];
    binary::save_number(number, kNumbers[choices.below(std::size(kNumbers))]);
    extras.append(number, 8);
  }
  extras.resize(extras_bytes);
  std::string key;
  if (row.key != binary::Part::forbidden || astray) {
    key = choices.one_in(8) ? std::string(choices.take(choices.byte() % 32))
                            : std::string(1, static_cast<char>('a' + choices.below(4)));
  }
  std::string value;
  if (row.value && row.verb != binary::Verb::unknown) {
    const bool digits = choices.one_in(4);
    value.assign(kSizes[choices.below(std::size(kSizes))], digits ? '9' : 'v');
  }
  binary::Header header{};
  header.magic = choices.one_in(64) ? static_cast<std::uint8_t>(choices.byte()) : binary::kRequestMagic;
  header.opcode = static_cast<std::uint8_t>(opcode);
  header.key_bytes = static_cast<std::uint16_t>(key.size());
  header.extras_bytes = static_cast<std::uint8_t>(extras.size());
  header.body_bytes = static_cast<std::uint32_t>(extras.size() + key.size() + value.size());
  header.opaque = 0x64636261;
  header.cas = choices.one_in(8) ? kNumbers[choices.below(std::size(kNumbers))] : 0;
  char bytes[binary::kHeaderBytes];
  binary::save_header(bytes, header);
  stream->append(bytes, sizeof bytes);
  *stream += extras;
  *stream += key;
  *stream += value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kStreamBytesMax = 60'000;
  fuzz::Choices choices({reinterpret_cast<const char*>(data), size});
  const unsigned first = choices.byte();
  const unsigned cuts = choices.byte();
  std::string stream;
  if (first % 2 == 0) {
    stream = choices.rest();
  } else {
    while (choices.left() && stream.size() < kStreamBytesMax) add_packet(choices, &stream);
  }
  bool closed = false;
  fuzz::check_binary_replies(
      fuzz::feed_both_ways(proto::Binding::binary, stream, cuts, 1 + first / 2 % 20, &closed));
  return 0;
}
