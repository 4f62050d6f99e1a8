// What a fuzz target is: one function from bytes to nothing that stops the process when something is
// wrong. libFuzzer calls it (preset `fuzz`), or replay_main.cc for each file it is given (all other
// presets), so that what was once found is looked at again in every test run.
//
// Every target has the same two duties beside not crashing: what it answers is well-formed, and what
// it leaves behind is intact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace larder::fuzz {

/// Stops the process, for libFuzzer to keep the input. `evidence` is shown as far as it is short.
[[noreturn]] inline void fail(std::string_view what, std::string_view evidence = {}) {
  constexpr std::size_t kShown = 2000;
  const std::string_view shown = evidence.substr(0, kShown);
  std::fprintf(stderr, "fuzz: %.*s\n", static_cast<int>(what.size()), what.data());
  std::fwrite(shown.data(), 1, shown.size(), stderr);
  std::fputc('\n', stderr);
  std::abort();
}
inline void require(bool holds, std::string_view what, std::string_view evidence = {}) {
  if (!holds) fail(what, evidence);
}

/// The input as a source of choices; gives zeros once it is used up.
class Choices {
 public:
  explicit Choices(std::string_view bytes) : bytes_(bytes) {}

  bool left() const { return !bytes_.empty(); }
  unsigned byte() {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  /// One of 0 .. count-1. Requires: count <= 256.
  unsigned below(std::size_t count) { return byte() % static_cast<unsigned>(count); }
  bool one_in(unsigned count) { return byte() % count == count - 1; }
  std::string_view take(std::size_t count) {
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() { return take(bytes_.size()); }

 private:
  std::string_view bytes_;
};

}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
