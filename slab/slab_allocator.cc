#include "slab/slab_allocator.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "slab/item.h"
#include "slab/poison.h"

namespace larder::slab {

namespace {
constexpr std::size_t kMagazineBytes = 32 * 1024;  // stock of one class in one magazine, at most

// The header of a free chunk; ctl is read by page walkers without a lock.
struct FreeChunk {
  std::atomic<std::uint32_t> ctl;
  Ref next;
};

FreeChunk* free_chunk(const Arena& arena, Ref chunk) {
  return reinterpret_cast<FreeChunk*>(arena.at(chunk));
}

void check(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "slab integrity: %s\n", what);
    std::abort();
  }
}
}  // namespace

SlabAllocator::SlabAllocator(Arena& arena, const SizeClasses& classes)
    : arena_(arena), classes_(classes), pages_(make_reservation<Page>(arena.page_count_max())),
      page_class_(make_reservation<std::uint8_t>(arena.page_count_max())) {
  for (std::size_t id = 1; id <= classes.count(); ++id) {
    slab_classes_[id].chunks_per_page =
        static_cast<std::uint32_t>(arena.page_bytes() / classes.chunk_bytes(id));
  }
}

std::uint32_t SlabAllocator::magazine_limit(std::size_t class_id) const {
  return static_cast<std::uint32_t>(
      std::min(Magazines::kChunksMax, kMagazineBytes / classes_.chunk_bytes(class_id)));
}

Ref SlabAllocator::allocate(Magazines& magazines, std::size_t class_id) {
  return pop(magazines, class_id, true);
}

Ref SlabAllocator::allocate_from_pages(Magazines& magazines, std::size_t class_id) {
  return pop(magazines, class_id, false);
}

Ref SlabAllocator::allocate_beyond(Magazines& magazines, std::size_t class_id) {
  if (const Ref chunk = allocate(magazines, class_id)) return chunk;
  {
    std::lock_guard magazine_lock(magazines.lock_);
    std::lock_guard class_lock(slab_classes_[class_id].lock);
    if (!add_page(slab_classes_[class_id], class_id, Arena::Bound::address_space)) return 0;
  }
  return allocate(magazines, class_id);
}

bool SlabAllocator::stock(Magazines& magazines, std::size_t class_id) {
  std::lock_guard magazine_lock(magazines.lock_);
  return magazines.magazines_[class_id].count != 0 || fill(magazines, class_id, true);
}

Ref SlabAllocator::pop(Magazines& magazines, std::size_t class_id, bool may_take_page) {
  std::lock_guard magazine_lock(magazines.lock_);
  auto& magazine = magazines.magazines_[class_id];
  if (magazine.count == 0 && !fill(magazines, class_id, may_take_page)) return 0;
  const Ref chunk = magazine.chunks[--magazine.count];
  unpoison(arena_.at(chunk), classes_.chunk_bytes(class_id));
  free_chunk(arena_, chunk)->ctl.store(0, std::memory_order_relaxed);
  return chunk;
}

// Fills an empty magazine to half from the class. Requires: the magazine's lock is held.
bool SlabAllocator::fill(Magazines& magazines, std::size_t class_id, bool may_take_page) {
  auto& magazine = magazines.magazines_[class_id];
  const std::uint32_t batch = std::max(1u, magazine_limit(class_id) / 2);
  SlabClass& slab_class = slab_classes_[class_id];
  // A full cache comes by here with every new item: see without the class lock that nothing
  // has changed since the last look.
  const std::uint64_t supply = arena_.supply();
  if (slab_class.exhausted_at.load(std::memory_order_relaxed) == supply) return false;
  std::lock_guard class_lock(slab_class.lock);
  magazine.count =
      take(slab_class, class_id, std::span(magazine.chunks.data(), batch), may_take_page);
  if (magazine.count != 0) return true;
  if (may_take_page) slab_class.exhausted_at.store(supply, std::memory_order_relaxed);
  return false;
}

