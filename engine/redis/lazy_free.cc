#include "engine/redis/lazy_free.h"

#include <chrono>

namespace larder::redis {

namespace {
// A wake-up may be missed, since push() takes no lock: then the values wait this long.
constexpr auto kNap = std::chrono::milliseconds(100);
}  // namespace

LazyFree::~LazyFree() {
  stop();
  free_all();
}

void LazyFree::start(std::function<bool()> sweep, std::function<void()> tick) {
  if (thread_.joinable()) return;
  sweep_ = std::move(sweep);
  tick_ = std::move(tick);
  thread_ = std::thread([this] { run(); });
}

void LazyFree::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LazyFree::push(Value* value) {
  auto* node = new Node{value, head_.load(std::memory_order_relaxed)};
  while (!head_.compare_exchange_weak(node->next, node, std::memory_order_release, std::memory_order_relaxed)) {
  }
  pending_.fetch_add(1, std::memory_order_relaxed);
  wake_.notify_one();
}

void LazyFree::request_sweep() {
  sweep_wanted_.store(true, std::memory_order_release);
  wake_.notify_one();
}

void LazyFree::free_all() {
  Node* node = head_.exchange(nullptr, std::memory_order_acquire);
  while (node != nullptr) {
    Node* const next = node->next;
    delete node->value;
    delete node;
    pending_.fetch_sub(1, std::memory_order_relaxed);
    freed_.fetch_add(1, std::memory_order_relaxed);
    node = next;
  }
  heap::fold();
}

void LazyFree::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_.wait_for(lock, kNap);
    lock.unlock();
    free_all();
    tick_();
    if (sweep_wanted_.exchange(false, std::memory_order_acquire)) {
      while (sweep_()) free_all();
      free_all();
    }
    lock.lock();
  }
}

}  // namespace larder::redis
