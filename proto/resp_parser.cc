#include "proto/resp_parser.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "engine/redis/numbers.h"

namespace larder::proto {

namespace {

constexpr std::size_t kInlineBytesMax = 64 * 1024;
constexpr std::int64_t kArgumentsMax = 0x7fffffff;
constexpr std::int64_t kArgumentsMaxUnauthenticated = 10;
constexpr std::int64_t kBulkBytesMaxUnauthenticated = 16 * 1024;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// One word of an inline command, unquoted. Moves `at` behind it; false: quotes do not match.
bool take_word(std::string_view line, std::size_t& at, std::string* word) {
  const auto peek = [&](std::size_t ahead) { return at + ahead < line.size() ? line[at + ahead] : '\0'; };
  char quote = '\0';
  for (;; ++at) {
    if (at == line.size()) return quote == '\0';
    const char c = line[at];
    if (quote == '"' && c == '\\' && peek(1) == 'x' && hex_digit(peek(2)) >= 0 && hex_digit(peek(3)) >= 0) {
      *word += static_cast<char>(hex_digit(peek(2)) * 16 + hex_digit(peek(3)));
      at += 3;
    } else if (quote == '"' && c == '\\' && at + 1 < line.size()) {
      constexpr std::string_view kLetters = "nrtba";
      constexpr std::string_view kMeanings = "\n\r\t\b\a";
      const std::size_t letter = kLetters.find(line[++at]);
      *word += letter == std::string_view::npos ? line[at] : kMeanings[letter];
    } else if (quote == '\'' && c == '\\' && peek(1) == '\'') {
      *word += '\'';
      ++at;
    } else if (quote != '\0' && c == quote) {
      // A closing quote ends the word.
      ++at;
      return at == line.size() || is_space(line[at]);
    } else if (quote == '\0' && (is_space(c) || c == '\0')) {
      return true;
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      *word += c;
    }
  }
}

const char* take_long_header(const char* at, const char* end, std::int64_t* value, bool* valid) {
  const char* const begin = ++at;
  std::int64_t sum = 0;
  // The usual: a few digits.
  while (at != end && static_cast<unsigned char>(*at - '0') <= 9 && at - begin < 9) sum = sum * 10 + (*at++ - '0');
  if (end - at >= 2 && *at == '\r' && at != begin && (*begin != '0' || at - begin == 1)) {
    *value = sum;
    *valid = true;
    return at + 2;
  }
  const auto* line_end = static_cast<const char*>(std::memchr(begin, '\r', static_cast<std::size_t>(end - begin)));
  if (line_end == nullptr || end - line_end < 2) return nullptr;
  *valid = redis::parse_i64({begin, static_cast<std::size_t>(line_end - begin)}, value);
  return line_end + 2;
}

// The number of a header line `*<n>\r\n` or `$<n>\r\n` at `at`. Returns where the line ends, behind its
// line end; nullptr: it is not all there. `*valid`: whether it is a number.
[[gnu::always_inline]] inline const char* take_header(const char* at, const char* end, std::int64_t* value,
                                                      bool* valid) {
  // Nearly all are of one or two digits.
  if (end - at >= 5) [[likely]] {
    const unsigned first = static_cast<unsigned char>(at[1]) - unsigned{'0'};
    const unsigned second = static_cast<unsigned char>(at[2]) - unsigned{'0'};
    if (first <= 9 && at[2] == '\r') {
      *value = first;
      *valid = true;
      return at + 4;
    }
    if (first - 1 <= 8 && second <= 9 && at[3] == '\r') {
      *value = first * 10 + second;
      *valid = true;
      return at + 5;
    }
  }
  return take_long_header(at, end, value, valid);
}

}  // namespace

RespParser::Status RespParser::take(std::string_view input, const Limits& limits,
                                    std::vector<std::string_view>* arguments, std::size_t* taken) {
  if (wanted_ != 0) return take_rest(input, limits, arguments, taken);
  if (input.front() == '*') [[likely]] return take_array(input, limits, arguments, taken);
  return take_inline(input, arguments, taken);
}

RespParser::Status RespParser::take_inline(std::string_view input, std::vector<std::string_view>* arguments,
                                           std::size_t* taken) {
  const std::size_t newline = input.find('\n');
  if (newline == std::string_view::npos) {
    if (input.size() > kInlineBytesMax) return fail("ERR Protocol error: too big inline request");
    return Status::incomplete;
  }
  std::string_view line = input.substr(0, newline);
  if (line.ends_with('\r')) line.remove_suffix(1);
  words_.clear();
  for (std::size_t at = 0;;) {
    while (at < line.size() && is_space(line[at])) ++at;
    if (at == line.size() || line[at] == '\0') break;
    words_.emplace_back();
    if (!take_word(line, at, &words_.back())) {
      return fail("ERR Protocol error: unbalanced quotes in request");
    }
  }
  *taken = newline + 1;
  if (words_.empty()) return Status::empty;
  for (const std::string& word : words_) arguments->push_back(word);
  return Status::request;
}

RespParser::Status RespParser::take_array(std::string_view input, const Limits& limits,
                                          std::vector<std::string_view>* arguments, std::size_t* taken) {
  const char* const begin = input.data();
  const char* const end = begin + input.size();
  std::int64_t count = 0;
  bool valid = false;
  const char* at = take_header(begin, end, &count, &valid);
  if (at == nullptr) {
    if (input.size() > kInlineBytesMax) return fail("ERR Protocol error: too big mbulk count string");
    return Status::incomplete;
  }
  if (!valid || count > kArgumentsMax) return fail("ERR Protocol error: invalid multibulk length");
  if (!limits.authenticated && count > kArgumentsMaxUnauthenticated) {
    return fail("ERR Protocol error: unauthenticated multibulk length");
  }
  if (count <= 0) {
    *taken = static_cast<std::size_t>(at - begin);
    return Status::empty;
  }
  // The usual request is all there: no offsets are kept.
  const std::size_t first = arguments->size();
  for (std::int64_t left = count; left != 0; --left) {
    std::int64_t bytes = 0;
    if (at == end || *at != '$') break;
    const char* const data = take_header(at, end, &bytes, &valid);
    if (data == nullptr || !valid || bytes < 0) break;
    if (static_cast<std::uint64_t>(bytes) > limits.bulk_bytes_max || end - data < bytes + 2) break;
    if (!limits.authenticated && bytes > kBulkBytesMaxUnauthenticated) break;
    arguments->push_back({data, static_cast<std::size_t>(bytes)});
    at = data + bytes + 2;
  }
  if (arguments->size() - first == static_cast<std::size_t>(count)) [[likely]] {
    *taken = static_cast<std::size_t>(at - begin);
    return Status::request;
  }
  spans_.clear();
  for (std::size_t i = first; i < arguments->size(); ++i) {
    spans_.push_back({static_cast<std::size_t>((*arguments)[i].data() - begin), (*arguments)[i].size()});
  }
  arguments->resize(first);
  wanted_ = static_cast<std::size_t>(count);
  at_ = static_cast<std::size_t>(at - begin);
  return take_rest(input, limits, arguments, taken);
}

RespParser::Status RespParser::take_rest(std::string_view input, const Limits& limits,
                                         std::vector<std::string_view>* arguments, std::size_t* taken) {
  const char* const begin = input.data();
  const char* const end = begin + input.size();
  while (spans_.size() < wanted_) {
    const char* const at = begin + at_;
    if (at >= end) return Status::incomplete;
    if (*at != '$') {
      const char shown = *at;
      return fail(std::string("ERR Protocol error: expected '$', got '") + shown + "'");
    }
    std::int64_t bytes = 0;
    bool valid = false;
    const char* const data = take_header(at, end, &bytes, &valid);
    if (data == nullptr) {
      if (static_cast<std::size_t>(end - at) > kInlineBytesMax) {
        return fail("ERR Protocol error: too big bulk count string");
      }
      return Status::incomplete;
    }
    if (!valid || bytes < 0 || static_cast<std::uint64_t>(bytes) > limits.bulk_bytes_max) {
      return fail("ERR Protocol error: invalid bulk length");
    }
    if (!limits.authenticated && bytes > kBulkBytesMaxUnauthenticated) {
      return fail("ERR Protocol error: unauthenticated bulk length");
    }
    if (end - data < bytes + 2) return Status::incomplete;
    spans_.push_back({static_cast<std::size_t>(data - begin), static_cast<std::size_t>(bytes)});
    at_ = static_cast<std::size_t>(data - begin) + static_cast<std::size_t>(bytes) + 2;
  }
  for (const Span& span : spans_) arguments->push_back(input.substr(span.offset, span.bytes));
  *taken = at_;
  wanted_ = 0;
  spans_ = {};  // it may have grown large
  return Status::request;
}

}  // namespace larder::proto
