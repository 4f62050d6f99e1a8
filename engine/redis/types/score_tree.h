// The order of a large sorted set: a B+tree over (score, name) whose inner nodes count what lies
// below them, so that the rank of an element and the element of a rank are found in O(log n), as is
// the edge of any range that is monotonous in the order (by rank, score or name).
//
// Leaves hold up to 62 scores and as many pointers to members: 1016 bytes, a size class of the
// allocator. Scores lie beside each other, so a search touches members only where scores are equal.
// An inner node holds for each of up to 31 children its size and its first element.
//
// A split of a leaf at the very end (or beginning) of the tree leaves it full and starts a new one,
// so that elements that come in order, as from a dump, fill the leaves; random ones fill two thirds.
//
// Bytes an element: 16 at full leaves, 23 at random ones, plus a 30th for the inner nodes.
//
// Invariants
//  1. Elements ascend by score, then by name as unsigned bytes; no two are equal; none is NaN.
//  2. All leaves have one depth and are linked in order.
//  3. An inner node knows for each child its number of elements and its first element.
//  4. Every node but the root has at least a quarter of its places taken, except leaves at an end of
//     the tree after a split there; no node but an empty root leaf is empty.
//
// The tree does not own the members. Locking: the owner's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/redis/types/zset_member.h"

namespace larder::redis {

class ScoreTree {
 public:
  ScoreTree() = default;
  ~ScoreTree();
  ScoreTree(const ScoreTree&) = delete;
  ScoreTree& operator=(const ScoreTree&) = delete;

 private:
  static constexpr unsigned kLeafMax = 62;
  static constexpr unsigned kInnerMax = 31;
  struct Node {
    unsigned count;  // of elements or children
  };
  struct Leaf : Node {
    Leaf* before;
    Leaf* after;
    std::array<double, kLeafMax> scores;
    std::array<ZsetMember*, kLeafMax> members;
  };
  struct Inner : Node {
    std::array<Node*, kInnerMax> children;
    std::array<std::size_t, kInnerMax> sizes;
    std::array<double, kInnerMax> scores;
    std::array<ZsetMember*, kInnerMax> members;
  };
  static_assert(sizeof(Leaf) <= 1024);
  static_assert(sizeof(Inner) <= 1024);

 public:
  /// A place in the order, or behind either end. Any change of the tree ends it.
  class Cursor {
   public:
    bool valid() const { return leaf_ != nullptr; }
    double score() const { return leaf_->scores[index_]; }
    ZsetMember& member() const { return *leaf_->members[index_]; }
    void next() {
      if (++index_ < leaf_->count) return;
      leaf_ = leaf_->after;
      index_ = 0;
    }
    void previous() {
      if (index_-- > 0) return;
      leaf_ = leaf_->before;
      if (leaf_ != nullptr) index_ = leaf_->count - 1;
    }

   private:
    friend class ScoreTree;
    Leaf* leaf_ = nullptr;
    unsigned index_ = 0;
  };

  std::size_t size() const { return size_; }
  /// Requires: no equal element is in the tree.
  void insert(ZsetMember* member);
  /// Requires: the member is in the tree, with the score it had when it was inserted.
  void erase(const ZsetMember* member);
  /// Requires: the member is in the tree; its score is about to become `score`. True if its place
  /// stays and the tree knows the new score; else nothing was changed.
  bool rescore_in_place(const ZsetMember* member, double score);
  /// Elements before (score, name).
  std::size_t rank_of(double score, std::string_view name) const;
  /// Elements for which `before(score, member)` holds. Requires: it holds for a prefix of the order.
  template <typename Before>
  std::size_t count_while(Before before) const;
  /// The element of a rank from 0; invalid if rank >= size().
  Cursor at(std::size_t rank) const;

  void check_integrity() const;

 private:
  static bool less(double a_score, const ZsetMember* a, double b_score, std::string_view b_name) {
    if (a_score != b_score) return a_score < b_score;
    return a->name() < b_name;
  }
  // `depth` is the number of inner levels below the node, 0 for a leaf.
  static Leaf* make_leaf();
  // Each gives the node that was divided off to the right, or null. `first` and `last` tell that the
  // node lies at that end of the tree.
  static Node* insert_into(Node* node, unsigned depth, ZsetMember* member, bool first, bool last);
  static Node* insert_into_leaf(Leaf* leaf, ZsetMember* member, bool first, bool last);
  static Node* insert_child(Inner* inner, unsigned depth, unsigned index, Node* child);
  static void erase_from(Node* node, unsigned depth, double score, std::string_view name);
  static void mend(Inner* inner, unsigned depth, unsigned index);
  static void merge(Inner* inner, unsigned depth, unsigned left);
  static void even_out(Inner* inner, unsigned depth, unsigned left);
  static void refresh(Inner* inner, unsigned depth, unsigned index);
  static std::size_t size_of(const Node* node, unsigned depth);
  static void release(Node* node, unsigned depth);
  static unsigned child_of(const Inner* inner, double score, std::string_view name);
  static unsigned place_in(const Leaf* leaf, double score, std::string_view name);
  struct Checked {
    std::size_t size;
    const Leaf* last;
  };
  static Checked check(const Node* node, unsigned depth, const Leaf* before);

  Node* root_ = nullptr;  // null: empty
  unsigned depth_ = 0;
  std::size_t size_ = 0;
};

template <typename Before>
std::size_t ScoreTree::count_while(Before before) const {
  if (root_ == nullptr) return 0;
  std::size_t passed = 0;
  const Node* node = root_;
  for (unsigned depth = depth_; depth > 0; --depth) {
    const auto* inner = static_cast<const Inner*>(node);
    // The last child whose first element holds; those before it hold as a whole.
    unsigned low = 0;
    unsigned high = inner->count;
    while (high - low > 1) {
      const unsigned middle = (low + high) / 2;
      (before(inner->scores[middle], *inner->members[middle]) ? low : high) = middle;
    }
    for (unsigned i = 0; i < low; ++i) passed += inner->sizes[i];
    node = inner->children[low];
  }
  const auto* leaf = static_cast<const Leaf*>(node);
  unsigned low = 0;
  unsigned high = leaf->count;
  while (low < high) {
    const unsigned middle = (low + high) / 2;
    if (before(leaf->scores[middle], *leaf->members[middle])) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return passed + low;
}

}  // namespace larder::redis
