// A connection without a socket: feeds bytes to a Protocol the way server/ does and collects what
// it answers. Input may come in any pieces; budgets may be as small as one request.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "engine/worker.h"
#include "proto/output.h"
#include "proto/protocol.h"

namespace larder::test {

class Wire {
 public:
  Wire(engine::Worker& worker, std::unique_ptr<proto::Protocol> protocol, unsigned budget = 20)
      : worker_(worker), protocol_(std::move(protocol)), budget_(budget) {}

  /// Bytes arrive. What follows a close is dropped.
  void feed(std::string_view bytes) {
    while (!bytes.empty() && !closed_) {
      bytes.remove_prefix(awaited_ != 0 ? take(bytes) : buffer(bytes));
      if (awaited_ == 0) drive();
    }
  }
  /// Everything answered since the last call.
  std::string replies() { return std::exchange(replies_, {}); }

  bool closed() const { return closed_; }
  /// The streams it was turned into a watcher of.
  engine::Streams watched() const { return watched_; }
  /// Bytes that wait for the rest of their request.
  std::size_t buffered_bytes() const { return input_.size(); }
  proto::Protocol& protocol() { return *protocol_; }

 private:
  std::size_t buffer(std::string_view bytes) {
    input_ += bytes;
    return bytes.size();
  }
  /// Bytes for Next::receive or Next::swallow.
  std::size_t take(std::string_view bytes) {
    const std::size_t taken = std::min(bytes.size(), awaited_);
    if (into_ != nullptr) {
      std::memcpy(into_, bytes.data(), taken);
      into_ += taken;
    }
    awaited_ -= taken;
    if (awaited_ == 0 && into_ != nullptr) {
      into_ = nullptr;
      engine::GateGuard gate(worker_);
      react(protocol_->received(output_));
    }
    return taken;
  }
  void drive() {
    again_ = true;
    while (again_ && !closed_) {
      again_ = false;
      unsigned budget = budget_;
      // A copy of its own length, so that a sanitizer sees a read behind the end.
      const std::unique_ptr<char[]> exact(new char[input_.size()]);
      std::memcpy(exact.get(), input_.data(), input_.size());
      proto::Progress progress;
      {
        engine::GateGuard gate(worker_);
        progress = protocol_->run({exact.get(), input_.size()}, output_, budget);
      }
      if (progress.consumed > input_.size()) throw std::logic_error("consumed more than there is");
      input_.erase(0, progress.consumed);
      react(progress);
    }
    drain();
  }
  void react(const proto::Progress& progress) {
    switch (progress.next) {
      case proto::Next::read:
        break;
      case proto::Next::yield:
        drain();
        again_ = true;
        break;
      case proto::Next::receive:
      case proto::Next::swallow: {
        into_ = progress.next == proto::Next::receive ? progress.into : nullptr;
        awaited_ = progress.bytes;
        const std::string rest = std::exchange(input_, {});
        const std::size_t taken = rest.empty() ? 0 : take(rest);
        input_ = rest.substr(taken);
        again_ = awaited_ == 0;
        break;
      }
      case proto::Next::watch:
        watched_ = progress.streams;
        [[fallthrough]];  // nothing more is executed
      case proto::Next::close:
      case proto::Next::quit:
      case proto::Next::shutdown:
        closed_ = true;
        break;
    }
    drain();
  }
  void drain() {
    while (!output_.empty()) {
      iovec vectors[8];
      const int count = output_.gather(vectors, 8);
      std::size_t bytes = 0;
      for (int i = 0; i < count; ++i) {
        replies_.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
        bytes += vectors[i].iov_len;
      }
      output_.consume(bytes);
    }
  }

  engine::Worker& worker_;
  std::unique_ptr<proto::Protocol> protocol_;
  const unsigned budget_;
  proto::Output output_;
  std::string input_;
  std::string replies_;
  std::size_t awaited_ = 0;
  char* into_ = nullptr;  // null while swallowing
  bool again_ = false;
  engine::Streams watched_ = 0;
  bool closed_ = false;
};

}  // namespace larder::test
