// -e FILE: the items lie in a file (on a RAM disk) that outlives the process, and FILE.meta tells the
// next process what it finds there.
//
//   start   FILE.meta is read, and removed before the memory is touched: whoever ends without writing it
//           anew (a crash, a kill, an ordinary stop) leaves a file that nobody takes over. A start that
//           fails before that (a port that is taken) costs nothing
//   end     after SIGUSR1 or `shutdown graceful`, when no thread runs any more, it is written
//
// FILE.meta is text, as memcached's: a line "Tmain", then lines "K<name> <value>". Settings that
// shape the memory have to be the same, else the cache starts empty. Messages are memcached's.
//
// Threads: the main thread's.
#pragma once

#include <optional>
#include <string>

#include "engine/saved_state.h"
#include "server/options.h"

namespace larder::server {

class WarmRestart {
 public:
  /// Without -e an object that does nothing. Throws std::runtime_error when the file cannot be used
  /// or FILE.meta is not readable as such.
  explicit WarmRestart(const Options& options);
  ~WarmRestart();
  WarmRestart(const WarmRestart&) = delete;
  WarmRestart& operator=(const WarmRestart&) = delete;

  bool enabled() const { return fd_ >= 0; }
  /// For engine::Config; -1 without -e.
  int fd() const { return fd_; }
  /// What the last process left, if it can be taken over.
  const std::optional<engine::SavedState>& state() const { return state_; }
  /// The memory is about to be used: removes FILE.meta.
  void begin() const;
  /// Writes FILE.meta. Complains on stderr when it cannot.
  void save(const engine::SavedState& state) const;

 private:
  void open_file();
  void read_meta();

  const Options& options_;
  const std::string meta_path_;
  int fd_ = -1;
  std::optional<engine::SavedState> state_;
};

}  // namespace larder::server
