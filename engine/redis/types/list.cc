#include "engine/redis/types/list.h"

#include <algorithm>
#include <cstring>

#include "engine/redis/types/check.h"

namespace larder::redis {

namespace {

// What a node counted in entries may hold at most in bytes, whatever its entries.
constexpr std::size_t kNodeBytesMax = 8192;
// More than any entry of a listpack adds to the length of its text, for small texts.
constexpr std::size_t kEntryOverhead = 8;

// Whether a node may have that many bytes and entries.
bool may_hold(std::size_t bytes, std::size_t count, int fill) {
  if (fill >= 0) return bytes <= kNodeBytesMax && count <= static_cast<std::size_t>(fill);
  constexpr std::size_t kSizes[] = {4096, 8192, 16384, 32768, 65536};
  return bytes <= kSizes[std::min(-fill, 5) - 1];
}

}  // namespace

// Borrows the listpack of a node for a change.
class List::Editor {
 public:
  explicit Editor(Node* node) : node_(node), pack_(Listpack::adopt(node->bytes)) {}
  ~Editor() {
    node_->byte_count = static_cast<std::uint32_t>(pack_.byte_count());
    node_->bytes = pack_.release();
  }
  Listpack* operator->() { return &pack_; }
  Listpack& operator*() { return pack_; }

