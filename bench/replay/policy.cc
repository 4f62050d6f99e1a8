#include "bench/replay/policy.h"

namespace larder::bench::replay {

Policy::Policy(const Trace& trace, std::uint64_t capacity_bytes)
    : trace_(trace), capacity_bytes_(capacity_bytes), objects_(trace.object_count) {}

std::uint64_t Policy::deadline_of(const Request& request) {
  if (request.ttl_seconds == 0) return kNoDeadline;
  return request.time_ms + std::uint64_t{request.ttl_seconds} * 1000;
}

bool Policy::request(std::size_t index) {
  const Request& request = trace_.requests[index];
  expire_until(request.time_ms);
  if (cached(request.object)) {
    touch(request.object, index);
    return true;
  }
  if (request.size <= capacity_bytes_) admit(request.object, index);
  return false;
}

void Policy::hold(std::uint32_t object, const Request& request) {
  const std::uint64_t deadline = deadline_of(request);
  objects_[object] = {deadline, request.size, true};
  used_bytes_ += request.size;
  if (deadline != kNoDeadline) deadlines_.emplace(deadline, object);
}

void Policy::drop(std::uint32_t object) {
  objects_[object].cached = false;
  used_bytes_ -= objects_[object].size;
}

void Policy::expire_until(std::uint64_t now_ms) {
  while (!deadlines_.empty() && deadlines_.top().first <= now_ms) {
    const auto [deadline, object] = deadlines_.top();
    deadlines_.pop();
    if (!cached(object) || deadline_ms(object) != deadline) continue;
    forget(object);
    drop(object);
  }
}

bool Policy::check_integrity() const {
  std::uint64_t bytes = 0;
  for (const Object& object : objects_) bytes += object.cached ? object.size : 0;
  return bytes == used_bytes_ && used_bytes_ <= capacity_bytes_;
}

std::unique_ptr<Policy> make_policy(std::string_view name, const Trace& trace,
                                    std::uint64_t capacity_bytes) {
  if (name == "lru") return make_lru(trace, capacity_bytes);
  if (name == "s3fifo") return make_s3fifo(trace, capacity_bytes);
  if (name == "belady") return make_belady(trace, capacity_bytes);
  return nullptr;
}

}  // namespace larder::bench::replay
