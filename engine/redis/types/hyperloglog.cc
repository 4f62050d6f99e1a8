#include "engine/redis/types/hyperloglog.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace larder::redis::hll {

namespace {

constexpr unsigned kIndexBits = 14;
constexpr unsigned kHashBits = 64 - kIndexBits;  // of which the zeros are counted
constexpr unsigned kRegisterMask = 63;
constexpr char kDense = 0;
constexpr char kSparse = 1;
constexpr std::size_t kEncodingAt = 4;
constexpr std::size_t kCountAt = 8;
constexpr std::size_t kStaleAt = 15;

std::uint8_t byte(char c) { return static_cast<std::uint8_t>(c); }

std::uint64_t murmur64a(std::string_view bytes) {
  constexpr std::uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  constexpr std::uint64_t kSeed = 0xadc83b19;
  constexpr unsigned kShift = 47;
  std::uint64_t hash = kSeed ^ (bytes.size() * kMultiplier);
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    word *= kMultiplier;
    word ^= word >> kShift;
    word *= kMultiplier;
    hash = (hash ^ word) * kMultiplier;
  }
  if (!bytes.empty()) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    hash = (hash ^ word) * kMultiplier;
  }
  hash ^= hash >> kShift;
  hash *= kMultiplier;
  return hash ^ hash >> kShift;
}

struct Place {
  std::size_t index;
  std::uint8_t value;
};
Place place_of(std::string_view element) {
  const std::uint64_t hash = murmur64a(element);
  const std::uint64_t rest = hash >> kIndexBits | std::uint64_t{1} << kHashBits;
  return {hash & (kRegisters - 1), static_cast<std::uint8_t>(std::countr_zero(rest) + 1)};
}

// --- dense ---

std::uint8_t dense_get(const char* value, std::size_t index) {
  const std::size_t bit = index * 6;
  const char* at = value + kHeaderBytes + bit / 8;
  const unsigned low = byte(at[0]);
  // The last register ends with its byte: nothing of the next is read.
  const unsigned high = bit % 8 > 2 ? byte(at[1]) : 0;
  return static_cast<std::uint8_t>((low | high << 8) >> (bit % 8) & kRegisterMask);
}

void dense_set(char* value, std::size_t index, std::uint8_t to) {
  const std::size_t bit = index * 6;
  char* at = value + kHeaderBytes + bit / 8;
  const auto shift = static_cast<unsigned>(bit % 8);
  const unsigned mask = kRegisterMask << shift;
  const unsigned bits = static_cast<unsigned>(to) << shift;
  at[0] = static_cast<char>((byte(at[0]) & ~mask) | bits);
  if (shift > 2) at[1] = static_cast<char>((byte(at[1]) & ~(mask >> 8)) | bits >> 8);
}

bool dense_raise(char* value, std::size_t index, std::uint8_t to) {
  if (dense_get(value, index) >= to) return false;
  dense_set(value, index, to);
  return true;
}

// --- sparse ---

constexpr std::size_t kShortZerosMax = 64;
constexpr std::size_t kRepeatMax = 4;
constexpr std::uint8_t kSparseValueMax = 32;

struct Run {
  std::size_t at;         // where its code begins, in the value
  std::size_t code;       // bytes of the code
  std::size_t registers;
  std::uint8_t value;
};

/// Reads a run. Requires: at < value.size().
Run run_at(std::string_view value, std::size_t at) {
  const unsigned first = byte(value[at]);
  if ((first & 0x80) != 0) {
    return {at, 1, (first & 3) + 1, static_cast<std::uint8_t>((first >> 2 & 31) + 1)};
  }
  if ((first & 0x40) == 0) return {at, 1, (first & 63) + 1, 0};
  const unsigned second = at + 1 < value.size() ? byte(value[at + 1]) : 0;
  return {at, 2, ((first & 63) << 8 | second) + 1, 0};
}

