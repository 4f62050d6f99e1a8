// The nodes of a stream in the order of their ids, in chunks of up to 64: 24 bytes a node, where a tree takes 56.
//
// Nodes are added at the end and leave anywhere. A step costs a binary search, and moves at most a chunk and the
// list of chunks.
//
// Invariants: no chunk is empty; ids ascend within chunks and from one to the next.
//
// Locking: the owner's. Any change ends all iterators.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "engine/redis/types/heap.h"
#include "engine/redis/types/stream_node.h"

namespace larder::redis {

class StreamNodes {
 public:
  class Iterator {
   public:
    const StreamNode& operator*() const { return nodes_->chunks_[chunk_][index_]; }
    const StreamNode* operator->() const { return &**this; }
    Iterator& operator++() {
      if (++index_ == nodes_->chunks_[chunk_].size()) {
        ++chunk_;
        index_ = 0;
      }
      return *this;
    }
    Iterator& operator--() {
      if (index_ == 0) index_ = nodes_->chunks_[--chunk_].size();
      --index_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return chunk_ == other.chunk_ && index_ == other.index_; }

   private:
    friend class StreamNodes;
    Iterator(const StreamNodes* nodes, std::size_t chunk, std::size_t index)
        : nodes_(nodes), chunk_(chunk), index_(index) {}
    const StreamNodes* nodes_;
    std::size_t chunk_;
    std::size_t index_;
  };

  bool empty() const { return chunks_.empty(); }
  std::size_t size() const { return size_; }
  Iterator begin() const { return {this, 0, 0}; }
  Iterator end() const { return {this, chunks_.size(), 0}; }
  /// Requires: not empty.
  StreamNode& front() { return chunks_.front().front(); }
  StreamNode& back() { return chunks_.back().back(); }
  const StreamNode& back() const { return chunks_.back().back(); }
  StreamNode& at(Iterator place) { return chunks_[place.chunk_][place.index_]; }

  /// Requires: its id comes after those of all nodes.
  void push_back(StreamNode node) {
    if (chunks_.empty() || chunks_.back().size() == kChunkNodes) chunks_.emplace_back();
    Chunk& last = chunks_.back();
    if (last.size() == last.capacity()) last.reserve(std::clamp<std::size_t>(2 * last.size(), 1, kChunkNodes));
    last.push_back(std::move(node));
    ++size_;
  }
  void erase(Iterator place) {
    Chunk& chunk = chunks_[place.chunk_];
    chunk.erase(chunk.begin() + static_cast<std::ptrdiff_t>(place.index_));
    if (chunk.empty()) chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(place.chunk_));
    --size_;
  }
  /// The first node whose id comes after this one.
  Iterator upper_bound(StreamId id) const {
    const auto before = [](StreamId wanted, const StreamNode& node) { return wanted < node.id(); };
    const auto next = std::upper_bound(chunks_.begin(), chunks_.end(), id, [&](StreamId wanted, const Chunk& chunk) {
      return before(wanted, chunk.front());
    });
    if (next == chunks_.begin()) return begin();
    const Chunk& chunk = *std::prev(next);
    const auto found = std::upper_bound(chunk.begin(), chunk.end(), id, before);
    const auto chunk_index = static_cast<std::size_t>(next - chunks_.begin());
    if (found == chunk.end()) return {this, chunk_index, 0};
    return {this, chunk_index - 1, static_cast<std::size_t>(found - chunk.begin())};
  }

 private:
  static constexpr std::size_t kChunkNodes = 64;
  using Chunk = std::vector<StreamNode, heap::Allocator<StreamNode>>;

  std::vector<Chunk, heap::Allocator<Chunk>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace larder::redis
