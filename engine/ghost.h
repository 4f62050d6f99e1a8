// The names of items evicted lately, by which one that comes back too soon is known: it was evicted
// on probation, and would have been read again had it stayed (the ghost queue of S3-FIFO).
//
// A name is 16 bits of the key's hash. Sets of eight names, one set for every eight items of the
// stripe (Stripe::ghost_set), so that about as many are remembered as held, at two bytes each:
//   | newest u16 | ... | oldest u16 |
// Within a set the oldest is forgotten first; over all sets together that is nearly a FIFO. One name
// in 8000 is taken for another, which costs an item a place it did not earn.
//
// Memory is touched by the first eviction, not before. Locking: the stripe lock guards everything.
#pragma once

#include <emmintrin.h>

#include <cstddef>
#include <cstdint>

#include "slab/reservation.h"

namespace larder::engine {

class Ghost {
 public:
  static constexpr std::size_t kNames = 8;  // in a set

  explicit Ghost(std::size_t sets_max) : sets_(slab::make_reservation<Set>(sets_max)) {}

  void remember(std::size_t set, std::uint64_t hash) {
    const __m128i older = _mm_slli_si128(_mm_load_si128(address(set)), 2);
    _mm_store_si128(address(set), _mm_or_si128(older, _mm_cvtsi32_si128(name_of(hash))));
    used_ = true;
  }
  /// Whether the name is remembered; if so it is forgotten.
  bool recall(std::size_t set, std::uint64_t hash) {
    if (!used_) return false;
    const __m128i names = _mm_load_si128(address(set));
    const __m128i same = _mm_cmpeq_epi16(names, _mm_set1_epi16(static_cast<short>(name_of(hash))));
    if (_mm_movemask_epi8(same) == 0) return false;
    _mm_store_si128(address(set), _mm_andnot_si128(same, names));
    return true;
  }
  void prefetch(std::size_t set) const {
    if (used_) __builtin_prefetch(&sets_[set], 1);
  }

 private:
  struct alignas(16) Set {
    std::uint16_t names[kNames];  // 0: none
  };
  __m128i* address(std::size_t set) const { return reinterpret_cast<__m128i*>(&sets_[set]); }
  // Bits that neither stripe nor bucket nor tag of the table are made of.
  static int name_of(std::uint64_t hash) {
    const int name = static_cast<std::uint16_t>(hash >> 24);
    return name == 0 ? 1 : name;
  }

  slab::Reservation<Set> sets_;
  bool used_ = false;
};

}  // namespace larder::engine
