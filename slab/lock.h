// Locks held for a few dozen instructions, and the order they are taken in.
//
// Order (outermost first): gate -> stripe (ascending) -> journal -> lru -> magazine -> slab class ->
// arena. A debug build (LARDER_DEBUG_COMMANDS) keeps, per thread, the ranks that are held and
// stops the process when a lock is taken against the order. try_lock is exempt: it cannot
// deadlock.
//
// SpinLock is one byte: test-and-set, a short spin with pause, then naps of 50 us, so that a holder
// that lost its processor gets it back. Unlocking is a plain release store: uncontended, lock and
// unlock together are one atomic read-modify-write.
#pragma once

#include <atomic>
#include <cstdint>

namespace larder {

enum class LockRank : std::uint8_t { gate, stripe, journal, lru, magazine, slab_class, arena };

#ifdef LARDER_DEBUG_COMMANDS
/// Per-thread record of held locks; aborts with both names when the order is broken.
void lock_order_enter(LockRank rank, const void* lock, bool checked);
void lock_order_leave(LockRank rank, const void* lock);
#else
inline void lock_order_enter(LockRank, const void*, bool) {}
inline void lock_order_leave(LockRank, const void*) {}
#endif

template <LockRank kRank>
class SpinLock {
 public:
  SpinLock() = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  void lock() {
    lock_order_enter(kRank, this, true);
    if (held_.exchange(true, std::memory_order_acquire)) [[unlikely]] lock_slow();
  }
  bool try_lock() {
    if (held_.load(std::memory_order_relaxed) || held_.exchange(true, std::memory_order_acquire)) {
      return false;
    }
    lock_order_enter(kRank, this, false);
    return true;
  }
  void unlock() {
    lock_order_leave(kRank, this);
    held_.store(false, std::memory_order_release);
  }

 private:
  void lock_slow() { spin_until_taken(held_); }
  static void spin_until_taken(std::atomic<bool>& held);

  std::atomic<bool> held_{false};
};

/// The waiting part of SpinLock::lock, out of line.
void spin_until_taken(std::atomic<bool>& held);
template <LockRank kRank>
void SpinLock<kRank>::spin_until_taken(std::atomic<bool>& held) {
  larder::spin_until_taken(held);
}

using GateLock = SpinLock<LockRank::gate>;
using StripeLock = SpinLock<LockRank::stripe>;

}  // namespace larder
