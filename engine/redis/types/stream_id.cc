#include "engine/redis/types/stream_id.h"

#include <algorithm>
#include <charconv>

namespace larder::redis {

namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<StreamId> StreamId::next() const {
  if (seq < kSeqMax) return StreamId{ms, seq + 1};
  if (ms < kSeqMax) return StreamId{ms + 1, 0};
  return std::nullopt;
}

std::optional<StreamId> StreamId::previous() const {
  if (seq > 0) return StreamId{ms, seq - 1};
  if (ms > 0) return StreamId{ms - 1, kSeqMax};
  return std::nullopt;
}

std::optional<StreamId> id_by_clock(StreamId last, std::uint64_t now_ms) {
  if (now_ms > last.ms) return StreamId{now_ms, 0};
  return last.next();
}

std::string_view StreamIdText::of(StreamId id) {
  char* end = std::to_chars(digits_, digits_ + sizeof digits_, id.ms).ptr;
  *end++ = '-';
  end = std::to_chars(end, digits_ + sizeof digits_, id.seq).ptr;
  return {digits_, static_cast<std::size_t>(end - digits_)};
}

std::optional<ParsedStreamId> parse_stream_id(std::string_view text, std::uint64_t missing_seq,
                                              bool allow_auto_seq) {
  constexpr std::size_t kTextMax = 127;
  if (text.size() > kTextMax) return std::nullopt;
  const std::size_t dash = text.find('-');
  const std::optional<std::uint64_t> ms = parse_number(text.substr(0, dash));
  if (!ms) return std::nullopt;
  if (dash == std::string_view::npos) return ParsedStreamId{{*ms, missing_seq}};
  const std::string_view rest = text.substr(dash + 1);
  if (allow_auto_seq && rest == "*") return ParsedStreamId{{*ms, 0}, false};
  const std::optional<std::uint64_t> seq = parse_number(rest);
  if (!seq) return std::nullopt;
  return ParsedStreamId{{*ms, *seq}};
}

}  // namespace larder::redis
