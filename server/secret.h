// Comparing secrets in a time that tells nothing of them but their lengths.
#pragma once

#include <cstddef>
#include <string_view>

namespace larder::server {

/// Whether `a` and `b` are equal. Looks at every byte whatever it finds.
inline bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i] ^ b[i]));
  }
  return difference == 0;
}

}  // namespace larder::server
