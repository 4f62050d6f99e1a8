// The class lists of lru_crawler commands.
#pragma once

#include <bitset>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "slab/magazine.h"

namespace larder::engine {

/// Reads `all`, `hash` or ids between commas (`1,5,31`; empty ones are passed over) into a set.
/// False when an id is no number of a class that can be.
inline bool parse_class_list(std::string_view text, std::bitset<slab::kClassCountMax>* classes) {
  classes->set().reset(0);
  if (text == "all" || text == "hash") return true;
  classes->reset();
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(word.size() == text.size() ? word.size() : word.size() + 1);
    if (word.empty()) continue;
    unsigned id = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || stop != word.data() + word.size()) return false;
    if (id == 0 || id >= slab::kClassCountMax) return false;
    classes->set(id);
  }
  return true;
}

}  // namespace larder::engine
