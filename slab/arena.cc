#include "slab/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <system_error>

namespace larder::slab {

namespace {
constexpr std::size_t kGiB = std::size_t{1} << 30;
constexpr std::size_t kFrameBytes = 4096;
constexpr std::size_t kSlabReserveMin = 16 * kGiB;   // what 32-bit references reach at 4 bytes
constexpr std::size_t kExtentReserveMin = 16 * kGiB; // room for fragmentation around 1 GiB values

std::size_t round_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

char* reserve(std::size_t bytes, int fd) {
  if (fd >= 0 && ftruncate(fd, static_cast<off_t>(bytes)) != 0) return nullptr;
  const int flags = fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, fd, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

void check(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "arena integrity: %s\n", what);
    std::abort();
  }
}
}  // namespace

Arena::Arena(const Options& options)
    : in_file_(options.memory_fd >= 0),
      page_shift_(static_cast<unsigned>(std::countr_zero(options.page_bytes))),
      limit_bytes_(options.limit_bytes),
      pretended_bytes_(options.pretended_bytes),
      charged_bytes_(options.pretended_bytes) {
  const std::size_t wanted = round_up(options.limit_bytes, kPageBytes) + kPageBytes;
  while ((std::size_t{1} << (32 + align_shift_)) < wanted) ++align_shift_;
  std::size_t slab_bytes = std::max(kSlabReserveMin, wanted);
  std::size_t extent_bytes = std::max(kExtentReserveMin, 4 * options.limit_bytes);
  if (in_file_) slab_bytes = wanted;
  base_ = reserve(slab_bytes + extent_bytes + kPageBytes, options.memory_fd);
  if (base_ == nullptr) {  // an address space limit: make do with what must be there
    slab_bytes = wanted;
    extent_bytes = round_up(2 * options.limit_bytes, kPageBytes);
    base_ = reserve(slab_bytes + extent_bytes + kPageBytes, options.memory_fd);
  }
  if (base_ == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot reserve memory for items");
  }
  reserved_bytes_ = slab_bytes + extent_bytes + kPageBytes;
  if (options.huge_pages) madvise(base_, reserved_bytes_, MADV_HUGEPAGE);
  page_count_max_ = static_cast<std::uint32_t>(slab_bytes / page_bytes());
  slot_count_ = static_cast<std::uint32_t>(extent_bytes / kSlotBytes);
  slots_ = make_reservation<Slot>(slot_count_);
}

Arena::~Arena() { munmap(base_, reserved_bytes_); }

std::uint32_t Arena::take_page(Bound bound) {
  std::lock_guard lock(lock_);
  if (!pool_.empty() && charged_bytes_ <= ceiling(nullptr, bound)) {
    const std::uint32_t page = pool_.back();
    pool_.pop_back();
    return page;
  }
  if (charged_bytes_ + page_bytes() > ceiling(nullptr, bound)) return 0;
  std::uint32_t page = 0;
  if (!pages_clean_.empty()) {
    page = pages_clean_.back();
    pages_clean_.pop_back();
  } else if (page_fresh_ < page_count_max_) {
    page = page_fresh_++;
  } else {
    return 0;
  }
  charged_bytes_ += page_bytes();
  return page;
}

void Arena::give_page(std::uint32_t page) {
  std::lock_guard lock(lock_);
  supply_.fetch_add(1, std::memory_order_relaxed);
  pool_.push_back(page);
}

std::uint32_t Arena::slot_of(const char* extent) const {
  return static_cast<std::uint32_t>(static_cast<std::size_t>(extent - slot_at(0)) / kSlotBytes);
}

bool Arena::find_run(std::uint32_t count, std::uint32_t* first) {
  const std::uint32_t total = slot_count_;
  std::uint32_t run = 0;
  std::uint32_t at = slot_next_;
  // Next fit; one full turn plus the length of a run that crosses the starting point.
  for (std::uint32_t looked = 0; looked < total + count; ++looked, ++at) {
    if (at >= total) {
      at = 0;
      run = 0;
    }
    run = slots_[at].taken ? 0 : run + 1;
    if (run == count) {
      *first = at + 1 - count;
      slot_next_ = at + 1;
      return true;
    }
  }
  return false;
}

