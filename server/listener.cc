#include "server/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "server/socket_address.h"

namespace larder::server {

namespace {

constexpr const char* kPortFileVariable = "MEMCACHED_PORT_FILENAME";
constexpr int kInheritedFirst = 3;  // SD_LISTEN_FDS_START
constexpr int kInheritedMax = 64;

using Listeners = std::vector<std::unique_ptr<Listener>>;

/// Why nothing is listened on: lines of its own to be said first, and the reason in short.
struct Failure {
  std::string lines;
  std::string reason;
};

Failure failure_from_errno() { return {{}, fmt::format(": {}", std::strerror(errno))}; }

Exit refusal(const Failure& failure, const std::string& what) {
  return {kExitOsError, fmt::format("{}{}{}\n", failure.lines, what, failure.reason)};
}

void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

/// Accepted sockets inherit these, so that accepting costs no further system call.
void set_client_options(int fd, bool tcp) {
  const linger no_linger{0, 0};
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &no_linger, sizeof no_linger);
  if (tcp) set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/// 0 when there is no such file.
ino_t inode_of(const std::string& path) {
  struct stat status{};
  return !path.empty() && lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

/// Listens on one result of getaddrinfo. Returns the descriptor, or -1 with errno set.
int listen_on(const addrinfo& info, const Options& options) {
  const int fd = ::socket(info.ai_family, info.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                          info.ai_protocol);
  if (fd < 0) return -1;
  set_client_options(fd, true);
  if (info.ai_family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (options.socket_mark != 0) {
    set_option(fd, SOL_SOCKET, SO_MARK, static_cast<int>(options.socket_mark));
  }
  if (::bind(fd, info.ai_addr, info.ai_addrlen) != 0 || ::listen(fd, options.backlog) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

/// Opens every address that a host name stands for. Some of them may not work here (IPv6 switched
/// off, one family's port taken): one that does is enough, as in memcached.
std::optional<Failure> open_tcp(const ListenAddress& address, const Options& options,
                                TlsContext* tls, Listeners* listeners) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port == -1 ? 0 : address.port);
  const int error = getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(),
                                port.c_str(), &hints, &found);
  if (error != 0) {
    if (error == EAI_SYSTEM) return failure_from_errno();
    return Failure{fmt::format("getaddrinfo(): {}\n", gai_strerror(error)), {}};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  bool any = false;
  Failure why;
  for (const addrinfo* next = found; next != nullptr; next = next->ai_next) {
    const int fd = listen_on(*next, options);
    if (fd < 0) {
      why = failure_from_errno();
      continue;
    }
    any = true;
    listeners->push_back(std::make_unique<Listener>(
        fd,
        ListenerInfo{address.binding, false, address.tag, address.tls ? tls : nullptr,
                     address.tls_check},
        std::string()));
  }
  if (any) return std::nullopt;
  return why;
}

std::optional<Failure> open_unix(const Options& options, const std::string& path, proto::Binding binding,
                                 Listeners* listeners) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Failure{{}, ": File name too long"};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  // A socket file that an earlier process left behind; anything else of that name stays.
  struct stat status{};
  if (lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) unlink(path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failure_from_errno();
  set_client_options(fd, false);
  const mode_t old_mask = umask(~static_cast<mode_t>(options.unix_mask) & 0777);
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  const int bind_error = errno;
  umask(old_mask);
  errno = bind_error;
  if (!bound || ::listen(fd, options.backlog) != 0) {
    Failure why = failure_from_errno();
    ::close(fd);
    return why;
  }
  listeners->push_back(
      std::make_unique<Listener>(fd, ListenerInfo{.binding = binding, .local = true}, path));
  return std::nullopt;
}

/// The listening sockets that the service manager opened for this process (sd_listen_fds(3)): descriptors
/// from 3 on, named by LISTEN_FDS for the process LISTEN_PID. Which flags say where to listen is no
/// matter then. Returns whether there were any.
bool take_inherited(const Options& options, TlsContext* tls, Listeners* listeners) {
  const char* const pid = std::getenv("LISTEN_PID");
  const char* const count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || std::atol(pid) != getpid()) return false;
  const int end = kInheritedFirst + std::min(std::atoi(count), kInheritedMax);
  for (int fd = kInheritedFirst; fd < end; ++fd) {
    int listening = 0, family = 0;
    socklen_t bytes = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &bytes) != 0 || listening == 0) continue;
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &bytes);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    const bool local = family == AF_UNIX;
    set_client_options(fd, !local);
    listeners->push_back(std::make_unique<Listener>(
        fd, ListenerInfo{options.binding, local, {}, local ? nullptr : tls}, std::string()));
  }
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  return !listeners->empty();
}

