// Writes the typed replies of Redis commands as RESP2 or RESP3 into an Output.
//
// Which of the two is the client's choice (HELLO), looked at with each reply: HELLO answers in the new one.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "engine/redis/client.h"
#include "engine/redis/numbers.h"
#include "engine/redis/reply.h"
#include "proto/numbers.h"
#include "proto/output.h"

namespace larder::proto {

class RespReply final : public redis::Reply {
 public:
  RespReply(Output& out, const redis::Client& client) : out_(out), client_(client) {}

  void status(std::string_view line) override { line_of('+', line); }
  // It may show what the client sent: a line break in that would end the reply.
  void error(std::string_view line) override {
    if (line.find_first_of("\r\n") != std::string_view::npos) [[unlikely]] return line_of('-', one_line(line));
    line_of('-', line);
  }
  void integer(std::int64_t value) override { number_of(':', value); }
  void bulk(std::string_view bytes) override {
    char* const begin = out_.reserve(bytes.size() + kHeaderRoom);
    char* at = begin;
    *at++ = '$';
    at = write_u64(at, bytes.size());
    at = write_line_end(at);
    at = write_text(at, bytes);
    at = write_line_end(at);
    out_.advance(static_cast<std::size_t>(at - begin));
  }
  void null() override { out_.append(client_.resp3 ? "_\r\n" : "$-1\r\n"); }
  void null_array() override { out_.append(client_.resp3 ? "_\r\n" : "*-1\r\n"); }
  void array(std::size_t count) override { number_of('*', static_cast<std::int64_t>(count)); }
  void map(std::size_t count) override {
    number_of(client_.resp3 ? '%' : '*', static_cast<std::int64_t>(client_.resp3 ? count : 2 * count));
  }
  void set(std::size_t count) override { number_of(client_.resp3 ? '~' : '*', static_cast<std::int64_t>(count)); }
  void push(std::size_t count) override { number_of(client_.resp3 ? '>' : '*', static_cast<std::int64_t>(count)); }
  void number(double value) override {
    redis::NumberText text;
    number_text(text.of(value));
  }
  void number_text(std::string_view digits) override {
    if (client_.resp3) {
      line_of(',', digits);
    } else {
      bulk(digits);
    }
  }
  void boolean(bool value) override {
    if (client_.resp3) {
      out_.append(value ? "#t\r\n" : "#f\r\n");
    } else {
      integer(value ? 1 : 0);
    }
  }
  void big_number(std::string_view digits) override {
    if (client_.resp3) {
      line_of('(', digits);
    } else {
      bulk(digits);
    }
  }
  void verbatim(std::string_view format, std::string_view bytes) override {
    if (!client_.resp3) return bulk(bytes);
    number_of('=', static_cast<std::int64_t>(bytes.size() + format.size() + 1));
    out_.append(format);
    out_.append(":");
    out_.append(bytes);
    out_.append("\r\n");
  }
  void bulk_pinned(engine::ItemPin pin, std::string_view bytes) override {
    number_of('$', static_cast<std::int64_t>(bytes.size()));
    out_.append_pinned(std::move(pin), bytes);
    out_.append("\r\n");
  }

  Mark begin() override { return out_.position(); }
  void end_array(Mark mark, std::size_t count) override { insert(mark, '*', count); }
  void end_set(Mark mark, std::size_t count) override { insert(mark, client_.resp3 ? '~' : '*', count); }
  void end_map(Mark mark, std::size_t count) override {
    insert(mark, client_.resp3 ? '%' : '*', client_.resp3 ? count : 2 * count);
  }
  void end_scan(Mark mark, std::string_view cursor, std::size_t count) override {
    char header[4 + 2 * kHeaderRoom + kU64Digits + 2];
    char* at = write_header(header, '*', 2);
    at = write_header(at, '$', static_cast<std::int64_t>(cursor.size()));
    at = write_line_end(write_text(at, cursor));
    at = write_header(at, '*', static_cast<std::int64_t>(count));
    out_.insert(mark, {header, static_cast<std::size_t>(at - header)});
  }
  void rewind(Mark mark) override { out_.rewind_to(mark); }
  bool resp3() const override { return client_.resp3; }

 private:
  static constexpr std::size_t kHeaderRoom = 1 + kU64Digits + 4;

  // As Redis has it: none at the end, blanks for those inside.
  static std::string one_line(std::string_view text) {
    std::string line(text.substr(0, text.find_last_not_of("\r\n") + 1));
    std::replace_if(line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
    return line;
  }
  static char* write_line_end(char* at) {
    std::memcpy(at, "\r\n", 2);
    return at + 2;
  }
  void line_of(char kind, std::string_view line) {
    char* const begin = out_.reserve(line.size() + 3);
    *begin = kind;
    char* at = write_text(begin + 1, line);
    at = write_line_end(at);
    out_.advance(static_cast<std::size_t>(at - begin));
  }
  static char* write_header(char* at, char kind, std::int64_t value) {
    *at++ = kind;
    if (value < 0) *at++ = '-';
    const auto magnitude = static_cast<std::uint64_t>(value);
    return write_line_end(write_u64(at, value < 0 ? 0 - magnitude : magnitude));
  }
  void number_of(char kind, std::int64_t value) {
    char* const begin = out_.reserve(kHeaderRoom);
    out_.advance(static_cast<std::size_t>(write_header(begin, kind, value) - begin));
  }
  void insert(Mark mark, char kind, std::size_t count) {
    char header[kHeaderRoom];
    const char* end = write_header(header, kind, static_cast<std::int64_t>(count));
    out_.insert(mark, {header, static_cast<std::size_t>(end - header)});
  }

  Output& out_;
  const redis::Client& client_;
};

}  // namespace larder::proto
