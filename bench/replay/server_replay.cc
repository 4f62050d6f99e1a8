#include "bench/replay/server_replay.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/loadgen/socket.h"

namespace larder::bench::replay {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr time_t kSilenceSeconds = 60;  // from the server, that ends the run

class Replayer {
 public:
  Replayer(const Trace& trace, const ServerRun& run)
      : trace_(trace),
        run_(run),
        end_(run.requests == 0 ? trace.requests.size()
                               : std::min(run.requests, trace.requests.size())),
        speedup_(effective_speedup(trace, run)),
        names_("", kKeyBytes, std::max(trace.object_count, 1U)),
        codec_(make_codec(run.protocol, names_, true)),
        filler_(kSizeMax, 'v'),
        batch_of_(trace.object_count),
        set_lengths_(trace.object_count) {}

  ServerOutcome run() {
    if (!connect()) return std::move(outcome_);
    const Clock::time_point start = Clock::now();
    for (std::size_t first = 0; first < end_ && outcome_.failure.empty();) {
      const std::size_t last = choose_batch(first);
      wait_until_due(first, start);
      if (!ask_for(first, last) || !set_missing(first)) break;
      first = last;
    }
    outcome_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return std::move(outcome_);
  }

 private:
  bool fail(std::string_view why) {
    outcome_.failure = why;
    return false;
  }

  bool connect() {
    Options where;
    where.socket_path = run_.socket_path;
    std::string error;
    socket_ = connect_to_server(where, error);
    if (!socket_) return fail(error);
    const timeval patience{kSilenceSeconds, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    return true;
  }

  /// Collects the objects of the batch that starts at `first`; returns its end.
  std::size_t choose_batch(std::size_t first) {
    ++batch_number_;
    objects_.clear();
    std::size_t at = first;
    for (; at < end_ && objects_.size() < run_.batch; ++at) {
      const std::uint32_t object = trace_.requests[at].object;
      if (batch_of_[object] == batch_number_) break;
      batch_of_[object] = batch_number_;
      objects_.push_back(object);
    }
    return at;
  }

  void wait_until_due(std::size_t index, Clock::time_point start) {
    double due = 0;
    if (run_.speedup > 0) {
      const std::uint64_t since = trace_.requests[index].time_ms - trace_.requests[0].time_ms;
      due = static_cast<double>(since) / 1000 / run_.speedup;
    } else if (run_.rate > 0) {
      due = static_cast<double>(index) / run_.rate;
    } else {
      return;
    }
    const double now = std::chrono::duration<double>(Clock::now() - start).count();
    outcome_.late_seconds_max = std::max(outcome_.late_seconds_max, now - due);
    if (now < due) std::this_thread::sleep_for(std::chrono::duration<double>(due - now));
  }

  bool ask_for(std::size_t first, std::size_t last) {
    hit_.assign(objects_.size(), false);
    codec_->write_get(output_, objects_);
    if (!send_output()) return false;
    if (!await({Operation::get, objects_})) return false;
    for (std::size_t i = first; i < last; ++i) {
      if (i >= run_.warm_up) outcome_.score.count(trace_.requests[i], hit_[i - first]);
    }
    return true;
  }

  bool set_missing(std::size_t first) {
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (!hit_[i]) write_set(trace_.requests[first + i]);
    }
    if (!send_output()) return false;
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (hit_[i]) continue;
      ++outcome_.sets;
      if (!await({Operation::set, std::span(&objects_[i], 1)})) return false;
    }
    return true;
  }

  void write_set(const Request& request) {
    const std::uint32_t length = request.size - kKeyBytes;
    const SetFields fields{.flags = 0, .ttl = scaled_ttl(request.ttl_seconds, speedup_)};
    codec_->write_set(output_, request.object, fields, length);
    output_.append(std::string_view(filler_).substr(0, length));
    output_.append(codec_->set_end());
    set_lengths_[request.object] = length;
  }

  bool send_output() {
    while (!output_.empty()) {
      const ssize_t sent = send(socket_.get(), output_.data(), output_.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return fail(std::strerror(errno));
      output_.consume(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Reads the reply to one request to its end.
  bool await(const Pending& pending) {
    while (true) {
      const Event event = codec_->parse(input_.view(), pending);
      switch (event.kind) {
        case Event::Kind::need_more:
          if (!receive()) return false;
          continue;
        case Event::Kind::value:
          take_value(pending.keys[event.position], event);
          break;
        case Event::Kind::error:
          if (pending.operation == Operation::get) return fail(event.bytes);
          if (outcome_.refused_sets++ == 0) outcome_.first_refusal = event.bytes;
          break;
        case Event::Kind::broken:
          return fail(event.bytes);
        case Event::Kind::done:
          break;
      }
      input_.consume(event.consumed);
      if (event.kind != Event::Kind::value || event.last) return true;
    }
  }

  void take_value(std::uint32_t object, const Event& event) {
    hit_[event.position] = true;
    if (event.bytes.size() != set_lengths_[object]) ++outcome_.wrong_lengths;
  }

  bool receive() {
    char* const room = input_.reserve(kReadBytes);
    const ssize_t got = recv(socket_.get(), room, input_.room(), 0);
    if (got < 0 && errno == EINTR) return true;
    if (got == 0) return fail("the server closed the connection");
    if (got < 0) return fail(std::strerror(errno));
    input_.commit(static_cast<std::size_t>(got));
    return true;
  }

  const Trace& trace_;
  const ServerRun& run_;
  std::size_t end_;
  double speedup_;
  KeyNames names_;
  std::unique_ptr<Codec> codec_;
  std::string filler_;
  ServerOutcome outcome_;
  FileDescriptor socket_;
  ByteBuffer output_;
  ByteBuffer input_;

  std::uint32_t batch_number_ = 0;
  std::vector<std::uint32_t> batch_of_;     // by object: the last batch it was in
  std::vector<std::uint32_t> set_lengths_;  // by object: of the value set last
  std::vector<std::uint32_t> objects_;      // of this batch
  std::vector<bool> hit_;                   // likewise
};

}  // namespace

double effective_speedup(const Trace& trace, const ServerRun& run) {
  if (run.speedup > 0) return run.speedup;
  if (!(run.rate > 0) || trace.requests.empty()) return 1;
  const std::uint64_t span_ms = trace.requests.back().time_ms - trace.requests.front().time_ms;
  const double paced_seconds = static_cast<double>(trace.requests.size()) / run.rate;
  return span_ms == 0 ? 1 : static_cast<double>(span_ms) / 1000 / paced_seconds;
}

std::uint32_t scaled_ttl(std::uint32_t ttl_seconds, double speedup) {
  if (ttl_seconds == 0) return 0;
  const double scaled = std::round(ttl_seconds / speedup);
  return static_cast<std::uint32_t>(std::clamp(scaled, 1.0, 30.0 * 24 * 3600));
}

ServerOutcome replay_on_server(const Trace& trace, const ServerRun& run) {
  return Replayer(trace, run).run();
}

}  // namespace larder::bench::replay
