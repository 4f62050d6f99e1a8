#include "server/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "server/tls_library.h"

namespace larder::server {

namespace {

// What one receive() brings at most, so that a client that sends fast gets no more than its turn.
constexpr std::size_t kReceiveBytesMax = 256 * 1024;
// Pieces of this size make full records of their own: they are encrypted where they lie.
constexpr std::size_t kWriteDirectBytes = 16 * 1024;

constexpr int kVersions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};

std::string error_text(unsigned long code) {
  char text[256] = "";
  if (code != 0) ERR_error_string_n(code, text, sizeof text);
  return text;
}

/// The oldest error that OpenSSL remembers; it remembers none afterwards.
std::string take_error() {
  std::string text = error_text(ERR_get_error());
  ERR_clear_error();
  return text;
}

/// A file name as printf shows one that was not given.
const char* shown(const std::string& path) { return path.empty() ? "(null)" : path.c_str(); }

const char* name_or_null(const std::string& path) { return path.empty() ? nullptr : path.c_str(); }

/// Loads certificates, key and authorities. Returns what is wrong with them, or nothing.
std::optional<std::string> load_files(SSL_CTX* context, const TlsOptions& options) {
  // The key may be part of the file with the certificates.
  const std::string& key = options.key.empty() ? options.chain_cert : options.key;
  if (SSL_CTX_use_certificate_chain_file(context, name_or_null(options.chain_cert)) != 1) {
    return fmt::format("Error loading the certificate chain: {} : {}", shown(options.chain_cert),
                       take_error());
  }
  if (SSL_CTX_use_PrivateKey_file(context, name_or_null(key), options.key_format) != 1) {
    return fmt::format("Error loading the key: {} : {}", shown(key), take_error());
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return fmt::format("Error validating the certificate: {}", take_error());
  }
  if (options.ca_cert.empty()) return std::nullopt;
  if (SSL_CTX_load_verify_locations(context, options.ca_cert.c_str(), nullptr) != 1) {
    return fmt::format("Error loading the CA certificate: {} : {}", options.ca_cert, take_error());
  }
  // Told to clients when they are asked for a certificate. None is no error.
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options.ca_cert.c_str()));
  ERR_clear_error();
  return std::nullopt;
}

/// One client's stream.
class TlsStream final : public Transport {
 public:
  TlsStream(SSL* ssl, TlsWorker& worker) : ssl_(ssl), worker_(worker) {
    SSL_set_app_data(ssl, this);
    SSL_set_accept_state(ssl);
  }
  ~TlsStream() override {
    // The client is told that the stream ends here and is not cut; its answer is not waited for.
    if (!failed_ && established_) SSL_shutdown(ssl_);
    SSL_free(ssl_);
    ERR_clear_error();
  }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  ssize_t receive(iovec* vectors, int count) override;
  ssize_t send(iovec* vectors, int count) override;
  bool buffered() const override { return ended_ || (!drained_ && SSL_has_pending(ssl_) != 0); }
  bool wants_write() const override { return wants_write_; }

  void count_new_session() { worker_.counters.count(Counter::ssl_new_sessions); }

 private:
  int receive_some(char* to, std::size_t bytes, std::size_t* got);
  bool send_some(const char* from, std::size_t bytes, std::size_t* sent);
  void fail(int reason);
  void tell(const std::string& text);

  SSL* const ssl_;
  TlsWorker& worker_;
  bool drained_ = true;       // all that has come off the socket has been handed out
  bool wants_write_ = false;  // see Transport
  bool ended_ = false;        // receive() has seen the end, or an error, behind bytes it handed out
  bool failed_ = false;       // no more may be asked of OpenSSL
  bool established_ = false;  // the handshake is done
};

/// Keeps what went wrong in errno, counts it and reports it. Requires: SSL_get_error() gave `reason`,
/// which is no reason to wait, and an end of the stream only in its handshake.
void TlsStream::fail(int reason) {
  const int error = reason == SSL_ERROR_SYSCALL && errno != 0 ? errno : ECONNRESET;
  failed_ = true;
  if (!established_) {
    worker_.counters.count(Counter::ssl_handshake_errors);
  } else if (reason != SSL_ERROR_SYSCALL) {
    worker_.counters.count(Counter::ssl_proto_errors);
  }
  constexpr unsigned long kEnd = ERR_PACK(ERR_LIB_SSL, 0, SSL_R_UNEXPECTED_EOF_WHILE_READING);
  tell(reason == SSL_ERROR_ZERO_RETURN ? error_text(kEnd)
       : reason == SSL_ERROR_SYSCALL   ? std::strerror(error)
                                       : take_error());
  ERR_clear_error();
  errno = error;
}