/// Calls visit(first register, run) for each run. False if the runs do not cover all registers exactly.
template <typename Visit>
bool for_each_run(std::string_view value, Visit visit) {
  std::size_t first = 0;
  std::size_t at = kHeaderBytes;
  while (at < value.size()) {
    const Run run = run_at(value, at);
    if (run.code > value.size() - at) return false;
    if (run.registers > kRegisters - first) return false;
    visit(first, run);
    first += run.registers;
    at += run.code;
  }
  return first == kRegisters;
}

void put_zeros(std::size_t registers, std::string& out) {
  if (registers == 0) return;
  const std::size_t n = registers - 1;
  if (registers > kShortZerosMax) out.push_back(static_cast<char>(0x40 | n >> 8));
  out.push_back(static_cast<char>(n));
}

char repeat_code(std::uint8_t value, std::size_t registers) {
  return static_cast<char>(0x80u | static_cast<unsigned>(value - 1) << 2 |
                           static_cast<unsigned>(registers - 1));
}

void put_repeat(std::uint8_t value, std::size_t registers, std::string& out) {
  if (registers > 0) out.push_back(repeat_code(value, registers));
}

/// Joins neighbouring runs of one value, among the five codes from `at` on.
void join_runs(std::string& value, std::size_t at) {
  for (int scanned = 0; scanned < 5 && at < value.size(); ++scanned) {
    const Run run = run_at(value, at);
    if (run.value != 0 && at + 1 < value.size()) {
      const Run next = run_at(value, at + 1);
      if (next.value == run.value && run.registers + next.registers <= kRepeatMax) {
        value[at] = repeat_code(run.value, run.registers + next.registers);
        value.erase(at + 1, 1);
        continue;  // the joined run may join the one after it
      }
    }
    at += run.code;
  }
}

Added raise_as_dense(std::string& value, std::size_t index, std::uint8_t to) {
  if (!to_dense(value)) return Added::corrupt;
  if (!dense_raise(value.data(), index, to)) return Added::unchanged;
  invalidate_count(value.data());
  return Added::changed;
}

Added sparse_raise(std::string& value, std::size_t index, std::uint8_t to, std::size_t sparse_max) {
  if (to > kSparseValueMax) return raise_as_dense(value, index, to);
  std::size_t first = 0;
  std::size_t at = kHeaderBytes;
  std::optional<std::size_t> before;
  Run run{};
  for (; at < value.size(); at += run.code) {
    run = run_at(value, at);
    if (index < first + run.registers) break;
    before = at;
    first += run.registers;
  }
  if (at >= value.size()) return Added::corrupt;
  if (run.code > value.size() - at) return Added::corrupt;
  if (run.value >= to) return Added::unchanged;

  // The run becomes: what lies before the register, the register, what lies behind it.
  std::string codes;
  const std::size_t left = index - first;
  const std::size_t right = first + run.registers - index - 1;
  run.value == 0 ? put_zeros(left, codes) : put_repeat(run.value, left, codes);
  put_repeat(to, 1, codes);
  run.value == 0 ? put_zeros(right, codes) : put_repeat(run.value, right, codes);
  if (codes.size() > run.code && value.size() + codes.size() - run.code > sparse_max) {
    return raise_as_dense(value, index, to);
  }
  value.replace(at, run.code, codes);
  join_runs(value, before.value_or(kHeaderBytes));
  invalidate_count(value.data());
  return Added::changed;
}

// --- estimate ---

using Histogram = std::array<int, 64>;

double sigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double before;
  double y = 1;
  double z = x;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before != z);
  return z;
}

double tau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double before;
  double y = 1.0;
  double z = 1 - x;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= std::pow(1 - x, 2) * y;
  } while (before != z);
  return z / 3;
}

std::uint64_t estimate(const Histogram& histogram) {
  constexpr double kAlphaInfinity = 0.721347520444481703680;  // 0.5 / ln 2
  constexpr double m = kRegisters;
  double z = m * tau((m - histogram[kHashBits + 1]) / m);
  for (std::size_t k = kHashBits; k >= 1; --k) {
    z += histogram[k];
    z *= 0.5;
  }
  z += m * sigma(histogram[0] / m);
  return static_cast<std::uint64_t>(static_cast<double>(std::llroundl(kAlphaInfinity * m * m / z)));
}

}  // namespace

