#include "server/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "server/socket_address.h"
#include "server/worker_thread.h"

namespace larder::server {

namespace {
constexpr std::string_view kTooMany = "ERROR Too many open connections\r\n";
// Clients taken from one listener before other events of the main loop are looked at.
constexpr int kAcceptsPerEvent = 16;
}  // namespace

Acceptor::Acceptor(const Options& options, const Log& log, EventLoop& loop, Mailbox& mailbox)
    : options_(options), log_(log), loop_(loop), mailbox_(mailbox) {}

std::optional<Exit> Acceptor::open(TlsContext* tls) {
  if (auto exit = open_listeners(options_, tls, &listeners_)) return exit;
  if (auto exit = open_udp_sockets(options_, &udp_sockets_)) return exit;
  if (!options_.unix_socket.empty()) return std::nullopt;  // no network, no ports
  std::vector<int> tcp;
  std::vector<int> udp;
  for (const auto& listener : listeners_) tcp.push_back(listener->fd());
  for (const UdpSocket& port : udp_sockets_) udp.push_back(port.socket.fd());
  write_port_file(tcp, udp);
  return std::nullopt;
}

// Every worker serves a port; with several addresses, each port is one worker's.
void Acceptor::share_udp(const std::vector<WorkerThread*>& workers) {
  const std::size_t ends_per_port = options_.listens_on_several() ? 1 : workers.size();
  for (const UdpSocket& port : udp_sockets_) {
    for (std::size_t i = 0; i < ends_per_port; ++i) {
      const int fd = ::fcntl(port.socket.fd(), F_DUPFD_CLOEXEC, 0);
      if (fd < 0) return log_.warn("fcntl(): {}", std::strerror(errno));
      workers[udp_ends_++ % workers.size()]->serve_udp(fd, port.info);
      counters_.count(Counter::total_connections);
    }
  }
}

void Acceptor::start(std::vector<WorkerThread*> workers) {
  workers_ = std::move(workers);
  for (const auto& listener : listeners_) {
    const ListenerInfo& info = listener->info();
    log_.client("<{} server listening ({}{}{})", listener->fd(), binding_name(info.binding),
                info.tag.empty() ? "" : ", ", info.tag);
    listener->start(loop_, [this, from = listener.get()] { accept_from(*from); });
  }
}

void Acceptor::stop() {
  for (const auto& listener : listeners_) listener->pause();
}

std::string Acceptor::addresses() const {
  std::string text;
  for (const auto& listener : listeners_) {
    if (!text.empty()) text += ", ";
    text += local_address(listener->fd());
  }
  return text;
}

void Acceptor::accept_from(const Listener& listener) {
  for (int i = 0; i < kAcceptsPerEvent && accepting(); ++i) {
    PeerAddress peer;
    const int fd = listener.accept(&peer);
    if (fd < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (errno == EINTR || errno == ECONNABORTED) continue;
      log_.warn("accept(): {}", std::strerror(errno));
      // Out of descriptors or memory: whoever waits keeps the socket readable, so look away until a
      // connection closes or the next tick.
      return pause();
    }
    if (!below_limit()) {
      refuse(fd);
      continue;
    }
    connections_.fetch_add(1);
    counters_.count(Counter::total_connections);
    workers_[next_worker_]->adopt(fd, listener.info(), peer);
    next_worker_ = (next_worker_ + 1) % workers_.size();
    if (!options_.maxconns_fast && !below_limit()) {
      pause();
      resume();  // if a connection has closed in between, it may have seen nobody pausing
    }
  }
}

void Acceptor::refuse(int fd) {
  counters_.count(Counter::rejected_connections);
  [[maybe_unused]] const ssize_t sent =
      ::send(fd, kTooMany.data(), kTooMany.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::close(fd);
}

void Acceptor::pause() {
  log_.warn("Too many open connections");
  counters_.count(Counter::listen_disabled_num);
  paused_since_ = std::chrono::steady_clock::now();
  for (const auto& listener : listeners_) listener->pause();
  paused_.store(true);
}

void Acceptor::resume() {
  if (!paused_.load() || !below_limit()) return;
  const auto paused_for = std::chrono::steady_clock::now() - paused_since_;
  counters_.count(
      Counter::time_in_listen_disabled_us,
      static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(paused_for).count()));
  paused_.store(false);
  for (const auto& listener : listeners_) listener->resume(options_.backlog);
}

void Acceptor::tick() { resume(); }

void Acceptor::connection_closed() {
  connections_.fetch_sub(1);
  if (paused_.load()) mailbox_.post([this] { resume(); });
}

}  // namespace larder::server
