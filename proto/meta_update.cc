// md, ma: the meta commands that change an item without sending a value.
//
//   md <key> <flag>*        -> HD | NF | EX, and what O k ask for
//   ma <key> <flag>*        -> HD | NF | EX, or VA <bytes> <flag>*\r\n<number>
//
// Errors are answered even where q hides the nominal reply.
#include "proto/errors.h"
#include "proto/meta_reply.h"
#include "proto/numbers.h"
#include "proto/text_protocol.h"

namespace larder::proto {

TextProtocol::Flow TextProtocol::meta_delete(Request& request) {
  KeyBuffer key_buffer;
  MetaFlags flags;
  std::string_view error = read_flags(request, &key_buffer, &flags);
  if (error.empty()) error = check_opaque(flags);
  if (!error.empty()) {
    reply(error);
    return Flow::proceed;
  }
  engine::DeleteRequest change;
  change.compare = flags.compare;
  change.compare_cas = flags.compare_cas;
  change.mark_stale = flags.invalidate;
  change.clear_value = flags.remove_value;
  change.explicit_cas = flags.explicit_cas;
  change.meta = true;
  if (flags.touch) change.touch = *flags.touch;
  if (flags.remove_value) {
    // The emptied item is a new one: without T it stays, without F it has no client flags.
    if (!change.touch) change.touch = engine::Deadline::never();
    change.client_flags = flags.client_flags;
  }
  switch (session_.engine.remove(session_.worker, meta_key(request, flags), change)) {
    case engine::DeleteStatus::deleted:
      if (!flags.quiet) reply_meta_status("HD", flags);
      break;
    case engine::DeleteStatus::not_found:
      reply_meta_status("NF", flags);
      break;
    case engine::DeleteStatus::exists:
      reply_meta_status("EX", flags);
      break;
    case engine::DeleteStatus::no_memory:
      reply(text::kNoMemory);
      break;
  }
  return Flow::proceed;
}

namespace {

/// Reads the mode of a meta arithmetic command. False: no such mode.
bool arithmetic_mode(char mode, bool* decrement) {
  *decrement = mode == 'D' || mode == '-';
  return *decrement || mode == 0 || mode == 'I' || mode == '+';
}

}  // namespace

TextProtocol::Flow TextProtocol::meta_arithmetic(Request& request) {
  KeyBuffer key_buffer;
  MetaFlags flags;
  engine::ArithmeticRequest change;
  std::string_view error = read_flags(request, &key_buffer, &flags);
  if (!error.empty()) {
    // Whatever is wrong with the flags, ma has one text for it.
    error = text::kInvalidOrDuplicateFlag;
  } else if (!arithmetic_mode(flags.mode, &change.decrement)) {
    error = text::kInvalidArithmeticMode;
  } else {
    error = check_opaque(flags);
  }
  if (!error.empty()) {
    reply(error);
    return Flow::proceed;
  }
  change.delta = flags.delta;
  change.initial = flags.initial;
  if (flags.vivify) change.create = flags.created_deadline();
  if (flags.touch) change.touch = *flags.touch;
  change.compare = flags.compare && flags.compare_cas != 0;  // 0 asks for nothing
  change.compare_cas = flags.compare_cas;
  change.want_cas = flags.want_cas;
  change.explicit_cas = flags.explicit_cas;
  reply_meta_arithmetic(
      flags, session_.engine.arithmetic(session_.worker, meta_key(request, flags), change));
  return Flow::proceed;
}

void TextProtocol::reply_meta_arithmetic(const MetaFlags& flags,
                                         const engine::ArithmeticResult& result) {
  switch (result.status) {
    case engine::ArithmeticStatus::ok:
    case engine::ArithmeticStatus::created:
      break;
    case engine::ArithmeticStatus::not_found:
      return reply_meta_status("NF", flags);
    case engine::ArithmeticStatus::exists:
      return reply_meta_status("EX", flags);
    case engine::ArithmeticStatus::non_numeric:
      return reply(text::kNonNumeric);
    case engine::ArithmeticStatus::no_memory:
      return reply(text::kNoMemory);
  }
  if (flags.quiet) return;
  const bool created = result.status == engine::ArithmeticStatus::created;
  const std::uint32_t now = session_.engine.clock().now();
  char number[kU64Digits];
  const auto digits = static_cast<std::size_t>(write_u64(number, result.value) - number);
  char* const begin = out_->reserve(kMetaLineRoom + kU64Digits + 2);
  char* at = flags.value ? write_u64(write_text(begin, "VA "), digits) : write_text(begin, "HD");
  std::int32_t ttl_s = created ? -1 : result.ttl_s;
  for (std::size_t i = 0; i < flags.returned_count; ++i) {
    switch (flags.returned[i]) {
      case 'N':
        if (created) ttl_s = ttl_of(*flags.vivify, now);
        break;
      case 'T':
        ttl_s = ttl_of(*flags.touch, now);
        break;
      case 'c':
        at = write_flag(at, 'c', result.cas);
        break;
      case 't':
        at = write_ttl(at, ttl_s);
        break;
      default:
        at = write_key_or_opaque(at, flags.returned[i], flags);
        break;
    }
  }
  at = write_text(at, "\r\n");
  if (flags.value) at = write_text(write_text(at, {number, digits}), "\r\n");
  out_->advance(static_cast<std::size_t>(at - begin));
}

}  // namespace larder::proto