std::uint32_t SlabAllocator::take(SlabClass& slab_class, std::size_t class_id,
                                  std::span<Ref> chunks, bool may_take_page) {
  std::uint32_t taken = 0;
  while (taken < chunks.size()) {
    if (slab_class.partial_head == 0) {
      // A new page is worth taking for the first chunk, not to fill a magazine to the brim.
      if (taken != 0 || !may_take_page || !add_page(slab_class, class_id)) break;
    }
    const std::uint32_t number = slab_class.partial_head;
    Page& page = pages_[number];
    if (page.free_count != 0) {
      const Ref chunk = page.free_head;
      page.free_head = free_chunk(arena_, chunk)->next;
      --page.free_count;
      chunks[taken++] = chunk;
    } else {
      char* fresh = arena_.page_at(number) + page.carved * classes_.chunk_bytes(class_id);
      ++page.carved;
      reinterpret_cast<FreeChunk*>(fresh)->ctl.store(kFreeChunk, std::memory_order_relaxed);
      chunks[taken++] = arena_.ref_of(fresh);
    }
    --slab_class.free_count;
    if (page.free_count == 0 && page.carved == slab_class.chunks_per_page) {
      unlink_partial(slab_class, number);
    }
  }
  return taken;
}

void SlabAllocator::free(Magazines& magazines, Ref chunk) {
  const std::size_t class_id = class_of(chunk);
  FreeChunk* freed = free_chunk(arena_, chunk);
  freed->ctl.store(kFreeChunk, std::memory_order_relaxed);
  poison(freed + 1, classes_.chunk_bytes(class_id) - sizeof(FreeChunk));
  SlabClass& slab_class = slab_classes_[class_id];
  if (pages_[arena_.page_of(chunk)].draining.load(std::memory_order_relaxed)) {
    // Straight to its page: from a magazine it would be handed out again.
    std::lock_guard class_lock(slab_class.lock);
    put(slab_class, chunk);
    return;
  }
  std::lock_guard magazine_lock(magazines.lock_);
  auto& magazine = magazines.magazines_[class_id];
  const std::uint32_t limit = magazine_limit(class_id);
  if (magazine.count < limit) {
    magazine.chunks[magazine.count++] = chunk;
    return;
  }
  std::lock_guard class_lock(slab_class.lock);
  put(slab_class, chunk);
  while (magazine.count > limit / 2) put(slab_class, magazine.chunks[--magazine.count]);
}

void SlabAllocator::put(SlabClass& slab_class, Ref chunk) {
  const std::uint32_t number = arena_.page_of(chunk);
  Page& page = pages_[number];
  free_chunk(arena_, chunk)->next = page.free_head;
  page.free_head = chunk;
  ++page.free_count;
  if (page.draining) return;
  ++slab_class.free_count;
  slab_class.exhausted_at.store(~std::uint64_t{0}, std::memory_order_relaxed);
  if (!page.partial) link_partial(slab_class, number);
}

bool SlabAllocator::add_page(SlabClass& slab_class, std::size_t class_id, Arena::Bound bound) {
  const std::uint32_t number = arena_.take_page(bound);
  if (number == 0) return false;
  adopt(slab_class, class_id, number);
  return true;
}

void SlabAllocator::adopt(SlabClass& slab_class, std::size_t class_id, std::uint32_t number) {
  pages_[number].reset();
  page_class_[number] = static_cast<std::uint8_t>(class_id);
  poison(arena_.page_at(number), arena_.page_bytes());
  for (std::uint32_t i = 0; i < slab_class.chunks_per_page; ++i) {
    // Free chunks keep their first words readable: the free list lives there.
    unpoison(arena_.page_at(number) + i * classes_.chunk_bytes(class_id), sizeof(FreeChunk));
  }
  slab_class.pages.push_back(number);
  slab_class.page_count.store(static_cast<std::uint32_t>(slab_class.pages.size()),
                              std::memory_order_relaxed);
  slab_class.free_count += slab_class.chunks_per_page;
  slab_class.exhausted_at.store(~std::uint64_t{0}, std::memory_order_relaxed);
  link_partial(slab_class, number);
}

