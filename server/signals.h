// Signals as events of the main loop. They are blocked in every thread from construction on (make
// it before other threads start) and read from a descriptor, so no code runs in a handler.
#pragma once

#include <functional>

#include "server/event_loop.h"

namespace larder::server {

class Signals {
 public:
  /// Blocks SIGINT, SIGTERM, SIGUSR1 and SIGHUP for `on_signal`, and ignores SIGPIPE: a closed
  /// connection is told by errno.
  Signals(EventLoop& loop, std::function<void(int)> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void read_signals();

  const std::function<void(int)> on_signal_;
  const int fd_;
  ReadEvent event_;
};

}  // namespace larder::server
