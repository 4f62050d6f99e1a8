#include "proto/text_login.h"

#include <algorithm>

#include "proto/errors.h"
#include "proto/make_text_protocol.h"
#include "proto/numbers.h"
#include "proto/text_protocol.h"
#include "proto/tokens.h"

namespace larder::proto {

namespace {

constexpr std::size_t kLineBytesMin = 6;
constexpr std::size_t kWordsMin = 5;

}  // namespace

TextLogin::TextLogin(Session session) : session_(session), text_(make_text_protocol(session)) {}

Progress TextLogin::run(std::string_view input, Output& output, unsigned& budget) {
  if (logged_in_) [[likely]] return text_->run(input, output, budget);
  Progress progress;
  std::size_t consumed = 0;
  while (!logged_in_) {
    if (budget == 0 || output.full()) return {.consumed = consumed, .next = Next::yield};
    progress = run_line(input.substr(consumed), output);
    consumed += progress.consumed;
    if (progress.consumed == 0 || progress.next != Next::read) {
      progress.consumed = consumed;
      return progress;
    }
    --budget;
  }
  progress = text_->run(input.substr(consumed), output, budget);
  progress.consumed += consumed;
  return progress;
}

/// One line and, if it is a login, its data. Consumes nothing until all of it is there.
Progress TextLogin::run_line(std::string_view input, Output& output) {
  const std::size_t newline = input.substr(0, kLineBytesMax + 1).find('\n');
  if (newline == std::string_view::npos) {
    return {.next = input.size() > kLineBytesMax ? Next::close : Next::read};
  }
  if (newline < kLineBytesMin) return {.next = Next::close};
  std::string_view line = input.substr(0, newline);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const Words words(line);
  const std::size_t token_at = newline + 1;
  std::uint32_t bytes = 0;
  if (!line.starts_with("set") || words.count() < kWordsMin || !parse_u32(words[4], &bytes)) {
    output.append(text::kUnauthenticated);
    return {.consumed = token_at};
  }
  if (bytes > kTokenBytesMax) {
    output.append(text::kAuthTokenTooLong);
    return {.consumed = token_at};
  }
  const std::size_t end = token_at + bytes + kValueEndBytes;
  if (input.size() < end) return {};
  const std::string_view token = input.substr(token_at, bytes);
  const bool terminated = input.substr(token_at + bytes, kValueEndBytes) == "\r\n";
  output.append(terminated ? log_in(token) : text::kBadTermination);
  return {.consumed = end};
}

/// The answer to "user password"; the user's name ends at the first blank.
std::string_view TextLogin::log_in(std::string_view token) {
  const std::size_t blank = token.find(' ');
  if (blank == std::string_view::npos) return text::kBadAuthToken;
  session_.worker.count(engine::Counter::auth_cmds);
  logged_in_ = session_.host.knows_user(token.substr(0, blank), token.substr(blank + 1));
  if (logged_in_) return text::kStored;
  session_.worker.count(engine::Counter::auth_errors);
  return text::kAuthFailure;
}

}  // namespace larder::proto
