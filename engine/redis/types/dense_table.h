// The hash table of large sets, hashes and sorted sets: linear hashing (Litwin 1980) over buckets
// of one cache line that hold tagged pointers to the elements.
//
// Slot (8 bytes):    | tag 16 | address 48 |       all zero: empty
// Bucket (64 bytes): 8 slots. When a ninth element comes, the last slot becomes a link to an
// overflow bucket (tag zero, address not), and its element moves there with the new one.
//
// An element is one allocation of the owner's, who also lays it out; the table knows only how to
// find its key (Traits::key). A tag is 16 bits of the key's hash, so a lookup reads one line of the
// table and, but for one probe in some thousands, only the element it looks for. Addresses are at
// most 47 bits long (user space of x86-64 and of 48-bit ARM without high hints).
//
// The table follows the number of its elements bucket by bucket: an insertion divides at most one
// bucket, an erasure unites at most two, so no step moves more than a few dozen pointers. Buckets
// lie in chunks of 64 KiB (kChunkBuckets); the first chunk doubles from one bucket. What grows in
// one step besides is the list of chunks, 8 bytes for about 6000 elements.
//
// Bytes an element: 12 to 13 for the table, plus the element.
//
// SCAN: the cursor counts in reversed bits over `half_` pairs of buckets (i, i + half_). While the
// table grows within a level an element stays in its pair; when the level changes a pair becomes
// two whose numbers differ in the top bit, as with Redis' tables. So elements that are there all
// the time are visited at least once, whatever grows or shrinks between the calls.
//
// Invariants
//  1. Bucket of hash h: i = h & (2 * half_ - 1), less half_ if there is no such bucket;
//     half_ <= count_ < 2 * half_, half_ a power of two.
//  2. A chain has no overflow bucket without an element, and only the last bucket of a chain has
//     empty slots. Occupied slots come first.
//  3. size() counts elements.
//
// Locking: the owner's.
#pragma once

#include <emmintrin.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "engine/redis/types/check.h"
#include "engine/redis/types/hashing.h"
#include "engine/redis/types/heap.h"

namespace larder::redis {

/// The table without the elements' type: buckets of words.
class DenseTableCore {
 public:
  static constexpr std::size_t kSlots = 8;
  static constexpr std::size_t kLoad = 6;        // elements a bucket before the next is divided
  static constexpr std::size_t kLoadMin = 4;     // fewer: two buckets are united
  static constexpr std::size_t kChunkBuckets = 1024;

  std::size_t size() const { return size_; }
  std::size_t bucket_count() const { return count_; }

 protected:
  using Word = std::uint64_t;
  struct Bucket {
    Word slots[kSlots];
  };
  static constexpr Word kAddress = (Word{1} << 48) - 1;

  DenseTableCore();
  ~DenseTableCore();
  DenseTableCore(const DenseTableCore&) = delete;
  DenseTableCore& operator=(const DenseTableCore&) = delete;

  static Word tag_of(std::uint64_t hash) {
    const Word tag = hash & ~kAddress;
    return tag == 0 ? kAddress + 1 : tag;
  }
  static void* address(Word word) { return reinterpret_cast<void*>(word & kAddress); }
  static bool is_link(Word word) { return word != 0 && word <= kAddress; }
  static bool is_element(Word word) { return word > kAddress; }
  static Bucket* next(const Bucket& bucket) {
    const Word last = bucket.slots[kSlots - 1];
    return is_link(last) ? static_cast<Bucket*>(address(last)) : nullptr;
  }
  /// One bit for each slot whose tag is `tag`.
  static unsigned matches(const Bucket& bucket, Word tag) {
    const __m128i wanted = _mm_set1_epi16(static_cast<short>(tag >> 48));
    const auto* lines = reinterpret_cast<const __m128i*>(&bucket);
    unsigned mask = 0;
    for (int i = 0; i < 4; ++i) {
      const __m128i equal = _mm_cmpeq_epi16(_mm_loadu_si128(lines + i), wanted);
      const auto bytes = static_cast<unsigned>(_mm_movemask_epi8(equal));
      mask |= ((bytes >> 7 & 1) | (bytes >> 14 & 2)) << (2 * i);
    }
    return mask;
  }
  std::size_t index_of(std::uint64_t hash) const {
    const std::size_t index = hash & (2 * half_ - 1);
    return index < count_ ? index : index - half_;
  }
  Bucket& bucket(std::size_t index) const {
    return chunks_[index / kChunkBuckets][index % kChunkBuckets];
  }

