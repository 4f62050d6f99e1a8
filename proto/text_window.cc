// The window: pipelined requests in the shapes that make up nearly all traffic.
//
// plan() recognises a complete request of such a shape from its first bytes, in one pass, without
// the tokenizer; up to kWindow of them are planned, their keys prefetched together, then executed
// in order. What has any other shape (more keys, odd spaces, unusual numbers, missing bytes, an
// error in it) is not planned and goes through run_line(), which knows all rules; a plan only ever
// accepts what run_line() would do the same way.
//
// Shapes
//   get|gets <key>\r\n
//   set <key> <flags> <exptime> <bytes>[ noreply]\r\n<data>\r\n   numbers of 1..9 digits
//   mg|md|ma <key>...\r\n
//   ms <key> <bytes>...\r\n<data>\r\n
// Of the meta commands only key and extent are planned; their line is executed by its handler.
#include <algorithm>
#include <bit>
#include <cstring>

#include "proto/errors.h"
#include "proto/key_window.h"
#include "proto/text_protocol.h"
#include "proto/text_retrieval.h"

namespace larder::proto {

/// A request that plan() recognised.
struct TextProtocol::Planned {
  enum class Kind : std::uint8_t { get, gets, set, line };

  Kind kind;
  bool noreply;  // set
  std::uint16_t key_bytes;
  std::uint32_t client_flags;  // set
  std::int32_t exptime;        // set
  std::uint32_t value_bytes;   // set
  const char* key;
  const char* line_end;  // line: its '\n'; set: where the value begins
  const char* next;      // behind the request
};

namespace {

/// Four bytes as one number, to compare a verb in one step.
constexpr std::uint32_t tag(const char (&bytes)[5]) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::uint32_t load_tag(const char* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
static_assert(std::endian::native == std::endian::little, "tag() builds little-endian numbers");

/// Reads 1..9 digits. Moves `at` behind them; false when there are none or more.
bool take_digits(const char*& at, const char* end, std::uint32_t* value) {
  constexpr int kDigitsMax = 9;
  std::uint32_t sum = 0;
  const char* const begin = at;
  while (at != end) {
    const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
    if (digit > 9) break;
    if (at - begin == kDigitsMax) return false;
    sum = sum * 10 + digit;
    ++at;
  }
  *value = sum;
  return at != begin;
}

bool take_byte(const char*& at, const char* end, char byte) {
  if (at == end || *at != byte) return false;
  ++at;
  return true;
}

bool take_text(const char*& at, const char* end, std::string_view text) {
  if (static_cast<std::size_t>(end - at) < text.size()) return false;
  if (std::memcmp(at, text.data(), text.size()) != 0) return false;
  at += text.size();
  return true;
}

bool take_line_end(const char*& at, const char* end) {
  if (at != end && *at == '\r') ++at;
  return take_byte(at, end, '\n');
}

}  // namespace

/// Takes the key of `planned`; false when it is empty, over-long or not followed by `after`.
bool TextProtocol::plan_key(const char*& at, const char* end, char after, Planned* planned) {
  const char* const stop = find_word_end(at, end);
  if (stop == end || *stop != after) return false;
  auto bytes = static_cast<std::size_t>(stop - at);
  if (after == '\n' && bytes != 0 && stop[-1] == '\r') --bytes;
  if (bytes == 0 || bytes > kKeyBytesMax) return false;
  planned->key = at;
  planned->key_bytes = static_cast<std::uint16_t>(bytes);
  at = stop + 1;
  return true;
}

bool TextProtocol::plan_get(const char* at, const char* end, Planned* planned) {
  if (!plan_key(at, end, '\n', planned)) return false;
  planned->next = at;
  return true;
}

bool TextProtocol::plan_set(const char* at, const char* end, Planned* planned) {
  if (!plan_key(at, end, ' ', planned)) return false;
  if (!take_digits(at, end, &planned->client_flags) || !take_byte(at, end, ' ')) return false;
  std::uint32_t exptime;
  if (!take_digits(at, end, &exptime) || !take_byte(at, end, ' ')) return false;
  if (!take_digits(at, end, &planned->value_bytes)) return false;
  planned->noreply = take_text(at, end, " noreply");
  if (!take_line_end(at, end)) return false;
  if (static_cast<std::size_t>(end - at) < std::size_t{planned->value_bytes} + 2) return false;
  const char* const value_end = at + planned->value_bytes;
  if (value_end[0] != '\r' || value_end[1] != '\n') return false;
  planned->kind = Planned::Kind::set;
  planned->exptime = static_cast<std::int32_t>(exptime);
  planned->line_end = at;
  planned->next = value_end + 2;
  return true;
}

/// `line`: where the line begins; `at`: behind its verb.
bool TextProtocol::plan_meta(const char* line, const char* at, const char* end, bool has_value,
                             Planned* planned) {
  planned->kind = Planned::Kind::line;
  const char* const limit =
      end - line > std::ptrdiff_t{kLineBytesMax} ? line + kLineBytesMax + 1 : end;
  const char* const stop = find_word_end(at, limit);
  if (stop == limit) return false;
  if (*stop == '\n') {
    // No words but the key.
    if (has_value || !plan_key(at, limit, '\n', planned)) return false;
    planned->line_end = stop;
    planned->next = stop + 1;
    return true;
  }
  if (!plan_key(at, limit, ' ', planned)) return false;
  std::uint32_t value_bytes = 0;
  if (has_value && !take_digits(at, limit, &value_bytes)) return false;
  planned->line_end = find_byte(at, limit, '\n');
  if (planned->line_end == limit) return false;
  planned->next = planned->line_end + 1;
  if (!has_value) return true;
  const std::size_t block_bytes = std::size_t{value_bytes} + 2;
  if (static_cast<std::size_t>(end - planned->next) < block_bytes) return false;
  planned->next += block_bytes;
  return true;
}

/// Recognises the request at `at`. False: it has to go through run_line().
bool TextProtocol::plan(const char* at, const char* end, Planned* planned) {
  if (end - at < 5) return false;
  const std::uint32_t verb = load_tag(at);
  switch (verb) {
    case tag("get "):
      planned->kind = Planned::Kind::get;
      return plan_get(at + 4, end, planned);
    case tag("gets"):
      planned->kind = Planned::Kind::gets;
      return at[4] == ' ' && plan_get(at + 5, end, planned);
    case tag("set "):
      return plan_set(at + 4, end, planned);
    default:
      break;
  }
  // Two letters and a space: the fourth byte is not looked at.
  switch (verb & 0xffffff) {
    case tag("mg \0"):
    case tag("md \0"):
    case tag("ma \0"):
      return plan_meta(at, at + 3, end, false, planned);
    case tag("ms \0"):
      return plan_meta(at, at + 3, end, true, planned);
    default:
      return false;
  }
}

std::string_view TextProtocol::first_key(std::string_view input) const {
  Planned planned;
  if (mode_ != Mode::commands || !plan(input.data(), input.data() + input.size(), &planned)) return {};
  return {planned.key, planned.key_bytes};
}

TextProtocol::Flow TextProtocol::run_window(Cursor& in) {
  Planned planned[kWindow];
  Keys keys;
  const char* at = in.at;
  const std::size_t limit = std::min(kWindow, std::size_t{*budget_});
  while (keys.count() < limit && plan(at, in.end, &planned[keys.count()])) {
    const Planned& added = planned[keys.count()];
    at = added.next;
    keys.add(session_.engine, {added.key, added.key_bytes});
  }
  if (keys.count() == 0) return run_line(in);
  keys.prefetch(session_.engine);
  const bool tell_lines = lines_watched();
  for (std::size_t i = 0; i < keys.count(); ++i) {
    if (tell_lines && planned[i].kind != Planned::Kind::line) [[unlikely]] {
      const char* end = planned[i].kind == Planned::Kind::set ? planned[i].line_end : planned[i].next;
      end -= end[-2] == '\r' ? 2 : 1;
      tell_line({in.at, static_cast<std::size_t>(end - in.at)});
    }
    const Flow flow = execute_planned(in, planned[i], keys[i]);
    if (flow != Flow::proceed) return flow;
    // A line with an error may have ended elsewhere, and step() looks at a full output.
    if (in.at != planned[i].next || out_->full()) return Flow::proceed;
  }
  return Flow::proceed;
}

TextProtocol::Flow TextProtocol::execute_planned(Cursor& in, const Planned& planned,
                                                 const engine::Key& key) {
  switch (planned.kind) {
    case Planned::Kind::get:
    case Planned::Kind::gets: {
      engine::GetRequest request;
      request.want_cas = planned.kind == Planned::Kind::gets;
      get_value(key, request);
      reply(text::kEnd);
      break;
    }
    case Planned::Kind::set: {
      engine::StoreRequest request;
      request.client_flags = planned.client_flags;
      request.deadline = session_.engine.clock().deadline(planned.exptime);
      const engine::StoreResult result = session_.engine.store(
          session_.worker, key, request, {planned.line_end, planned.value_bytes});
      reply_unless(planned.noreply, stored_line(result.status));
      break;
    }
    case Planned::Kind::line:
      return execute_line(in, planned.line_end, &key);
  }
  --*budget_;
  in.at = planned.next;
  return Flow::proceed;
}

}  // namespace larder::proto