bool Arena::take_parked(std::uint32_t count, std::size_t bytes, std::size_t most, char** extent) {
  for (std::size_t i = parked_.size(); i-- > 0;) {
    Slot& slot = slots_[parked_[i]];
    if (slot.run != count) continue;
    const std::size_t extra = bytes > slot.charge ? bytes - slot.charge : 0;
    if (charged_bytes_ + extra > most) continue;
    charged_bytes_ += extra;
    slot.charge += extra;
    slot.parked = false;
    extent_bytes_ += slot.charge;
    *extent = slot_at(parked_[i]);
    parked_[i] = parked_.back();
    parked_.pop_back();
    return true;
  }
  return false;
}

void Arena::claim(std::size_t bytes) {
  std::lock_guard lock(lock_);
  claimed_bytes_ += bytes;
}

void Arena::unclaim(std::size_t bytes) {
  std::lock_guard lock(lock_);
  claimed_bytes_ -= bytes;
  supply_.fetch_add(1, std::memory_order_relaxed);
}

char* Arena::take_extent(std::size_t bytes, const Claim* claim, Bound bound) {
  bytes = round_up(bytes, kFrameBytes);
  const auto count = static_cast<std::uint32_t>(round_up(bytes, kSlotBytes) / kSlotBytes);
  std::lock_guard lock(lock_);
  char* extent = nullptr;
  const std::size_t most = ceiling(claim, bound);
  if (take_parked(count, bytes, most, &extent)) return extent;
  std::uint32_t first = 0;
  if (charged_bytes_ + bytes > most || !find_run(count, &first)) return nullptr;
  for (std::uint32_t i = 0; i < count; ++i) slots_[first + i].taken = true;
  slots_[first].run = count;
  slots_[first].charge = bytes;
  charged_bytes_ += bytes;
  extent_bytes_ += bytes;
  return slot_at(first);
}

bool Arena::grow_extent(char* extent, std::size_t bytes) {
  bytes = round_up(bytes, kFrameBytes);
  std::lock_guard lock(lock_);
  Slot& slot = slots_[slot_of(extent)];
  if (bytes > slot.run * kSlotBytes) return false;
  if (bytes <= slot.charge) return true;
  charged_bytes_ += bytes - slot.charge;
  extent_bytes_ += bytes - slot.charge;
  slot.charge = bytes;
  return true;
}

void Arena::give_extent(char* extent) {
  std::lock_guard lock(lock_);
  const std::uint32_t first = slot_of(extent);
  slots_[first].parked = true;
  extent_bytes_ -= slots_[first].charge;
  parked_.push_back(first);
}

void Arena::free_run(std::uint32_t first) {
  const std::uint32_t count = slots_[first].run;
  for (std::uint32_t i = 0; i < count; ++i) slots_[first + i] = Slot{};
}

// Takes the next free memory out of the pool or the parked runs, for purge() to release.
bool Arena::pop_for_purge(char** start, std::size_t* bytes, std::uint32_t* parked_slot) {
  if (!parked_.empty()) {
    *parked_slot = parked_.back();
    parked_.pop_back();
    *start = slot_at(*parked_slot);
    *bytes = slots_[*parked_slot].charge;
    return true;
  }
  if (pool_.empty()) return false;
  *start = page_at(pool_.back());
  *bytes = page_bytes();
  pool_.pop_back();
  return true;
}

bool Arena::purge(std::size_t wanted_bytes, const Claim* claim) {
  constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};
  while (true) {
    char* start = nullptr;
    std::size_t bytes = 0;
    std::uint32_t slot = kNoSlot;
    {
      std::lock_guard lock(lock_);
      if (charged_bytes_ + wanted_bytes <= ceiling(claim)) return true;
      if (!pop_for_purge(&start, &bytes, &slot)) return false;
    }
    release(start, bytes);
    std::lock_guard lock(lock_);
    charged_bytes_ -= bytes;
    supply_.fetch_add(1, std::memory_order_relaxed);
    if (slot != kNoSlot) {
      free_run(slot);
    } else {
      pages_clean_.push_back(static_cast<std::uint32_t>((start - base_) >> page_shift_));
    }
  }
}

// Gives frames back to the kernel; those of a file to its file system.
void Arena::release(char* start, std::size_t bytes) const {
  madvise(start, bytes, in_file_ ? MADV_REMOVE : MADV_DONTNEED);
}

