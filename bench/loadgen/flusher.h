// Sends flush_all from a connection of its own at a steady interval while a run is on, and tells
// the verifiers about it through FlushEpochs.
//
// Threads: run() on its own thread until stop(); totals() after it has returned.
#pragma once

#include <condition_variable>
#include <mutex>

#include "bench/loadgen/connection.h"

namespace larder::bench {

class Flusher {
 public:
  Flusher(const Scene& scene, double interval_seconds)
      : scene_(scene), interval_seconds_(interval_seconds) {}

  bool open();
  void run();
  void stop();
  const Totals& totals() const { return totals_; }

 private:
  bool sleep_until_next();
  bool flush_once();
  bool fail(std::string_view why);

  const Scene& scene_;
  double interval_seconds_;
  Totals totals_;  // errors only: flushes are no operations of the load
  FileDescriptor socket_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;  // under mutex_
};

}  // namespace larder::bench
