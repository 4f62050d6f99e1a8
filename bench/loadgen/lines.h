// Reading reply lines, shared by the protocols that have them (text, meta, RESP).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bench/loadgen/codec.h"

namespace larder::bench {

/// A longer line is no reply that we asked for.
inline constexpr std::size_t kLineBytesMax = 8192;

/// The first line of `input` without its CRLF. A line that is not complete leaves `bytes` at 0.
struct Line {
  std::string_view text;
  std::size_t bytes = 0;  // with the line end
};

inline Line first_line(std::string_view input) {
  const std::size_t end = input.find('\n');
  if (end == std::string_view::npos) return {};
  const bool crlf = end != 0 && input[end - 1] == '\r';
  return {input.substr(0, crlf ? end - 1 : end), end + 1};
}

/// What to answer when no line is complete.
inline Event incomplete_line(std::string_view input) {
  return input.size() > kLineBytesMax ? Event::broken("endless line") : Event::need_more();
}

/// Takes a decimal number from the front of `text`. False when there is none or it is too large.
inline bool take_number(std::string_view& text, std::uint64_t& number) {
  number = 0;
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 19) {
    number = number * 10 + static_cast<std::uint64_t>(text[digits++] - '0');
  }
  text.remove_prefix(digits);
  return digits != 0;
}

inline bool take_space(std::string_view& text) {
  if (text.empty() || text.front() != ' ') return false;
  text.remove_prefix(1);
  return true;
}

/// The memcached error lines: ERROR, CLIENT_ERROR ..., SERVER_ERROR ...
inline bool is_error_line(std::string_view line) {
  return line == "ERROR" || line.starts_with("CLIENT_ERROR") || line.starts_with("SERVER_ERROR");
}

/// A reply that is one line: `good` means done, an error line or one of `refusals` an error.
inline Event single_line_reply(std::string_view input, std::string_view good) {
  const Line line = first_line(input);
  if (line.bytes == 0) return incomplete_line(input);
  if (line.text == good) return Event::done(line.bytes);
  if (is_error_line(line.text) || line.text == "NOT_STORED" || line.text == "NS") {
    return Event::error(line.text, line.bytes);
  }
  return Event::broken("unexpected reply line");
}

/// A value of `length` bytes and CRLF behind `header_bytes`. On success fills in bytes and
/// consumed.
inline Event value_after(std::string_view input, std::size_t header_bytes, std::uint64_t length) {
  const std::size_t total = header_bytes + length + 2;
  if (input.size() < total) return Event::need_more(total);
  if (input[total - 2] != '\r' || input[total - 1] != '\n') {
    return Event::broken("value without line end");
  }
  Event event;
  event.kind = Event::Kind::value;
  event.bytes = input.substr(header_bytes, length);
  event.consumed = total;
  return event;
}

/// Which of `keys`, from `next` on, is called `name`; keys.size() when none is.
inline std::size_t find_key(const KeyNames& names, std::span<const std::uint32_t> keys,
                            std::size_t next, std::string_view name) {
  while (next < keys.size() && !names.matches(name, keys[next])) ++next;
  return next;
}

}  // namespace larder::bench
