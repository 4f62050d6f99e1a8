// What check_integrity() of the types says before it ends the process.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace larder::redis {

inline void require(bool holds, const char* structure, const char* what) {
  if (holds) [[likely]] {
    return;
  }
  std::fprintf(stderr, "%s integrity: %s\n", structure, what);
  std::abort();
}

}  // namespace larder::redis
