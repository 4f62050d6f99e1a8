// The text protocol behind a password (-Y): nothing is executed until the client has logged in with
//
//   set <key> <flags> <exptime> <bytes>\r\n<user> <password>\r\n
//
// of which only the length of the data counts. Then every byte goes to the text protocol.
//
//   STORED                                          logged in
//   CLIENT_ERROR unauthenticated                    the line is no set, or has no length
//   CLIENT_ERROR auth token too long                more than kTokenBytesMax; the data is not skipped
//   CLIENT_ERROR bad command line termination       no CR LF behind the data
//   CLIENT_ERROR bad authentication token format    no blank in the data
//   CLIENT_ERROR authentication failure             unknown user or wrong password
//
// A line of less than kLineBytesMin bytes, or of more than kLineBytesMax, closes the connection: a
// stranger makes the server hold no more than such a line and a token.
//
// Threads: owned by one worker at a time. Source: what memcached 1.6.45 answers; deviations are in
// docs/memcached-text.md.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "proto/protocol.h"

namespace larder::proto {

class TextLogin final : public Protocol {
 public:
  static constexpr std::size_t kTokenBytesMax = 16384;

  explicit TextLogin(Session session);

  Progress run(std::string_view input, Output& output, unsigned& budget) override;
  Progress received(Output& output) override { return text_->received(output); }
  std::string_view first_key(std::string_view input) const override {
    return logged_in_ ? text_->first_key(input) : std::string_view();
  }
  std::string_view state() const override { return text_->state(); }

 private:
  Progress run_line(std::string_view input, Output& output);
  std::string_view log_in(std::string_view token);

  const Session session_;
  const std::unique_ptr<Protocol> text_;
  bool logged_in_ = false;
};

}  // namespace larder::proto
