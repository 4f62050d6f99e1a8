// A range of zeroed address space that takes memory page by page as it is touched.
#pragma once

#include <cstddef>
#include <memory>

namespace larder::slab {

struct Unreserve {
  std::size_t bytes = 0;
  void operator()(void* memory) const;
};
template <typename T>
using Reservation = std::unique_ptr<T[], Unreserve>;

/// Room for `bytes`, sparse: never backed by huge pages. Throws std::system_error when there is none.
void* reserve_sparse(std::size_t bytes);

/// Room for `count` objects that are valid when all zero.
template <typename T>
Reservation<T> make_reservation(std::size_t count) {
  return {static_cast<T*>(reserve_sparse(count * sizeof(T))), Unreserve{count * sizeof(T)}};
}

}  // namespace larder::slab
