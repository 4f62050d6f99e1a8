#include "engine/redis/glob.h"

#include <cstddef>
#include <utility>

namespace larder::redis {

namespace {

char folded(char c, bool nocase) {
  return nocase && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Reads the set that begins at `at` (behind its bracket) and moves behind it; whether c is in it.
bool in_set(std::string_view pattern, std::size_t* at, char c, bool nocase) {
  std::size_t i = *at;
  const bool negated = i < pattern.size() && pattern[i] == '^';
  if (negated) ++i;
  bool found = false;
  while (i < pattern.size() && pattern[i] != ']') {
    const std::size_t left = pattern.size() - i;
    if (pattern[i] == '\\' && left >= 2) {
      found |= pattern[i + 1] == c;
      i += 2;
    } else if (left >= 3 && pattern[i + 1] == '-') {
      char low = pattern[i];
      char high = pattern[i + 2];
      if (low > high) std::swap(low, high);
      found |= folded(c, nocase) >= folded(low, nocase) && folded(c, nocase) <= folded(high, nocase);
      i += 3;
    } else {
      found |= folded(pattern[i], nocase) == folded(c, nocase);
      ++i;
    }
  }
  *at = i < pattern.size() ? i + 1 : i;
  return found != negated;
}

// Whether the part of the pattern at `at`, which is no *, takes c; moves behind it.
bool takes(std::string_view pattern, std::size_t* at, char c, bool nocase) {
  const char first = pattern[(*at)++];
  if (first == '?') return true;
  if (first == '[') return in_set(pattern, at, c, nocase);
  const bool escaped = first == '\\' && *at < pattern.size();
  return folded(escaped ? pattern[(*at)++] : first, nocase) == folded(c, nocase);
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text, bool nocase) {
  // Nothing but the empty pattern takes an empty text, as in Redis.
  if (text.empty()) return pattern.empty();
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t after_star = kNone;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_text = t;
      continue;
    }
    if (p < pattern.size() && takes(pattern, &p, text[t], nocase)) {
      ++t;
      continue;
    }
    if (after_star == kNone) return false;
    p = after_star;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace larder::redis
