#include "engine/redis/types/dense_table.h"

namespace larder::redis {

DenseTableCore::DenseTableCore() {
  add_bucket();
}

DenseTableCore::~DenseTableCore() {
  require(size_ == 0, "dense table", "destroyed before it was cleared");
  for (std::uint32_t i = 0; i < chunk_count_; ++i) heap::release(chunks_[i]);
  heap::release(chunks_);
}

std::size_t DenseTableCore::chain_size(std::size_t index) const {
  std::size_t elements = 0;
  const Bucket* link = &bucket(index);
  for (const Bucket* following = next(*link); following != nullptr; following = next(*link)) {
    elements += kSlots - 1;
    link = following;
  }
  for (const Word word : link->slots) elements += word != 0 ? 1 : 0;
  return elements;
}

void DenseTableCore::place(std::size_t index, Word word) {
  Bucket* link = &bucket(index);
  while (Bucket* following = next(*link)) link = following;
  for (Word& slot : link->slots) {
    if (slot != 0) continue;
    slot = word;
    return;
  }
  auto* overflow = static_cast<Bucket*>(heap::allocate(sizeof(Bucket)));
  std::memset(overflow, 0, sizeof(Bucket));
  overflow->slots[0] = link->slots[kSlots - 1];
  overflow->slots[1] = word;
  link->slots[kSlots - 1] = reinterpret_cast<Word>(overflow);
}

void DenseTableCore::take(std::size_t index, Bucket& from, std::size_t slot) {
  Bucket* before = nullptr;
  Bucket* last = &bucket(index);
  while (Bucket* following = next(*last)) {
    before = last;
    last = following;
  }
  std::size_t end = kSlots;
  while (last->slots[end - 1] == 0) --end;
  from.slots[slot] = last->slots[end - 1];
  last->slots[end - 1] = 0;
  if (before == nullptr || end > 2) return;
  // One element is left in the overflow bucket: it fits where the link to it is.
  before->slots[kSlots - 1] = last->slots[0];
  heap::release(last);
}

void DenseTableCore::add_bucket() {
  const std::size_t chunk = count_ / kChunkBuckets;
  const std::size_t within = count_ % kChunkBuckets;
  if (chunk == chunk_count_) {
    if (chunk_count_ == chunk_room_) {
      chunk_room_ = chunk_room_ == 0 ? 1 : chunk_room_ + chunk_room_ / 2 + 1;
      chunks_ = static_cast<Bucket**>(heap::resize(chunks_, chunk_room_ * sizeof(Bucket*)));
    }
    const std::size_t buckets = chunk == 0 ? 1 : kChunkBuckets;
    chunks_[chunk_count_++] = static_cast<Bucket*>(heap::allocate(buckets * sizeof(Bucket)));
  } else if (chunk == 0 && std::has_single_bit(count_)) {
    chunks_[0] = static_cast<Bucket*>(heap::resize(chunks_[0], 2 * count_ * sizeof(Bucket)));
  }
  std::memset(&chunks_[chunk][within], 0, sizeof(Bucket));
  ++count_;
}

void DenseTableCore::drop_bucket() {
  --count_;
  const std::size_t chunk = count_ / kChunkBuckets;
  const std::size_t within = count_ % kChunkBuckets;
  if (within == 0 && chunk > 0) {
    // The last chunk stays until the one before it is half empty, lest a table at the edge
    // allocates and releases it in turns.
    if (chunk + 1 < chunk_count_) heap::release(chunks_[--chunk_count_]);
  } else if (chunk + 2 == chunk_count_ && within == kChunkBuckets / 2) {
    heap::release(chunks_[--chunk_count_]);
  } else if (chunk == 0 && std::has_single_bit(count_) && chunk_count_ == 1) {
    chunks_[0] = static_cast<Bucket*>(heap::resize(chunks_[0], count_ * sizeof(Bucket)));
  }
}

}  // namespace larder::redis
