// Work that would take too long under the locks of a command: sorting, comparing long strings.
//
// A handler copies what it needs, leaves the work in WorkerState::deferred and returns without a reply. The
// dispatcher gives back the locks and the worker's gate and lets it work. Either the work makes the reply,
// and that was the command; or the handler runs again, under the locks, and finds its result in
// WorkerState::deferred: then it has to see whether what it copied still stands, since anybody may have
// changed it meanwhile.
#pragma once

namespace larder::redis {

class Reply;

class Deferred {
 public:
  virtual ~Deferred() = default;
  /// Runs without a lock. True: the reply is made; false: the handler is to run again.
  virtual bool work(Reply& reply) = 0;
};

}  // namespace larder::redis
