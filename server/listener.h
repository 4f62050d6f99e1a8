// Listening sockets: opening them as memcached does, naming them, accepting from them.
//
// Threads: the main thread; fd() and info() any thread while the listeners live.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/protocol_select.h"
#include "server/event_loop.h"
#include "server/options.h"
#include "server/peer_address.h"

namespace larder::server {

class TlsContext;

/// What a connection needs to know of the listener it came from.
struct ListenerInfo {
  proto::Binding binding = proto::Binding::automatic;
  bool local = false;  // a unix socket
  std::string tag;
  TlsContext* tls = nullptr;  // nullptr: clients are not encrypted
  TlsCheck tls_check = TlsCheck::none;
};

class Listener {
 public:
  /// Takes a listening descriptor over. `path` is a unix socket's file, else empty.
  Listener(int fd, ListenerInfo info, std::string path);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Calls `ready` on `loop` whenever a client waits.
  void start(EventLoop& loop, std::function<void()> ready);
  /// Leaves clients waiting, and keeps the queue of them short meanwhile.
  void pause();
  void resume(int backlog);

  /// A client's non-blocking descriptor and its address, or -1 with errno set.
  int accept(PeerAddress* peer) const;
  int fd() const { return fd_; }
  const ListenerInfo& info() const { return info_; }

 private:
  const int fd_;
  const ListenerInfo info_;
  const std::string path_;
  const ino_t path_inode_;  // of path_ as it was made; a successor's file of that name is not ours
  std::unique_ptr<ReadEvent> event_;
};

/// Opens every listener that `options` ask for. Returns why not, or nothing. `tls` is for those with TLS; it
/// outlives them.
std::optional<Exit> open_listeners(const Options& options, TlsContext* tls,
                                   std::vector<std::unique_ptr<Listener>>* listeners);

/// Tells a program that waits for it (MEMCACHED_PORT_FILENAME) the ports of network sockets: written
/// aside, then moved into place.
void write_port_file(const std::vector<int>& tcp, const std::vector<int>& udp);

}  // namespace larder::server
