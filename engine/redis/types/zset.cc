#include "engine/redis/types/zset.h"

#include <algorithm>
#include <vector>

#include "engine/redis/types/check.h"

namespace larder::redis {

std::unique_ptr<SortedSet::Large> SortedSet::Large::make(std::size_t members) {
  const heap::Meter meter;
  std::unique_ptr<Large> large(new Large);
  if (members != 0) large->table.reserve(members);
  large->bytes = static_cast<std::size_t>(meter.delta());
  return large;
}

SortedSet::~SortedSet() { become(kSmall, nullptr); }

// Lets go of what there is.
void SortedSet::become(Form form, void* memory) {
  if (is_large()) {
    delete &large();
  } else {
    heap::release(form_.at<void>());
  }
  form_.set(form, memory);
}

std::size_t SortedSet::heap_bytes() const {
  return heap::usable_bytes(this) + (is_large() ? large().bytes : heap::usable_bytes(form_.at<void>()));
}

SortedSet* SortedSet::clone() const {
  auto* copy = new SortedSet;
  if (!is_large()) {
    copy->become(kSmall, small()->copy().release());
    return copy;
  }
  std::unique_ptr<Large> made = Large::make(size());
  {
    const heap::Tally tally(&made->bytes);
    for (auto cursor = large().tree.at(0); cursor.valid(); cursor.next()) {
      ZsetMember* member = ZsetMember::make(cursor.score(), cursor.member().name());
      made->tree.insert(member);
      made->table.insert(member);
    }
  }
  copy->become(kLarge, made.release());
  return copy;
}

void SortedSet::check_integrity() const {
  if (!is_large()) {
    small()->check_integrity();
    return;
  }
  large().tree.check_integrity();
  large().table.check_integrity();
  require(large().tree.size() == large().table.size(), "sorted set", "tree and table differ in size");
  for (auto cursor = large().tree.at(0); cursor.valid(); cursor.next()) {
    const ZsetMember* found = large().table.find(cursor.member().name());
    require(found == &cursor.member(), "sorted set", "the table does not know a member of the tree");
  }
}

std::optional<double> SortedSet::score(std::string_view name) const {
  if (!is_large()) return small()->score(name);
  const ZsetMember* member = large().table.find(name);
  if (member == nullptr) return std::nullopt;
  return member->score;
}

std::optional<std::size_t> SortedSet::rank(std::string_view name) const {
  if (!is_large()) return small()->rank(name);
  const ZsetMember* member = large().table.find(name);
  if (member == nullptr) return std::nullopt;
  return large().tree.rank_of(member->score, name);
}

SortedSet::Put SortedSet::put(std::string_view name, double score, const Limits& limits) {
  if (is_large()) return put_large(name, score);
  if (const std::optional<double> old = small()->score(name)) {
    if (*old == score) return Put::unchanged;
    small()->erase(name);
    small()->insert(name, score);
    return Put::changed;
  }
  if (size() + 1 <= limits.entries && name.size() <= limits.name_bytes && small()->has_room_for(name.size())) {
    small()->insert(name, score);
    return Put::added;
  }
  enlarge();
  return put_large(name, score);
}

SortedSet::Put SortedSet::put_large(std::string_view name, double score) {
  const heap::Tally tally(&large().bytes);
  const std::uint64_t hash = hash_bytes(name);
  ZsetMember* member = large().table.find(name, hash);
  if (member == nullptr) {
    member = ZsetMember::make(score, name);
    large().table.insert(member, hash);
    large().tree.insert(member);
    return Put::added;
  }
  if (member->score == score) return Put::unchanged;
  if (large().tree.rescore_in_place(member, score)) {
    member->score = score;
    return Put::changed;
  }
  large().tree.erase(member);
  member->score = score;
  large().tree.insert(member);
  return Put::changed;
}

void SortedSet::enlarge() {
  std::unique_ptr<Large> made = Large::make(size() + 1);
  {
    const heap::Tally tally(&made->bytes);
    visit_all([&made](std::string_view name, double score) {
      ZsetMember* member = ZsetMember::make(score, name);
      made->tree.insert(member);
      made->table.insert(member);
    });
  }
  become(kLarge, made.release());
}

void SortedSet::compact(const Limits& limits) {
  if (!is_large() || size() > limits.entries) return;
  std::size_t names_bytes = 0;
  bool fits = true;
  visit_all([&](std::string_view name, double) {
    fits = fits && name.size() <= limits.name_bytes;
    names_bytes += name.size();
  });
  ZsetListpack packed;
  if (!fits || !packed.has_room_for(names_bytes)) return;
  visit_all([&packed](std::string_view name, double score) { packed.push_back(name, score); });
  become(kSmall, packed.release());
}

bool SortedSet::erase(std::string_view name) {
  if (!is_large()) return small()->erase(name);
  const heap::Tally tally(&large().bytes);
  ZsetMember* member = large().table.erase(name);
  if (member == nullptr) return false;
  large().tree.erase(member);
  ZsetMember::release(member);
  return true;
}

std::size_t SortedSet::erase_ranks(RankRange ranks) {
  const std::size_t count = ranks.size();
  if (count == 0) return 0;
  if (!is_large()) {
    small()->erase_ranks(ranks.first, ranks.last);
    return count;
  }
  const heap::Tally tally(&large().bytes);
  for (std::size_t i = 0; i < count; ++i) {
    ZsetMember& member = large().tree.at(ranks.first).member();
    large().tree.erase(&member);
    large().table.erase(member.name());
    ZsetMember::release(&member);
  }
  return count;
}

/// `before(name, score)` holds for a prefix of the order; how long is it?
template <typename Before>
std::size_t SortedSet::count_while(Before before) const {
  if (is_large()) {
    return large().tree.count_while(
        [&before](double score, const ZsetMember& member) { return before(member, score); });
  }
  std::size_t count = 0;
  struct Named {
    std::string_view view;
    std::string_view name() const { return view; }
  };
  small()->visit(0, size(), false, [&](std::string_view name, double score) {
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
  const heap::Tally tally(&large_->bytes);
  large_->table.insert(ZsetMember::make(score, name));
}

void SortedSetBuilder::erase(std::string_view name) {
  const heap::Tally tally(&large_->bytes);
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
  {
    const heap::Tally tally(&large_->bytes);
    for (ZsetMember* member : members) large_->tree.insert(member);
  }
  into.become(SortedSet::kLarge, large_.release());
  into.compact(limits);
}

std::unique_ptr<SortedSet> SortedSet::from_packed(std::string_view bytes, const Limits& limits) {
  std::optional<ZsetListpack> packed = ZsetListpack::from_bytes(bytes);
  if (!packed) return nullptr;
  std::unique_ptr<SortedSet> set(new SortedSet);
  set->become(kSmall, packed->release());
  bool fits = set->size() <= limits.entries;
  set->visit_all([&](std::string_view name, double) { fits = fits && name.size() <= limits.name_bytes; });
  if (!fits) set->enlarge();
  return set;
}

}  // namespace larder::redis
