// The memory of all that is stored: one reserved address range, committed piece by piece and held
// to one limit.
//
//   base                                                            base + reserved
//   | page 0 (never used) | slab pages 1 .. S-1 | extent slots (1 MiB each) ... |
//
// Pages are of one size, 64 KiB to 1 MiB: a small memory needs small ones, so that every slab class
// can have some and moving one is a small step. A slab page is given to a slab class and cut into chunks. An extent is a run of slots that holds
// one large value; only the part it needs is touched, so it is charged by 4 KiB frames, not slots.
// Address space is plentiful and memory is not: a slot may be mostly untouched.
//
// Invariants
//  1. charged() is an upper bound of the resident bytes of the range: what was touched stays charged
//     until it is given back to the kernel by purge().
//  2. charged() <= limit() after every take; lowering the limit makes takes fail until purge() and
//     evictions bring charged() below it.
//  3. Freed pages (the pool) and freed extents (parked) stay charged and are taken first: no system
//     call on the way of a request. purge() is the only call here that makes one.
//  4. While a claim is open, only its holder takes from what is freed: a large value that waits for
//     many pages is not robbed of them one by one by small ones.
//
// Threads: every call from any thread; one lock (rank arena), never held across a system call.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "slab/lock.h"
#include "slab/magazine.h"
#include "slab/reservation.h"

namespace larder::slab {

/// Bytes of a slab page unless told otherwise, and of an extent slot.
inline constexpr std::size_t kPageBytes = 1 << 20;

class Arena {
 public:
  struct Options {
    std::size_t limit_bytes = 64 << 20;
    bool huge_pages = false;  // ask for transparent huge pages (-L)
    std::size_t page_bytes = kPageBytes;  // a power of two, up to kPageBytes
    int memory_fd = -1;       // keep everything in this file (-e); it stays the caller's
    std::size_t pretended_bytes = 0;  // charged from the start and never there, for tests
  };
  /// Throws std::system_error when the address range cannot be reserved.
  explicit Arena(const Options& options);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // References: offset in the slab part divided by the alignment (4 up to 16 GiB).
  char* at(Ref ref) const { return base_ + (static_cast<std::size_t>(ref) << align_shift_); }
  Ref ref_of(const void* chunk) const {
    return static_cast<Ref>(static_cast<std::size_t>(static_cast<const char*>(chunk) - base_) >>
                            align_shift_);
  }
  std::uint32_t page_of(Ref ref) const {
    return static_cast<std::uint32_t>((static_cast<std::size_t>(ref) << align_shift_) >> page_shift_);
  }
  char* page_at(std::uint32_t page) const { return base_ + (std::size_t{page} << page_shift_); }
  std::size_t page_bytes() const { return std::size_t{1} << page_shift_; }
  std::size_t alignment() const { return std::size_t{1} << align_shift_; }
  std::uint32_t page_count_max() const { return page_count_max_; }

  /// Whether a take may pass the limit: commands of the Redis engine, once begun, are not refused; what
  /// they take too much is given back before the next one begins.
  enum class Bound : std::uint8_t { limit, address_space };

  /// A slab page (its bytes are whatever they were), or 0 when the bound is reached.
  std::uint32_t take_page(Bound bound = Bound::limit);
  /// Puts a page into the pool.
  void give_page(std::uint32_t page);

  /// Changes whenever memory may have become available: a take that failed fails again until then.
  std::uint64_t supply() const { return supply_.load(std::memory_order_relaxed); }

  /// The right to the next `bytes` that are freed, until it ends.
  class Claim {
   public:
    Claim(Arena& arena, std::size_t bytes) : arena_(arena), bytes_(bytes) { arena_.claim(bytes_); }
    ~Claim() { arena_.unclaim(bytes_); }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    std::size_t bytes() const { return bytes_; }

   private:
    Arena& arena_;
    std::size_t bytes_;
  };

