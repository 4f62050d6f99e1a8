#include "server/watchers.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "server/connection.h"
#include "server/event_lines.h"
#include "server/options.h"
#include "server/worker_thread.h"

namespace larder::server {

namespace {

constexpr std::string_view kAccepted = "OK\r\n";
// How long events may lie in the rings: short while there are any, longer the quieter it is.
constexpr int kPaceMinMs = 1;
constexpr int kPaceMaxMs = 64;
constexpr std::size_t kSkippedLineMax = 32;
constexpr std::size_t kBufferBytesMin = kEventLineMax + kSkippedLineMax;

int make_eventfd() {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace

struct Watchers::Watcher {
  Watcher(WorkerThread& from, Connection& what, engine::Streams which, std::size_t buffer_bytes)
      : worker(from),
        connection(what),
        streams(which),
        capacity(buffer_bytes),
        buffer(new char[buffer_bytes]) {}

  bool empty() const { return begin == end; }
  /// Room for `bytes` at the end, or false.
  bool make_room(std::size_t bytes) {
    if (capacity - end >= bytes) return true;
    std::memmove(buffer.get(), buffer.get() + begin, end - begin);
    end -= begin;
    begin = 0;
    return capacity - end >= bytes;
  }
  void append(std::string_view text) {
    std::memcpy(buffer.get() + end, text.data(), text.size());
    end += text.size();
  }
  /// Writes what the socket takes.
  void flush() {
    while (!empty() && !failed) {
      iovec vector{buffer.get() + begin, end - begin};
      const ssize_t sent = connection.socket().send(&vector, 1);
      if (sent <= 0) {
        failed = !(sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
        return;
      }
      full = false;
      begin += static_cast<std::size_t>(sent);
      if (begin == end) begin = end = 0;
    }
  }
  /// Takes in what the client says, to learn that it has gone.
  void listen() {
    char ignored[4096];
    iovec vector{ignored, sizeof ignored};
    const ssize_t got = connection.socket().receive(&vector, 1);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) failed = true;
  }

  WorkerThread& worker;
  Connection& connection;
  const engine::Streams streams;
  std::uint64_t after_id = 0;  // older events are not for it
  std::uint64_t skipped = 0;   // lines, since the last that found room
  bool full = false;           // until the socket takes something
  bool failed = false;
  const std::size_t capacity;
  const std::unique_ptr<char[]> buffer;
  std::size_t begin = 0;
  std::size_t end = 0;
};

Watchers::Watchers(engine::GateSet& gates, const Options& options)
    : gates_(gates),
      ring_bytes_(options.worker_logbuf_bytes),
      buffer_bytes_(std::max<std::size_t>(options.watcher_logbuf_bytes, kBufferBytesMin)),
      wake_fd_(make_eventfd()) {}

Watchers::~Watchers() {
  stop();
  ::close(wake_fd_);
}

void Watchers::start() {
  for (engine::EventLog* log : gates_.event_logs()) sources_.push_back({log});
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "larder-log");
    run();
  });
}

void Watchers::stop() {
  stop_.store(true);
  wake();
  if (thread_.joinable()) thread_.join();
}

void Watchers::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t rung = ::write(wake_fd_, &one, sizeof one);
}

bool Watchers::add(WorkerThread& worker, Connection& connection, engine::Streams streams) {
  if (taken_.fetch_add(1) >= kLimit) {
    taken_.fetch_sub(1);
    return false;
  }
  auto watcher = std::make_unique<Watcher>(worker, connection, streams, buffer_bytes_);
  {
    const std::lock_guard lock(mutex_);
    incoming_.push_back(std::move(watcher));
  }
  wake();
  return true;
}

void Watchers::reset_counts() {
  counts_.worker_dropped.store(0, std::memory_order_relaxed);
  counts_.worker_written.store(0, std::memory_order_relaxed);
  counts_.watcher_skipped.store(0, std::memory_order_relaxed);
  counts_.watcher_sent.store(0, std::memory_order_relaxed);
}

// --- the thread ---

void Watchers::run() {
  int pace_ms = kPaceMaxMs;
  while (!stop_.load()) {
    admit();
    pace_ms = collect() ? kPaceMinMs : std::min(2 * pace_ms, kPaceMaxMs);
    for (const auto& watcher : watchers_) watcher->flush();
    drop_failed();
    wait(watchers_.empty() ? -1 : pace_ms);
  }
}

