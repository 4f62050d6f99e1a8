#include "engine/redis/types/zset_listpack.h"

#include <cmath>
#include <span>
#include <string>
#include <unordered_set>

#include "engine/redis/types/check.h"
#include "engine/redis/types/score_text.h"

namespace larder::redis {

namespace {

/// The number an entry holds, if it is one.
std::optional<double> number_of(const PackedValue& value) {
  if (value.is_integer) return static_cast<double>(value.integer);
  return parse_score_text(value.bytes);
}

}  // namespace

double ZsetListpack::score_of(const PackedValue& value) { return number_of(value).value_or(0); }

std::optional<ZsetListpack> ZsetListpack::from_bytes(std::string_view bytes) {
  const std::span<const std::uint8_t> raw(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (!ListpackView::validate(raw, true)) return std::nullopt;
  ZsetListpack set{Listpack(raw)};
  const Listpack& pack = set.pack_;
  if (pack.size() == 0 || pack.size() % 2 != 0) return std::nullopt;
  std::unordered_set<std::string> names;
  for (Position at = pack.first(); at != kNone;) {
    IntegerText room;
    if (!names.emplace(pack.at(at).text(room)).second) return std::nullopt;
    const Position score_at = pack.next(at);
    if (!number_of(pack.at(score_at))) return std::nullopt;
    at = pack.next(score_at);
  }
  // The order is made right rather than checked: a payload may have been made by a server that
  // compares in another way.
  bool ordered = true;
  double score_before = -INFINITY;
  std::string name_before;
  ZsetListpack sorted;
  set.visit(0, set.size(), false, [&](std::string_view name, double score) {
    ordered = ordered && (score > score_before || (score == score_before && name >= name_before));
    score_before = score;
    name_before = name;
    return ordered;
  });
  if (ordered) return set;
  set.visit(0, set.size(), false, [&sorted](std::string_view name, double score) {
    sorted.insert(name, score);
    return true;
  });
  return sorted;
}

std::optional<double> ZsetListpack::score(std::string_view name) const {
  const Position at = pack_.find(pack_.first(), name, 1);
  if (at == kNone) return std::nullopt;
  return score_of(pack_.at(pack_.next(at)));
}

std::optional<std::size_t> ZsetListpack::rank(std::string_view name) const {
  std::size_t rank = 0;
  for (Position at = pack_.first(); at != kNone; at = pack_.next(pack_.next(at)), ++rank) {
    if (pack_.equals(at, name)) return rank;
  }
  return std::nullopt;
}

void ZsetListpack::insert(std::string_view name, double score) {
  Position at = pack_.first();
  while (at != kNone) {
    const Position score_at = pack_.next(at);
    const double here = score_of(pack_.at(score_at));
    if (here > score) break;
    if (here == score) {
      IntegerText room;
      if (pack_.at(at).text(room) > name) break;
    }
    at = pack_.next(score_at);
  }
  put(at, name, score);
}

void ZsetListpack::put(Position before, std::string_view name, double score) {
  const Position at = pack_.insert(before, name);
  const Position behind = before == kNone ? kNone : pack_.next(at);
  if (const std::optional<std::int64_t> whole = integer_score(score)) {
    pack_.insert(behind, *whole);
  } else {
    char text[kScoreTextMax];
    pack_.insert(behind, score_text(score, text));
  }
}

bool ZsetListpack::erase(std::string_view name) {
  const Position at = pack_.find(pack_.first(), name, 1);
  if (at == kNone) return false;
  pack_.erase(at, 2);
  return true;
}

void ZsetListpack::erase_ranks(std::size_t first, std::size_t last) {
  if (first < last) pack_.erase(pack_.seek(2 * static_cast<std::int64_t>(first)), 2 * (last - first));
}

void ZsetListpack::check_integrity() const {
  pack_.check_integrity();
  require(pack_.size() % 2 == 0, "small sorted set", "a name has no score");
  std::string name_before;
  double score_before = -INFINITY;
  bool begun = false;
  if (size() == 0) return;
  visit(0, size(), false, [&](std::string_view name, double score) {
    require(!std::isnan(score), "small sorted set", "a score is no number");
    const bool after = score > score_before || (score == score_before && name > name_before);
    require(after || !begun, "small sorted set", "out of order");
    begun = true;
    name_before = name;
    score_before = score;
    return true;
  });
}

}  // namespace larder::redis
