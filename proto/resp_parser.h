// Takes one request at a time from a stream of RESP bytes: an array of bulk strings, or an inline
// command, words of a line with Redis' quoting.
//
// The arguments are views into the input. A request is taken when all of it is there; of one that is not,
// the parser remembers how far it got, as offsets, so that a request of a million arguments that comes in
// a thousand pieces is not read a thousand times. The next call must present the same bytes again, with
// more behind them.
//
// Limits: as Redis has them; before AUTH, 10 arguments of 16 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder::proto {

class RespParser {
 public:
  struct Limits {
    std::size_t bulk_bytes_max = std::size_t{512} << 20;
    bool authenticated = true;
  };
  enum class Status : std::uint8_t {
    request,     // arguments were appended
    empty,       // something without arguments was taken: no reply is due
    incomplete,
    error,       // error() is to be answered, then the connection closed
  };

  /// Looks at the front of `input`; on request or empty, `*taken` bytes of it are done with. Inline words
  /// that had to be unquoted lie in the parser until the next call.
  Status take(std::string_view input, const Limits& limits, std::vector<std::string_view>* arguments,
              std::size_t* taken);
  std::string_view error() const { return error_; }
  /// Forgets a request that was begun: the next call presents other bytes.
  void forget() {
    wanted_ = 0;
    spans_ = {};
  }
  /// Whether part of a request has been looked at.
  bool in_request() const { return wanted_ != 0; }

 private:
  struct Span {
    std::size_t offset;
    std::size_t bytes;
  };
  Status take_inline(std::string_view input, std::vector<std::string_view>* arguments, std::size_t* taken);
  Status take_array(std::string_view input, const Limits& limits, std::vector<std::string_view>* arguments,
                    std::size_t* taken);
  Status take_rest(std::string_view input, const Limits& limits, std::vector<std::string_view>* arguments,
                   std::size_t* taken);
  Status fail(std::string error) {
    error_ = std::move(error);
    return Status::error;
  }

  // Of a request that is not all there.
  std::size_t wanted_ = 0;      // arguments; 0: between requests
  std::size_t at_ = 0;          // where the next argument's header begins
  std::vector<Span> spans_;     // of those that are there
  std::string error_;
  std::vector<std::string> words_;  // unquoted inline words
};

}  // namespace larder::proto
