#include "bench/loadgen/connection.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace larder::bench {

namespace {

/// The keys first, first + stride, ... below count.
std::uint32_t slice_size(std::uint32_t count, std::uint32_t first, std::uint32_t stride) {
  return first >= count ? 0 : (count - first - 1) / stride + 1;
}

constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

std::uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000000000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

Connection::Connection(const Scene& scene, std::uint32_t index, Totals& totals)
    : scene_(scene),
      totals_(totals),
      index_(index),
      slice_keys_(slice_size(scene.options.keys, index, scene.options.connections)),
      random_(mix(scene.options.seed) + index),
      distribution_(scene.options.distribution,
                    scene.options.own_keys ? slice_keys_ : scene.options.keys),
      codec_(make_codec(scene.options.protocol, scene.keys, scene.options.verify)) {
  const Options& options = scene.options;
  if (options.verify) {
    verifier_.emplace(scene.values, scene.epochs, index, options.connections,
                      options.own_keys ? slice_keys_ : 0);
  }
}

bool Connection::open() {
  std::string error;
  socket_ = connect_to_server(scene_.options, error);
  if (socket_ && set_nonblocking(socket_.get())) return true;
  fail("cannot connect: " + error);
  return false;
}

void Connection::fail(std::string_view why) {
  if (failed_) return;
  failed_ = true;
  ++totals_.protocol_errors;
  totals_.note_problem(why);
}

// ---- requests

void Connection::begin_batch(std::uint64_t start_ns) {
  batch_start_ns_ = start_ns;
  flushes_answered_ =
      scene_.options.lax_flush ? 0 : scene_.epochs.answered.load(std::memory_order_acquire);
  requests_.clear();
  request_keys_.clear();
  answered_ = 0;
}

std::uint32_t Connection::pick_key() {
  const std::uint32_t choice = distribution_.next(random_);
  return scene_.options.own_keys ? choice * scene_.options.connections + index_ : choice;
}

void Connection::add_get() {
  const std::uint32_t count = scene_.options.multiget;
  const auto first = static_cast<std::uint32_t>(request_keys_.size());
  for (std::uint32_t i = 0; i < count; ++i) request_keys_.push_back(pick_key());
  requests_.push_back({Operation::get, first, count, 0});
  codec_->write_get(output_, std::span(request_keys_).subspan(first, count));
}

// Versions are unique within a run: the connection's number above, its count of writes below.
void Connection::add_set(std::uint32_t key) {
  const std::uint64_t version = (std::uint64_t{index_} + 1) << 40 | ++versions_;
  const std::uint32_t length = scene_.values.length_of(key, version);
  SetFields fields;
  fields.flags = verifier_ ? scene_.values.flags_of(key) : 0;
  fields.ttl = scene_.options.ttl_seconds;
  requests_.push_back(
      {Operation::set, static_cast<std::uint32_t>(request_keys_.size()), 1, version});
  request_keys_.push_back(key);
  codec_->write_set(output_, key, fields, length);
  scene_.values.write(output_.extend(length), key, version, length);
  output_.append(codec_->set_end());
}

void Connection::send_mixed(std::uint32_t count, std::uint64_t start_ns) {
  const Options& options = scene_.options;
  const std::uint32_t shares = options.get_share + options.set_share;
  begin_batch(start_ns);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (random_.below(shares) < options.get_share) {
      add_get();
    } else {
      add_set(pick_key());
    }
  }
  flush_output();
}

bool Connection::send_prefill(std::uint32_t count, std::uint64_t start_ns) {
  if (prefilled_ == slice_keys_) return false;
  begin_batch(start_ns);
  for (; count != 0 && prefilled_ != slice_keys_; --count) {
    add_set(prefilled_++ * scene_.options.connections + index_);
  }
  flush_output();
  return true;
}

