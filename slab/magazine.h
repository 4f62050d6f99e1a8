// A worker's small stock of free chunks per slab class, so that the class lock is taken once for
// a batch instead of once for a chunk.
//
// The magazine lock is the owner's and uncontended; the page mover takes it to pull back chunks of
// a page it drains. Order: after stripe and lru, before slab class.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "slab/lock.h"

namespace larder::slab {

/// Slab class ids are 1..kLastClass; 0 is no class. memcached has up to 63; large values want more. The last index of per-class arrays is left for
/// what is kept per class but is none (engine: values in extents).
inline constexpr std::size_t kClassCountMax = 80;
inline constexpr std::size_t kLastClass = kClassCountMax - 2;

/// Names an item: its offset in the arena divided by the arena's alignment. 0 = none.
using Ref = std::uint32_t;

class SlabAllocator;

class Magazines {
 public:
  /// Chunks kept per class at most; classes of large chunks keep fewer (SlabAllocator decides).
  static constexpr std::size_t kChunksMax = 32;

  /// Chunks of a class in stock now.
  std::size_t count(std::size_t class_id) const {
    std::lock_guard lock(lock_);
    return magazines_[class_id].count;
  }

 private:
  friend class SlabAllocator;
  struct Magazine {
    std::uint32_t count = 0;
    std::array<Ref, kChunksMax> chunks;
  };
  mutable SpinLock<LockRank::magazine> lock_;
  std::array<Magazine, kClassCountMax> magazines_;
};

}  // namespace larder::slab
