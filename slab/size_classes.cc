#include "slab/size_classes.h"

#include <algorithm>
#include <cmath>

#include "slab/item.h"

namespace larder::slab {

namespace {
constexpr std::size_t kEvenPerPage = 64;
constexpr std::size_t kStepBytesMin = 8;
constexpr std::size_t kKibItem = sizeof(Item) + 1024;  // a common size: 1 KiB of key and value

// `ids` classes are left to reach `last`.
double usual_factor(std::size_t bytes, std::size_t last, std::size_t ids) {
  if (bytes < 1024) return 1.0 + 1.0 / 16;
  if (bytes < 8192) return 1.25;
  const double ratio = static_cast<double>(last) / static_cast<double>(bytes);
  return std::max(1.2, std::pow(ratio, 1.0 / static_cast<double>(ids)));
}
}  // namespace

SizeClasses::SizeClasses(const Options& options, std::size_t alignment) {
  const auto align = [alignment](std::size_t bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
  };
  const auto add = [this](std::size_t bytes) { chunk_bytes_[++count_] = bytes; };
  if (!options.explicit_sizes.empty()) {
    for (const std::size_t bytes : options.explicit_sizes) {
      if (count_ + 1 >= kLastClass) break;
      const std::size_t aligned = std::max(align(bytes), align(options.chunk_bytes_min));
      if (aligned < options.chunk_bytes_max && aligned > chunk_bytes_[count_]) add(aligned);
    }
  } else {
    // Of large chunks a page holds a whole number: the next smaller size of which it does, if that is
    // larger than the last, else the next larger.
    const auto even = [&](std::size_t bytes) {
      if (bytes * kEvenPerPage < options.page_bytes) return align(bytes);
      const std::size_t per_page = options.page_bytes / bytes;
      const std::size_t smaller = options.page_bytes / (per_page + 1) / alignment * alignment;
      if (smaller > chunk_bytes_[count_]) return smaller;
      return options.page_bytes / per_page / alignment * alignment;
    };
    std::size_t bytes = align(options.chunk_bytes_min);
    while (count_ + 1 < kLastClass && bytes < options.chunk_bytes_max) {
      const double factor = options.growth_factor != 0
                                ? options.growth_factor
                                : usual_factor(bytes, options.chunk_bytes_max, kLastClass - count_ - 1);
      if (static_cast<double>(bytes) * std::sqrt(factor) > static_cast<double>(options.chunk_bytes_max)) break;
      add(bytes);
      auto grown = static_cast<std::size_t>(static_cast<double>(bytes) * factor);
      if (options.growth_factor == 0 && bytes < kKibItem && grown > kKibItem) grown = kKibItem;
      bytes = options.growth_factor != 0 ? std::max(align(grown), bytes + alignment)
                                         : std::max(even(grown), align(bytes + kStepBytesMin));
    }
  }
  add(options.chunk_bytes_max);
  std::size_t id = 1;
  for (std::size_t i = 0; i < small_.size(); ++i) {
    while (id <= count_ && chunk_bytes_[id] < i * kStep) ++id;
    small_[i] = static_cast<std::uint8_t>(id <= count_ ? id : 0);
  }
}

std::size_t SizeClasses::search(std::size_t bytes) const {
  const auto first = chunk_bytes_.begin() + 1;
  const auto last = first + static_cast<std::ptrdiff_t>(count_);
  const auto found = std::lower_bound(first, last, bytes);
  return found == last ? 0 : static_cast<std::size_t>(found - chunk_bytes_.begin());
}

}  // namespace larder::slab
