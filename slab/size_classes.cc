#include "slab/size_classes.h"

#include <algorithm>

namespace larder::slab {

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
    const double last = static_cast<double>(options.chunk_bytes_max) / options.growth_factor;
    std::size_t bytes = align(options.chunk_bytes_min);
    while (count_ + 1 < kLastClass && static_cast<double>(bytes) < last) {
      add(bytes);
      const auto grown = static_cast<std::size_t>(static_cast<double>(bytes) * options.growth_factor);
      bytes = std::max(align(grown), bytes + alignment);
    }
  }
  add(options.chunk_bytes_max);
  for (std::size_t i = 0; i < small_.size(); ++i) {
    small_[i] = static_cast<std::uint8_t>(search(i * kStep));
  }
}

std::size_t SizeClasses::search(std::size_t bytes) const {
  const auto first = chunk_bytes_.begin() + 1;
  const auto last = first + static_cast<std::ptrdiff_t>(count_);
  const auto found = std::lower_bound(first, last, bytes);
  return found == last ? 0 : static_cast<std::size_t>(found - chunk_bytes_.begin());
}

}  // namespace larder::slab
