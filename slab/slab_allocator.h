// Slab classes: pages cut into equal chunks, free chunks kept per page so that a page can be
// emptied and given to another class.
//
// A free chunk:   | ctl u32 = kFreeChunk | next free Ref u32 | ... |   (item.h: ctl is at offset 0)
//
// Invariants
//  1. A chunk is in exactly one place: never carved yet (index >= carved), on its page's free list,
//     in a magazine, or in use.
//  2. A page with free or uncarved chunks is on its class's partial list, unless it is draining.
//  3. Chunks of a draining page are never handed out; freeing one only counts it. When all are
//     free the page leaves its class.
//
// Locks: one per class (rank slab_class) guards the class and its pages; magazines before it, the
// arena after it. Any thread may call anything.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "slab/arena.h"
#include "slab/lock.h"
#include "slab/magazine.h"
#include "slab/reservation.h"
#include "slab/size_classes.h"

namespace larder::slab {

class SlabAllocator {
 public:
  SlabAllocator(Arena& arena, const SizeClasses& classes);

  const SizeClasses& classes() const { return classes_; }
  Arena& arena() { return arena_; }

  /// A chunk of the class, or 0 when the class has none free and no page can be taken. The chunk's
  /// ctl word is 0.
  Ref allocate(Magazines& magazines, std::size_t class_id);
  /// As allocate(), but never takes a new page.
  Ref allocate_from_pages(Magazines& magazines, std::size_t class_id);
  /// As allocate(), but takes a page beyond the arena's limit if it must; 0 only at the end of the
  /// address space.
  Ref allocate_beyond(Magazines& magazines, std::size_t class_id);
  /// Requires: `chunk` was allocated and nobody can reach it any more.
  void free(Magazines& magazines, Ref chunk);

  /// Sees to it that the magazine has a chunk of the class; false when there is none to be had.
  bool stock(Magazines& magazines, std::size_t class_id);

  /// The class of a chunk that is in use.
  std::size_t class_of(Ref chunk) const { return page_class_[arena_.page_of(chunk)]; }

  /// Gives the class a page now; false when none can be taken.
  bool grow(std::size_t class_id);

  /// A page that is being emptied; returned by begin_drain.
  struct Drain {
    std::uint32_t page = 0;  // 0: none
    std::size_t class_id = 0;
    std::uint32_t carved = 0;  // chunks that were ever handed out
    std::size_t chunk_bytes = 0;
    explicit operator bool() const { return page != 0; }
  };
  /// Starts to empty the page of the class with the most free chunks (ties: the oldest), skipping
  /// the first `skip` candidates.
  Drain begin_drain(std::size_t class_id, std::size_t skip = 0);
  /// Pulls the drained page's chunks out of a magazine.
  void pull_back(Magazines& magazines, const Drain& drain);
  Ref chunk_of(const Drain& drain, std::uint32_t index) const {
    return arena_.ref_of(arena_.page_at(drain.page) + index * drain.chunk_bytes);
  }
  /// Ends a drain: true when the page was empty; it belongs to `to_class` now (0: to the arena's
  /// pool). False puts it back into its class.
  bool end_drain(const Drain& drain, std::size_t to_class = 0);

  struct ClassUsage {
    std::uint32_t pages = 0;
    std::uint64_t chunks = 0;
    std::uint64_t free_chunks = 0;  // those in magazines count as used
    std::uint32_t chunks_per_page = 0;
  };
  ClassUsage usage(std::size_t class_id) const;
  std::uint32_t page_count(std::size_t class_id) const {
    return slab_classes_[class_id].page_count.load(std::memory_order_relaxed);
  }

  // Warm restart. Requires: no other thread uses the allocator.
  enum class Found : std::uint8_t { free, in_use, broken };
  /// Gives a page that was restored with the arena to its class again. `visit(chunk)` tells of each
  /// chunk that was ever handed out what it is; chunks that are free now are free to hand out.
  /// False: there is no such page or class, or a chunk is broken.
  template <typename Visit>
  bool adopt_page(std::uint32_t number, std::size_t class_id, std::uint32_t carved, Visit&& visit) {
    if (!begin_adoption(number, class_id, carved)) return false;
    for (std::uint32_t i = 0; i < carved; ++i) {
      const Ref chunk = arena_.ref_of(arena_.page_at(number) + i * classes_.chunk_bytes(class_id));
      const Found found = visit(chunk);
      if (found == Found::broken) return false;
      if (found == Found::free) adopt_free(class_id, chunk);
    }
    return true;
  }
  /// Visits (number, class, chunks carved) of every page that belongs to a class.
  template <typename Visit>
  void for_each_page(Visit&& visit) const {
    for (std::size_t id = 1; id <= classes_.count(); ++id) {
      for (const std::uint32_t number : slab_classes_[id].pages) visit(number, id, pages_[number].carved);
    }
  }
  /// Is this the first byte of a chunk that was ever handed out?
  bool holds(Ref chunk) const;

  void check_integrity() const;

 private:
  struct Page {  // all zero: a page that belongs to no class
    Ref free_head;
    std::uint32_t free_count;
    std::uint32_t carved;
    std::uint32_t prev;  // partial list of the class, by page number
    std::uint32_t next;
    bool partial;
    std::atomic<bool> draining;  // also read without the lock by free()
    void reset() {
      free_head = free_count = carved = prev = next = 0;
      partial = false;
      draining.store(false, std::memory_order_relaxed);
    }
  };
  struct alignas(64) SlabClass {
    mutable SpinLock<LockRank::slab_class> lock;
    std::uint32_t partial_head = 0;
    std::uint32_t chunks_per_page = 0;
    std::uint64_t free_count = 0;  // free and uncarved chunks of pages that are not draining
    std::atomic<std::uint32_t> page_count{0};
    // Arena::supply() when the class last found neither chunk nor page; ~0: it has some.
    std::atomic<std::uint64_t> exhausted_at{~std::uint64_t{0}};
    std::vector<std::uint32_t> pages;  // oldest first
  };

  bool begin_adoption(std::uint32_t number, std::size_t class_id, std::uint32_t carved);
  void adopt_free(std::size_t class_id, Ref chunk);
  std::uint32_t magazine_limit(std::size_t class_id) const;
  Ref pop(Magazines& magazines, std::size_t class_id, bool may_take_page);
  bool fill(Magazines& magazines, std::size_t class_id, bool may_take_page);
  std::uint32_t take(SlabClass& slab_class, std::size_t class_id, std::span<Ref> chunks,
                     bool may_take_page);
  void put(SlabClass& slab_class, Ref chunk);
  bool add_page(SlabClass& slab_class, std::size_t class_id, Arena::Bound bound = Arena::Bound::limit);
  void adopt(SlabClass& slab_class, std::size_t class_id, std::uint32_t number);
  void link_partial(SlabClass& slab_class, std::uint32_t page);
  void unlink_partial(SlabClass& slab_class, std::uint32_t page);

  Arena& arena_;
  const SizeClasses& classes_;
  Reservation<Page> pages_;  // by page number; entries of pages never taken cost no memory
  Reservation<std::uint8_t> page_class_;  // beside pages_, so that it stays in the cache
  std::array<SlabClass, kClassCountMax> slab_classes_;
};

}  // namespace larder::slab
