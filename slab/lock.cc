#include "slab/lock.h"

#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace larder {

namespace {
constexpr int kSpins = 200;            // about a microsecond of pause instructions
constexpr long kNapNanoseconds = 50'000;
}  // namespace

void spin_until_taken(std::atomic<bool>& held) {
  int spins = 0;
  do {
    while (held.load(std::memory_order_relaxed)) {
      if (spins < kSpins) {
        ++spins;
        __builtin_ia32_pause();
      } else {
        const timespec nap{0, kNapNanoseconds};
        nanosleep(&nap, nullptr);
      }
    }
  } while (held.exchange(true, std::memory_order_acquire));
}

#ifdef LARDER_DEBUG_COMMANDS
namespace {
struct Held {
  LockRank rank;
  const void* lock;
};
thread_local std::vector<Held> held_locks;
constexpr const char* kRankNames[] = {"gate",     "stripe",     "journal", "lru",
                                      "magazine", "slab class", "arena"};
}  // namespace

void lock_order_enter(LockRank rank, const void* lock, bool checked) {
  if (checked) {
    for (const Held& held : held_locks) {
      // Several locks of one rank are taken by ascending address: stripes and gates lie in arrays.
      const bool in_order = held.rank < rank || (held.rank == rank && held.lock < lock);
      if (!in_order) {
        std::fprintf(stderr, "lock order broken: %s taken while %s is held\n",
                     kRankNames[static_cast<int>(rank)], kRankNames[static_cast<int>(held.rank)]);
        std::abort();
      }
    }
  }
  held_locks.push_back({rank, lock});
}

void lock_order_leave(LockRank, const void* lock) {
  for (auto held = held_locks.rbegin(); held != held_locks.rend(); ++held) {
    if (held->lock == lock) {
      held_locks.erase(std::next(held).base());
      return;
    }
  }
  std::fprintf(stderr, "lock order broken: a lock is released that this thread does not hold\n");
  std::abort();
}
#endif

}  // namespace larder
