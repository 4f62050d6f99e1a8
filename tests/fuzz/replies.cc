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

/// Takes a line off the front; it ends in CR LF and has neither inside.
std::string_view take_line(std::string_view* replies) {
  const std::size_t end = replies->find_first_of("\r\n");
  require(end != std::string_view::npos && replies->substr(end).starts_with("\r\n"), "half a line", *replies);
  const std::string_view line = replies->substr(0, end);
  replies->remove_prefix(end + 2);
  return line;
}

std::string_view take_bulk(std::string_view* replies, std::size_t bytes, std::string_view line) {
  const std::string_view block = replies->substr(0, bytes);
  take_block(replies, bytes, line);
  return block;
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

std::vector<std::string_view> take_resp_reply(std::string_view* replies, bool resp3) {
  std::vector<std::string_view> leaves;
  // A container is as many elements more that are due.
  for (std::size_t due = 1; due > 0; --due) {
    const std::string_view line = take_line(replies);
    require(!line.empty(), "an empty line", *replies);
    const std::string_view rest = line.substr(1);
    constexpr std::string_view kResp3Kinds = "_,#=(%~>";
    require(resp3 || kResp3Kinds.find(line[0]) == std::string_view::npos, "RESP3 that nobody asked for",
            line);
    switch (line[0]) {
      case '-':
        leaves.push_back(line);
        break;
      case '+':
      case ',':
        leaves.push_back(rest);
        break;
      case ':':
        number(rest.starts_with('-') ? rest.substr(1) : rest, line);
        leaves.push_back(rest);
        break;
      case '(':
        require(rest.find_first_not_of("0123456789", rest.starts_with('-') ? 1 : 0) == std::string_view::npos,
                "no digits", line);
        leaves.push_back(rest);
        break;
      case '#':
        require(rest == "t" || rest == "f", "neither true nor false", line);
        leaves.push_back(rest);
        break;
      case '_':
        require(rest.empty(), "a null with something in it", line);
        leaves.push_back({});
        break;
      case '$':
      case '=':
        leaves.push_back(line == "$-1" ? std::string_view() : take_bulk(replies, number(rest, line), line));
        break;
      case '*':
      case '~':
      case '>':
        if (line == "*-1") {
          leaves.push_back({});
        } else {
          due += number(rest, line);
        }
        break;
      case '%':
        due += 2 * number(rest, line);
        break;
      default:
        fail("an unknown kind of reply", line);
    }
  }
  return leaves;
}

}  // namespace larder::fuzz
