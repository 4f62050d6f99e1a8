// A sorted set: different names, each with a score, in the order of score and then name.
//
// Small form (encoding listpack): name, score, name, score... ascending in one listpack, byte for byte
// that of Redis. Large form (encoding skiplist, Redis' name for it): a ScoreTree gives the order, a
// DenseTable finds names; both point to the same ZsetMember. A set turns large when an element is added
// that the limits of the small form do not allow, and never turns back by itself.
//
// Bytes an element of the large form: 16 to 23 in the tree, 12 to 13 in the table, 9 and the name.
//
// Invariants
//  1. No score is NaN; no name is there twice.
//  2. Large form: tree and table hold the same members.
//
// Views of names that are handed out live until the set is changed; those of the small form may be
// views of a buffer in the iteration, and live until the next element.
//
// Locking: the owner's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/redis/types/dense_table.h"
#include "engine/redis/types/form_pointer.h"
#include "engine/redis/types/score_tree.h"
#include "engine/redis/types/value.h"
#include "engine/redis/types/zset_listpack.h"

namespace larder::redis {

struct ScoreBound {
  double score = 0;
  bool exclusive = false;
};
struct ScoreRange {
  ScoreBound min;
  ScoreBound max;
};
/// A bound by name; what it means is defined where all scores are equal.
struct LexBound {
  enum class Kind : std::uint8_t { kLowest, kName, kHighest };
  Kind kind = Kind::kName;
  bool exclusive = false;
  std::string_view name;
};
struct LexRange {
  LexBound min;
  LexBound max;
};
/// Ranks [first, last).
struct RankRange {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t size() const { return last > first ? last - first : 0; }
};

class SortedSet final : public Value {
 public:
  static constexpr Type kType = Type::kSortedSet;
  /// What the small form may hold.
  struct Limits {
    std::size_t entries = 128;
    std::size_t name_bytes = 64;
  };
  enum class Put { added, changed, unchanged };

  SortedSet() : form_(kSmall, ZsetListpack().release()) {}
  ~SortedSet() override;

  Type type() const override { return kType; }
  std::size_t heap_bytes() const override;
  void charge(std::int64_t) override {}
  Encoding encoding() const override { return is_large() ? Encoding::kSkiplist : Encoding::kListpack; }
  SortedSet* clone() const override;
  std::size_t free_effort() const override { return is_large() ? size() : 1; }
  void check_integrity() const override;

  std::size_t size() const { return is_large() ? large().tree.size() : small()->size(); }
  std::optional<double> score(std::string_view name) const;
  /// The element's place in the ascending order.
  std::optional<std::size_t> rank(std::string_view name) const;

  /// Requires: `score` is not NaN.
  Put put(std::string_view name, double score, const Limits& limits);
  bool erase(std::string_view name);
  /// Erases the ranks and returns how many there were.
  std::size_t erase_ranks(RankRange ranks);
  /// Makes the small form of a large one that fits the limits.
  void compact(const Limits& limits);

  RankRange ranks(const ScoreRange& range) const;
  RankRange ranks(const LexRange& range) const;

  /// visit(name, score) for each of the ranks, ascending or (`descending`) from the last down, until it
  /// returns false. It does not change the set.
  template <typename Visit>
  void visit(RankRange ranks, bool descending, Visit&& visit) const;
  template <typename Visit>
  void visit_all(Visit&& visitor) const {
    visit({0, size()}, false, [&visitor](std::string_view name, double score) {
      visitor(name, score);
      return true;
    });
  }
  /// Visits an element, each as likely as any other. `random_below(n)` gives a number below n.
  /// Requires: not empty.
  template <typename Random, typename Visit>
  void visit_random(Random&& random_below, Visit&& visit) const;
  /// One step of ZSCAN: visit(name, score) for some elements; the next cursor, 0 at the end.
  template <typename Visit>
  std::uint64_t scan(std::uint64_t cursor, Visit&& visit) const;

  /// The bytes of the small form. Requires: the encoding is listpack.
  std::string_view packed() const { return small()->bytes(); }
  /// Takes over the bytes of a small form, which are untrusted; nothing if they are not a sound one.
  static std::unique_ptr<SortedSet> from_packed(std::string_view bytes, const Limits& limits);

 private:
  struct Traits {
    using Element = ZsetMember;
    static std::string_view key(const ZsetMember& member) { return member.name(); }
  };
  enum Form : unsigned { kSmall, kLarge };
  struct Large {
    ScoreTree tree;
    DenseTable<Traits> table;
    std::size_t bytes = 0;  // with all that it holds; see heap::Tally
    static std::unique_ptr<Large> make(std::size_t members);
    ~Large() { table.clear(ZsetMember::release); }
    static void* operator new(std::size_t bytes) { return heap::allocate(bytes); }
    static void operator delete(void* memory) { heap::release(memory); }
  };
  friend class SortedSetBuilder;
  Put put_large(std::string_view name, double score);
  void enlarge();
  template <typename Before>
  std::size_t count_while(Before before) const;

  bool is_large() const { return form_.form() == kLarge; }
  Large& large() const { return *form_.at<Large>(); }
  /// The small form, to read or to change.
  Borrowed<ZsetListpack> small() const { return Borrowed<ZsetListpack>(form_); }
  void become(Form form, void* memory);

  mutable FormPointer form_;  // reading borrows the small form, too
};

/// Gathers elements in any order, their scores still changing, and makes a sorted set of them at the end:
/// sorting once costs less than moving elements about in the tree.
class SortedSetBuilder {
 public:
  SortedSetBuilder() : large_(SortedSet::Large::make(0)) {}
  std::size_t size() const { return large_->table.size(); }
  void reserve(std::size_t elements) {
    const heap::Tally tally(&large_->bytes);
    large_->table.reserve(elements);
  }
  /// The score of an element that was added, which may be changed; null if there is none.
  double* find(std::string_view name);
  /// Requires: find(name) is null; `score` is not NaN.
  void add(std::string_view name, double score);
  void erase(std::string_view name);
  /// Moves everything into an empty set, which is small if that fits. Ends the builder.
  void finish(SortedSet& into, const SortedSet::Limits& limits);

 private:
  std::unique_ptr<SortedSet::Large> large_;
};

template <typename Visit>
void SortedSet::visit(RankRange ranks, bool descending, Visit&& visit) const {
  if (ranks.size() == 0) return;
  if (!is_large()) return small()->visit(ranks.first, ranks.last, descending, visit);
  auto cursor = large().tree.at(descending ? ranks.last - 1 : ranks.first);
  for (std::size_t left = ranks.size(); left > 0; --left) {
    if (!visit(cursor.member().name(), cursor.score())) return;
    descending ? cursor.previous() : cursor.next();
  }
}

template <typename Random, typename Visit>
void SortedSet::visit_random(Random&& random_below, Visit&& visit) const {
  if (is_large()) {
    const ZsetMember* member = large().table.random(random_below);
    visit(member->name(), member->score);
    return;
  }
  const std::size_t rank = random_below(size());
  small()->visit(rank, rank + 1, false, [&visit](std::string_view name, double score) {
    visit(name, score);
    return true;
  });
}

template <typename Visit>
std::uint64_t SortedSet::scan(std::uint64_t cursor, Visit&& visit) const {
  if (is_large()) {
    return large().table.scan(cursor, [&visit](ZsetMember& member) { visit(member.name(), member.score); });
  }
  visit_all(visit);
  return 0;
}

}  // namespace larder::redis
