#include "tests/fuzz/frozen_clock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace {

int read_clock(clockid_t clock, timespec* now) {
  return static_cast<int>(syscall(SYS_clock_gettime, clock, now));
}

bool frozen = false;
timespec wall{};     // when it was frozen
timespec steady{};   // the same moment of the clock that never stands still

bool stands_still() {
  if (!frozen) return false;
  timespec now{};
  read_clock(CLOCK_MONOTONIC, &now);
  return now.tv_sec - steady.tv_sec <= larder::fuzz::FrozenClock::kSecondsMax;
}

}  // namespace

// These take the place of the C library's in the whole program.
extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  if (clock != CLOCK_REALTIME || !stands_still()) return read_clock(clock, now);
  *now = wall;
  return 0;
}

extern "C" time_t time(time_t* result) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != nullptr) *result = now.tv_sec;
  return now.tv_sec;
}

namespace larder::fuzz {

FrozenClock::FrozenClock() {
  read_clock(CLOCK_REALTIME, &wall);
  read_clock(CLOCK_MONOTONIC, &steady);
  frozen = true;
}

FrozenClock::~FrozenClock() { frozen = false; }

}  // namespace larder::fuzz
