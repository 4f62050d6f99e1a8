#include "server/server.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "server/engine_config.h"

namespace larder::server {

namespace {

using namespace std::chrono_literals;

constexpr auto kTickInterval = 100ms;

std::chrono::nanoseconds since_wall_second() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return now % 1s;
}

}  // namespace

/// What one worker's protocols may ask.
class Server::WorkerHost final : public proto::Host {
 public:
  WorkerHost(Server& server, engine::Worker& worker) : server_(server), worker_(worker) {}

  StatsResult stats(std::string_view words, engine::StatSink& sink) override {
    if (words.empty()) {
      server_.stats_.general(sink);
    } else if (words == "settings") {
      server_.stats_.settings(sink);
    } else if (words == "conns") {
      server_.stats_.connections(sink);
    } else if (words == "reset") {
      server_.stats_.reset(worker_);
      return StatsResult::reset;
    } else if (words.substr(0, words.find(' ')) == "detail") {
      return detail(words.substr(std::min(words.size(), std::string_view("detail ").size())), sink);
    } else {
      return server_.engine_->stats(words, sink) ? StatsResult::ok : StatsResult::unknown;
    }
    return StatsResult::ok;
  }

  void shutdown(bool graceful) override { server_.request_stop(graceful); }

#ifdef LARDER_DEBUG_COMMANDS
  bool misbehave() override {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) ::close(fd);
    return fd >= 0 || std::system("sleep 0") != -1;
  }
#endif

 private:
  StatsResult detail(std::string_view action, engine::StatSink& sink) {
    engine::PrefixStats& prefixes = server_.engine_->prefix_stats();
    if (!server_.settings_.dump_enabled) return StatsResult::not_allowed;
    if (action == "dump") {
      prefixes.dump(sink);
      return StatsResult::ok;
    }
    if (action != "on" && action != "off") return StatsResult::usage;
    prefixes.enable(action == "on");
    return StatsResult::detail_ok;
  }

  Server& server_;
  engine::Worker& worker_;
};

Server::Server(const Options& options)
    : options_(options),
      log_(settings_.verbosity),
      mailbox_(loop_),
      signals_(loop_, [this](int number) { on_signal(number); }),
      engine_(engine::make_cache_engine(engine_config(options))),
      second_offset_(since_wall_second()),
      started_(std::chrono::steady_clock::now()),
      acceptor_(options, log_, loop_, mailbox_),
      watchers_(engine_->gates(), options),
      shared_{options, settings_, *engine_, log_, watchers_, proven_addresses_,
              [this] { acceptor_.connection_closed(); }},
      stats_(options, settings_, *engine_, acceptor_, watchers_, workers_),
      ticker_(loop_, [this] { tick(); }) {
  settings_.cas_enabled = options.cas_enabled;
  settings_.flush_enabled = options.flush_enabled;
  settings_.dump_enabled = options.dump_enabled;
  settings_.watch_enabled = options.watch_enabled;
  settings_.shutdown_enabled = options.shutdown_enabled;
  settings_.verbosity.store(options.verbosity);
  engine_->prefix_stats().set_delimiter(options.prefix_delimiter);
  engine_->prefix_stats().enable(options.detail_enabled);
}

Server::~Server() = default;

std::optional<Exit> Server::start() {
  if (auto exit = acceptor_.open()) return exit;
  std::vector<WorkerThread*> workers;
  for (int i = 0; i < options_.threads; ++i) {
    engine::Worker& engine_worker = engine_->add_worker();
    hosts_.push_back(std::make_unique<WorkerHost>(*this, engine_worker));
    workers_.push_back(std::make_unique<WorkerThread>(shared_, engine_worker, *hosts_.back()));
    workers.push_back(workers_.back().get());
  }
  acceptor_.share_udp(workers);
  engine_->start_background();
  watchers_.start();
  for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->start(static_cast<unsigned>(i));
  ticker_.start_periodic(kTickInterval);
  acceptor_.start(std::move(workers));
  return std::nullopt;
}

std::string Server::greeting() const {
  const std::string addresses = acceptor_.addresses();
  std::string_view languages = "text, meta and binary";
  if (options_.binding == proto::Binding::ascii) languages = "text and meta";
  if (options_.binding == proto::Binding::binary) languages = "binary";
  return fmt::format("larder {}: listening on {} (memcached {} {}), {} thread{}, {} MB",
                     kLarderVersion, addresses.empty() ? "nothing" : addresses,
                     proto::kMemcachedVersion, languages, options_.threads,
                     options_.threads == 1 ? "" : "s", options_.memory_bytes / kMegabyte);
}

void Server::run() {
  loop_.run();
  if (graceful_) {
    log_.always("Gracefully stopping");
  } else {
    log_.warn("Exiting normally");
  }
  acceptor_.stop();
  watchers_.stop();
  for (const auto& worker : workers_) worker->stop(graceful_);
  for (const auto& worker : workers_) worker->join();
}

void Server::request_stop(bool graceful) {
  mailbox_.post([this, graceful] {
    graceful_ = graceful;
    loop_.stop();
  });
}

void Server::on_signal(int number) {
  // SIGHUP rereads what can be reread, which is nothing yet.
  if (number != SIGHUP) request_stop(number == SIGUSR1);
}

void Server::tick() {
  // Seconds change when the wall clock's do, as far as nobody sets that clock.
  const auto elapsed = std::chrono::steady_clock::now() - started_ + second_offset_;
  engine_->clock().tick(
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(elapsed).count()));
  acceptor_.tick();
}

}  // namespace larder::server
