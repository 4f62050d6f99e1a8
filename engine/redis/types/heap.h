// The memory of structured values: every allocation of a value goes through here and is counted by
// the bytes that the allocator really set aside for it (its usable size), so that what values hold
// is known to the byte and no type keeps books of its own.
//
// Each thread counts for itself, without a shared cache line. Its count is folded into one atomic
// total whenever it has moved by kFoldBytes, and when the thread ends; total_bytes() is therefore
// exact up to kFoldBytes a running thread. A mutation of a value measures what it took with a
// Meter, and charges that to the value; a release on another thread than the one that allocated is
// right in the total all the same, since only sums count.
//
// Out of memory: allocations never return null. The limit on what is stored is kept by eviction,
// long before the machine has nothing to give; when it has not, the process ends with a message.
//
// Locking: none is needed; the total is atomic.
#pragma once

#include <cstddef>
#include <cstdint>

namespace larder::redis::heap {

/// What one thread may have allocated without the total knowing.
inline constexpr std::int64_t kFoldBytes = 16 * 1024;

/// At least `bytes` bytes, aligned to 16 (to 8 when fewer than 16 are asked for). Never null.
void* allocate(std::size_t bytes);
/// The same contents in at least `bytes` bytes, possibly elsewhere. Null is allowed: allocate().
void* resize(void* memory, std::size_t bytes);
/// Null is allowed.
void release(void* memory);
/// Bytes set aside for an allocation, at least those asked for; 0 for null.
std::size_t usable_bytes(const void* memory);

/// Bytes held by all values of the process.
std::int64_t total_bytes();
/// Bytes that this thread has allocated less those it released, ever.
std::int64_t thread_bytes();
/// Adds what this thread counted since the last time to the total.
void fold();

/// Measures what a piece of work on this thread allocates less what it releases.
class Meter {
 public:
  Meter() : begin_(thread_bytes()) {}
  std::int64_t delta() const { return thread_bytes() - begin_; }

 private:
  std::int64_t begin_;
};

/// Adds what a piece of work on this thread allocates less what it releases to a number.
class Tally {
 public:
  explicit Tally(std::size_t* bytes) : bytes_(bytes) {}
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  ~Tally() { *bytes_ += static_cast<std::size_t>(meter_.delta()); }

 private:
  std::size_t* bytes_;
  Meter meter_;
};

/// Lets a standard container take its memory here.
template <typename T>
struct Allocator {
  using value_type = T;
  Allocator() = default;
  template <typename U>
  Allocator(const Allocator<U>&) {}
  static_assert(alignof(T) <= 16);
  T* allocate(std::size_t count) { return static_cast<T*>(heap::allocate(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) { heap::release(memory); }
  friend bool operator==(const Allocator&, const Allocator&) { return true; }
};

}  // namespace larder::redis::heap
