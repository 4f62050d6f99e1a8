#include "engine/redis/types/zset.h"

#include <algorithm>
#include <vector>

#include "engine/redis/types/check.h"

namespace larder::redis {

SortedSet::~SortedSet() = default;

SortedSet* SortedSet::clone() const {
  auto* copy = new SortedSet;
  if (!large_) {
    copy->small_ = small_.copy();
    return copy;
  }
  copy->large_.reset(new Large);
  copy->large_->table.reserve(size());
  for (auto cursor = large_->tree.at(0); cursor.valid(); cursor.next()) {
    ZsetMember* member = ZsetMember::make(cursor.score(), cursor.member().name());
    copy->large_->tree.insert(member);
    copy->large_->table.insert(member);
  }
  return copy;
}

void SortedSet::check_integrity() const {
  if (!large_) {
    small_.check_integrity();
    return;
  }
  large_->tree.check_integrity();
  large_->table.check_integrity();
  require(large_->tree.size() == large_->table.size(), "sorted set", "tree and table differ in size");
  for (auto cursor = large_->tree.at(0); cursor.valid(); cursor.next()) {
    const ZsetMember* found = large_->table.find(cursor.member().name());
    require(found == &cursor.member(), "sorted set", "the table does not know a member of the tree");
  }
}

std::optional<double> SortedSet::score(std::string_view name) const {
  if (!large_) return small_.score(name);
  const ZsetMember* member = large_->table.find(name);
  if (member == nullptr) return std::nullopt;
  return member->score;
}

std::optional<std::size_t> SortedSet::rank(std::string_view name) const {
  if (!large_) return small_.rank(name);
  const ZsetMember* member = large_->table.find(name);
  if (member == nullptr) return std::nullopt;
  return large_->tree.rank_of(member->score, name);
}

SortedSet::Put SortedSet::put(std::string_view name, double score, const Limits& limits) {
  if (large_) return put_large(name, score);
  if (const std::optional<double> old = small_.score(name)) {
    if (*old == score) return Put::unchanged;
    small_.erase(name);
    small_.insert(name, score);
    return Put::changed;
  }
  if (size() + 1 <= limits.entries && name.size() <= limits.name_bytes && small_.has_room_for(name.size())) {
    small_.insert(name, score);
    return Put::added;
  }
  enlarge();
  return put_large(name, score);
}

SortedSet::Put SortedSet::put_large(std::string_view name, double score) {
  const std::uint64_t hash = hash_bytes(name);
  ZsetMember* member = large_->table.find(name, hash);
  if (member == nullptr) {
    member = ZsetMember::make(score, name);
    large_->table.insert(member, hash);
    large_->tree.insert(member);
    return Put::added;
  }
  if (member->score == score) return Put::unchanged;
  if (large_->tree.rescore_in_place(member, score)) {
    member->score = score;
    return Put::changed;
  }
  large_->tree.erase(member);
  member->score = score;
  large_->tree.insert(member);
  return Put::changed;
}

void SortedSet::enlarge() {
  std::unique_ptr<Large> large(new Large);
  large->table.reserve(size() + 1);
  visit_all([&large](std::string_view name, double score) {
    ZsetMember* member = ZsetMember::make(score, name);
    large->tree.insert(member);
    large->table.insert(member);
  });
  small_.clear();
  large_ = std::move(large);
}

void SortedSet::compact(const Limits& limits) {
  if (!large_ || size() > limits.entries) return;
  std::size_t names_bytes = 0;
  bool fits = true;
  visit_all([&](std::string_view name, double) {
    fits = fits && name.size() <= limits.name_bytes;
    names_bytes += name.size();
  });
  if (!fits || !small_.has_room_for(names_bytes)) return;
  visit_all([this](std::string_view name, double score) { small_.push_back(name, score); });
  large_.reset();
}

bool SortedSet::erase(std::string_view name) {
  if (!large_) return small_.erase(name);
  ZsetMember* member = large_->table.erase(name);
  if (member == nullptr) return false;
  large_->tree.erase(member);
  ZsetMember::release(member);
  return true;
}

std::size_t SortedSet::erase_ranks(RankRange ranks) {
  const std::size_t count = ranks.size();
  if (count == 0) return 0;
  if (!large_) {
    small_.erase_ranks(ranks.first, ranks.last);
    return count;
  }
  for (std::size_t i = 0; i < count; ++i) {
    ZsetMember& member = large_->tree.at(ranks.first).member();
    large_->tree.erase(&member);
    large_->table.erase(member.name());
    ZsetMember::release(&member);
  }
  return count;
}

/// `before(name, score)` holds for a prefix of the order; how long is it?
template <typename Before>
std::size_t SortedSet::count_while(Before before) const {
  if (large_) {
    return large_->tree.count_while(
        [&before](double score, const ZsetMember& member) { return before(member, score); });
  }
  std::size_t count = 0;
  struct Named {
    std::string_view view;
    std::string_view name() const { return view; }
  };
  small_.visit(0, size(), false, [&](std::string_view name, double score) {
    if (!before(Named{name}, score)) return false;
    ++count;
    return true;
  });
  return count;
}

RankRange SortedSet::ranks(const ScoreRange& range) const {
  const auto below_min = [min = range.min](const auto&, double score) {
    return min.exclusive ? score <= min.score : score < min.score;
  };
  const auto up_to_max = [max = range.max](const auto&, double score) {
    return max.exclusive ? score < max.score : score <= max.score;
  };
  return {count_while(below_min), count_while(up_to_max)};
}

RankRange SortedSet::ranks(const LexRange& range) const {
  const auto below_min = [&min = range.min](const auto& member, double) {
    if (min.kind != LexBound::Kind::kName) return min.kind == LexBound::Kind::kHighest;
    return min.exclusive ? member.name() <= min.name : member.name() < min.name;
  };
  const auto up_to_max = [&max = range.max](const auto& member, double) {
    if (max.kind != LexBound::Kind::kName) return max.kind == LexBound::Kind::kHighest;
    return max.exclusive ? member.name() < max.name : member.name() <= max.name;
  };
  return {count_while(below_min), count_while(up_to_max)};
}

double* SortedSetBuilder::find(std::string_view name) {
  ZsetMember* member = large_->table.find(name);
  return member == nullptr ? nullptr : &member->score;
}

void SortedSetBuilder::add(std::string_view name, double score) {
  large_->table.insert(ZsetMember::make(score, name));
}

void SortedSetBuilder::erase(std::string_view name) {
  ZsetMember* member = large_->table.erase(name);
  if (member != nullptr) ZsetMember::release(member);
}

void SortedSetBuilder::finish(SortedSet& into, const SortedSet::Limits& limits) {
  std::vector<ZsetMember*> members;
  members.reserve(size());
  large_->table.for_each([&members](ZsetMember& member) { members.push_back(&member); });
  std::sort(members.begin(), members.end(), [](const ZsetMember* a, const ZsetMember* b) {
    return a->score != b->score ? a->score < b->score : a->name() < b->name();
  });
  for (ZsetMember* member : members) large_->tree.insert(member);
  into.large_ = std::move(large_);
  into.compact(limits);
}

std::unique_ptr<SortedSet> SortedSet::from_packed(std::string_view bytes, const Limits& limits) {
  std::optional<ZsetListpack> packed = ZsetListpack::from_bytes(bytes);
  if (!packed) return nullptr;
  std::unique_ptr<SortedSet> set(new SortedSet);
  set->small_ = std::move(*packed);
  bool fits = set->size() <= limits.entries;
  set->visit_all([&](std::string_view name, double) { fits = fits && name.size() <= limits.name_bytes; });
  if (!fits) set->enlarge();
  return set;
}

}  // namespace larder::redis