/// New watchers: what they want is written from here on, then they are told.
void Watchers::admit() {
  std::vector<std::unique_ptr<Watcher>> arrived;
  {
    const std::lock_guard lock(mutex_);
    arrived.swap(incoming_);
  }
  if (arrived.empty()) return;
  for (auto& watcher : arrived) {
    watcher->after_id = gates_.last_event_id();
    watchers_.push_back(std::move(watcher));
  }
  set_streams();
  for (std::size_t i = watchers_.size() - arrived.size(); i < watchers_.size(); ++i) {
    watchers_[i]->append(kAccepted);
    watchers_[i]->flush();
  }
}

void Watchers::set_streams() {
  engine::Streams streams = 0;
  for (const auto& watcher : watchers_) streams |= watcher->streams;
  for (const Source& source : sources_) source.log->want(streams, ring_bytes_);
}

/// Empties the rings. False: there was nothing in them.
bool Watchers::collect() {
  bool any = false;
  std::array<char, kEventLineMax> line;
  for (Source& source : sources_) {
    source.log->read([&](const engine::EventView& event) {
      any = true;
      offer(event.header, event_line(event, line));
    });
    const std::uint64_t written = source.log->written();
    const std::uint64_t dropped = source.log->dropped();
    server::add(counts_.worker_written, written - std::exchange(source.written, written));
    server::add(counts_.worker_dropped, dropped - std::exchange(source.dropped, dropped));
  }
  return any;
}

/// Puts a line into the buffers of those who want it.
void Watchers::offer(const engine::EventHeader& header, std::string_view line) {
  for (const auto& watcher : watchers_) {
    if ((watcher->streams & header.stream) == 0 || header.id <= watcher->after_id) continue;
    const std::size_t bytes = line.size() + kSkippedLineMax;
    if (!watcher->full && !watcher->make_room(bytes)) {
      watcher->flush();
      watcher->full = !watcher->make_room(bytes);
    }
    if (watcher->full || watcher->failed) {
      ++watcher->skipped;
      server::add(counts_.watcher_skipped, 1);
      continue;
    }
    if (watcher->skipped != 0) {
      char text[kSkippedLineMax];
      const auto out = fmt::format_to_n(text, sizeof text, "skipped={}\n", watcher->skipped);
      watcher->append({text, std::min(out.size, sizeof text)});
      watcher->skipped = 0;
    }
    watcher->append(line);
    server::add(counts_.watcher_sent, 1);
  }
}

/// Sleeps until somebody calls, a watcher takes or says something, or it is time to look at the rings.
void Watchers::wait(int timeout_ms) {
  std::array<pollfd, kLimit + 1> descriptors;
  descriptors[0] = {wake_fd_, POLLIN, 0};
  for (std::size_t i = 0; i < watchers_.size(); ++i) {
    const short wanted = watchers_[i]->empty() ? POLLIN : POLLIN | POLLOUT;
    descriptors[i + 1] = {watchers_[i]->connection.fd(), wanted, 0};
  }
  const int ready = ::poll(descriptors.data(), watchers_.size() + 1, timeout_ms);
  if (ready < 0) return;
  if ((descriptors[0].revents & POLLIN) != 0) {
    std::uint64_t rings = 0;
    [[maybe_unused]] const ssize_t heard = ::read(wake_fd_, &rings, sizeof rings);
  }
  for (std::size_t i = 0; i < watchers_.size(); ++i) {
    const short happened = descriptors[i + 1].revents;
    if ((happened & (POLLIN | POLLHUP | POLLERR)) != 0) watchers_[i]->listen();
  }
}

/// Gives those who have gone back to their workers, which end them.
void Watchers::drop_failed() {
  const auto gone = std::stable_partition(watchers_.begin(), watchers_.end(),
                                          [](const auto& watcher) { return !watcher->failed; });
  if (gone == watchers_.end()) return;
  for (auto each = gone; each != watchers_.end(); ++each) {
    WorkerThread& worker = (*each)->worker;
    Connection& connection = (*each)->connection;
    worker.post([&worker, &connection] { worker.destroy(connection, engine::CloseReason::error); });
    taken_.fetch_sub(1);
  }
  watchers_.erase(gone, watchers_.end());
  set_streams();
}

}  // namespace larder::server
