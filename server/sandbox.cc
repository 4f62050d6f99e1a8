#include "server/sandbox.h"

#ifdef LARDER_SECCOMP
#include <seccomp.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#endif

namespace larder::server {

#ifndef LARDER_SECCOMP

bool sandbox_available() { return false; }
void explain_violations() {}
void restrict_thread(Profile) {}

#else

namespace {

/// What every thread does: memory, locks, time, events, its sockets, its end; and reading files, for
/// what is loaded again at run time and for the resolver's and the C library's own tables.
constexpr int kCommon[] = {
    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect),
    SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday),
    SCMP_SYS(time), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(timerfd_settime), SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(lseek), SCMP_SYS(openat), SCMP_SYS(fstat),
    SCMP_SYS(newfstatat), SCMP_SYS(close), SCMP_SYS(fcntl), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
    SCMP_SYS(shutdown), SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getrusage), SCMP_SYS(getrandom),
    SCMP_SYS(sysinfo), SCMP_SYS(sigaltstack), SCMP_SYS(sigreturn), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(restart_syscall), SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(tgkill)};

/// Clients are accepted, and at the end sockets, pid file and the memory file's metadata are seen to.
constexpr int kMain[] = {SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(listen), SCMP_SYS(unlink),
                         SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(lstat), SCMP_SYS(stat),
                         SCMP_SYS(open), SCMP_SYS(umask), SCMP_SYS(msync), SCMP_SYS(flock), SCMP_SYS(ioctl)};

void on_violation(int, siginfo_t* info, void*) {
  // Nothing but writing is safe here.
  char text[] = "larder: -o drop_privileges: system call ??? is not on the list. This is an attack,\n"
                "or a case that the list does not know yet.\n";
  const int number = info->si_syscall;
  char* const place = text + std::string_view(text).find("???");
  place[0] = static_cast<char>('0' + number / 100 % 10);
  place[1] = static_cast<char>('0' + number / 10 % 10);
  place[2] = static_cast<char>('0' + number % 10);
  [[maybe_unused]] const ssize_t said = ::write(STDERR_FILENO, text, sizeof text - 1);
  ::_exit(EXIT_FAILURE);
}

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};

/// False: the kernel refused, and nothing has changed.
bool load_filter(Profile profile) {
  const std::unique_ptr<void, ReleaseFilter> filter(seccomp_init(SCMP_ACT_TRAP));
  if (filter == nullptr) return false;
  const auto allow = [&](int call) { return seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) == 0; };
  if (!std::ranges::all_of(kCommon, allow)) return false;
  if (profile == Profile::main && !std::ranges::all_of(kMain, allow)) return false;
  return seccomp_load(filter.get()) == 0;
}

}  // namespace

bool sandbox_available() { return true; }

void explain_violations() {
  struct sigaction action {};
  action.sa_sigaction = on_violation;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &action, nullptr);
}

void restrict_thread(Profile profile) {
  if (load_filter(profile)) return;
  std::fprintf(stderr, "Failed to set a seccomp profile on a %s thread\n",
               profile == Profile::main ? "main" : "worker");
  ::_exit(EXIT_FAILURE);
}

#endif

}  // namespace larder::server
