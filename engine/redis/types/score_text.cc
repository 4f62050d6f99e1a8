#include "engine/redis/types/score_text.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace larder::redis {

std::optional<std::int64_t> integer_score(double score) {
  constexpr auto kMost = static_cast<double>(std::numeric_limits<std::int64_t>::max() / 2);
  if (!(score >= -kMost && score <= kMost)) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(score);
  if (static_cast<double>(whole) != score) return std::nullopt;
  return whole;
}

std::string_view score_text(double score, char (&buffer)[kScoreTextMax]) {
  const auto end = std::to_chars(buffer, buffer + kScoreTextMax, score, std::chars_format::general, 17);
  return {buffer, static_cast<std::size_t>(end.ptr - buffer)};
}

std::optional<double> parse_score_text(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double score = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, score);
  if (read.ptr != end || text.empty()) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) return std::nullopt;
  if (read.ec != std::errc{}) return std::nullopt;
  if (std::isnan(score)) return std::nullopt;
  return score;
}

}  // namespace larder::redis
