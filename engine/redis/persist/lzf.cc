#include "engine/redis/persist/lzf.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace larder::redis::persist {

namespace {

constexpr std::size_t kLiteralMax = 32;
constexpr std::size_t kDistanceMax = 1 << 13;
constexpr std::size_t kMatchMin = 3;
constexpr std::size_t kMatchMax = 264;
constexpr unsigned kHashBits = 14;

std::uint32_t hash_of(const char* at) {
  const auto byte = [at](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(at[i])); };
  const std::uint32_t three = byte(0) << 16 | byte(1) << 8 | byte(2);
  return (three * 0x9e3779b1u) >> (32 - kHashBits);
}

void put_literals(std::string_view run, std::string& out) {
  while (!run.empty()) {
    const std::size_t bytes = std::min(run.size(), kLiteralMax);
    out.push_back(static_cast<char>(bytes - 1));
    out.append(run.substr(0, bytes));
    run.remove_prefix(bytes);
  }
}

void put_match(std::size_t distance, std::size_t bytes, std::string& out) {
  const std::size_t offset = distance - 1;
  const std::size_t length = bytes - 2;
  if (length < 7) {
    out.push_back(static_cast<char>(length << 5 | offset >> 8));
  } else {
    out.push_back(static_cast<char>(7u << 5 | offset >> 8));
    out.push_back(static_cast<char>(length - 7));
  }
  out.push_back(static_cast<char>(offset & 0xff));
}

}  // namespace

bool lzf_compress(std::string_view in, std::size_t bytes_max, std::string& out) {
  out.clear();
  // Places are kept plus one; 0 says that none was seen.
  std::vector<std::size_t> last(std::size_t{1} << kHashBits, 0);
  std::size_t literal_from = 0;
  std::size_t at = 0;
  while (at + kMatchMin <= in.size()) {
    std::size_t& place = last[hash_of(in.data() + at)];
    const std::size_t candidate = place;
    place = at + 1;
    const std::size_t from = candidate - 1;
    if (candidate == 0 || at - from > kDistanceMax ||
        std::memcmp(in.data() + from, in.data() + at, kMatchMin) != 0) {
      ++at;
      continue;
    }
    const std::size_t most = std::min(in.size() - at, kMatchMax);
    std::size_t bytes = kMatchMin;
    while (bytes < most && in[from + bytes] == in[at + bytes]) ++bytes;
    put_literals(in.substr(literal_from, at - literal_from), out);
    put_match(at - from, bytes, out);
    if (out.size() >= bytes_max) return false;
    const std::size_t end = at + bytes;
    for (++at; at < end && at + kMatchMin <= in.size(); ++at) last[hash_of(in.data() + at)] = at + 1;
    at = end;
    literal_from = end;
  }
  put_literals(in.substr(literal_from), out);
  return out.size() < bytes_max;
}

bool lzf_expand(std::string_view in, char* out, std::size_t bytes) {
  std::size_t at = 0;
  std::size_t made = 0;
  const auto byte = [&in](std::size_t i) { return std::size_t{static_cast<unsigned char>(in[i])}; };
  while (at < in.size()) {
    const std::size_t control = byte(at++);
    if (control < kLiteralMax) {
      const std::size_t run = control + 1;
      if (run > in.size() - at) return false;
      if (run > bytes - made) return false;
      std::memcpy(out + made, in.data() + at, run);
      at += run;
      made += run;
      continue;
    }
    std::size_t length = control >> 5;
    if (length == 7) {
      if (at == in.size()) return false;
      length += byte(at++);
    }
    length += 2;
    if (at == in.size()) return false;
    const std::size_t distance = ((control & 0x1f) << 8 | byte(at++)) + 1;
    if (distance > made) return false;
    if (length > bytes - made) return false;
    // Byte by byte: the copy may read what it has just written.
    for (; length > 0; --length, ++made) out[made] = out[made - distance];
  }
  return made == bytes;
}

}  // namespace larder::redis::persist