  void place(std::size_t index, Word word);
  /// Takes the word out of the chain of bucket `index`; the chain's last element fills the gap.
  void take(std::size_t index, Bucket& from, std::size_t slot);
  /// Adds an empty bucket at the end.
  void add_bucket();
  /// Removes the last bucket, which is empty.
  void drop_bucket();
  /// Empties the chain of bucket `index` and hands its elements' words to `sink(word)`.
  template <typename Sink>
  void drain(std::size_t index, Sink&& sink) {
    Bucket* link = &bucket(index);
    bool first = true;
    while (link != nullptr) {
      Bucket* following = next(*link);
      const Bucket copy = *link;
      if (first) {
        std::memset(link, 0, sizeof(Bucket));
      } else {
        heap::release(link);
      }
      for (const Word word : copy.slots) {
        if (is_element(word)) sink(word);
      }
      link = following;
      first = false;
    }
  }
  std::size_t chain_size(std::size_t index) const;

  Bucket** chunks_ = nullptr;
  std::size_t count_ = 0;
  std::size_t half_ = 1;
  std::size_t size_ = 0;
  std::uint32_t chunk_count_ = 0;
  std::uint32_t chunk_room_ = 0;  // places in chunks_
};

/// Traits: `using Element = ...; static std::string_view key(const Element&);`
template <typename Traits>
class DenseTable : public DenseTableCore {
 public:
  using Element = typename Traits::Element;

  /// The element of that key, null if there is none.
  Element* find(std::string_view key) const { return find(key, hash_bytes(key)); }
  Element* find(std::string_view key, std::uint64_t hash) const {
    const Word* word = find_word(key, hash);
    return word == nullptr ? nullptr : element(*word);
  }
  bool contains(std::string_view key) const { return find(key) != nullptr; }

  /// Requires: no element has its key. The table does not own elements: see clear().
  void insert(Element* added) { insert(added, hash_bytes(Traits::key(*added))); }
  void insert(Element* added, std::uint64_t hash) {
    place(index_of(hash), tag_of(hash) | reinterpret_cast<Word>(added));
    ++size_;
    if (size_ > count_ * kLoad) split();
  }
  /// Puts another allocation in an element's place. Requires: `old` was in the table under the
  /// same key; it may be released already.
  void replace(const Element* old, Element* replacement) {
    const std::uint64_t hash = hash_bytes(Traits::key(*replacement));
    const Word wanted = tag_of(hash) | reinterpret_cast<Word>(old);
    for (Bucket* link = &bucket(index_of(hash)); link != nullptr; link = next(*link)) {
      for (Word& word : link->slots) {
        if (word != wanted) continue;
        word = tag_of(hash) | reinterpret_cast<Word>(replacement);
        return;
      }
    }
    require(false, "dense table", "an element to replace is missing");
  }
  /// Takes the element of that key out and gives it to the caller; null if there is none.
  Element* erase(std::string_view key) {
    const std::uint64_t hash = hash_bytes(key);
    const std::size_t index = index_of(hash);
    const Word tag = tag_of(hash);
    for (Bucket* link = &bucket(index); link != nullptr; link = next(*link)) {
      for (unsigned mask = matches(*link, tag); mask != 0; mask &= mask - 1) {
        const auto slot = static_cast<std::size_t>(__builtin_ctz(mask));
        Element* found = element(link->slots[slot]);
        if (Traits::key(*found) != key) continue;
        take(index, *link, slot);
        --size_;
        if (count_ > 1 && size_ < count_ * kLoadMin) unite();
        return found;
      }
    }
    return nullptr;
  }

  /// An element, each as likely as any other. `random(n)` gives a number below n. Requires: not
  /// empty.
  template <typename Random>
  Element* random(Random&& random_below) const {
    // A bucket is kept with a chance that is proportional to its elements. More than kFull in one
    // chain is so rare that the slight favour for the others does not show.
    constexpr std::size_t kFull = 24;
    for (;;) {
      const std::size_t index = random_below(count_);
      const std::size_t here = chain_size(index);
      std::size_t nth = random_below(here > kFull ? here : kFull);
      if (nth >= here) continue;
      const Bucket* link = &bucket(index);
      for (const Bucket* following = next(*link); following != nullptr && nth >= kSlots - 1;
           following = next(*link)) {
        nth -= kSlots - 1;
        link = following;
      }
      return element(link->slots[nth]);
    }
  }

  /// One step of SCAN from `cursor` (0 to begin with): visits the elements of one or two buckets
  /// and returns the next cursor, 0 at the end. `visit(Element&)` does not change the table.
  template <typename Visit>
  std::uint64_t scan(std::uint64_t cursor, Visit&& visit) const {
    const std::uint64_t mask = half_ - 1;
    const std::size_t low = cursor & mask;
    visit_bucket(low, visit);
    if (low + half_ < count_) visit_bucket(low + half_, visit);
    return reversed(reversed(cursor | ~mask) + 1);
  }

