// LZF, the byte-oriented Lempel-Ziv format of strings in RDB files and DUMP payloads.
//
// A compressed text is a sequence of
//   000LLLLL  L+1 literal bytes                          a run of 1..32 bytes as they are
//   LLLooooo oooooooo           (LLL 1..6)               copy LLL+2 bytes from o+1 bytes back
//   111ooooo LLLLLLLL oooooooo                           copy LLLLLLLL+9 bytes from o+1 bytes back
// A copy may overlap what it writes. Three bytes of input make 264 of output at most, by which a
// reader can refuse an impossible length before it reserves memory.
//
// Written from the description of the format; the matcher keeps the last place of each hash of three
// bytes and takes the first match it finds, so the output may differ from another compressor's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace larder::redis::persist {

/// Bytes that `compressed` bytes can stand for, at most.
constexpr std::size_t lzf_expanded_max(std::size_t compressed) { return compressed * 88; }

/// Compresses into `out` (replaced). False, with `out` unspecified, if that would not take fewer than
/// `bytes_max` bytes.
bool lzf_compress(std::string_view in, std::size_t bytes_max, std::string& out);

/// Expands `in` into exactly `bytes` bytes at `out`. False if the text is broken or of another length.
bool lzf_expand(std::string_view in, char* out, std::size_t bytes);

}  // namespace larder::redis::persist
