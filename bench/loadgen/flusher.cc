#include "bench/loadgen/flusher.h"

#include <sys/socket.h>

#include <chrono>

namespace larder::bench {

bool Flusher::fail(std::string_view why) {
  ++totals_.protocol_errors;
  totals_.note_problem(why);
  return false;
}

bool Flusher::open() {
  std::string error;
  socket_ = connect_to_server(scene_.options, error);
  if (!socket_) return fail("flush connection: " + error);
  timeval patience{};
  patience.tv_sec = static_cast<time_t>(scene_.options.stall_seconds) + 1;
  setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  return true;
}

void Flusher::run() {
  while (sleep_until_next() && flush_once()) {
  }
}

void Flusher::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

bool Flusher::sleep_until_next() {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, std::chrono::duration<double>(interval_seconds_),
                            [this] { return stopped_; });
}

bool Flusher::flush_once() {
  const auto codec = make_codec(scene_.options.protocol, scene_.keys, false);
  ByteBuffer request;
  codec->write_flush(request);
  scene_.epochs.sent.fetch_add(1, std::memory_order_acq_rel);
  const ssize_t sent = send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) return fail("flush: write failed");
  ByteBuffer reply;
  const Pending pending{Operation::flush, {}};
  while (true) {
    const ssize_t got = recv(socket_.get(), reply.reserve(1024), 1024, 0);
    if (got <= 0) return fail("flush: no reply");
    reply.commit(static_cast<std::size_t>(got));
    const Event event = codec->parse(reply.view(), pending);
    if (event.kind == Event::Kind::need_more) continue;
    if (event.kind == Event::Kind::broken) return fail(event.bytes);
    if (event.kind == Event::Kind::error) {
      ++totals_.errors;
      totals_.note_problem(event.bytes);
      return true;
    }
    scene_.epochs.answered.fetch_add(1, std::memory_order_acq_rel);
    return true;
  }
}

}  // namespace larder::bench
