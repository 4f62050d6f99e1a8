#include "server/server.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "engine/redis/redis_engine.h"
#include "server/engine_config.h"
#include "server/socket_address.h"

namespace larder::server {

namespace {

using namespace std::chrono_literals;

constexpr auto kTickInterval = 100ms;

engine::Config restartable_config(const Options& options, const WarmRestart& restart) {
  engine::Config config = engine_config(options);
  config.memory_fd = restart.fd();
  if (restart.state()) {
    config.hash_seed = restart.state()->hash_seed;
    config.hash_power = std::clamp(restart.state()->hash_power, config.hash_power, 32U);
  }
  return config;
}

std::chrono::nanoseconds since_wall_second() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return now % 1s;
}

std::unique_ptr<engine::CacheEngine> make_engine(const Options& options, const WarmRestart& restart) {
  if (!options.redis_engine()) return engine::make_cache_engine(restartable_config(options, restart));
  return std::make_unique<redis::RedisEngine>(engine_config(options), options.redis);
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

  std::string address(int descriptor, End end) override {
    return end == End::ours ? local_address(descriptor) : peer_address(descriptor);
  }

  void shutdown(bool graceful) override { server_.request_stop(graceful); }

  std::shared_ptr<const proto::ClusterConfig> cluster_config() const override {
    return server_.discovery_.get();
  }
  bool set_cluster_config(std::shared_ptr<const proto::ClusterConfig> config) override {
    return server_.discovery_.set(std::move(config));
  }
  std::optional<std::string> refresh_certs() override {
    return server_.tls_ != nullptr ? server_.tls_->refresh() : Host::refresh_certs();
  }
  std::unique_ptr<proto::SaslExchange> sasl_exchange() override {
    return server_.sasl_ != nullptr ? server_.sasl_->exchange() : nullptr;
  }
  bool knows_user(std::string_view user, std::string_view password) override {
    return server_.auth_file_ != nullptr && server_.auth_file_->knows(user, password);
  }
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

Server::Server(const Options& options, std::unique_ptr<TlsContext> tls)
    : options_(options),
      log_(settings_.verbosity),
      mailbox_(loop_),
      signals_(loop_, [this](int number) { on_signal(number); }),
      restart_(options),
      engine_(make_engine(options, restart_)),
      tls_(std::move(tls)),
      second_offset_(since_wall_second()),
      started_(std::chrono::steady_clock::now()),
      acceptor_(options, log_, loop_, mailbox_),
      watchers_(engine_->gates(), options),
      shared_{options, settings_, *engine_, log_, watchers_, proven_addresses_,
              [this] { acceptor_.connection_closed(); }},
      stats_(options, settings_, *engine_, acceptor_, watchers_, workers_, tls_.get()),
      ticker_(loop_, [this] { tick(); }) {
  settings_.cas_enabled = options.cas_enabled;
  settings_.flush_enabled = options.flush_enabled;
  settings_.dump_enabled = options.dump_enabled;
  settings_.watch_enabled = options.watch_enabled;
  settings_.shutdown_enabled = options.shutdown_enabled;
  settings_.sasl_enabled = options.sasl;
  settings_.login_required = options.login_required;
  settings_.verbosity.store(options.verbosity);
  engine_->prefix_stats().set_delimiter(options.prefix_delimiter);
  engine_->prefix_stats().enable(options.detail_enabled);
}

Server::~Server() = default;

std::optional<Exit> Server::start() {
  if (auto exit = start_authentication()) return exit;
  if (!options_.discovery_file.empty()) {
    if (auto error = discovery_.load(options_.discovery_file)) return Exit{1, *error + "\
"};
  }
  if (auto exit = acceptor_.open(tls_.get())) return exit;
  if (restart_.state() && !restore()) {
    return Exit{kExitOsError, "[restart] the memory file is not what its metadata says\
"};
  }
  std::vector<WorkerThread*> workers;
  for (int i = 0; i < options_.threads; ++i) {
    engine::Worker& engine_worker = engine_->add_worker();
    hosts_.push_back(std::make_unique<WorkerHost>(*this, engine_worker));
    workers_.push_back(std::make_unique<WorkerThread>(shared_, engine_worker, *hosts_.back()));
    workers.push_back(workers_.back().get());
  }
  acceptor_.share_udp(workers);
  if (redis::RedisEngine* redis = engine_->redis()) {
    redis->start_background_all();
  } else {
    engine_->start_background();
  }
  watchers_.start();
  for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->start(static_cast<unsigned>(i));
  ticker_.start_periodic(kTickInterval);
  acceptor_.start(std::move(workers));
  return std::nullopt;
}

bool Server::restore() {
  log_.warn("[restart] original memory base: [{:#x}] new base: [{:#x}]", restart_.state()->base,
            engine_->keyspace().arena().base_address());
  const auto begun = std::chrono::steady_clock::now();
  restart_.begin();
  if (!engine_->restore(*restart_.state())) return false;
  log_.warn("[restart] recovered in {} ms",
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun)
                .count());
  return true;
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
  if (graceful_ && restart_.enabled()) {
    engine_->stop_background();
    restart_.save(engine_->save());
  }
}

void Server::request_stop(bool graceful) {
  mailbox_.post([this, graceful] {
    graceful_ = graceful;
    loop_.stop();
  });
}

void Server::on_signal(int number) {
  if (number == SIGHUP) return reload();
  request_stop(number == SIGUSR1);
}

/// -S and -Y. Nobody listens yet.
std::optional<Exit> Server::start_authentication() {
  if (options_.sasl) {
    sasl_ = Sasl::start(log_);
    if (sasl_ == nullptr) return Exit{1, "Error initializing sasl.\n"};
  }
  if (!options_.login_required) return std::nullopt;
  auth_file_ = std::make_unique<AuthFile>(options_.auth_file);
  switch (auth_file_->load()) {
    case AuthFile::Load::ok:
      break;
    case AuthFile::Load::cannot_open:
      return Exit{1, fmt::format("Could not open authfile [{}] for reading, error {}\n",
                                 options_.auth_file, std::strerror(errno))};
    case AuthFile::Load::malformed:
      return Exit{1, fmt::format("Authfile [{}] has a malformed entry. Should be 'user:password'\n",
                                 options_.auth_file)};
  }
  return std::nullopt;
}

/// SIGHUP: reads the auth file, the list of nodes and the certificates again. What cannot be used
/// changes nothing.
void Server::reload() {
  if (auth_file_ != nullptr && auth_file_->load() != AuthFile::Load::ok) {
    log_.warn("Could not reload authfile [{}] on SIGHUP", options_.auth_file);
  }
  if (!options_.discovery_file.empty()) {
    if (const auto error = discovery_.load(options_.discovery_file)) log_.always("{}", *error);
  }
  if (tls_ == nullptr) return;
  if (const auto error = tls_->refresh()) {
    log_.always("Could not reload TLS certificates on SIGHUP: {}", *error);
  }
}

void Server::tick() {
  // Seconds change when the wall clock's do, as far as nobody sets that clock.
  const auto elapsed = std::chrono::steady_clock::now() - started_ + second_offset_;
  using Quarters = std::chrono::duration<std::int64_t, std::ratio<1, engine::Deadline::kPerSecond>>;
  engine_->clock().tick(
      {static_cast<std::uint32_t>(std::chrono::duration_cast<Quarters>(elapsed).count())});
  acceptor_.tick();
}

}  // namespace larder::server
