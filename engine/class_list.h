// The class lists of lru_crawler commands.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

#include "slab/magazine.h"

namespace larder::engine {

/// Reads `all`, `hash` or ids between commas (`1,5,31`; empty ones are passed over) into a set: bit
/// i stands for slab class i. False when an id is no number of a class that can be, 1 to 63.
inline bool parse_class_list(std::string_view text, std::uint64_t* classes) {
  static_assert(slab::kClassCountMax == 64);
  *classes = ~std::uint64_t{1};
  if (text == "all" || text == "hash") return true;
  *classes = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(word.size() == text.size() ? word.size() : word.size() + 1);
    if (word.empty()) continue;
    unsigned id = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || stop != word.data() + word.size()) return false;
    if (id == 0 || id >= slab::kClassCountMax) return false;
    *classes |= std::uint64_t{1} << id;
  }
  return true;
}

}  // namespace larder::engine