 private:
  Node* node_;
  Listpack pack_;
};

List::~List() {
  for (Node* node = head_; node != nullptr;) {
    Node* next = node->next;
    heap::release(node->bytes);
    heap::release(node);
    node = next;
  }
}

List* List::clone() const {
  auto* copy = new List;
  for_each_node([&](const NodeView& node) {
    if (node.plain) {
      const auto* text = reinterpret_cast<const char*>(node.bytes.data());
      copy->append_plain_node({text, node.bytes.size()});
    } else {
      copy->append_node(Listpack(node.bytes));
    }
  });
  return copy;
}

// Whether an entry of that many bytes may join the node.
bool List::allows(const Node* node, std::size_t added_bytes, const ListLimits& limits) {
  if (node == nullptr || node->plain || added_bytes >= limits.packed_threshold) return false;
  return may_hold(node->byte_count + added_bytes + kEntryOverhead, node->count + 1, limits.fill);
}

bool List::may_unite(const Node* left, const Node* right, const ListLimits& limits) {
  if (left == nullptr || right == nullptr || left->plain || right->plain) return false;
  const std::size_t bytes = left->byte_count + right->byte_count - Listpack::kHeaderBytes - 1;
  return may_hold(bytes, left->count + right->count, limits.fill);
}

void List::link(Node* node, Node* after) {
  node->previous = after;
  node->next = after == nullptr ? head_ : after->next;
  (node->previous == nullptr ? head_ : node->previous->next) = node;
  (node->next == nullptr ? tail_ : node->next->previous) = node;
  ++node_count_;
  size_ += node->count;
}

void List::unlink(Node* node) {
  (node->previous == nullptr ? head_ : node->previous->next) = node->next;
  (node->next == nullptr ? tail_ : node->next->previous) = node->previous;
  --node_count_;
  size_ -= node->count;
  heap::release(node->bytes);
  heap::release(node);
}

List::Node* List::make_node(Node* after, Listpack&& pack) {
  auto* node = static_cast<Node*>(heap::allocate(sizeof(Node)));
  node->byte_count = static_cast<std::uint32_t>(pack.byte_count());
  node->count = static_cast<std::uint32_t>(pack.size()) & 0x7fffffff;
  node->plain = 0;
  node->bytes = pack.release();
  link(node, after);
  return node;
}

List::Node* List::make_plain_node(Node* after, std::string_view text) {
  auto* node = static_cast<Node*>(heap::allocate(sizeof(Node)));
  node->byte_count = static_cast<std::uint32_t>(text.size());
  node->count = 1;
  node->plain = 1;
  node->bytes = static_cast<std::uint8_t*>(heap::allocate(text.size()));
  if (!text.empty()) std::memcpy(node->bytes, text.data(), text.size());
  link(node, after);
  return node;
}

List::Node* List::make_node_for(Node* after, std::string_view text, const ListLimits& limits) {
  if (text.size() >= limits.packed_threshold) return make_plain_node(after, text);
  Listpack pack;
  pack.push_back(text);
  return make_node(after, std::move(pack));
}

void List::append_node(Listpack&& pack) { make_node(tail_, std::move(pack)); }
void List::append_plain_node(std::string_view text) { make_plain_node(tail_, text); }

void List::insert_into(Node* node, std::size_t position, std::string_view text) {
  Editor(node)->insert(position, text);
  node->count = (node->count + 1) & 0x7fffffff;
  ++size_;
}

bool List::erase_from(Node* node, std::size_t position, std::size_t count) {
  if (count >= node->count) {
    unlink(node);
    return false;
  }
  Editor(node)->erase(position, count);
  node->count = static_cast<std::uint32_t>(node->count - count) & 0x7fffffff;
  size_ -= count;
  return true;
}

void List::push_front(std::string_view text, const ListLimits& limits) {
  if (allows(head_, text.size(), limits)) {
    insert_into(head_, Listpack::kHeaderBytes, text);
  } else {
    make_node_for(nullptr, text, limits);
  }
}

void List::push_back(std::string_view text, const ListLimits& limits) {
  if (allows(tail_, text.size(), limits)) {
    insert_into(tail_, Listpack::kNone, text);
  } else {
    make_node_for(tail_, text, limits);
  }
}

void List::pop_front() { erase_from(head_, Listpack::kHeaderBytes, 1); }

void List::pop_back() {
  const std::size_t position = tail_->plain ? 0 : ListpackView(tail_->bytes).last();
  erase_from(tail_, position, 1);
}

List::Cursor List::at_end(Node* node, bool front) {
  Cursor cursor;
  cursor.node_ = node;
  if (node != nullptr && !node->plain) {
    const ListpackView pack(node->bytes);
    cursor.position_ = front ? pack.first() : pack.last();
  }
  return cursor;
}

List::Cursor List::first() const { return at_end(head_, true); }
List::Cursor List::last() const { return at_end(tail_, false); }

List::Cursor List::seek(std::int64_t index) const {
  const auto size = static_cast<std::int64_t>(size_);
  if (index < 0) index += size;
  if (index < 0 || index >= size) return {};
  Cursor cursor;
  if (index < size / 2) {
    cursor.node_ = head_;
    while (index >= cursor.node_->count) {
      index -= cursor.node_->count;
      cursor.node_ = cursor.node_->next;
    }
  } else {
    index -= size;
    cursor.node_ = tail_;
    while (-index > static_cast<std::int64_t>(cursor.node_->count)) {
      index += cursor.node_->count;
      cursor.node_ = cursor.node_->previous;
    }
  }
  if (!cursor.node_->plain) cursor.position_ = ListpackView(cursor.node_->bytes).seek(index);
  return cursor;
}

List::Cursor List::next(Cursor cursor) const {
  if (!cursor.node_->plain) {
    cursor.position_ = ListpackView(cursor.node_->bytes).next(cursor.position_);
    if (cursor.position_ != Listpack::kNone) return cursor;
  }
  return at_end(cursor.node_->next, true);
}

List::Cursor List::previous(Cursor cursor) const {
  if (!cursor.node_->plain) {
    cursor.position_ = ListpackView(cursor.node_->bytes).previous(cursor.position_);
    if (cursor.position_ != Listpack::kNone) return cursor;
  }
  return at_end(cursor.node_->previous, false);
}

PackedValue List::value(Cursor cursor) const {
  const Node* node = cursor.node_;
  if (!node->plain) return ListpackView(node->bytes).at(cursor.position_);
  return PackedValue{{reinterpret_cast<const char*>(node->bytes), node->byte_count}, 0, false};
}

bool List::equals(Cursor cursor, std::string_view text) const {
  if (cursor.node_->plain) return value(cursor).bytes == text;
  return ListpackView(cursor.node_->bytes).equals(cursor.position_, text);
}

List::Node* List::split(Node* node, std::size_t position) {
  Listpack tail;
  std::size_t moved = 0;
  {
    Editor pack(node);
    for (auto at = position; at != Listpack::kNone; at = pack->next(at)) {
      const PackedValue value = pack->at(at);
      value.is_integer ? tail.push_back(value.integer) : tail.push_back(value.bytes);
      ++moved;
    }
    pack->erase(position, moved);
  }
  node->count = static_cast<std::uint32_t>(node->count - moved) & 0x7fffffff;
  size_ -= moved;
  return make_node(node, std::move(tail));
}

// Unites the node with its neighbours where the limits allow.
void List::unite_around(Node* node, const ListLimits& limits) {
  if (may_unite(node->previous, node, limits)) {
    Node* left = node->previous;
    Editor(left)->append(ListpackView(node->bytes));
    left->count = (left->count + node->count) & 0x7fffffff;
    size_ += node->count;
    unlink(node);
    node = left;
  }
  if (may_unite(node, node->next, limits)) {
    Node* right = node->next;
    Editor(node)->append(ListpackView(right->bytes));
    node->count = (node->count + right->count) & 0x7fffffff;
    size_ += right->count;
    unlink(right);
  }
}

void List::insert_before(Cursor cursor, std::string_view text, const ListLimits& limits) {
  Node* node = cursor.node_;
  const bool at_front = node->plain || cursor.position_ == Listpack::kHeaderBytes;
  if (allows(node, text.size(), limits)) {
    insert_into(node, cursor.position_, text);
  } else if (!at_front) {
    split(node, cursor.position_);
    if (allows(node, text.size(), limits)) {
      insert_into(node, Listpack::kNone, text);
    } else {
      make_node_for(node, text, limits);
    }
    unite_around(node, limits);
  } else if (allows(node->previous, text.size(), limits)) {
    insert_into(node->previous, Listpack::kNone, text);
  } else {
    make_node_for(node->previous, text, limits);
  }
}

void List::insert_after(Cursor cursor, std::string_view text, const ListLimits& limits) {
  Node* node = cursor.node_;
  const Cursor following = next(cursor);
  if (following && following.node_ == node) {
    insert_before(following, text, limits);
  } else if (allows(node, text.size(), limits)) {
    insert_into(node, Listpack::kNone, text);
  } else if (allows(node->next, text.size(), limits)) {
    insert_into(node->next, Listpack::kHeaderBytes, text);
  } else {
    make_node_for(node, text, limits);
  }
}

void List::replace(Cursor cursor, std::string_view text, const ListLimits& limits) {
  Node* node = cursor.node_;
  const bool alone = node->count == 1;
  const bool packs = !node->plain && text.size() < limits.packed_threshold;
  const std::size_t bytes = node->byte_count + text.size() + kEntryOverhead;
  if (packs && (alone || may_hold(bytes, node->count, limits.fill))) {
    Editor(node)->replace(cursor.position_, text);
  } else if (alone) {
    make_node_for(node, text, limits);
    unlink(node);
  } else {
    // Divided around the entry, which then stands alone at the front of a node.
    Node* holder = node;
    if (cursor.position_ != Listpack::kHeaderBytes) holder = split(node, cursor.position_);
    erase_from(holder, Listpack::kHeaderBytes, 1) ? make_node_for(holder->previous, text, limits)
                                                  : make_node_for(node, text, limits);
  }
}

List::Cursor List::erase(Cursor cursor) {
  Node* node = cursor.node_;
  Node* following = node->next;
  if (!erase_from(node, cursor.position_, 1)) return at_end(following, true);
  if (ListpackView(node->bytes).bytes()[cursor.position_] == 0xff) return at_end(following, true);
  return cursor;
}

List::Cursor List::erase_backwards(Cursor cursor) {
  Node* node = cursor.node_;
  const Cursor before = previous(cursor);
  if (before && before.node_ == node) {
    erase_from(node, cursor.position_, 1);
    return before;  // what lies before an entry does not move
  }
  erase_from(node, cursor.position_, 1);
  return before;
}

void List::erase_range(std::size_t start, std::size_t count) {
  if (count == 0) return;
  Cursor cursor = seek(static_cast<std::int64_t>(start));
  std::size_t before = 0;  // entries of the first node that stay in front
  if (!cursor.node_->plain) {
    const ListpackView pack(cursor.node_->bytes);
    if (cursor.position_ != Listpack::kHeaderBytes) {
      for (auto at = pack.first(); at != cursor.position_; at = pack.next(at)) ++before;
    }
  }
  Node* node = cursor.node_;
  std::size_t position = cursor.position_;
  while (count > 0) {
    Node* following = node->next;
    const std::size_t here = std::min<std::size_t>(count, node->count - before);
    erase_from(node, position, here);
    count -= here;
    before = 0;
    node = following;
    position = Listpack::kHeaderBytes;
  }
}

void List::check_integrity() const {
  std::size_t entries = 0;
  std::size_t nodes = 0;
  const Node* previous = nullptr;
  for (const Node* node = head_; node != nullptr; node = node->next) {
    require(node->previous == previous, "list", "a node's link back is wrong");
    require(node->count > 0, "list", "a node is empty");
    if (node->plain) {
      require(node->count == 1, "list", "a plain node has more than one entry");
    } else {
      const ListpackView pack(node->bytes);
      require(pack.byte_count() == node->byte_count, "list", "a node's length is wrong");
      require(ListpackView::validate(pack.bytes(), true), "list", "a node is no listpack");
      require(pack.size() == node->count, "list", "a node's entries are miscounted");
    }
    entries += node->count;
    ++nodes;
    previous = node;
  }
  require(tail_ == previous, "list", "the tail is not the last node");
  require(entries == size_, "list", "entries are miscounted");
  require(nodes == node_count_, "list", "nodes are miscounted");
}

}  // namespace larder::redis
