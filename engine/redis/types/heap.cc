#include "engine/redis/types/heap.h"

#include <malloc.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace larder::redis::heap {

namespace {

std::atomic<std::int64_t> folded_total{0};

// Trivial, so that reaching it costs no check of whether it was made.
struct Count {
  std::int64_t counted;
  std::int64_t folded;
  std::int64_t slack;  // how far the two may lie apart; 0 until the thread's end is watched
};
constinit thread_local Count count{0, 0, 0};

// Folds what is left when its thread ends.
struct ThreadEnd {
  bool watched = false;
  ~ThreadEnd() {
    if (watched) fold();
    count.slack = 0;
  }
};
thread_local ThreadEnd thread_end;

[[gnu::noinline]] void fold_and_watch() {
  fold();
  thread_end.watched = true;
  count.slack = kFoldBytes;
}

void add(std::int64_t bytes) {
  count.counted += bytes;
  const std::int64_t apart = count.counted - count.folded;
  if (apart > count.slack || -apart > count.slack) [[unlikely]] {
    fold_and_watch();
  }
}

[[noreturn]] void out_of_memory(std::size_t bytes) {
  std::fprintf(stderr, "larder: the system has no %zu bytes of memory left for a value\n", bytes);
  std::abort();
}

}  // namespace

void* allocate(std::size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) [[unlikely]] {
    out_of_memory(bytes);
  }
  add(static_cast<std::int64_t>(malloc_usable_size(memory)));
  return memory;
}

void* resize(void* memory, std::size_t bytes) {
  const auto before = static_cast<std::int64_t>(usable_bytes(memory));
  void* resized = std::realloc(memory, bytes);
  if (resized == nullptr) [[unlikely]] {
    out_of_memory(bytes);
  }
  add(static_cast<std::int64_t>(malloc_usable_size(resized)) - before);
  return resized;
}

void release(void* memory) {
  if (memory == nullptr) return;
  add(-static_cast<std::int64_t>(malloc_usable_size(memory)));
  std::free(memory);
}

std::size_t usable_bytes(const void* memory) {
  return malloc_usable_size(const_cast<void*>(memory));
}

std::int64_t total_bytes() { return folded_total.load(std::memory_order_relaxed); }

std::int64_t thread_bytes() { return count.counted; }

void fold() {
  const std::int64_t apart = count.counted - count.folded;
  folded_total.fetch_add(apart, std::memory_order_relaxed);
  count.folded = count.counted;
}

}  // namespace larder::redis::heap
