// OpenSSL, loaded when it is needed: mapped into every server it would be 1.7 MB of resident memory for
// those without TLS.
//
// tls_library.cc defines the functions that tls.cc calls and passes the calls on, so OpenSSL's own headers and
// macros are used as ever. A function that is missing there is an error of the linker.
#pragma once

#include <optional>
#include <string>

namespace larder::server {

/// Loads OpenSSL, once. Returns why it cannot be used, or nothing. Requires: no call of OpenSSL before it
/// has succeeded. Main thread.
std::optional<std::string> load_tls_library();

}  // namespace larder::server
