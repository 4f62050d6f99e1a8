// -o drop_privileges: a list of the system calls that a thread may make (seccomp), one for workers and
// one for the main thread. Any other call ends the process with a message that names its number.
//
// Without libseccomp at build time the option is accepted and does nothing, as with memcached.
//
// Threads: restrict_thread() concerns the calling thread for good, and threads it starts later.
#pragma once

#include <cstdint>

namespace larder::server {

enum class Profile : std::uint8_t { main, worker };

/// Whether this binary can do it.
bool sandbox_available();
/// Says what a forbidden call was. Once, before restrict_thread().
void explain_violations();
/// Ends the process with a message when the kernel refuses.
void restrict_thread(Profile profile);

}  // namespace larder::server