  /// `bytes` of contiguous memory, 1 MiB aligned, or nullptr when the bound is reached. With a claim,
  /// those of others do not count.
  char* take_extent(std::size_t bytes, const Claim* claim = nullptr, Bound bound = Bound::limit);
  /// Charges an extent for `bytes`, whatever the limit; false when they do not fit into its slots.
  bool grow_extent(char* extent, std::size_t bytes);
  void give_extent(char* extent);

  /// Gives pooled pages and parked extents back to the kernel until `wanted_bytes` more fit under
  /// the limit; false when what is free is not enough. Makes system calls: no spin lock is held.
  bool purge(std::size_t wanted_bytes, const Claim* claim = nullptr);

  std::size_t limit() const;
  void set_limit(std::size_t bytes);
  std::size_t charged() const;
  /// Bytes charged to extents in use.
  std::size_t extent_bytes() const;
  std::uint32_t pool_pages() const;

  // Warm restart: the file holds what an arena of the same options left there. First what was in use
  // is adopted, then finish_adoption() frees all else. Requires: no other thread uses the arena.
  std::uint64_t base_address() const { return reinterpret_cast<std::uintptr_t>(base_); }
  /// False: there is no such page, or it is in use.
  bool adopt_page(std::uint32_t page);
  /// The extent at `offset` of the range with `bytes` of value; nullptr: there can be none.
  char* adopt_extent(std::uint64_t offset, std::size_t bytes);
  void finish_adoption();
  /// Writes everything into the file.
  void sync() const;

  /// Recounts everything; stops the process when a counter is wrong.
  void check_integrity() const;

 private:
  static constexpr std::size_t kSlotBytes = kPageBytes;
  struct Slot {              // one per extent slot, all zero at first; meaningful at the first slot of a run
    std::uint32_t run = 0;   // slots of the run that starts here; 0 = free or inside a run
    bool taken = false;      // part of a run (in use or parked)
    bool parked = false;
    std::size_t charge = 0;  // bytes ever touched since the last purge
  };
  std::uint32_t slot_of(const char* extent) const;
  char* slot_at(std::uint32_t slot) const {
    return page_at(page_count_max_) + std::size_t{slot} * kSlotBytes;
  }
  bool find_run(std::uint32_t count, std::uint32_t* first);
  bool take_parked(std::uint32_t count, std::size_t bytes, std::size_t most, char** extent);
  void claim(std::size_t bytes);
  void unclaim(std::size_t bytes);
  /// What charged_bytes_ may reach by a take; 0 when claims have it all.
  std::size_t ceiling(const Claim* claim, Bound bound = Bound::limit) const {
    if (bound == Bound::address_space) return ~std::size_t{0} >> 1;
    if (claim != nullptr) return limit_bytes_;
    return limit_bytes_ > claimed_bytes_ ? limit_bytes_ - claimed_bytes_ : 0;
  }
  void free_run(std::uint32_t first);
  void release(char* start, std::size_t bytes) const;
  bool pop_for_purge(char** start, std::size_t* bytes, std::uint32_t* parked_slot);

  const bool in_file_;
  char* base_ = nullptr;
  std::size_t reserved_bytes_ = 0;
  unsigned align_shift_ = 2;
  unsigned page_shift_;
  std::uint32_t page_count_max_ = 0;

  mutable SpinLock<LockRank::arena> lock_;  // guards all below
  std::atomic<std::uint64_t> supply_{0};   // read without the lock
  std::size_t limit_bytes_;
  const std::size_t pretended_bytes_;
  std::size_t charged_bytes_;
  std::size_t claimed_bytes_ = 0;
  std::size_t extent_bytes_ = 0;
  std::uint32_t page_fresh_ = 1;           // pages from here on were never taken
  std::vector<std::uint32_t> pool_;        // free, charged
  std::vector<std::uint32_t> pages_clean_; // free, purged
  Reservation<Slot> slots_;                // untouched ones take no memory
  std::uint32_t slot_count_ = 0;
  std::vector<bool> adopted_;              // pages, between adopt_page() and finish_adoption()
  std::vector<std::uint32_t> parked_;      // first slots of parked runs
  std::uint32_t slot_next_ = 0;            // where the next search starts
};

}  // namespace larder::slab
