// The chunk size of each slab class, and the class of a size.
//
// The usual series has more classes where items are many: steps of 8 bytes for small items,
// then of a 16th, a quarter above 1 KiB and a half or more above 8 KiB. With a growth factor (`-f`) sizes
// grow by that alone. Either starts at item header + `-n` bytes and ends at half a page; explicit
// sizes (`-o slab_sizes`) replace it. In the usual series, sizes above a 64th of a page divide it
// evenly. Ids run from 1; larger items keep their value in an extent and only their header and key in a chunk.
// Immutable after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "slab/magazine.h"

namespace larder::slab {

class SizeClasses {
 public:
  struct Options {
    std::size_t chunk_bytes_min = 72;
    double growth_factor = 0;  // 0: the usual series
    std::size_t page_bytes = std::size_t{1} << 20;
    std::size_t chunk_bytes_max = 512 << 10;
    std::vector<std::size_t> explicit_sizes;  // rising; empty: the series
  };
  SizeClasses(const Options& options, std::size_t alignment);

  /// The smallest class whose chunks hold `bytes`; 0 when none does.
  std::size_t class_of(std::size_t bytes) const {
    if (bytes <= kTableBytesMax) return small_[(bytes + kStep - 1) / kStep];
    return search(bytes);
  }
  std::size_t chunk_bytes(std::size_t class_id) const { return chunk_bytes_[class_id]; }
  /// Ids are 1..count().
  std::size_t count() const { return count_; }

 private:
  static constexpr std::size_t kStep = 4;
  static constexpr std::size_t kTableBytesMax = 16384;
  std::size_t search(std::size_t bytes) const;

  std::size_t count_ = 0;
  std::array<std::size_t, kClassCountMax> chunk_bytes_{};
  std::array<std::uint8_t, kTableBytesMax / kStep + 1> small_{};
};

}  // namespace larder::slab
