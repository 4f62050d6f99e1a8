#include "engine/worker.h"

#include <algorithm>

namespace larder::engine {

Worker& GateSet::add_worker() {
  std::scoped_lock lock(section_mutex_, list_mutex_);
  workers_.push_back(std::make_unique<Worker>(*this));
  return *workers_.back();
}

std::vector<EventLog*> GateSet::event_logs() {
  std::lock_guard lock(list_mutex_);
  std::vector<EventLog*> logs;
  for (const auto& worker : workers_) logs.push_back(&worker->events);
  return logs;
}

GateGuard::GateGuard(Worker& worker) : worker_(worker) { worker.enter_gate(); }

GatePause::~GatePause() { worker_.enter_gate(); }

void Worker::enter_gate() {
  auto& pending = gates_.sections_pending_;
  if (pending.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    // A section takes this mutex for its whole length: wait for it instead of racing for the gate.
    std::lock_guard wait(gates_.section_mutex_);
  }
  gate_.lock();
}

ExclusiveSection::ExclusiveSection(GateSet& gates, Worker* own) : gates_(gates), own_(own) {
  if (own_ != nullptr) own_->gate_.unlock();
  gates_.sections_pending_.fetch_add(1, std::memory_order_relaxed);
  gates_.section_mutex_.lock();
  gates_.for_each([this](Worker& worker) { held_.push_back(&worker); });
  // Ascending addresses, the order the debug check knows.
  std::sort(held_.begin(), held_.end());
  for (Worker* worker : held_) worker->gate_.lock();
}

ExclusiveSection::~ExclusiveSection() {
  for (Worker* worker : held_) {
    if (worker != own_) worker->gate_.unlock();
  }
  gates_.section_mutex_.unlock();
  gates_.sections_pending_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace larder::engine