/// Tells the log and the watchers why the stream broke off.
void TlsStream::tell(const std::string& text) {
  const int client = SSL_get_fd(ssl_);
  worker_.log.client("<{} TLS error: {}", client, text);
  if (worker_.events.wants(engine::stream::kConnections)) {
    worker_.events.write(engine::ConnectionTlsErrorEvent{.client = client}, text);
  }
}

/// One record, or what fits. Above 0: `got` bytes; 0: the end; -1 with errno set.
int TlsStream::receive_some(char* to, std::size_t bytes, std::size_t* got) {
  wants_write_ = false;
  if (failed_) {
    errno = ECONNRESET;
    return -1;
  }
  ERR_clear_error();
  errno = 0;
  // Reading would do the handshake too, but not tell what an error belongs to.
  int result = established_ ? 1 : SSL_do_handshake(ssl_);
  if (result == 1) {
    established_ = true;
    result = SSL_read_ex(ssl_, to, bytes, got);
  }
  const int reason = SSL_get_error(ssl_, result);
  switch (reason) {
    case SSL_ERROR_NONE:
      return 1;
    case SSL_ERROR_ZERO_RETURN:
      if (established_) return 0;
      fail(reason);
      return -1;
    case SSL_ERROR_WANT_WRITE:
      wants_write_ = true;
      [[fallthrough]];
    case SSL_ERROR_WANT_READ:
      drained_ = true;
      errno = EAGAIN;
      return -1;
    default:
      fail(reason);
      return -1;
  }
}

ssize_t TlsStream::receive(iovec* vectors, int count) {
  std::size_t total = 0;
  ended_ = false;
  drained_ = false;
  for (int i = 0; i < count; ++i) {
    auto* to = static_cast<char*>(vectors[i].iov_base);
    std::size_t left = vectors[i].iov_len;
    while (left != 0 && total < kReceiveBytesMax) {
      std::size_t got = 0;
      const int result = receive_some(to, left, &got);
      if (result <= 0) {
        if (total == 0) return result;
        // An end behind bytes shows again at the next call, and no event of the socket tells of it.
        ended_ = !drained_;
        return static_cast<ssize_t>(total);
      }
      to += got;
      left -= got;
      total += got;
    }
  }
  return static_cast<ssize_t>(total);
}

/// False: nothing was sent, errno says why.
bool TlsStream::send_some(const char* from, std::size_t bytes, std::size_t* sent) {
  if (failed_) {
    errno = ECONNRESET;
    return false;
  }
  ERR_clear_error();
  errno = 0;
  const int result = SSL_write_ex(ssl_, from, bytes, sent);
  if (result == 1) return true;
  const int reason = SSL_get_error(ssl_, result);
  if (reason == SSL_ERROR_WANT_WRITE) {
    errno = EAGAIN;
  } else {
    fail(reason);
  }
  return false;
}

/// Writes until all is gone or the socket is full. A record that did not fit is kept by OpenSSL;
/// the bytes it was made of count as not sent and come again at the front of the next call.
ssize_t TlsStream::send(iovec* vectors, int count) {
  std::size_t total = 0;
  std::size_t offset = 0;  // into vectors[i]
  int i = 0;
  while (i < count) {
    const char* from = static_cast<const char*>(vectors[i].iov_base) + offset;
    std::size_t bytes = vectors[i].iov_len - offset;
    if (bytes < kWriteDirectBytes && i + 1 < count) {
      from = worker_.buffer.get();
      bytes = 0;
      std::size_t skip = offset;
      for (int next = i; next < count && bytes < worker_.buffer_bytes; ++next) {
        const std::size_t piece =
            std::min(vectors[next].iov_len - skip, worker_.buffer_bytes - bytes);
        std::memcpy(worker_.buffer.get() + bytes,
                    static_cast<const char*>(vectors[next].iov_base) + skip, piece);
        bytes += piece;
        skip = 0;
      }
    }
    std::size_t sent = 0;
    if (!send_some(from, bytes, &sent)) {
      return total != 0 && errno == EAGAIN ? static_cast<ssize_t>(total) : -1;
    }
    total += sent;
    offset += sent;
    while (i < count && offset >= vectors[i].iov_len) offset -= vectors[i++].iov_len;
  }
  return static_cast<ssize_t>(total);
}

