// larder: reads the command line, prepares the process, serves, stops.
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>

#include "server/options.h"
#include "server/process.h"
#include "server/sandbox.h"
#include "server/server.h"
#include "server/tls.h"

// Read by jemalloc before main: what connections free goes back to the kernel within a second, since
// everything that is stored lies in the arena, and few heaps are needed beside it.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:500,muzzy_decay_ms:0,lg_tcache_max:13";
}

namespace {

using namespace larder::server;

int leave(const Exit& exit) {
  std::fputs(exit.text.c_str(), exit.code == 0 ? stdout : stderr);
  return exit.code;
}

int serve(const Options& options, std::unique_ptr<TlsContext> tls, Daemon& daemon) {
  if (options.drop_privileges) explain_violations();
  Server server(options, std::move(tls));
  if (const auto exit = server.start()) return leave(*exit);
  const PidFile pid_file(options);
  std::fputs((server.greeting() + "\n").c_str(), stderr);
  daemon.ready(options);
  if (options.drop_privileges) restrict_thread(Profile::main);
  server.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (const auto exit = parse_options(argc, argv, &options)) return leave(*exit);
  for (const std::string& notice : options.notices) std::fputs((notice + "\n").c_str(), stderr);
  std::unique_ptr<TlsContext> tls;
  if (options.tls.enabled) {
    // Before the user is switched: keys may be root's alone.
    std::string error;
    tls = TlsContext::create(options.tls, &error);
    if (tls == nullptr) return leave({kExitUsage, error + "\n"});
  }
  if (const auto exit = prepare_process(options)) return leave(*exit);
  Daemon daemon;
  if (options.daemon) {
    if (const auto exit = daemon.detach(options)) return leave(*exit);
  }
  if (options.lock_memory) lock_memory();
  try {
    return serve(options, std::move(tls), daemon);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "larder: cannot start: %s\n", error.what());
    return kExitOsError;
  }
}
