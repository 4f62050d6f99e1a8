// Judges what one connection reads.
//
// Always: a value must be one that its key can have (value.h), with the key's client flags.
// With own keys, where this connection is the only writer of a key, also the order of things, for
// replies come in the order of the requests:
//  1. a hit is exactly the last acknowledged version (stale, or somebody else's write: wrong);
//  2. after a miss, nothing comes back before the next write;
//  3. a value that was acknowledged before a flush_all was sent is not seen by a read that was sent
//     after that flush_all was answered.
// A miss is never wrong: a cache may forget. What a key held before the run is unknown, so a first
// hit only has to be a possible value.
//
// Threads: a Verifier belongs to its connection's thread; FlushEpochs is shared with the flusher.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/loadgen/value.h"

namespace larder::bench {

/// How many flushes have been sent and answered so far. Only ever grow; answered <= sent.
struct FlushEpochs {
  std::atomic<std::uint32_t> sent{0};
  std::atomic<std::uint32_t> answered{0};
};

enum class Fault : std::uint8_t {
  none,
  bad_length,   // no version of the key has this length
  bad_content,  // torn, mixed, foreign or damaged
  bad_flags,    // client flags of another key
  stale,        // own keys: not the last acknowledged version
  resurrected,  // own keys: was missing, came back unwritten
  flushed,      // own keys: outlived a flush_all
};
std::string_view fault_name(Fault fault);

class Verifier {
 public:
  /// Requires: `epochs` outlives the verifier. `stride` and `first` say which keys are owned:
  /// first, first + stride, ... (`owned` of them); with owned == 0 no key is.
  Verifier(const ValueMaker& values, const FlushEpochs& epochs, std::uint32_t first,
           std::uint32_t stride, std::uint32_t owned);

  /// A read of `key`, sent when `answered` flushes had been answered, returned this value.
  Fault hit(std::uint32_t key, std::string_view value, const std::uint32_t* flags,
            std::uint32_t answered);
  void missed(std::uint32_t key);
  /// A write was acknowledged. A refused write changes nothing here: it must never be seen.
  void stored(std::uint32_t key, std::uint64_t version);

 private:
  enum class Knowledge : std::uint8_t { unknown, present, absent };
  struct OwnKey {
    std::uint64_t version = 0;
    std::uint32_t flushes_sent = 0;  // when the write was acknowledged; 0 = before the run
    Knowledge knowledge = Knowledge::unknown;
  };

  OwnKey* own(std::uint32_t key) {
    return own_keys_.empty() ? nullptr : &own_keys_[(key - first_) / stride_];
  }
  void remember(OwnKey& own, std::uint64_t version);

  const ValueMaker& values_;
  const FlushEpochs& epochs_;
  std::uint32_t first_;
  std::uint32_t stride_;
  std::vector<OwnKey> own_keys_;
};

}  // namespace larder::bench