bool SlabAllocator::grow(std::size_t class_id) {
  SlabClass& slab_class = slab_classes_[class_id];
  std::lock_guard lock(slab_class.lock);
  return add_page(slab_class, class_id);
}

void SlabAllocator::link_partial(SlabClass& slab_class, std::uint32_t number) {
  Page& page = pages_[number];
  page.partial = true;
  page.prev = 0;
  page.next = slab_class.partial_head;
  if (page.next != 0) pages_[page.next].prev = number;
  slab_class.partial_head = number;
}

void SlabAllocator::unlink_partial(SlabClass& slab_class, std::uint32_t number) {
  Page& page = pages_[number];
  page.partial = false;
  if (page.next != 0) pages_[page.next].prev = page.prev;
  (page.prev != 0 ? pages_[page.prev].next : slab_class.partial_head) = page.next;
}

SlabAllocator::Drain SlabAllocator::begin_drain(std::size_t class_id, std::size_t skip) {
  SlabClass& slab_class = slab_classes_[class_id];
  std::lock_guard lock(slab_class.lock);
  std::vector<std::uint32_t>& pages = slab_class.pages;
  const auto free_chunks = [&](std::uint32_t number) {
    return pages_[number].free_count + slab_class.chunks_per_page - pages_[number].carved;
  };
  std::vector<std::uint32_t> candidates;
  candidates.reserve(pages.size());
  for (const std::uint32_t number : pages) {
    if (!pages_[number].draining) candidates.push_back(number);
  }
  if (skip >= candidates.size()) return {};
  const auto nth = candidates.begin() + static_cast<std::ptrdiff_t>(skip);
  std::stable_sort(candidates.begin(), candidates.end(), [&](std::uint32_t a, std::uint32_t b) {
    return free_chunks(a) > free_chunks(b);
  });
  Page& page = pages_[*nth];
  page.draining = true;
  slab_class.free_count -= free_chunks(*nth);
  if (page.partial) unlink_partial(slab_class, *nth);
  return {*nth, class_id, page.carved, classes_.chunk_bytes(class_id)};
}

void SlabAllocator::pull_back(Magazines& magazines, const Drain& drain) {
  std::lock_guard magazine_lock(magazines.lock_);
  auto& magazine = magazines.magazines_[drain.class_id];
  SlabClass& slab_class = slab_classes_[drain.class_id];
  std::lock_guard class_lock(slab_class.lock);
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < magazine.count; ++i) {
    const Ref chunk = magazine.chunks[i];
    if (arena_.page_of(chunk) == drain.page) {
      put(slab_class, chunk);
    } else {
      magazine.chunks[kept++] = chunk;
    }
  }
  magazine.count = kept;
}

bool SlabAllocator::end_drain(const Drain& drain, std::size_t to_class) {
  SlabClass& slab_class = slab_classes_[drain.class_id];
  {
    std::lock_guard lock(slab_class.lock);
    Page& page = pages_[drain.page];
    if (page.free_count != page.carved) {
      page.draining = false;
      slab_class.free_count += page.free_count + slab_class.chunks_per_page - page.carved;
      if (page.free_count != 0 || page.carved < slab_class.chunks_per_page) {
        link_partial(slab_class, drain.page);
        slab_class.exhausted_at.store(~std::uint64_t{0}, std::memory_order_relaxed);
      }
      return false;
    }
    page.reset();
    std::erase(slab_class.pages, drain.page);
    slab_class.page_count.store(static_cast<std::uint32_t>(slab_class.pages.size()),
                                std::memory_order_relaxed);
  }
  unpoison(arena_.page_at(drain.page), arena_.page_bytes());
  if (to_class == 0) {
    arena_.give_page(drain.page);
    return true;
  }
  SlabClass& heir = slab_classes_[to_class];
  std::lock_guard lock(heir.lock);
  adopt(heir, to_class, drain.page);
  return true;
}

