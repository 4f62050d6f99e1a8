#include "server/tls_library.h"

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstddef>

namespace larder::server {

namespace {

// A function that tls.cc calls: result, name, parameters, arguments.
// clang-format off
#define LARDER_OPENSSL_FUNCTIONS(X)                                                                \
  X(unsigned long, ERR_get_error, (), ())                                                          \
  X(void, ERR_error_string_n, (unsigned long e, char* b, size_t n), (e, b, n))                     \
  X(void, ERR_clear_error, (), ())                                                                 \
  X(const SSL_METHOD*, TLS_server_method, (), ())                                                  \
  X(SSL_CTX*, SSL_CTX_new, (const SSL_METHOD* m), (m))                                             \
  X(void, SSL_CTX_free, (SSL_CTX* c), (c))                                                         \
  X(long, SSL_CTX_ctrl, (SSL_CTX* c, int what, long n, void* p), (c, what, n, p))                  \
  X(uint64_t, SSL_CTX_set_options, (SSL_CTX* c, uint64_t o), (c, o))                               \
  X(int, SSL_CTX_use_certificate_chain_file, (SSL_CTX* c, const char* f), (c, f))                  \
  X(int, SSL_CTX_use_PrivateKey_file, (SSL_CTX* c, const char* f, int t), (c, f, t))               \
  X(int, SSL_CTX_check_private_key, (const SSL_CTX* c), (c))                                       \
  X(int, SSL_CTX_load_verify_locations, (SSL_CTX* c, const char* f, const char* d), (c, f, d))     \
  X(STACK_OF(X509_NAME)*, SSL_load_client_CA_file, (const char* f), (f))                           \
  X(void, SSL_CTX_set_client_CA_list, (SSL_CTX* c, STACK_OF(X509_NAME)* l), (c, l))                \
  X(int, SSL_CTX_set_cipher_list, (SSL_CTX* c, const char* l), (c, l))                             \
  X(void, SSL_CTX_sess_set_new_cb, (SSL_CTX* c, int (*f)(SSL*, SSL_SESSION*)), (c, f))             \
  X(SSL*, SSL_new, (SSL_CTX* c), (c))                                                              \
  X(void, SSL_free, (SSL* s), (s))                                                                 \
  X(int, SSL_set_fd, (SSL* s, int fd), (s, fd))                                                    \
  X(int, SSL_get_fd, (const SSL* s), (s))                                                          \
  X(int, SSL_set_ex_data, (SSL* s, int i, void* p), (s, i, p))                                     \
  X(void*, SSL_get_ex_data, (const SSL* s, int i), (s, i))                                         \
  X(void, SSL_set_verify, (SSL* s, int m, SSL_verify_cb f), (s, m, f))                             \
  X(int, SSL_set_session_id_context, (SSL* s, const unsigned char* b, unsigned n), (s, b, n))      \
  X(void, SSL_set_accept_state, (SSL* s), (s))                                                     \
  X(int, SSL_do_handshake, (SSL* s), (s))                                                          \
  X(int, SSL_read_ex, (SSL* s, void* b, size_t n, size_t* got), (s, b, n, got))                    \
  X(int, SSL_write_ex, (SSL* s, const void* b, size_t n, size_t* sent), (s, b, n, sent))           \
  X(int, SSL_has_pending, (const SSL* s), (s))                                                     \
  X(int, SSL_get_error, (const SSL* s, int r), (s, r))                                             \
  X(int, SSL_shutdown, (SSL* s), (s))
// clang-format on

/// The library's own functions; set once by load_tls_library(), before threads start.
struct Functions {
#define LARDER_MEMBER(result, name, parameters, arguments) result(*name) parameters = nullptr;
  LARDER_OPENSSL_FUNCTIONS(LARDER_MEMBER)
#undef LARDER_MEMBER
};
Functions functions;

#define LARDER_TEXT(x) LARDER_TEXT_OF(x)
#define LARDER_TEXT_OF(x) #x
constexpr const char* kLibrary = "libssl.so." LARDER_TEXT(OPENSSL_SHLIB_VERSION);

template <typename Function>
bool find(void* library, const char* name, Function** function) {
  *function = reinterpret_cast<Function*>(dlsym(library, name));
  return *function != nullptr;
}

}  // namespace

std::optional<std::string> load_tls_library() {
  if (functions.SSL_new != nullptr) return std::nullopt;
  // Never unloaded: it runs code of its own when the process ends. What is found through libssl may
  // lie in libcrypto.
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::string("cannot load OpenSSL: ") + dlerror();
  Functions found;
#define LARDER_FIND(result, name, parameters, arguments)                                    \
  if (!find(library, #name, &found.name)) {                                                \
    return std::string("cannot use OpenSSL: ") + kLibrary + " has no " + #name;            \
  }
  LARDER_OPENSSL_FUNCTIONS(LARDER_FIND)
#undef LARDER_FIND
  functions = found;
  return std::nullopt;
}

}  // namespace larder::server

#define LARDER_DEFINE(result, name, parameters, arguments)                    \
  extern "C" result name parameters { return larder::server::functions.name arguments; }
LARDER_OPENSSL_FUNCTIONS(LARDER_DEFINE)
#undef LARDER_DEFINE
