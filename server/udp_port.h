// A worker's end of a UDP port: one datagram in, all requests in it executed, the reply out in as many
// datagrams as it needs.
//
// Several workers share a port, each through a descriptor of its own; the kernel gives every datagram to
// one of them. Nothing is kept between datagrams, so a request must fit into one: what is incomplete is
// refused (text) or ignored. A reply that the socket does not take is lost, as datagrams are.
//
// No amplifier: the sender of a datagram may be forged, so a reply may not have more than
// udp_reply_ratio times the bytes of its request (RFC 9000, 8.1 has the same rule) unless its address is
// proven (proven_addresses.h). What is longer is refused, or left out if even that would be too long.
//
// Threads: its worker's; fd() and last_active_s() any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "proto/output.h"
#include "proto/protocol_select.h"
#include "proto/udp_frame.h"
#include "server/event_loop.h"
#include "server/listener.h"
#include "server/options.h"
#include "server/socket.h"

namespace larder::server {

class WorkerThread;

/// A bound UDP socket, before it is handed to workers.
struct UdpSocket {
  Socket socket;
  ListenerInfo info;
};

/// Binds every address of -l, or any, to -U's port. Returns why not, or nothing.
std::optional<Exit> open_udp_sockets(const Options& options, std::vector<UdpSocket>* sockets);

class UdpPort {
 public:
  /// Serves `fd`, which it owns, on the worker's loop.
  UdpPort(WorkerThread& worker, EventLoop& loop, int fd, const ListenerInfo& info);
  UdpPort(const UdpPort&) = delete;
  UdpPort& operator=(const UdpPort&) = delete;

  /// Serves no more.
  void stop() { event_.pause(); }

  int fd() const { return socket_.fd(); }
  std::uint32_t last_active_s() const { return last_active_s_.load(std::memory_order_relaxed); }

 private:
  struct Sender;

  void on_readable();
  void serve(std::string_view datagram, const Sender& sender);
  void execute(std::string_view input, proto::Output& output);
  bool allowed(std::size_t request_bytes, std::size_t reply_bytes, const Sender& sender) const;
  void send(std::uint16_t id, proto::Output& output, const Sender& sender);

  WorkerThread& worker_;
  const Socket socket_;
  const ListenerInfo& info_;
  std::atomic<std::uint32_t> last_active_s_;
  ReadEvent event_;
};

}  // namespace larder::server