  /// Visits every element. `visit(Element&)` does not change the table.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t index = 0; index < count_; ++index) visit_bucket(index, visit);
  }
  /// Visits elements until `visit` returns false.
  template <typename Visit>
  bool for_each_while(Visit&& visit) const {
    for (std::size_t index = 0; index < count_; ++index) {
      for (const Bucket* link = &bucket(index); link != nullptr; link = next(*link)) {
        for (const Word word : link->slots) {
          if (is_element(word) && !visit(*element(word))) return false;
        }
      }
    }
    return true;
  }

  /// Makes room for `elements` at once, for a load whose size is known.
  void reserve(std::size_t elements) {
    while (count_ * kLoad < elements) split();
  }
  /// Empties the table; each element goes to `dispose(Element*)`, which may release it.
  template <typename Dispose>
  void clear(Dispose&& dispose) {
    for (;;) {
      drain(count_ - 1, [&](Word word) { dispose(element(word)); });
      if (count_ == 1) break;
      drop_bucket();
    }
    half_ = 1;
    size_ = 0;
  }

  void check_integrity() const {
    require(half_ <= count_ && count_ < 2 * half_, "dense table", "level and buckets do not fit");
    std::size_t seen = 0;
    for (std::size_t index = 0; index < count_; ++index) {
      for (const Bucket* link = &bucket(index); link != nullptr; link = next(*link)) {
        bool ended = false;
        for (std::size_t slot = 0; slot < kSlots; ++slot) {
          const Word word = link->slots[slot];
          if (is_link(word)) require(slot == kSlots - 1, "dense table", "a link is out of place");
          if (!is_element(word)) {
            ended = word == 0;
            continue;
          }
          require(!ended, "dense table", "an empty slot lies before an element");
          const std::uint64_t hash = hash_bytes(Traits::key(*element(word)));
          require(index_of(hash) == index, "dense table", "an element is in the wrong bucket");
          require((word & ~kAddress) == tag_of(hash), "dense table", "a tag does not fit");
          ++seen;
        }
        if (link != &bucket(index)) {
          require(is_element(link->slots[0]), "dense table", "an overflow bucket is empty");
        }
      }
    }
    require(seen == size_, "dense table", "elements are miscounted");
  }

 private:
  static Element* element(Word word) { return static_cast<Element*>(address(word)); }
  static std::uint64_t reversed(std::uint64_t bits) {
    bits = (bits >> 1 & 0x5555555555555555) | (bits & 0x5555555555555555) << 1;
    bits = (bits >> 2 & 0x3333333333333333) | (bits & 0x3333333333333333) << 2;
    bits = (bits >> 4 & 0x0f0f0f0f0f0f0f0f) | (bits & 0x0f0f0f0f0f0f0f0f) << 4;
    return __builtin_bswap64(bits);
  }
  const Word* find_word(std::string_view key, std::uint64_t hash) const {
    const Word tag = tag_of(hash);
    for (const Bucket* link = &bucket(index_of(hash)); link != nullptr; link = next(*link)) {
      for (unsigned mask = matches(*link, tag); mask != 0; mask &= mask - 1) {
        const Word& word = link->slots[__builtin_ctz(mask)];
        if (Traits::key(*element(word)) == key) return &word;
      }
    }
    return nullptr;
  }
  template <typename Visit>
  void visit_bucket(std::size_t index, Visit&& visit) const {
    for (const Bucket* link = &bucket(index); link != nullptr; link = next(*link)) {
      for (const Word word : link->slots) {
        if (is_element(word)) visit(*element(word));
      }
    }
  }
  // Divides the bucket at the split point between itself and a new last bucket.
  void split() {
    const std::size_t from = count_ - half_;
    const std::size_t to = count_;
    for (const Bucket* link = &bucket(from); link != nullptr; link = next(*link)) {
      for (const Word word : link->slots) __builtin_prefetch(address(word));
    }
    add_bucket();
    const std::size_t mask = 2 * half_ - 1;
    drain(from, [&](Word word) {
      const std::uint64_t hash = hash_bytes(Traits::key(*element(word)));
      place((hash & mask) == to ? to : from, word);
    });
    if (count_ == 2 * half_) half_ = count_;
  }
  // Gives the last bucket's elements to the bucket that it was divided from.
  void unite() {
    if (count_ == half_) half_ /= 2;
    const std::size_t last = count_ - 1;
    drain(last, [&](Word word) { place(last - half_, word); });
    drop_bucket();
  }
};

}  // namespace larder::redis
