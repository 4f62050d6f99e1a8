// The text protocol: commands, storage, dumps, over a real engine.
//
// Input: a byte for the number of requests in a turn, a byte for where the stream is cut, the stream.
#include "tests/fuzz/fuzz_connection.h"
#include "tests/fuzz/replies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace larder;
  fuzz::Choices choices({reinterpret_cast<const char*>(data), size});
  const unsigned budget = 1 + choices.below(20);
  const unsigned cuts = choices.byte();
  bool closed = false;
  fuzz::check_text_replies(
      fuzz::feed_both_ways(proto::Binding::ascii, choices.rest(), cuts, budget, &closed));
  return 0;
}
