#include "bench/loadgen/value.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "bench/loadgen/random.h"

namespace larder::bench {

namespace {

constexpr std::size_t kQuantileCount = 4096;
constexpr std::uint32_t kVersionBytesMax = 8;

std::uint32_t version_bytes(std::uint32_t length) { return std::min(kVersionBytesMax, length / 2); }

/// The standard normal quantile by bisection: run a few thousand times at start, so plain wins.
double normal_quantile(double probability) {
  double low = -8.0;
  double high = 8.0;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    const double below = std::erfc(-middle / std::sqrt(2.0)) / 2;
    (below < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// The bytes of one value, word by word. Both the writer and the checker walk it.
class Content {
 public:
  Content(std::uint64_t salt, std::uint32_t key, std::uint64_t version, std::uint32_t length)
      : version_(version & ValueMaker::version_mask(length)),
        mask_(mix(salt + key * kGolden + length)),
        stream_(mix(mask_ + length) + version_ * kGolden) {}

  std::uint64_t version() const { return version_; }
  std::uint64_t tied_version() const { return version_ ^ mask_; }
  std::uint64_t next() { return mix(stream_++); }

 private:
  std::uint64_t version_;
  std::uint64_t mask_;
  std::uint64_t stream_;
};

/// The first `count` bytes of a word in memory order (x86: little endian).
bool same_bytes(const char* at, std::uint64_t word, std::size_t count) {
  return std::memcmp(at, &word, count) == 0;
}

}  // namespace

ValueMaker::ValueMaker(LengthSpec lengths, std::uint64_t salt) : lengths_(lengths), salt_(salt) {
  if (lengths_.kind != LengthKind::lognormal) return;
  const double low = std::log(std::max(1.0, static_cast<double>(lengths_.min)));
  const double high = std::log(std::max(1.0, static_cast<double>(lengths_.max)));
  quantiles_.reserve(kQuantileCount);
  for (std::size_t i = 0; i < kQuantileCount; ++i) {
    const double z = normal_quantile((static_cast<double>(i) + 0.5) / kQuantileCount);
    const double length = std::exp((low + high) / 2 + z * (high - low) / 6);
    quantiles_.push_back(
        std::clamp(static_cast<std::uint32_t>(std::lround(length)), lengths_.min, lengths_.max));
  }
}

std::uint64_t ValueMaker::version_mask(std::uint32_t length) {
  const std::uint32_t bytes = version_bytes(length);
  return bytes == kVersionBytesMax ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * bytes)) - 1;
}

std::uint32_t ValueMaker::length_of(std::uint32_t key, std::uint64_t version) const {
  if (lengths_.min == lengths_.max) return lengths_.min;
  const std::uint64_t random = mix(salt_ ^ mix(version * kGolden + key));
  if (!quantiles_.empty()) return quantiles_[random % quantiles_.size()];
  const std::uint64_t span = std::uint64_t{lengths_.max} - lengths_.min + 1;
  return lengths_.min + static_cast<std::uint32_t>(((random >> 32) * span) >> 32);
}

std::uint32_t ValueMaker::flags_of(std::uint32_t key) const {
  return static_cast<std::uint32_t>(mix(salt_ - key) >> 32);
}

void ValueMaker::write(char* to, std::uint32_t key, std::uint64_t version,
                       std::uint32_t length) const {
  Content content(salt_, key, version, length);
  const std::size_t held = version_bytes(length);
  const std::uint64_t plain = content.version();
  const std::uint64_t tied = content.tied_version();
  std::memcpy(to, &plain, held);
  std::memcpy(to + held, &tied, held);
  char* const end = to + length;
  char* at = to + 2 * held;
  for (; end - at >= 8; at += 8) {
    const std::uint64_t word = content.next();
    std::memcpy(at, &word, 8);
  }
  if (at != end) {
    const std::uint64_t word = content.next();
    std::memcpy(at, &word, static_cast<std::size_t>(end - at));
  }
}

ValueMaker::Check ValueMaker::check(std::string_view value, std::uint32_t key,
                                    std::uint64_t& version) const {
  if (value.size() < lengths_.min || value.size() > lengths_.max) return Check::bad_length;
  const auto length = static_cast<std::uint32_t>(value.size());
  const std::size_t held = version_bytes(length);
  std::uint64_t plain = 0;
  std::memcpy(&plain, value.data(), held);
  Content content(salt_, key, plain, length);
  if (!same_bytes(value.data() + held, content.tied_version(), held)) return Check::bad_content;
  const char* const end = value.data() + length;
  const char* at = value.data() + 2 * held;
  for (; end - at >= 8; at += 8) {
    if (!same_bytes(at, content.next(), 8)) return Check::bad_content;
  }
  if (at != end && !same_bytes(at, content.next(), static_cast<std::size_t>(end - at))) {
    return Check::bad_content;
  }
  // Only a complete version says which length it goes with.
  if (held == kVersionBytesMax && length_of(key, plain) != length) return Check::bad_length;
  version = plain;
  return Check::good;
}

}  // namespace larder::bench
