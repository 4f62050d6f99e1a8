// touch, delete, incr, decr: commands that change an item without sending a value.
//
//   touch <key> <exptime> [noreply]    delete <key> [noreply]    incr|decr <key> <delta> [noreply]
#include "proto/errors.h"
#include "proto/numbers.h"
#include "proto/text_protocol.h"

namespace larder::proto {

TextProtocol::Flow TextProtocol::touch(Request& request) {
  std::int32_t exptime;
  std::string_view line;
  if (request.words[1].size() > kKeyBytesMax) {
    line = text::kBadFormat;
  } else if (!parse_i32(request.words[2], &exptime)) {
    line = text::kInvalidExptime;
  } else {
    const engine::Deadline deadline = session_.engine.clock().deadline(exptime);
    const bool hit = session_.engine.touch(session_.worker, key_of(request), deadline);
    line = hit ? text::kTouched : text::kNotFound;
  }
  reply_unless(request.noreply, line);
  return Flow::proceed;
}

/// A word between the key and `noreply` is ignored: old clients send a time there. More of them are
/// refused, as versions before 1.6.45 did and memccapable demands.
TextProtocol::Flow TextProtocol::remove(Request& request) {
  constexpr std::size_t kWordsMax = 4;
  std::string_view line = text::kBadFormat;
  if (request.words.count() > kWordsMax) {
    line = text::kDeleteUsage;
  } else if (request.words[1].size() <= kKeyBytesMax) {
    const auto status = session_.engine.remove(session_.worker, key_of(request), {});
    line = status == engine::DeleteStatus::deleted ? text::kDeleted : text::kNotFound;
  }
  reply_unless(request.noreply, line);
  return Flow::proceed;
}

TextProtocol::Flow TextProtocol::arithmetic(Request& request) {
  engine::ArithmeticRequest change;
  change.decrement = request.command->variant == Command::kDecrement;
  std::string_view line;
  if (request.words[1].size() > kKeyBytesMax) {
    line = text::kBadFormat;
  } else if (!parse_u64(request.words[2], &change.delta)) {
    line = text::kInvalidDelta;
  } else {
    const engine::ArithmeticResult result =
        session_.engine.arithmetic(session_.worker, key_of(request), change);
    switch (result.status) {
      case engine::ArithmeticStatus::ok:
      case engine::ArithmeticStatus::created:
      case engine::ArithmeticStatus::exists:
        if (!request.noreply) reply_number(result.value);
        return Flow::proceed;
      case engine::ArithmeticStatus::not_found:
        line = text::kNotFound;
        break;
      case engine::ArithmeticStatus::non_numeric:
        line = text::kNonNumeric;
        break;
      case engine::ArithmeticStatus::no_memory:
        line = text::kNoMemory;
        break;
    }
  }
  reply_unless(request.noreply, line);
  return Flow::proceed;
}

void TextProtocol::reply_number(std::uint64_t value) {
  char* const at = out_->reserve(kU64Digits + 2);
  out_->advance(static_cast<std::size_t>(write_text(write_u64(at, value), "\r\n") - at));
}

}  // namespace larder::proto
