// What the process does to itself before it serves: limits, user, background, locked memory, pid
// file. All of it happens on the main thread before any other thread exists (Daemon forks).
#pragma once

#include <optional>
#include <string>

#include "server/options.h"

namespace larder::server {

/// Raises the limits on core files (-r) and descriptors (-c), then switches the user (-u). Root
/// without -u is refused. Returns why to stop, or nothing.
std::optional<Exit> prepare_process(const Options& options);

/// Descriptors the process needs besides those of clients.
int own_descriptors(const Options& options);

/// -k: keeps all memory resident, what comes later included. Only complains when that fails.
void lock_memory();

/// -d: the process in the background. The process that was started waits until the one in the
/// background serves, so that its exit status tells whether it does; until then errors still reach
/// the terminal.
class Daemon {
 public:
  Daemon() = default;
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Forks. Returns in the child; the parent never returns. Keeps the directory with -r, so that a
  /// core file can be written there.
  std::optional<Exit> detach(const Options& options);
  /// The child serves: lets the parent go. With verbosity 0 the standard streams are closed.
  void ready(const Options& options);

 private:
  int ready_pipe_ = -1;  // write end; closing it without a byte tells that the child failed
};

/// -P: writes the pid atomically; warns when the file names a process that runs. With -d the file
/// goes with the object.
class PidFile {
 public:
  explicit PidFile(const Options& options);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

 private:
  std::string remove_at_exit_;
};

}  // namespace larder::server
