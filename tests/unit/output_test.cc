#include "proto/output.h"

#include <catch2/catch.hpp>
#include <string>

using larder::proto::Output;

namespace {
std::string drain(Output& output, std::size_t step) {
  std::string all;
  while (!output.empty()) {
    iovec vectors[4];
    const int count = output.gather(vectors, 4);
    std::string pending;
    for (int i = 0; i < count; ++i) {
      pending.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
    }
    pending.resize(std::min(pending.size(), step));
    all += pending;
    output.consume(pending.size());
  }
  return all;
}
}  // namespace

TEST_CASE("copied and pinned bytes leave in the order they came, whatever the write sizes") {
  for (std::size_t step = 1; step < 40; ++step) {
    Output output;
    std::string expected;
    for (int i = 0; i < 50; ++i) {
      const std::string_view pinned = "a value that stays in its item";
      output.append("header ");
      output.append_pinned({}, pinned);
      if (i % 3 == 0) output.append_pinned({}, "");
      output.append("\r\n");
      expected += "header " + std::string(pinned) + "\r\n";
    }
    CHECK(output.size() == expected.size());
    CHECK(drain(output, step) == expected);
    CHECK(output.size() == 0);
  }
}

TEST_CASE("rewind takes back what was copied since the mark") {
  Output output;
  output.append("keep");
  const std::size_t mark = output.mark();
  output.append("drop");
  output.rewind(mark);
  CHECK(output.size() == 4);
  CHECK(drain(output, 100) == "keep");
}

TEST_CASE("clear gives a large buffer back") {
  Output output;
  output.reserve(1 << 20);
  output.clear(64 * 1024);
  CHECK(output.capacity() == 0);
  output.append("again");
  CHECK(drain(output, 2) == "again");
}
