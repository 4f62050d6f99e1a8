// Base64 for the keys of meta commands (RFC 4648 alphabet, padded, no line breaks).
//
// Decoding is as lenient as memcached's: bytes outside the alphabet are skipped, the rest has to
// come in complete groups of four, and a padded group ends the text.
#pragma once

#include <cstddef>
#include <string_view>

namespace larder::proto {

constexpr std::size_t base64_encoded_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

/// Writes base64_encoded_size(bytes.size()) characters; returns one past the last.
char* base64_encode(std::string_view bytes, char* to);

/// Writes the decoded bytes, never more than text.size(), and returns how many; 0 when the text is
/// no base64.
std::size_t base64_decode(std::string_view text, char* to);

}  // namespace larder::proto
