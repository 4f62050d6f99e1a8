// The id of a stream's entry: a time in milliseconds and a number within it. Printed "ms-seq".
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace larder::redis {

struct StreamId {
  std::uint64_t ms = 0;
  std::uint64_t seq = 0;

  auto operator<=>(const StreamId&) const = default;
  bool zero() const { return ms == 0 && seq == 0; }
  /// The next id; nothing behind the last.
  std::optional<StreamId> next() const;
  std::optional<StreamId> previous() const;
};

inline constexpr std::uint64_t kSeqMax = std::numeric_limits<std::uint64_t>::max();
inline constexpr StreamId kStreamIdMin{};
inline constexpr StreamId kStreamIdMax{kSeqMax, kSeqMax};

/// The id that an entry gets by the clock, behind `last`; nothing if ids are exhausted.
std::optional<StreamId> id_by_clock(StreamId last, std::uint64_t now_ms);

/// Room for the text of an id.
class StreamIdText {
 public:
  std::string_view of(StreamId id);

 private:
  char digits_[44];
};

struct ParsedStreamId {
  StreamId id;
  bool seq_given = true;  // false: "ms-*"
};
/// "ms-seq" or "ms", whose seq is then `missing_seq`; "ms-*" if `allow_auto_seq`. Numbers may have leading
/// space, a plus and leading zeros, as strtoull(3) takes them.
std::optional<ParsedStreamId> parse_stream_id(std::string_view text, std::uint64_t missing_seq = 0,
                                              bool allow_auto_seq = false);

}  // namespace larder::redis