bool Arena::adopt_page(std::uint32_t page) {
  if (adopted_.empty()) adopted_.resize(page_count_max_);
  if (page == 0 || page >= page_count_max_ || adopted_[page]) return false;
  adopted_[page] = true;
  page_fresh_ = std::max(page_fresh_, page + 1);
  charged_bytes_ += page_bytes();
  return true;
}

char* Arena::adopt_extent(std::uint64_t offset, std::size_t bytes) {
  const std::size_t slots_offset = std::size_t{page_count_max_} * page_bytes();
  bytes = round_up(bytes, kFrameBytes);
  const std::size_t count = round_up(bytes, kSlotBytes) / kSlotBytes;
  if (bytes == 0 || offset < slots_offset || (offset - slots_offset) % kSlotBytes != 0) return nullptr;
  const std::size_t first = (offset - slots_offset) / kSlotBytes;
  if (first >= slot_count_ || count > slot_count_ - first) return nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    if (slots_[first + i].taken) return nullptr;
  }
  for (std::size_t i = 0; i < count; ++i) slots_[first + i].taken = true;
  slots_[first].run = static_cast<std::uint32_t>(count);
  slots_[first].charge = bytes;
  charged_bytes_ += bytes;
  extent_bytes_ += bytes;
  return slot_at(static_cast<std::uint32_t>(first));
}

void Arena::finish_adoption() {
  for (std::uint32_t page = 1; page < page_fresh_; ++page) {
    if (adopted_[page]) continue;
    release(page_at(page), page_bytes());
    pages_clean_.push_back(page);
  }
  adopted_ = {};
  release(page_at(page_fresh_), static_cast<std::size_t>(slot_at(0) - page_at(page_fresh_)));
  // Behind each value up to the next one: what earlier, longer values left there.
  char* from = slot_at(0);
  for (std::uint32_t slot = 0; slot < slot_count_; ++slot) {
    if (slots_[slot].run == 0) continue;
    if (slot_at(slot) > from) release(from, static_cast<std::size_t>(slot_at(slot) - from));
    from = slot_at(slot) + slots_[slot].charge;
  }
  if (from < slot_at(slot_count_)) release(from, static_cast<std::size_t>(slot_at(slot_count_) - from));
}

void Arena::sync() const {
  if (in_file_) msync(base_, reserved_bytes_, MS_SYNC);
}

std::size_t Arena::limit() const {
  std::lock_guard lock(lock_);
  return limit_bytes_;
}

void Arena::set_limit(std::size_t bytes) {
  std::lock_guard lock(lock_);
  supply_.fetch_add(1, std::memory_order_relaxed);
  limit_bytes_ = std::min(bytes, std::size_t{page_count_max_ - 1} * page_bytes());
}

std::size_t Arena::charged() const {
  std::lock_guard lock(lock_);
  return charged_bytes_;
}

std::size_t Arena::extent_bytes() const {
  std::lock_guard lock(lock_);
  return extent_bytes_;
}

std::uint32_t Arena::pool_pages() const {
  std::lock_guard lock(lock_);
  return static_cast<std::uint32_t>(pool_.size());
}

void Arena::check_integrity() const {
  std::lock_guard lock(lock_);
  std::size_t in_use = 0;
  std::size_t parked = 0;
  std::size_t parked_runs = 0;
  const Slot* const slots = slots_.get();
  for (std::uint32_t i = 0; i < slot_count_;) {
    const Slot& slot = slots[i];
    if (slot.run == 0) {
      check(!slot.taken, "a taken slot belongs to no run");
      ++i;
      continue;
    }
    for (std::uint32_t k = 0; k < slot.run; ++k) check(slots[i + k].taken, "a run has a free slot");
    (slot.parked ? parked : in_use) += slot.charge;
    parked_runs += slot.parked ? 1 : 0;
    i += slot.run;
  }
  check(in_use == extent_bytes_, "extent bytes are miscounted");
  check(parked_runs == parked_.size(), "parked runs are miscounted");
  const std::size_t pages = page_fresh_ - 1 - pages_clean_.size();
  check(charged_bytes_ == pretended_bytes_ + pages * page_bytes() + in_use + parked,
        "charged bytes are miscounted");
}

}  // namespace larder::slab
