#include "server/udp_port.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "proto/binary_header.h"
#include "proto/errors.h"
#include "server/log.h"
#include "server/worker_thread.h"

namespace larder::server {

namespace {

// A burst of replies has to fit; the kernel cuts it to what it allows.
constexpr int kSendBufferBytes = 8 << 20;
constexpr int kVectorsMax = 16;

/// Binds one result of getaddrinfo. Returns the descriptor, or -1 with errno set.
int bind_to(const addrinfo& info) {
  const int fd = ::socket(info.ai_family, info.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                          info.ai_protocol);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
  if (info.ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd, info.ai_addr, info.ai_addrlen) == 0) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

/// Every address that a host name stands for; one that works is enough.
bool bind_all(const ListenAddress& address, std::vector<UdpSocket>* sockets) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port == -1 ? 0 : address.port);
  const char* const host = address.host.empty() ? nullptr : address.host.c_str();
  if (getaddrinfo(host, port.c_str(), &hints, &found) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  bool any = false;
  for (const addrinfo* next = found; next != nullptr; next = next->ai_next) {
    const int fd = bind_to(*next);
    if (fd < 0) continue;
    any = true;
    sockets->push_back({Socket(fd), ListenerInfo{address.binding, false, address.tag}});
  }
  return any;
}

}  // namespace

std::optional<Exit> open_udp_sockets(const Options& options, std::vector<UdpSocket>* sockets) {
  for (const ListenAddress& address : options.udp_listen) {
    if (bind_all(address, sockets)) continue;
    const std::string what = options.interfaces.empty()
                                 ? fmt::format("failed to listen on UDP port {}", options.udp_port)
                                 : "failed to listen on one of interface(s) " + options.interfaces;
    return Exit{kExitOsError, fmt::format("{}: {}\n", what, std::strerror(errno))};
  }
  return std::nullopt;
}

struct UdpPort::Sender {
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
};

UdpPort::UdpPort(WorkerThread& worker, EventLoop& loop, int fd, const ListenerInfo& info)
    : worker_(worker),
      socket_(fd),
      info_(info),
      last_active_s_(worker.now_s()),
      event_(loop, fd, [this] { on_readable(); }) {
  worker_.shared().log.client("<{} server listening (udp)", fd);
}

void UdpPort::on_readable() {
  // As many as another connection's requests before it is somebody else's turn.
  const std::span<char> buffer = worker_.empty_read_buffer();
  for (int left = worker_.shared().options.requests_per_event; left-- > 0;) {
    Sender sender;
    const ssize_t got = ::recvfrom(fd(), buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr*>(&sender.address), &sender.bytes);
    if (got < 0) return;
    worker_.counters().count(Counter::bytes_read, static_cast<std::uint64_t>(got));
    last_active_s_.store(worker_.now_s(), std::memory_order_relaxed);
    serve({buffer.data(), static_cast<std::size_t>(got)}, sender);
  }
}

void UdpPort::serve(std::string_view datagram, const Sender& sender) {
  const auto request = proto::parse_udp_request(datagram);
  if (!request) return;
  proto::Output& output = worker_.output();
  execute(request->payload, output);
  const bool binary = static_cast<std::uint8_t>(request->payload.front()) == proto::binary::kRequestMagic;
  const bool cut = output.full() || proto::udp_datagram_count(output.size()) > proto::kUdpCountMax;
  if (cut || !allowed(datagram.size(), output.size(), sender)) {
    worker_.clear_output();
    if (!binary) output.append(proto::text::kUdpReplyTooLong);
    if (!allowed(datagram.size(), output.size(), sender)) worker_.clear_output();
  }
  send(request->id, output, sender);
  worker_.clear_output();
}

/// Executes every request of a datagram.
void UdpPort::execute(std::string_view input, proto::Output& output) {
  const engine::GateGuard gate(worker_.engine_worker());
  worker_.engine_worker().events.set_client(fd());
  // memcached's languages only: RESP has no datagrams.
  const auto first = static_cast<unsigned char>(input.front());
  auto binding = info_.binding;
  if (binding == proto::Binding::automatic && first != proto::binary::kRequestMagic) {
    binding = proto::Binding::ascii;
  }
  const auto protocol = proto::make_protocol(worker_.session(fd()), binding, first);
  while (true) {
    auto budget = static_cast<unsigned>(worker_.shared().options.requests_per_event);
    const proto::Progress progress = protocol->run(input, output, budget);
    input.remove_prefix(progress.consumed);
    switch (progress.next) {
      case proto::Next::yield:
        if (output.full()) return;
        break;
      case proto::Next::watch:
        output.append(proto::text::kError);  // there is nobody to send lines to
        return;
      case proto::Next::read:
        if (!input.empty() && info_.binding != proto::Binding::binary &&
            static_cast<std::uint8_t>(input.front()) != proto::binary::kRequestMagic) {
          output.append(proto::text::kUdpRequestCut);
        }
        return;
      case proto::Next::receive:
      case proto::Next::swallow:
      case proto::Next::close:
      case proto::Next::quit:
      case proto::Next::shutdown: return;
    }
  }
}

bool UdpPort::allowed(std::size_t request_bytes, std::size_t reply_bytes, const Sender& sender) const {
  const std::size_t ratio = worker_.shared().options.udp_reply_ratio;
  return proto::udp_reply_in_proportion(request_bytes, reply_bytes, ratio) ||
         worker_.shared().proven_addresses.contains(PeerAddress::of(sender.address));
}

void UdpPort::send(std::uint16_t id, proto::Output& output, const Sender& sender) {
  const auto count = static_cast<std::uint16_t>(proto::udp_datagram_count(output.size()));
  for (std::uint16_t sequence = 0; sequence < count; ++sequence) {
    auto header = proto::udp_reply_header(id, sequence, count);
    iovec vectors[kVectorsMax];
    vectors[0] = {header.data(), header.size()};
    // Pieces are at least a value of kCopyBytesMax apart: two of them fill a datagram, or the last.
    int used = 1 + output.gather(vectors + 1, kVectorsMax - 1);
    std::size_t bytes = 0;
    for (int i = 1; i < used; ++i) {
      vectors[i].iov_len = std::min(vectors[i].iov_len, proto::kUdpPayloadMax - bytes);
      bytes += vectors[i].iov_len;
      if (bytes == proto::kUdpPayloadMax) used = i + 1;
    }
    msghdr message{};
    message.msg_name = const_cast<sockaddr_storage*>(&sender.address);
    message.msg_namelen = sender.bytes;
    message.msg_iov = vectors;
    message.msg_iovlen = static_cast<std::size_t>(used);
    const ssize_t sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
    if (sent < 0) return;  // lost, with what follows
    worker_.counters().count(Counter::bytes_written, static_cast<std::uint64_t>(sent));
    if (output.pinned()) {
      const engine::GateGuard gate(worker_.engine_worker());
      output.consume(bytes);
    } else {
      output.consume(bytes);
    }
  }
}

}  // namespace larder::server
