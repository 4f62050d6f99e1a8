// The list value: a doubly linked list of nodes, each a listpack of several entries ("packed") or
// one large string ("plain"), so that both ends take and give in constant time and an entry costs
// two or three bytes more than its text.
//
//   head_ -> [entries] <-> [entries] <-> ... <-> [entries] <- tail_
//
// How full a node may get is the caller's to say (ListLimits), as list-max-listpack-size does it.
// An entry of packed_threshold bytes or more gets a plain node of its own.
//
// Invariants
//  1. No node is empty. A plain node holds one entry.
//  2. size() is the sum of the nodes' counts, node_count() the number of nodes.
//  3. Node::bytes_count is the length of the listpack, or of the string.
//
// A Cursor names one entry; any change of the list but through that cursor invalidates it.
// Locking: the stripe lock of the key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/redis/types/listpack.h"
#include "engine/redis/types/value.h"

namespace larder::redis {

struct ListLimits {
  /// Positive: entries a node (and 8 KiB at most). -1 to -5: 4, 8, 16, 32, 64 KiB a node.
  int fill = -2;
  /// An entry as long as this is a node of its own, outside any listpack.
  std::size_t packed_threshold = std::size_t{1} << 30;
};

class List final : public CountedValue {
  struct Node;

 public:
  static constexpr Type kType = Type::kList;

  class Cursor {
   public:
    explicit operator bool() const { return node_ != nullptr; }

   private:
    friend class List;
    Node* node_ = nullptr;
    std::size_t position_ = 0;  // in a packed node
  };

  List() : CountedValue(kType) {}
  ~List() override;

  Encoding encoding() const override { return Encoding::kQuicklist; }
  List* clone() const override;
  std::size_t free_effort() const override { return node_count_; }
  void check_integrity() const override;

  std::size_t size() const { return size_; }
  std::size_t node_count() const { return node_count_; }

  void push_front(std::string_view text, const ListLimits& limits);
  void push_back(std::string_view text, const ListLimits& limits);
  /// Requires: not empty, for these four. A value is good until the list changes.
  PackedValue front() const { return value(first()); }
  PackedValue back() const { return value(last()); }
  void pop_front();
  void pop_back();

  Cursor first() const;
  Cursor last() const;
  /// The entry of that index, counted from the end when negative; none if there is no such entry.
  Cursor seek(std::int64_t index) const;
  /// The neighbours, none at the ends.
  Cursor next(Cursor cursor) const;
  Cursor previous(Cursor cursor) const;
  PackedValue value(Cursor cursor) const;
  bool equals(Cursor cursor, std::string_view text) const;

  void insert_before(Cursor cursor, std::string_view text, const ListLimits& limits);
  void insert_after(Cursor cursor, std::string_view text, const ListLimits& limits);
  void replace(Cursor cursor, std::string_view text, const ListLimits& limits);
  /// Takes the entry out; returns the one behind it.
  Cursor erase(Cursor cursor);
  /// The same; returns the one before it.
  Cursor erase_backwards(Cursor cursor);
  /// Takes `count` entries from index `start` on out. Requires: they are there.
  void erase_range(std::size_t start, std::size_t count);

  /// What a node holds, for writing it down: a string, or listpack bytes.
  struct NodeView {
    bool plain;
    std::span<const std::uint8_t> bytes;
  };
  template <typename Visit>
  void for_each_node(Visit&& visit) const {
    for (const Node* node = head_; node != nullptr; node = node->next) {
      visit(NodeView{node->plain != 0, {node->bytes, node->byte_count}});
    }
  }
  /// Adds a node at the end, as read from a payload. Requires: the pack is sound and not empty.
  void append_node(Listpack&& pack);
  void append_plain_node(std::string_view text);

 private:
  struct Node {
    Node* previous;
    Node* next;
    std::uint8_t* bytes;       // owned; a listpack, or the string of a plain node
    std::uint32_t byte_count;  // of either
    std::uint32_t count : 31;
    std::uint32_t plain : 1;
  };
  static_assert(sizeof(Node) == 32);
  class Editor;

  static bool allows(const Node* node, std::size_t added_bytes, const ListLimits& limits);
  static bool may_unite(const Node* left, const Node* right, const ListLimits& limits);
  static Cursor at_end(Node* node, bool front);
  Node* make_node(Node* after, Listpack&& pack);
  Node* make_plain_node(Node* after, std::string_view text);
  Node* make_node_for(Node* after, std::string_view text, const ListLimits& limits);
  void link(Node* node, Node* after);
  void unlink(Node* node);
  /// Puts an entry into a packed node, before `position` (kNone: at its end).
  void insert_into(Node* node, std::size_t position, std::string_view text);
  /// Takes entries of one node out; unlinks it when none is left. True if it is still there.
  bool erase_from(Node* node, std::size_t position, std::size_t count);
  /// Divides a packed node: entries from `position` on go to a new node behind it.
  Node* split(Node* node, std::size_t position);
  void unite_around(Node* node, const ListLimits& limits);

  Node* head_ = nullptr;
  Node* tail_ = nullptr;
  std::size_t size_ = 0;
  std::size_t node_count_ = 0;
};
static_assert(sizeof(List) == 48);

}  // namespace larder::redis