void Connection::flush_output() {
  while (!output_.empty() && !failed_) {
    const ssize_t sent = send(fd(), output_.data(), output_.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      totals_.bytes_written += static_cast<std::uint64_t>(sent);
      output_.consume(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno != EINTR) {
      fail(fmt::format("write failed: {}", std::strerror(errno)));
    }
  }
}

// ---- replies

void Connection::receive(std::span<char> scratch) {
  const bool shared = input_.empty();
  char* target = scratch.data();
  std::size_t room = scratch.size();
  if (!shared) {
    target =
        input_.reserve(std::max(kReadBytes, wanted_ > input_.size() ? wanted_ - input_.size() : 0));
    room = input_.room();
  }
  const ssize_t got = recv(fd(), target, room, 0);
  if (got < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      fail(fmt::format("read failed: {}", std::strerror(errno)));
    }
    return;
  }
  if (got == 0) return fail("connection closed by the server");
  totals_.bytes_read += static_cast<std::uint64_t>(got);
  const std::size_t answered_before = answered_;
  const auto bytes = static_cast<std::size_t>(got);
  if (shared) {
    const std::string_view input(target, bytes);
    const std::size_t taken = take_replies(input);
    input_.append(input.substr(taken));
  } else {
    input_.commit(bytes);
    input_.consume(take_replies(input_.view()));
  }
  if (answered_ != answered_before) record_latencies(answered_ - answered_before);
  if (idle() && !input_.empty()) fail("bytes that belong to no request");
}

void Connection::record_latencies(std::size_t count) {
  const std::uint64_t now = now_ns();
  totals_.latency_ns.record(now > batch_start_ns_ ? now - batch_start_ns_ : 0, count);
}

std::size_t Connection::take_replies(std::string_view input) {
  std::size_t taken = 0;
  while (taken != input.size() && !idle() && !failed_) {
    const Request& request = requests_[answered_];
    const Pending pending{request.operation,
                          std::span(request_keys_).subspan(request.first_key, request.key_count)};
    const Event event = codec_->parse(input.substr(taken), pending);
    taken += event.consumed;
    switch (event.kind) {
      case Event::Kind::need_more:
        wanted_ = event.wanted;
        return taken;
      case Event::Kind::value:
        take_value(request, event);
        if (event.last) finish_request(request, false);
        break;
      case Event::Kind::done:
        finish_request(request, false);
        break;
      case Event::Kind::error:
        ++totals_.errors;
        totals_.note_problem(event.bytes);
        finish_request(request, true);
        break;
      case Event::Kind::broken:
        fail(event.bytes);
        break;
    }
  }
  return taken;
}

void Connection::take_value(const Request& request, const Event& event) {
  ++request_hits_;
  if (!verifier_) return;
  const std::uint32_t* const keys = &request_keys_[request.first_key];
  while (next_position_ < event.position) verifier_->missed(keys[next_position_++]);
  next_position_ = event.position + 1;
  const std::uint32_t key = keys[event.position];
  const bool check_flags = event.has_flags && !scene_.options.any_flags;
  const Fault fault =
      verifier_->hit(key, event.bytes, check_flags ? &event.flags : nullptr, flushes_answered_);
  if (fault == Fault::none) return;
  ++totals_.wrong_values;
  totals_.note_problem(fmt::format("wrong value of {} ({} bytes): {}", scene_.keys.name(key),
                                   event.bytes.size(), fault_name(fault)));
}

void Connection::finish_request(const Request& request, bool error) {
  ++totals_.requests;
  ++answered_;
  if (request.operation == Operation::set) {
    ++totals_.sets;
    if (verifier_ && !error) verifier_->stored(request_keys_[request.first_key], request.version);
    return;
  }
  totals_.keys_read += request.key_count;
  totals_.hits += request_hits_;
  if (!error) totals_.misses += request.key_count - request_hits_;
  if (verifier_ && !error) {
    for (; next_position_ < request.key_count; ++next_position_) {
      verifier_->missed(request_keys_[request.first_key + next_position_]);
    }
  }
  request_hits_ = 0;
  next_position_ = 0;
}

}  // namespace larder::bench