/// `TCP INET6: 11211` and the like.
std::string port_line(const char* protocol, int fd) {
  int family = 0;
  socklen_t bytes = sizeof family;
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &bytes);
  return fmt::format("{} {}: {}\n", protocol, family == AF_INET6 ? "INET6" : "INET", local_port(fd));
}

}  // namespace

void write_port_file(const std::vector<int>& tcp, const std::vector<int>& udp) {
  const char* name = std::getenv(kPortFileVariable);
  if (name == nullptr) return;
  const std::string temporary = std::string(name) + ".lck";
  std::ofstream file(temporary, std::ios::app);
  for (const int fd : tcp) file << port_line("TCP", fd);
  for (const int fd : udp) file << port_line("UDP", fd);
  file.close();
  if (!file || std::rename(temporary.c_str(), name) != 0) {
    std::fputs(fmt::format("Failed to open \"{}\": {}\n", temporary, std::strerror(errno)).c_str(),
               stderr);
  }
}

Listener::Listener(int fd, ListenerInfo info, std::string path)
    : fd_(fd), info_(std::move(info)), path_(std::move(path)), path_inode_(inode_of(path_)) {}

Listener::~Listener() {
  event_.reset();
  ::close(fd_);
  if (!path_.empty() && inode_of(path_) == path_inode_) ::unlink(path_.c_str());
}

void Listener::start(EventLoop& loop, std::function<void()> ready) {
  event_ = std::make_unique<ReadEvent>(loop, fd_, std::move(ready));
}

void Listener::pause() {
  event_->pause();
  ::listen(fd_, 0);
}

void Listener::resume(int backlog) {
  ::listen(fd_, backlog);
  event_->resume();
}

int Listener::accept(PeerAddress* peer) const {
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&address), &bytes,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) *peer = PeerAddress::of(address);
  return fd;
}

std::optional<Exit> open_listeners(const Options& options, TlsContext* tls, Listeners* listeners) {
  if (take_inherited(options, tls, listeners)) return std::nullopt;
  if (!options.redis.unixsocket.empty()) {
    const std::string& path = options.redis.unixsocket;
    const auto failure = open_unix(options, path, proto::Binding::resp, listeners);
    if (failure) return refusal(*failure, "failed to listen on UNIX socket: " + path);
  }
  for (const ListenAddress& address : options.redis_listen) {
    const auto failure = open_tcp(address, options, nullptr, listeners);
    if (failure) return refusal(*failure, fmt::format("failed to listen on Redis port {}", options.redis_port));
  }
  if (!options.unix_socket.empty()) {
    const auto failure = open_unix(options, options.unix_socket, options.binding, listeners);
    if (failure) return refusal(*failure, "failed to listen on UNIX socket: " + options.unix_socket);
    return std::nullopt;
  }
  for (const ListenAddress& address : options.listen) {
    const auto failure = open_tcp(address, options, tls, listeners);
    if (!failure) continue;
    return refusal(*failure, options.interfaces.empty()
                                 ? fmt::format("failed to listen on TCP port {}", options.tcp_port)
                                 : "failed to listen on one of interface(s) " + options.interfaces);
  }
  return std::nullopt;
}

}  // namespace larder::server
