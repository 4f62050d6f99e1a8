// SASL authentication (-S) by Cyrus libsasl: what it needs of the process, and the exchanges of single
// connections. The library's headers are included in sasl.cc only.
//
// Configuration is memcached's, so that its files serve here too: memcached.conf in the folder named
// by SASL_CONF_PATH, else in /etc/sasl or /etc/sasl2. MEMCACHED_SASL_PWDB names a file of lines
// "user:password" that is asked first (PLAIN and LOGIN); it is read at each authentication.
//
// Threads: start() once, by the main thread. Exchanges belong to their connections' workers; the
// library's state that they share is guarded by mutexes it is given here. An authentication may wait
// for what the configuration names (a file, saslauthd), and its worker with it.
#pragma once

#include <memory>
#include <string>

#include "proto/host.h"
#include "server/log.h"

namespace larder::server {

/// The library, set up. There is one in a process; exchanges do not outlive it.
class Sasl {
 public:
  /// nullptr: the library refuses to start (memcached's texts are on stderr, by verbosity). `log`
  /// outlives the object.
  static std::unique_ptr<Sasl> start(const Log& log);
  ~Sasl();
  Sasl(const Sasl&) = delete;
  Sasl& operator=(const Sasl&) = delete;

  /// nullptr when the library has no memory for one.
  std::unique_ptr<proto::SaslExchange> exchange() const;

 private:
  struct Callbacks;

  explicit Sasl(const Log& log);

  const Log& log_;
  std::string host_name_;
  std::unique_ptr<Callbacks> callbacks_;
};

}  // namespace larder::server
