#include "tests/fuzz/replies.h"

#include <charconv>
#include <vector>

#include "proto/binary_header.h"
#include "proto/binary_reply.h"
#include "tests/fuzz/fuzz_target.h"

namespace larder::fuzz {

namespace {

using namespace larder::proto;

/// First words of the lines that stand for themselves.
constexpr std::string_view kWords[] = {
    "STORED", "NOT_STORED", "EXISTS", "NOT_FOUND", "DELETED", "TOUCHED", "END", "OK", "RESET", "MN",
    "EN", "HD", "NS", "EX", "NF", "ME", "VERSION", "STAT", "PREFIX", "ITEM", "CONFIG", "ERROR",
    "CLIENT_ERROR", "SERVER_ERROR", "SERVER_ERROR:", "BADCLASS", "NOTSTARTED", "BUSY", "Error",
    "SAME", "NOSPARE", "NOTFULL", "UNSAFE", "MEMLIMIT_TOO_SMALL", "MEMLIMIT_ADJUST_FAILED"};

std::string_view word_at(std::string_view line, std::size_t index) {
  for (; index > 0; --index) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return {};
    line.remove_prefix(space + 1);
  }
  return line.substr(0, line.find(' '));
}

std::size_t number(std::string_view word, std::string_view line) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  require(error == std::errc() && end == word.data() + word.size(), "no number in a reply", line);
  return value;
}

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

/// Takes the block of `bytes` bytes behind a VALUE or VA line.
void take_block(std::string_view* replies, std::size_t bytes, std::string_view line) {
  require(replies->size() >= bytes + 2, "a reply ends inside a value", line);
  require(replies->substr(bytes, 2) == "\r\n", "a value does not end in a line end", line);
  replies->remove_prefix(bytes + 2);
}

}  // namespace

void check_text_replies(std::string_view replies) {
  while (!replies.empty()) {
    const std::size_t newline = replies.find('\n');
    require(newline != std::string_view::npos, "the last reply has no line end", replies);
    std::string_view line = replies.substr(0, newline);
    replies.remove_prefix(newline + 1);
    const std::string_view word = word_at(line, 0);
    // A dump for machines ends its lines in a bare line feed.
    if (word.starts_with("key=")) continue;
    require(line.ends_with('\r'), "a line ends in a bare line feed", line);
    line.remove_suffix(1);
    if (word_at(line, 0) == "VALUE") {
      take_block(&replies, number(word_at(line, 3), line), line);
      continue;
    }
    if (word_at(line, 0) == "VA") {
      take_block(&replies, number(word_at(line, 1), line), line);
      continue;
    }
    bool known = !line.empty() && is_digit(line.front());
    known = known || line.starts_with("mg ");
    for (const std::string_view each : kWords) known = known || word_at(line, 0) == each;
    require(known, "a line that no client knows", line);
  }
}

void check_binary_replies(std::string_view replies) {
  while (!replies.empty()) {
    require(replies.size() >= binary::kHeaderBytes, "half a header", replies);
    const binary::Header header = binary::load_header(replies.data());
    require(header.magic == binary::kReplyMagic, "a wrong magic", replies);
    require(header.data_type == 0, "a data type", replies);
    require(header.extras_bytes + header.key_bytes <= header.body_bytes, "lengths do not add up", replies);
    require(replies.size() >= binary::kHeaderBytes + header.body_bytes, "half a body", replies);
    const auto status = static_cast<binary::Status>(header.status);
    require(status == binary::Status::ok || !binary::status_text(status).empty(), "an unknown status",
            replies);
    replies.remove_prefix(binary::kHeaderBytes + header.body_bytes);
  }
}

}  // namespace larder::fuzz
