#include "server/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace larder::server {

namespace {

constexpr int kDescriptorsPerThread = 3;  // epoll, timer, mailbox
constexpr int kDescriptorsOther = 40;     // standard streams, main loop, listeners, files

void complain(const std::string& text) { std::fputs((text + "\n").c_str(), stderr); }

std::optional<Exit> raise_core_limit() {
  rlimit limit{};
  rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (getrlimit(RLIMIT_CORE, &limit) == 0 && setrlimit(RLIMIT_CORE, &unlimited) != 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CORE, &limit);
  }
  if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur == 0) {
    return Exit{kExitOsError, "failed to ensure corefile creation\n"};
  }
  return std::nullopt;
}

/// -c clients can be served at one time, beside the descriptors of our own. Where the hard limit
/// allows the clients but not the rest, the last few are refused for want of descriptors instead.
std::optional<Exit> raise_file_limit(const Options& options) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Exit{kExitOsError, "failed to getrlimit number of files\n"};
  }
  const auto wanted = static_cast<rlim_t>(options.max_connections) +
                      static_cast<rlim_t>(own_descriptors(options));
  if (limit.rlim_max >= wanted) {
    limit.rlim_cur = wanted;
  } else {
    const rlimit raised{wanted, wanted};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return std::nullopt;
    limit.rlim_cur = limit.rlim_max;
  }
  const bool enough = limit.rlim_cur >= static_cast<rlim_t>(options.max_connections);
  if ((!enough || setrlimit(RLIMIT_NOFILE, &limit) != 0) && !options.relaxed_privileges) {
    return Exit{kExitOsError,
                "failed to set rlimit for open files. Try starting as root or requesting smaller "
                "maxconns value.\n"};
  }
  return std::nullopt;
}

/// For -k under another user: root may raise the limit that the user would meet.
void raise_memory_lock_limit() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &unlimited);  // if refused, lock_memory() complains
}

std::optional<Exit> switch_user(const Options& options) {
  if (getuid() != 0 && geteuid() != 0) return std::nullopt;
  if (options.user.empty()) return Exit{kExitUsage, "must add '-u root' to start as root\n"};
  const passwd* entry = getpwnam(options.user.c_str());
  if (entry == nullptr) {
    return Exit{kExitNoUser, fmt::format("can't find the user {} to switch to\n", options.user)};
  }
  if (setgroups(0, nullptr) < 0) {
    const int error = errno;
    const std::string text =
        fmt::format("failed to drop supplementary groups: {}", std::strerror(error));
    if (error != EPERM) return Exit{kExitOsError, text + "\n"};
    complain(text);  // already unprivileged: that is what was wanted
  }
  if (setgid(entry->pw_gid) < 0 || setuid(entry->pw_uid) < 0) {
    return Exit{kExitOsError, fmt::format("failed to assume identity of user {}\n", options.user)};
  }
  return std::nullopt;
}

/// The parent's end: leaves with 0 when the child says that it serves, else as the child does.
[[noreturn]] void wait_for_child(pid_t child, int ready_pipe) {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(ready_pipe, &byte, 1);
  } while (got < 0 && errno == EINTR);
  if (got == 1) ::_exit(0);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ::_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1);
}

}  // namespace

int own_descriptors(const Options& options) {
  return kDescriptorsOther + kDescriptorsPerThread * options.threads +
         2 * static_cast<int>(options.listen.size()) +
         (options.threads + 2) * static_cast<int>(options.udp_listen.size());
}

std::optional<Exit> prepare_process(const Options& options) {
  if (options.core_dumps) {
    if (auto exit = raise_core_limit()) return exit;
  }
  if (auto exit = raise_file_limit(options)) return exit;
  if (options.lock_memory) raise_memory_lock_limit();
  return switch_user(options);
}

void lock_memory() {
  // The item memory is one large reservation: MCL_ONFAULT locks its pages as they come into use.
  if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) {
    complain(fmt::format("warning: -k invalid, mlockall() failed: {}", std::strerror(errno)));
  }
}

Daemon::~Daemon() {
  if (ready_pipe_ >= 0) ::close(ready_pipe_);
}

std::optional<Exit> Daemon::detach(const Options& options) {
  const Exit failed{1, "failed to daemon() in order to daemonize\n"};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return failed;
  const pid_t child = fork();
  if (child < 0) return failed;
  if (child > 0) {
    ::close(ends[1]);
    wait_for_child(child, ends[0]);
  }
  ::close(ends[0]);
  ready_pipe_ = ends[1];
  if (setsid() < 0) return failed;
  if (!options.core_dumps && chdir("/") != 0) return failed;
  return std::nullopt;
}

void Daemon::ready(const Options& options) {
  if (ready_pipe_ < 0) return;
  if (options.verbosity == 0) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
      for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, stream);
      if (null > STDERR_FILENO) ::close(null);
    }
  }
  [[maybe_unused]] const ssize_t told = ::write(ready_pipe_, "+", 1);
  ::close(ready_pipe_);
  ready_pipe_ = -1;
}

PidFile::PidFile(const Options& options) {
  if (options.pid_file.empty()) return;
  const std::string& path = options.pid_file;
  long running = 0;
  if (std::ifstream(path) >> running && running > 0 && kill(static_cast<pid_t>(running), 0) == 0) {
    complain(fmt::format("WARNING: The pid file contained the following (running) pid: {}",
                         running));
  }
  // Written aside and moved: who waits for the file never finds it empty.
  const std::string temporary = path + ".tmp";
  {
    std::ofstream file(temporary);
    file << getpid() << '\n';
    file.close();
    if (!file) {
      complain(fmt::format("Could not open the pid file {} for writing: {}", temporary,
                           std::strerror(errno)));
      return;
    }
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    complain(fmt::format("Could not rename the pid file from {} to {}: {}", temporary, path,
                         std::strerror(errno)));
    return;
  }
  if (options.daemon) remove_at_exit_ = path;
}

PidFile::~PidFile() {
  if (remove_at_exit_.empty()) return;
  if (unlink(remove_at_exit_.c_str()) != 0) {
    complain(fmt::format("Could not remove the pid file {}: {}", remove_at_exit_,
                         std::strerror(errno)));
  }
}

}  // namespace larder::server
