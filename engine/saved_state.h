// What a process that ends leaves to the next one (warm restart), beside the items themselves, which
// stay where they are in the memory file: everything that cannot be read off the items.
//
// What is not here is rebuilt: hash tables from the keys, LRU lists from the links in the items, free
// lists from the chunks, extents from the items that point to them. What was evicted is forgotten.
#pragma once

#include <cstdint>
#include <vector>

namespace larder::engine {

struct SavedState {
  struct Page {
    std::uint32_t number = 0;
    std::uint32_t class_id = 0;
    std::uint32_t carved = 0;  // chunks that were ever handed out
  };
  std::uint64_t base = 0;          // where the memory was mapped: extents are named by address
  std::uint64_t hash_seed = 0;
  std::uint32_t hash_power = 0;
  std::uint64_t cas_max = 0;       // no cas unique above it was given out
  std::uint32_t now_s = 0;         // engine time of the end
  std::int64_t started_unix = 0;   // when engine time was 0
  std::uint32_t flush_due = 0;     // a flush_all that is still to come (Deadline); 0: none
  std::vector<Page> pages;         // that belong to a slab class
};

}  // namespace larder::engine
