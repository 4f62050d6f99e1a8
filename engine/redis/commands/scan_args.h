// What SSCAN, HSCAN and ZSCAN have in common: cursor, options, and how much one call gives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/redis/command_context.h"

namespace larder::redis {

struct ScanArguments {
  std::uint64_t cursor = 0;
  std::int64_t count = 10;
  std::optional<std::string_view> pattern;

  bool matches(std::string_view name) const;
};

/// Reads the cursor at argument `at`; false: the error has been answered.
bool parse_scan_cursor(CommandContext& ctx, std::size_t at, ScanArguments* scan);
/// Reads COUNT and MATCH from argument `at` on; false: the error has been answered.
bool parse_scan_options(CommandContext& ctx, std::size_t at, ScanArguments* scan);

/// The answer for a key that does not exist.
void reply_empty_scan(Reply& reply);

/// Gathers elements until a call has given enough.
class ScanResult {
 public:
  explicit ScanResult(const ScanArguments& scan) : scan_(scan) {}
  void take(std::string_view name) {
    ++taken_;
    if (scan_.matches(name)) texts_.emplace_back(name);
  }
  void take(std::string_view name, std::string_view value) {
    taken_ += 2;
    if (!scan_.matches(name)) return;
    texts_.emplace_back(name);
    texts_.emplace_back(value);
  }
  /// Takes steps as Redis does: until COUNT texts (whether they match or not) are there or the end is
  /// reached, but not more than ten times COUNT. `step(cursor)` gives the next cursor.
  template <typename Step>
  void run(Step&& step) {
    cursor_ = scan_.cursor;
    std::int64_t steps_left = scan_.count > kStepsMax / 10 ? kStepsMax : scan_.count * 10;
    do {
      cursor_ = step(cursor_);
    } while (cursor_ != 0 && steps_left-- > 0 && taken_ < static_cast<std::uint64_t>(scan_.count));
  }
  void reply(Reply& reply) const;

 private:
  static constexpr std::int64_t kStepsMax = std::int64_t{1} << 62;
  const ScanArguments& scan_;
  std::uint64_t cursor_ = 0;
  std::uint64_t taken_ = 0;
  std::vector<std::string> texts_;
};

}  // namespace larder::redis