SlabAllocator::ClassUsage SlabAllocator::usage(std::size_t class_id) const {
  const SlabClass& slab_class = slab_classes_[class_id];
  std::lock_guard lock(slab_class.lock);
  ClassUsage usage;
  usage.pages = static_cast<std::uint32_t>(slab_class.pages.size());
  usage.chunks_per_page = slab_class.chunks_per_page;
  usage.chunks = std::uint64_t{usage.pages} * slab_class.chunks_per_page;
  usage.free_chunks = slab_class.free_count;
  return usage;
}

bool SlabAllocator::begin_adoption(std::uint32_t number, std::size_t class_id, std::uint32_t carved) {
  if (class_id == 0 || class_id > classes_.count()) return false;
  SlabClass& slab_class = slab_classes_[class_id];
  if (carved > slab_class.chunks_per_page || !arena_.adopt_page(number)) return false;
  pages_[number].reset();
  pages_[number].carved = carved;
  page_class_[number] = static_cast<std::uint8_t>(class_id);
  slab_class.pages.push_back(number);
  slab_class.page_count.store(static_cast<std::uint32_t>(slab_class.pages.size()),
                              std::memory_order_relaxed);
  slab_class.free_count += slab_class.chunks_per_page - carved;
  if (carved < slab_class.chunks_per_page) link_partial(slab_class, number);
  return true;
}

void SlabAllocator::adopt_free(std::size_t class_id, Ref chunk) {
  FreeChunk* const freed = free_chunk(arena_, chunk);
  freed->ctl.store(kFreeChunk, std::memory_order_relaxed);
  put(slab_classes_[class_id], chunk);
  poison(freed + 1, classes_.chunk_bytes(class_id) - sizeof(FreeChunk));
}

bool SlabAllocator::holds(Ref chunk) const {
  const std::uint32_t number = arena_.page_of(chunk);
  if (number >= arena_.page_count_max() || page_class_[number] == 0) return false;
  const std::size_t chunk_bytes = classes_.chunk_bytes(page_class_[number]);
  const auto offset = static_cast<std::size_t>(arena_.at(chunk) - arena_.page_at(number));
  return offset % chunk_bytes == 0 && offset / chunk_bytes < pages_[number].carved;
}

void SlabAllocator::check_integrity() const {
  arena_.check_integrity();
  for (std::size_t id = 1; id <= classes_.count(); ++id) {
    const SlabClass& slab_class = slab_classes_[id];
    std::lock_guard lock(slab_class.lock);
    std::uint64_t free_total = 0;
    for (const std::uint32_t number : slab_class.pages) {
      const Page& page = pages_[number];
      check(page_class_[number] == id, "a page belongs to another class");
      std::uint32_t listed = 0;
      for (Ref chunk = page.free_head; chunk != 0; chunk = free_chunk(arena_, chunk)->next) {
        check(arena_.page_of(chunk) == number, "a free chunk lies in another page");
        check(free_chunk(arena_, chunk)->ctl.load(std::memory_order_relaxed) == kFreeChunk,
              "a chunk on a free list is in use");
        ++listed;
        check(listed <= page.carved, "a free list has a cycle");
      }
      check(listed == page.free_count, "free chunks of a page are miscounted");
      const std::uint32_t available = listed + slab_class.chunks_per_page - page.carved;
      if (!page.draining) {
        free_total += available;
        check(page.partial == (available != 0), "a page with free chunks is not on the list");
      }
    }
    check(free_total == slab_class.free_count, "free chunks of a class are miscounted");
  }
}

}  // namespace larder::slab
