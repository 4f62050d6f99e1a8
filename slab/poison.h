// Tells AddressSanitizer which chunk bytes are in use, so that a read of a free chunk is reported.
// Nothing in other builds.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
namespace larder::slab {
inline void poison(const void* bytes, std::size_t count) { ASAN_POISON_MEMORY_REGION(bytes, count); }
inline void unpoison(const void* bytes, std::size_t count) {
  ASAN_UNPOISON_MEMORY_REGION(bytes, count);
}
}  // namespace larder::slab
#else
namespace larder::slab {
inline void poison(const void*, std::size_t) {}
inline void unpoison(const void*, std::size_t) {}
}  // namespace larder::slab
#endif
