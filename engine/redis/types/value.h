// A structured value: what a key of the Redis engine holds that is not a string. The item of the
// key points to it. Types know bytes and heap memory; they know no keys, locks, clocks or replies.
//
// heap_bytes() is what the value holds in all, its own object included. Its owner measures each change
// with a heap::Meter and tells the value (charge()); a CountedValue adds that up. Set, Hash and SortedSet
// tell from what they are made of, and pass charge() over: an object of 16 bytes instead of 32 is a tenth
// of a small set.
//
// Locking: the lock of the stripe that holds the key guards the value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/redis/types/heap.h"

namespace larder::redis {

/// What a client sees; the order is that of the names below.
enum class Type : std::uint8_t { kString, kList, kSet, kSortedSet, kHash, kStream };

/// How a value is stored, by the names that OBJECT ENCODING gives.
enum class Encoding : std::uint8_t {
  kInt,
  kEmbstr,
  kRaw,
  kListpack,
  kListpackEx,
  kQuicklist,
  kIntset,
  kHashtable,
  kSkiplist,
  kStream,
};

constexpr std::string_view type_name(Type type) {
  constexpr std::string_view kNames[] = {"string", "list", "set", "zset", "hash", "stream"};
  return kNames[static_cast<std::size_t>(type)];
}

constexpr std::string_view encoding_name(Encoding encoding) {
  constexpr std::string_view kNames[] = {"int",    "embstr",    "raw",      "listpack", "listpackex",
                                         "quicklist", "intset", "hashtable", "skiplist", "stream"};
  return kNames[static_cast<std::size_t>(encoding)];
}

class Value {
 public:
  Value() = default;
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;
  virtual ~Value() = default;

  virtual Type type() const = 0;
  virtual Encoding encoding() const = 0;
  /// A copy that shares nothing with this one.
  virtual Value* clone() const = 0;
  /// About how many allocations freeing it takes: above a few dozen it is freed in the background.
  virtual std::size_t free_effort() const { return 1; }
  /// Walks all of it, recounts and compares; ends the process when something does not fit.
  virtual void check_integrity() const = 0;

  virtual std::size_t heap_bytes() const = 0;
  virtual void charge(std::int64_t delta) = 0;

  static void* operator new(std::size_t bytes) { return heap::allocate(bytes); }
  static void operator delete(void* memory) { heap::release(memory); }
};

/// A value that holds its type and the bytes it was charged with.
class CountedValue : public Value {
 public:
  explicit CountedValue(Type type) : type_(static_cast<std::uint64_t>(type)), heap_bytes_(0) {}

  Type type() const override { return static_cast<Type>(type_); }
  std::size_t heap_bytes() const override { return heap_bytes_; }
  void charge(std::int64_t delta) override {
    const auto bytes = static_cast<std::int64_t>(heap_bytes_) + delta;
    heap_bytes_ = static_cast<std::uint64_t>(bytes) & ((std::uint64_t{1} << 56) - 1);
  }

 private:
  std::uint64_t type_ : 8;
  std::uint64_t heap_bytes_ : 56;
};
static_assert(sizeof(CountedValue) == 16);

}  // namespace larder::redis
