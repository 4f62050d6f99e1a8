#include "engine/redis/types/score_tree.h"

#include <algorithm>
#include <cmath>

#include "engine/redis/types/check.h"
#include "engine/redis/types/heap.h"

namespace larder::redis {

namespace {

constexpr const char* kName = "score tree";

/// Moves array[from, count) by one place up.
template <typename Array>
void open_gap(Array& array, unsigned at, unsigned count) {
  std::copy_backward(array.begin() + at, array.begin() + count, array.begin() + count + 1);
}

template <typename Array>
void close_gap(Array& array, unsigned at, unsigned count) {
  std::copy(array.begin() + at + 1, array.begin() + count, array.begin() + at);
}

/// Moves the last `moved` of `left`'s entries before those of `right`.
template <typename Array>
void shift_right(Array& left, unsigned left_count, Array& right, unsigned right_count, unsigned moved) {
  std::copy_backward(right.begin(), right.begin() + right_count, right.begin() + right_count + moved);
  std::copy(left.begin() + left_count - moved, left.begin() + left_count, right.begin());
}

/// Moves the first `moved` of `right`'s entries behind those of `left`.
template <typename Array>
void shift_left(Array& left, unsigned left_count, Array& right, unsigned right_count, unsigned moved) {
  std::copy(right.begin(), right.begin() + moved, left.begin() + left_count);
  std::copy(right.begin() + moved, right.begin() + right_count, right.begin());
}

/// Calls act(array of left, the same array of right) for each array of a pair of nodes.
template <typename Leaf, typename Act>
void for_arrays_of_leaves(Leaf& left, Leaf& right, Act act) {
  act(left.scores, right.scores);
  act(left.members, right.members);
}
template <typename Inner, typename Act>
void for_arrays_of_inners(Inner& left, Inner& right, Act act) {
  act(left.children, right.children);
  act(left.sizes, right.sizes);
  act(left.scores, right.scores);
  act(left.members, right.members);
}

}  // namespace

ScoreTree::~ScoreTree() {
  if (root_ != nullptr) release(root_, depth_);
}

void ScoreTree::release(Node* node, unsigned depth) {
  if (depth > 0) {
    auto* inner = static_cast<Inner*>(node);
    for (unsigned i = 0; i < inner->count; ++i) release(inner->children[i], depth - 1);
  }
  heap::release(node);
}

ScoreTree::Leaf* ScoreTree::make_leaf() {
  auto* leaf = static_cast<Leaf*>(heap::allocate(sizeof(Leaf)));
  leaf->count = 0;
  leaf->before = nullptr;
  leaf->after = nullptr;
  return leaf;
}

unsigned ScoreTree::child_of(const Inner* inner, double score, std::string_view name) {
  unsigned low = 0;
  unsigned high = inner->count;
  while (high - low > 1) {
    const unsigned middle = (low + high) / 2;
    const double first_score = inner->scores[middle];
    const ZsetMember* first = inner->members[middle];
    const bool reached = less(first_score, first, score, name) ||
                         (first_score == score && first->name() == name);
    (reached ? low : high) = middle;
  }
  return low;
}

unsigned ScoreTree::place_in(const Leaf* leaf, double score, std::string_view name) {
  unsigned low = 0;
  unsigned high = leaf->count;
  while (low < high) {
    const unsigned middle = (low + high) / 2;
    if (less(leaf->scores[middle], leaf->members[middle], score, name)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::size_t ScoreTree::size_of(const Node* node, unsigned depth) {
  if (depth == 0) return node->count;
  const auto* inner = static_cast<const Inner*>(node);
  std::size_t size = 0;
  for (unsigned i = 0; i < inner->count; ++i) size += inner->sizes[i];
  return size;
}

void ScoreTree::refresh(Inner* inner, unsigned depth, unsigned index) {
  const Node* child = inner->children[index];
  inner->sizes[index] = size_of(child, depth - 1);
  if (depth == 1) {
    const auto* leaf = static_cast<const Leaf*>(child);
    inner->scores[index] = leaf->scores[0];
    inner->members[index] = leaf->members[0];
  } else {
    const auto* below = static_cast<const Inner*>(child);
    inner->scores[index] = below->scores[0];
    inner->members[index] = below->members[0];
  }
}

// --- insert ---

void ScoreTree::insert(ZsetMember* member) {
  if (root_ == nullptr) root_ = make_leaf();
  Node* right = insert_into(root_, depth_, member, true, true);
  ++size_;
  if (right == nullptr) return;
  auto* root = static_cast<Inner*>(heap::allocate(sizeof(Inner)));
  root->count = 2;
  root->children[0] = root_;
  root->children[1] = right;
  root_ = root;
  ++depth_;
  refresh(root, depth_, 0);
  refresh(root, depth_, 1);
}

ScoreTree::Node* ScoreTree::insert_into(Node* node, unsigned depth, ZsetMember* member, bool first,
                                        bool last) {
  if (depth == 0) return insert_into_leaf(static_cast<Leaf*>(node), member, first, last);
  auto* inner = static_cast<Inner*>(node);
  const unsigned index = child_of(inner, member->score, member->name());
  Node* below = insert_into(inner->children[index], depth - 1, member, first && index == 0,
                            last && index + 1 == inner->count);
  if (below != nullptr) {
    refresh(inner, depth, index);
    return insert_child(inner, depth, index + 1, below);
  }
  ++inner->sizes[index];
  if (less(member->score, member, inner->scores[index], inner->members[index]->name())) {
    inner->scores[index] = member->score;
    inner->members[index] = member;
  }
  return nullptr;
}

ScoreTree::Node* ScoreTree::insert_child(Inner* inner, unsigned depth, unsigned index, Node* child) {
  Inner* holder = inner;
  Inner* right = nullptr;
  if (inner->count == kInnerMax) {
    constexpr unsigned kKeep = kInnerMax / 2;
    right = static_cast<Inner*>(heap::allocate(sizeof(Inner)));
    for_arrays_of_inners(*inner, *right, [](auto& from, auto& to) {
      shift_right(from, kInnerMax, to, 0, kInnerMax - kKeep);
    });
    inner->count = kKeep;
    right->count = kInnerMax - kKeep;
    if (index > kKeep) {
      holder = right;
      index -= kKeep;
    }
  }
  open_gap(holder->children, index, holder->count);
  open_gap(holder->sizes, index, holder->count);
  open_gap(holder->scores, index, holder->count);
  open_gap(holder->members, index, holder->count);
  holder->children[index] = child;
  ++holder->count;
  refresh(holder, depth, index);
  return right;
}

ScoreTree::Node* ScoreTree::insert_into_leaf(Leaf* leaf, ZsetMember* member, bool first, bool last) {
  unsigned at = place_in(leaf, member->score, member->name());
  Leaf* right = nullptr;
  if (leaf->count == kLeafMax) {
    right = make_leaf();
    right->before = leaf;
    right->after = leaf->after;
    if (right->after != nullptr) right->after->before = right;
    leaf->after = right;
    unsigned keep = kLeafMax / 2;
    if (last && at == kLeafMax) keep = kLeafMax;
    if (first && at == 0) keep = 0;
    const unsigned moved = kLeafMax - keep;
    for_arrays_of_leaves(*leaf, *right, [moved](auto& from, auto& to) {
      shift_right(from, kLeafMax, to, 0, moved);
    });
    leaf->count = keep;
    right->count = moved;
    if (at > keep || keep == kLeafMax) {
      leaf = right;
      at -= keep;
    }
  }
  open_gap(leaf->scores, at, leaf->count);
  open_gap(leaf->members, at, leaf->count);
  leaf->scores[at] = member->score;
  leaf->members[at] = member;
  ++leaf->count;
  return right;
}

// --- erase ---

void ScoreTree::erase(const ZsetMember* member) {
  erase_from(root_, depth_, member->score, member->name());
  --size_;
  while (depth_ > 0 && root_->count == 1) {
    Node* child = static_cast<Inner*>(root_)->children[0];
    heap::release(root_);
    root_ = child;
    --depth_;
  }
  if (size_ == 0) {
    heap::release(root_);
    root_ = nullptr;
  }
}

void ScoreTree::erase_from(Node* node, unsigned depth, double score, std::string_view name) {
  if (depth == 0) {
    auto* leaf = static_cast<Leaf*>(node);
    const unsigned at = place_in(leaf, score, name);
    require(at < leaf->count && leaf->members[at]->name() == name, kName, "an element to erase is missing");
    close_gap(leaf->scores, at, leaf->count);
    close_gap(leaf->members, at, leaf->count);
    --leaf->count;
    return;
  }
  auto* inner = static_cast<Inner*>(node);
  const unsigned index = child_of(inner, score, name);
  erase_from(inner->children[index], depth - 1, score, name);
  mend(inner, depth, index);
}

/// After one element less in a child: its record, and a union with a neighbour if it got too small.
void ScoreTree::mend(Inner* inner, unsigned depth, unsigned index) {
  const unsigned most = depth == 1 ? kLeafMax : kInnerMax;
  const Node* child = inner->children[index];
  if (child->count > most / 4 || inner->count == 1) {
    if (child->count > 0) refresh(inner, depth, index);
    return;
  }
  const unsigned left = index > 0 ? index - 1 : index;
  const unsigned both = inner->children[left]->count + inner->children[left + 1]->count;
  if (both <= most - most / 8) {
    merge(inner, depth, left);
  } else {
    even_out(inner, depth, left);
    refresh(inner, depth, left + 1);
  }
  refresh(inner, depth, left);
}

void ScoreTree::merge(Inner* inner, unsigned depth, unsigned left) {
  Node* to = inner->children[left];
  Node* from = inner->children[left + 1];
  const unsigned have = to->count;
  const unsigned moved = from->count;
  const auto shift = [have, moved](auto& into, auto& out) { shift_left(into, have, out, moved, moved); };
  if (depth == 1) {
    auto* into = static_cast<Leaf*>(to);
    auto* out = static_cast<Leaf*>(from);
    for_arrays_of_leaves(*into, *out, shift);
    into->after = out->after;
    if (into->after != nullptr) into->after->before = into;
  } else {
    for_arrays_of_inners(*static_cast<Inner*>(to), *static_cast<Inner*>(from), shift);
  }
  to->count += moved;
  heap::release(from);
  const unsigned at = left + 1;
  close_gap(inner->children, at, inner->count);
  close_gap(inner->sizes, at, inner->count);
  close_gap(inner->scores, at, inner->count);
  close_gap(inner->members, at, inner->count);
  --inner->count;
}

void ScoreTree::even_out(Inner* inner, unsigned depth, unsigned left) {
  Node* a = inner->children[left];
  Node* b = inner->children[left + 1];
  const unsigned half = (a->count + b->count) / 2;
  const unsigned a_count = a->count;
  const unsigned b_count = b->count;
  const auto shift = [half, a_count, b_count](auto& x, auto& y) {
    if (a_count > half) {
      shift_right(x, a_count, y, b_count, a_count - half);
    } else {
      shift_left(x, a_count, y, b_count, half - a_count);
    }
  };
  if (depth == 1) {
    for_arrays_of_leaves(*static_cast<Leaf*>(a), *static_cast<Leaf*>(b), shift);
  } else {
    for_arrays_of_inners(*static_cast<Inner*>(a), *static_cast<Inner*>(b), shift);
  }
  a->count = half;
  b->count = a_count + b_count - half;
}

// --- the rest ---

bool ScoreTree::rescore_in_place(const ZsetMember* member, double score) {
  const std::string_view name = member->name();
  Node* node = root_;
  for (unsigned depth = depth_; depth > 0; --depth) {
    auto* inner = static_cast<Inner*>(node);
    node = inner->children[child_of(inner, member->score, name)];
  }
  auto* leaf = static_cast<Leaf*>(node);
  const unsigned at = place_in(leaf, member->score, name);
  // At an edge of its leaf the neighbour, or the record of the leaf above, would have to be looked at.
  if (at == 0 || at + 1 >= leaf->count) return false;
  if (!less(leaf->scores[at - 1], leaf->members[at - 1], score, name)) return false;
  if (less(leaf->scores[at + 1], leaf->members[at + 1], score, name)) return false;
  leaf->scores[at] = score;
  return true;
}

std::size_t ScoreTree::rank_of(double score, std::string_view name) const {
  return count_while([score, name](double other, const ZsetMember& member) {
    return less(other, &member, score, name);
  });
}

ScoreTree::Cursor ScoreTree::at(std::size_t rank) const {
  Cursor cursor;
  if (rank >= size_) return cursor;
  Node* node = root_;
  for (unsigned depth = depth_; depth > 0; --depth) {
    auto* inner = static_cast<Inner*>(node);
    unsigned i = 0;
    for (; rank >= inner->sizes[i]; ++i) rank -= inner->sizes[i];
    node = inner->children[i];
  }
  cursor.leaf_ = static_cast<Leaf*>(node);
  cursor.index_ = static_cast<unsigned>(rank);
  return cursor;
}

void ScoreTree::check_integrity() const {
  if (root_ == nullptr) {
    require(size_ == 0 && depth_ == 0, kName, "no root, but elements");
    return;
  }
  const Checked all = check(root_, depth_, nullptr);
  require(all.size == size_, kName, "elements are miscounted");
  require(all.last->after == nullptr, kName, "leaves follow the last");
}

ScoreTree::Checked ScoreTree::check(const Node* node, unsigned depth, const Leaf* before) {
  require(node->count > 0, kName, "a node is empty");
  if (depth == 0) {
    const auto* leaf = static_cast<const Leaf*>(node);
    require(leaf->before == before, kName, "a leaf is not linked to the one before");
    require(before == nullptr || before->after == leaf, kName, "a leaf is not linked to the next");
    for (unsigned i = 0; i < leaf->count; ++i) {
      require(!std::isnan(leaf->scores[i]), kName, "a score is no number");
      require(leaf->scores[i] == leaf->members[i]->score, kName, "a score is out of date");
      const unsigned last = before == nullptr ? 0 : before->count - 1;
      if (i == 0 && before == nullptr) continue;
      const double score = i > 0 ? leaf->scores[i - 1] : before->scores[last];
      const ZsetMember* member = i > 0 ? leaf->members[i - 1] : before->members[last];
      require(less(score, member, leaf->scores[i], leaf->members[i]->name()), kName, "out of order");
    }
    return {leaf->count, leaf};
  }
  const auto* inner = static_cast<const Inner*>(node);
  Checked all{0, before};
  for (unsigned i = 0; i < inner->count; ++i) {
    const Checked child = check(inner->children[i], depth - 1, all.last);
    require(child.size == inner->sizes[i], kName, "a child is miscounted");
    Inner copy = *inner;
    refresh(&copy, depth, i);
    require(copy.scores[i] == inner->scores[i], kName, "a child's first score is out of date");
    require(copy.members[i] == inner->members[i], kName, "a child's first element is out of date");
    all = {all.size + child.size, child.last};
  }
  return all;
}

}  // namespace larder::redis
