// The wall clock stands still while an input runs, so that the same bytes get the same answers: what is
// compared may tell seconds (dumps), milliseconds (stream ids, deadlines) or what is left of them.
//
// After kSecondsMax it goes on: libFuzzer reads the same clock to find inputs that take too long.
// Threads: the fuzz target's one.
#pragma once

namespace larder::fuzz {

class FrozenClock {
 public:
  static constexpr int kSecondsMax = 5;

  FrozenClock();
  ~FrozenClock();
  FrozenClock(const FrozenClock&) = delete;
  FrozenClock& operator=(const FrozenClock&) = delete;
};

}  // namespace larder::fuzz
