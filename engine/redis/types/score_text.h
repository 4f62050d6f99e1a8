// Scores as text, as Redis keeps them in the small form of a sorted set: an integer as an integer,
// anything else with 17 significant digits, from which the same double is read back.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace larder::redis {

/// The score as an integer, if it is one well inside 64 bits. Minus zero is zero.
std::optional<std::int64_t> integer_score(double score);

inline constexpr std::size_t kScoreTextMax = 40;
/// Writes a score that is no integer; "inf" and "-inf" included. Gives the text in `buffer`.
std::string_view score_text(double score, char (&buffer)[kScoreTextMax]);
/// Reads what score_text wrote, or any decimal number; nothing if it is no number.
std::optional<double> parse_score_text(std::string_view text);

}  // namespace larder::redis
