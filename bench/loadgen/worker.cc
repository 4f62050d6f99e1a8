#include "bench/loadgen/worker.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace larder::bench {

namespace {

constexpr std::size_t kScratchBytes = 256 * 1024;
constexpr int kEventsMax = 64;
constexpr std::uint64_t kSecondNs = 1000000000;
constexpr std::uint64_t kStopCheckNs = kSecondNs / 10;  // how soon an idle worker sees `stop`
constexpr std::uint32_t kPrefillPipeline = 64;

}  // namespace

Worker::Worker(const Scene& scene, std::uint32_t number, std::atomic<bool>& stop)
    : scene_(scene),
      stop_(stop),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      scratch_(kScratchBytes),
      stall_ns_(static_cast<std::uint64_t>(scene.options.stall_seconds *
                                           static_cast<double>(kSecondNs))) {
  const Options& options = scene.options;
  for (std::uint32_t i = number; i < options.connections; i += options.threads) {
    connections_.push_back(std::make_unique<Connection>(scene, i, totals_));
  }
}

bool Worker::open() {
  for (const auto& connection : connections_) {
    if (!connection->open()) return false;
    watch(*connection, EPOLL_CTL_ADD);
  }
  return true;
}

void Worker::watch(Connection& connection, int operation) {
  epoll_event event{};
  event.events = EPOLLIN | (connection.wants_write() ? EPOLLOUT : 0U);
  event.data.ptr = &connection;
  if (epoll_ctl(epoll_.get(), operation, connection.fd(), &event) != 0) {
    connection.fail(std::strerror(errno));
  }
}

bool Worker::may_send(std::uint64_t now) const {
  return requests_left_ != 0 && now < phase_.end_ns && !stop_.load(std::memory_order_relaxed);
}

bool Worker::send_batch(Connection& connection, std::uint64_t due_ns) {
  if (phase_.prefill) {
    if (!connection.send_prefill(kPrefillPipeline, due_ns)) return false;
  } else {
    const auto count = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(scene_.options.pipeline, requests_left_));
    requests_left_ -= count;
    connection.send_mixed(count, due_ns);
  }
  ++active_;
  // The flag of the last watch is not kept: most batches fit the socket and need no system call.
  if (connection.wants_write()) watch(connection, EPOLL_CTL_MOD);
  return true;
}

void Worker::send_due(std::uint64_t now) {
  while (next_due_ns_ <= now && !idle_.empty() && may_send(next_due_ns_)) {
    Connection* const connection = idle_.back();
    idle_.pop_back();
    send_batch(*connection, next_due_ns_);
    next_due_ns_ += phase_.interval_ns;
  }
}

void Worker::run(const Phase& phase) {
  phase_ = phase;
  requests_left_ = phase.requests;
  next_due_ns_ = phase.first_due_ns;
  idle_.clear();
  active_ = 0;
  for (const auto& connection : connections_) {
    const std::uint64_t now = now_ns();
    if (phase_.interval_ns != 0) {
      idle_.push_back(connection.get());
    } else if (may_send(now)) {
      send_batch(*connection, now);
    }
  }
  while (wait_and_handle()) {
  }
}

std::uint64_t Worker::wait_ns(std::uint64_t now) const {
  const bool paced = phase_.interval_ns != 0 && !idle_.empty() && may_send(next_due_ns_);
  if (paced) return next_due_ns_ > now ? next_due_ns_ - now : 0;
  return stall_ns_;
}

// One turn of the loop; false when the phase is over.
bool Worker::wait_and_handle() {
  std::uint64_t now = now_ns();
  if (phase_.interval_ns != 0) send_due(now);
  const bool more_due = phase_.interval_ns != 0 && may_send(next_due_ns_);
  if (active_ == 0 && !more_due) return false;

  std::uint64_t timeout_ns = wait_ns(now);
  if (active_ == 0) timeout_ns = std::min(timeout_ns, kStopCheckNs);
  const timespec timeout{static_cast<time_t>(timeout_ns / kSecondNs),
                         static_cast<long>(timeout_ns % kSecondNs)};
  epoll_event events[kEventsMax];
  const int ready = epoll_pwait2(epoll_.get(), events, kEventsMax, &timeout, nullptr);
  if (ready < 0 && errno != EINTR) fail_active(std::strerror(errno));
  if (ready == 0 && active_ != 0 && timeout_ns >= stall_ns_) fail_active("no reply in time");
  for (int i = 0; i < ready; ++i) {
    handle(*static_cast<Connection*>(events[i].data.ptr), events[i].events);
  }
  return true;
}

void Worker::handle(Connection& connection, std::uint32_t events) {
  const bool was_idle = connection.idle();
  if ((events & EPOLLOUT) != 0) {
    connection.flush_output();
    if (!connection.wants_write() && !connection.failed()) watch(connection, EPOLL_CTL_MOD);
  }
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) connection.receive(scratch_);
  if (connection.failed()) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.fd(), nullptr);
    std::erase(idle_, &connection);
    if (!was_idle) --active_;
    stop_.store(true, std::memory_order_relaxed);
    return;
  }
  if (was_idle || !connection.idle()) return;
  --active_;
  if (phase_.interval_ns != 0) {
    idle_.push_back(&connection);
    return;
  }
  const std::uint64_t now = now_ns();
  if (may_send(now)) send_batch(connection, now);
}

void Worker::fail_active(const char* why) {
  for (const auto& connection : connections_) {
    if (!connection->idle()) connection->fail(why);
  }
  active_ = 0;
  stop_.store(true, std::memory_order_relaxed);
}

}  // namespace larder::bench