std::string make() {
  std::string value(kHeaderBytes, '\0');
  std::memcpy(value.data(), "HYLL", 4);
  value[kEncodingAt] = kSparse;
  put_zeros(kRegisters, value);
  return value;
}

bool has_header(std::string_view value) {
  if (value.size() < kHeaderBytes) return false;
  if (value.substr(0, 4) != "HYLL") return false;
  if (value[kEncodingAt] == kSparse) return true;
  return value[kEncodingAt] == kDense && value.size() == kDenseBytes;
}

bool is_sparse(std::string_view value) { return value[kEncodingAt] == kSparse; }

Added add(std::string& value, std::string_view element, std::size_t sparse_max) {
  const Place place = place_of(element);
  return raise(value, place.index, place.value, sparse_max);
}

bool add_dense(char* value, std::string_view element) {
  const Place place = place_of(element);
  return dense_raise(value, place.index, place.value);
}

Added raise(std::string& value, std::size_t index, std::uint8_t to, std::size_t sparse_max) {
  if (is_sparse(value)) return sparse_raise(value, index, to, sparse_max);
  if (!dense_raise(value.data(), index, to)) return Added::unchanged;
  invalidate_count(value.data());
  return Added::changed;
}

bool to_dense(std::string& value) {
  if (!is_sparse(value)) return true;
  std::string dense(kDenseBytes, '\0');
  std::memcpy(dense.data(), value.data(), kHeaderBytes);
  dense[kEncodingAt] = kDense;
  const bool sound = for_each_run(value, [&dense](std::size_t first, const Run& run) {
    if (run.value == 0) return;
    for (std::size_t i = 0; i < run.registers; ++i) dense_set(dense.data(), first + i, run.value);
  });
  if (sound) value = std::move(dense);
  return sound;
}

std::optional<std::uint64_t> cached_count(std::string_view value) {
  if ((byte(value[kStaleAt]) & 0x80) != 0) return std::nullopt;
  std::uint64_t count;
  std::memcpy(&count, value.data() + kCountAt, sizeof count);
  return count;
}

void set_cached_count(char* value, std::uint64_t count) {
  std::memcpy(value + kCountAt, &count, sizeof count);
}

void invalidate_count(char* value) { value[kStaleAt] = static_cast<char>(byte(value[kStaleAt]) | 0x80); }

std::optional<std::uint64_t> count(std::string_view value) {
  Histogram histogram{};
  if (!is_sparse(value)) {
    for (std::size_t i = 0; i < kRegisters; ++i) ++histogram[dense_get(value.data(), i)];
    return estimate(histogram);
  }
  const bool sound = for_each_run(value, [&histogram](std::size_t, const Run& run) {
    histogram[run.value] += static_cast<int>(run.registers);
  });
  if (!sound) return std::nullopt;
  return estimate(histogram);
}

std::uint64_t count(const Registers& registers) {
  Histogram histogram{};
  for (const std::uint8_t value : registers) ++histogram[value & kRegisterMask];
  return estimate(histogram);
}

bool merge(std::string_view value, Registers& into) {
  const auto raise_to = [&into](std::size_t index, std::uint8_t to) {
    if (into[index] < to) into[index] = to;
  };
  if (!is_sparse(value)) {
    for (std::size_t i = 0; i < kRegisters; ++i) raise_to(i, dense_get(value.data(), i));
    return true;
  }
  return for_each_run(value, [&raise_to](std::size_t first, const Run& run) {
    for (std::size_t i = 0; i < run.registers; ++i) raise_to(first + i, run.value);
  });
}

std::string decoded(std::string_view value) {
  std::string text;
  for_each_run(value, [&text](std::size_t, const Run& run) {
    if (!text.empty()) text += ' ';
    text += run.value != 0 ? "v:" + std::to_string(run.value) + "," : run.code == 2 ? "Z:" : "z:";
    text += std::to_string(run.registers);
  });
  return text;
}

bool check_integrity(std::string_view value) {
  if (!has_header(value)) return false;
  return !is_sparse(value) || for_each_run(value, [](std::size_t, const Run&) {});
}

}  // namespace larder::redis::hll
