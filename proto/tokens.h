// The words of a command line, and the two searches all parsing rests on.
//
// A word is a run of bytes other than the space; nothing else separates words (tabs and control
// bytes belong to them, as in memcached). The searches look at 16 bytes a step and never read
// outside the range they are given.
#pragma once

#include <emmintrin.h>

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

namespace larder::proto {

/// The first ' ' or '\n' in [at, end), or `end`.
inline const char* find_word_end(const char* at, const char* end) {
  const __m128i space = _mm_set1_epi8(' ');
  const __m128i newline = _mm_set1_epi8('\n');
  while (end - at >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto hits = static_cast<unsigned>(_mm_movemask_epi8(
        _mm_or_si128(_mm_cmpeq_epi8(bytes, space), _mm_cmpeq_epi8(bytes, newline))));
    if (hits != 0) return at + std::countr_zero(hits);
    at += 16;
  }
  while (at != end && *at != ' ' && *at != '\n') ++at;
  return at;
}

/// The first `byte` in [at, end), or `end`.
inline const char* find_byte(const char* at, const char* end, char byte) {
  const __m128i wanted = _mm_set1_epi8(byte);
  while (end - at >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto hits = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)));
    if (hits != 0) return at + std::countr_zero(hits);
    at += 16;
  }
  while (at != end && *at != byte) ++at;
  return at;
}

inline const char* skip_spaces(const char* at, const char* end) {
  while (at != end && *at == ' ') ++at;
  return at;
}

/// The first words of a line, at most kMax; what follows them is not looked at (memcached's
/// tokenizer stops there too, so a `noreply` behind it goes unseen).
class Words {
 public:
  static constexpr std::size_t kMax = 23;

  /// `line` has no line end and is at most 64 KiB long; it outlives the Words.
  explicit Words(std::string_view line) : line_(line.data()) {
    const char* const end = line.data() + line.size();
    const char* at = skip_spaces(line.data(), end);
    while (at != end && count_ < kMax) {
      const char* const stop = find_byte(at, end, ' ');
      begin_[count_] = static_cast<std::uint16_t>(at - line_);
      size_[count_] = static_cast<std::uint16_t>(stop - at);
      ++count_;
      at = skip_spaces(stop, end);
    }
  }

  std::size_t count() const { return count_; }
  /// Requires: index < count().
  std::string_view operator[](std::size_t index) const {
    return {line_ + begin_[index], size_[index]};
  }
  std::string_view last() const { return (*this)[count_ - 1]; }

 private:
  const char* line_;
  std::size_t count_ = 0;
  std::uint16_t begin_[kMax];  // set up to count_
  std::uint16_t size_[kMax];
};

/// True when `word` is a prefix of `name`: how memcached compares the words of its administrative
/// commands (`stats s` is `stats settings`).
inline bool abbreviates(std::string_view word, std::string_view name) {
  return name.starts_with(word);
}

}  // namespace larder::proto
