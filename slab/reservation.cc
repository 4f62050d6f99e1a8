#include "slab/reservation.h"

#include <sys/mman.h>

#include <cerrno>
#include <system_error>

namespace larder::slab {

void* reserve_sparse(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "cannot reserve memory for the table");
  }
  // Huge pages would make what is untouched resident.
  madvise(memory, bytes, MADV_NOHUGEPAGE);
  return memory;
}

void Unreserve::operator()(void* memory) const { munmap(memory, bytes); }

}  // namespace larder::slab
