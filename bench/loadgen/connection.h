// One client connection: builds a batch of requests (the pipeline), writes it in one go, and takes
// the replies apart. The next batch starts when the last reply of this one has come.
//
// Invariants
//  1. requests_[answered_...] await replies, in this order; a batch is over when none does.
//  2. input_ holds bytes of a reply that is not complete; it is empty between batches. What is
//     read while it is empty goes through the thread's shared buffer, which stays in the cache.
//  3. After failed() nothing is sent or read any more.
// Threads: owned by one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "bench/loadgen/byte_buffer.h"
#include "bench/loadgen/codec.h"
#include "bench/loadgen/distribution.h"
#include "bench/loadgen/options.h"
#include "bench/loadgen/random.h"
#include "bench/loadgen/socket.h"
#include "bench/loadgen/totals.h"
#include "bench/loadgen/verifier.h"

namespace larder::bench {

/// What all connections of a run share. Constant, but for the epochs.
struct Scene {
  const Options& options;
  const KeyNames& keys;
  const ValueMaker& values;
  FlushEpochs& epochs;
};

class Connection {
 public:
  /// `index` is this connection's number among all of the run.
  Connection(const Scene& scene, std::uint32_t index, Totals& totals);

  bool open();
  int fd() const { return socket_.get(); }

  /// Builds and sends `count` requests of the mix; replies count from `start_ns`.
  void send_mixed(std::uint32_t count, std::uint64_t start_ns);
  /// Builds and sends sets for up to `count` keys of this connection that were not yet prefilled.
  /// False when there are none left.
  bool send_prefill(std::uint32_t count, std::uint64_t start_ns);

  /// Reads what has come and counts the replies in it. `scratch` is the thread's shared buffer.
  void receive(std::span<char> scratch);
  /// Sends the rest of a batch that did not fit the socket.
  void flush_output();

  bool idle() const { return answered_ == requests_.size(); }
  bool failed() const { return failed_; }
  bool wants_write() const { return !output_.empty(); }
  /// Ends the connection for good and counts a protocol error.
  void fail(std::string_view why);

 private:
  struct Request {
    Operation operation;
    std::uint32_t first_key;  // into request_keys_
    std::uint32_t key_count;
    std::uint64_t version;  // set: what was written
  };

  void begin_batch(std::uint64_t start_ns);
  void add_get();
  void add_set(std::uint32_t key);
  std::uint32_t pick_key();

  /// Takes all complete events; returns the bytes consumed.
  std::size_t take_replies(std::string_view input);
  void take_value(const Request& request, const Event& event);
  void finish_request(const Request& request, bool error);
  void record_latencies(std::size_t count);

  const Scene& scene_;
  Totals& totals_;
  std::uint32_t index_;
  std::uint32_t slice_keys_;  // keys of this connection's slice: index, index + connections, ...
  Random random_;
  Distribution distribution_;
  std::unique_ptr<Codec> codec_;
  std::optional<Verifier> verifier_;
  FileDescriptor socket_;
  bool failed_ = false;

  std::uint64_t versions_ = 0;   // written so far
  std::uint32_t prefilled_ = 0;  // keys of the slice
  std::uint64_t batch_start_ns_ = 0;
  std::uint32_t flushes_answered_ = 0;  // when the batch was built
  std::vector<Request> requests_;
  std::vector<std::uint32_t> request_keys_;
  std::size_t answered_ = 0;
  std::uint32_t next_position_ = 0;  // keys of the pending get that the verifier has heard about
  std::uint32_t request_hits_ = 0;   // of the pending get
  std::size_t wanted_ = 0;           // bytes that the pending reply is known to need
  ByteBuffer output_;
  ByteBuffer input_;
};

/// Monotonic nanoseconds.
std::uint64_t now_ns();

}  // namespace larder::bench