/// OpenSSL has made a session that can be resumed; it keeps it (0: takes no reference).
int on_new_session(SSL* ssl, SSL_SESSION*) {
  static_cast<TlsStream*>(SSL_get_app_data(ssl))->count_new_session();
  return 0;
}

/// `check` as OpenSSL's flags.
int verify_flags(TlsCheck check) {
  switch (check) {
    case TlsCheck::none:
      return SSL_VERIFY_NONE;
    case TlsCheck::request:
      return SSL_VERIFY_PEER;
    case TlsCheck::require:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case TlsCheck::require_once:
      break;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT | SSL_VERIFY_CLIENT_ONCE;
}

}  // namespace

std::unique_ptr<TlsContext> TlsContext::create(const TlsOptions& options, std::string* error) {
  if (auto missing = load_tls_library()) {
    *error = *std::move(missing);
    return nullptr;
  }
  std::unique_ptr<TlsContext> created(new TlsContext(options));
  created->context_ = created->load(error);
  if (created->context_ == nullptr) return nullptr;
  created->refreshed_at_ = std::chrono::steady_clock::now();
  return created;
}

TlsContext::~TlsContext() = default;

/// Makes OpenSSL's context out of the options and the files as they are now.
TlsContext::Context TlsContext::load(std::string* error) const {
  Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (context == nullptr) {
    *error = "SSL context is not initialized";
    return nullptr;
  }
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, kVersions[options_.min_version]);
  if (auto wrong = load_files(raw, options_)) {
    *error = *std::move(wrong);
    return nullptr;
  }
  if (!options_.ciphers.empty() &&
      SSL_CTX_set_cipher_list(raw, options_.ciphers.c_str()) != 1) {
    ERR_clear_error();
    *error = fmt::format("Error setting the provided cipher(s): {}", options_.ciphers);
    return nullptr;
  }
  if (options_.session_cache) SSL_CTX_sess_set_new_cb(raw, on_new_session);
  SSL_CTX_set_session_cache_mode(
      raw, options_.session_cache ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
  // Requests and replies tell their own lengths: a client that leaves without a word is no error.
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (options_.kernel_tls) {
    SSL_CTX_set_options(raw, SSL_OP_ENABLE_KTLS);
  } else {
    // One read(2) for many small records; the kernel's TLS wants to find them in the socket.
    SSL_CTX_set_read_ahead(raw, 1);
  }
  // A write that did not fit is offered again from wherever the bytes lie by then.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

std::unique_ptr<Transport> TlsContext::accept(int fd, TlsCheck check, TlsWorker& worker) {
  Context context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  ERR_clear_error();
  SSL* const ssl = SSL_new(context.get());  // holds a reference to the context
  if (ssl == nullptr) return nullptr;
  SSL_set_verify(ssl, verify_flags(check), nullptr);
  // Sessions are found again only under the same name, and without one not at all if peers are
  // checked.
  const std::string name = fmt::format("memcached {}", static_cast<int>(check));
  SSL_set_session_id_context(ssl, reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<unsigned>(name.size()));
  if (SSL_set_fd(ssl, fd) != 1) {
    SSL_free(ssl);
    return nullptr;
  }
  return std::make_unique<TlsStream>(ssl, worker);
}

std::optional<std::string> TlsContext::refresh() {
  std::string error;
  Context fresh = load(&error);
  if (fresh == nullptr) return error;
  const std::lock_guard lock(mutex_);
  context_ = std::move(fresh);
  refreshed_at_ = std::chrono::steady_clock::now();
  return std::nullopt;
}

std::uint32_t TlsContext::seconds_since_refresh() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() -
                                                       refreshed_at_)
          .count());
}

}  // namespace larder::server
