// TLS by OpenSSL: certificates and rules (TlsContext), and the encrypted streams of single clients
// (Transports that it makes). Only tls.cc and tls_library.cc include OpenSSL's headers.
//
// Invariants
//  1. A refresh makes a new set of certificates or none: when a file cannot be used, everything stays
//     as it was. Streams keep the certificates that they began with.
//  2. A session is resumed only under the rules of peer checking under which it was made: one made
//     where no client certificate is asked for does not open the door where one is required.
//  3. Clients cannot renegotiate, and an idle stream holds no record buffers.
//
// The handshake is part of the first receive() calls of a stream, so it takes its turns on the
// worker like requests do, and a client that never ends it is one that has been silent since
// it connected (idle_timeout).
//
// Threads: create() once; refresh(), accept() and seconds_since_refresh() any. A stream belongs to
// the worker whose TlsWorker it was made with.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/events.h"
#include "server/counters.h"
#include "server/log.h"
#include "server/options.h"
#include "server/socket.h"

struct ssl_ctx_st;

namespace larder::server {

/// What the TLS streams of one worker share: whom they report to, and where small replies are put
/// together before they are encrypted, because each write becomes a record of its own.
struct TlsWorker {
  ThreadCounters& counters;
  engine::EventLog& events;
  const Log& log;
  std::size_t buffer_bytes;
  std::unique_ptr<char[]> buffer;
};

class TlsContext {
 public:
  /// Loads what `options` name. Returns nullptr and memcached's text, without line end, when it
  /// cannot be used.
  static std::unique_ptr<TlsContext> create(const TlsOptions& options, std::string* error);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// The server's end of a stream over `fd`, which it does not own. `check`: whether clients have to
  /// show a certificate. nullptr: out of memory. `worker` outlives the stream.
  std::unique_ptr<Transport> accept(int fd, TlsCheck check, TlsWorker& worker);

  /// Reads the files again, for streams to come. Returns memcached's text when they cannot be used.
  std::optional<std::string> refresh();
  std::uint32_t seconds_since_refresh() const;

 private:
  using Context = std::shared_ptr<ssl_ctx_st>;

  explicit TlsContext(const TlsOptions& options) : options_(options) {}
  Context load(std::string* error) const;

  const TlsOptions options_;
  mutable std::mutex mutex_;
  Context context_;                                     // guarded by mutex_
  std::chrono::steady_clock::time_point refreshed_at_;  // guarded by mutex_
};

}  // namespace larder::server
