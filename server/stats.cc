#include "server/stats.h"

#include <event2/event.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <utility>

#include "server/acceptor.h"
#include "server/process.h"
#include "server/socket_address.h"
#include "server/tls.h"
#include "server/watchers.h"
#include "server/worker_thread.h"

namespace larder::server {

namespace {

/// Keeps what the engine reports, to be shown in another order.
class Collected final : public engine::StatSink {
 public:
  using StatSink::stat;
  void stat(std::string_view name, std::string_view value) override {
    rows_.emplace_back(name, value);
  }
  /// nullptr: the engine says nothing of that name.
  const std::string* find(std::string_view name) const {
    const auto row = std::find_if(rows_.begin(), rows_.end(),
                                  [&](const auto& each) { return each.first == name; });
    return row == rows_.end() ? nullptr : &row->second;
  }

 private:
  std::vector<std::pair<std::string, std::string>> rows_;
};

using Value = std::string (*)(const Stats&);

struct Row {
  std::string_view name;
  Value value = nullptr;                    // nullptr: the engine's, or 0
  bool (*shown)(const Options&) = nullptr;  // nullptr: always
};

void show(std::span<const Row> rows, const Stats& stats, const Collected& collected,
          engine::StatSink& sink) {
  for (const Row& row : rows) {
    if (row.shown != nullptr && !row.shown(stats.options())) continue;
    if (const std::string* value = collected.find(row.name)) {
      sink.stat(row.name, std::string_view(*value));
    } else {
      sink.stat(row.name, std::string_view(row.value == nullptr ? "0" : row.value(stats)));
    }
  }
}

std::string cpu_time(const timeval& time) {
  return fmt::format("{}.{:06}", time.tv_sec, time.tv_usec);
}
rusage usage() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used;
}

template <Counter kCounter>
std::string counted(const Stats& stats) {
  return std::to_string(stats.counted(kCounter));
}
template <Gauge kGauge>
std::string gauge(const Stats& stats) {
  return std::to_string(stats.gauge(kGauge));
}
std::string curr_connections(const Stats& stats) {
  return std::to_string(stats.acceptor().curr_connections());
}

bool with_maxconns_fast(const Options& options) { return options.maxconns_fast; }
bool with_idle_timeout(const Options& options) { return options.idle_timeout_s > 0; }
bool with_reassign(const Options& options) { return options.slab_reassign; }
bool with_crawler(const Options& options) { return options.lru_crawler; }
bool with_maintainer(const Options& options) { return options.lru_maintainer; }
bool with_tls(const Options& options) { return options.tls.enabled; }
bool with_session_cache(const Options& options) { return with_tls(options) && options.tls.session_cache; }

#define LARDER_VALUE(expression) [](const Stats& s) -> std::string { (void)s; return expression; }

// clang-format off
constexpr Row kGeneral[] = {
    {"pid", LARDER_VALUE(std::to_string(getpid()))},
    {"uptime", LARDER_VALUE(std::to_string(s.clock().now() - engine::Clock::kStart))},
    {"time", LARDER_VALUE(std::to_string(s.clock().unix_now()))},
    {"version", LARDER_VALUE(std::string(proto::kMemcachedVersion))},
    {"libevent", LARDER_VALUE(event_get_version())},
    {"pointer_size", LARDER_VALUE(std::to_string(8 * sizeof(void*)))},
    {"rusage_user", LARDER_VALUE(cpu_time(usage().ru_utime))},
    {"rusage_system", LARDER_VALUE(cpu_time(usage().ru_stime))},
    {"max_connections", LARDER_VALUE(std::to_string(s.options().max_connections))},
    {"curr_connections", curr_connections},
    {"total_connections", counted<Counter::total_connections>},
    {"rejected_connections", counted<Counter::rejected_connections>, with_maxconns_fast},
    {"connection_structures", curr_connections},
    {"response_obj_oom", counted<Counter::response_obj_oom>},
    {"response_obj_count", gauge<Gauge::response_obj_count>},
    {"response_obj_bytes", gauge<Gauge::response_obj_bytes>},
    {"read_buf_count", gauge<Gauge::read_buf_count>},
    {"read_buf_bytes", gauge<Gauge::read_buf_bytes>},
    {"read_buf_bytes_free"},
    {"read_buf_oom", counted<Counter::read_buf_oom>},
    {"reserved_fds", LARDER_VALUE(std::to_string(own_descriptors(s.options())))},
    {"cmd_get"}, {"cmd_set"}, {"cmd_flush"}, {"cmd_touch"}, {"cmd_meta"},
    {"get_hits"}, {"get_misses"}, {"get_expired"}, {"get_flushed"},
    {"delete_misses"}, {"delete_hits"},
    {"incr_misses"}, {"incr_hits"}, {"decr_misses"}, {"decr_hits"},
    {"cas_misses"}, {"cas_hits"}, {"cas_badval"},
    {"touch_hits"}, {"touch_misses"},
    {"store_too_large"}, {"store_no_memory"},
    {"auth_cmds"}, {"auth_errors"},
    {"idle_kicks", counted<Counter::idle_kicks>, with_idle_timeout},
    {"bytes_read", counted<Counter::bytes_read>},
    {"bytes_written", counted<Counter::bytes_written>},
    {"limit_maxbytes", LARDER_VALUE(std::to_string(s.options().memory_bytes))},
    {"accepting_conns", LARDER_VALUE(s.acceptor().accepting() ? "1" : "0")},
    {"listen_disabled_num", counted<Counter::listen_disabled_num>},
    {"time_in_listen_disabled_us", counted<Counter::time_in_listen_disabled_us>},
    {"threads", LARDER_VALUE(std::to_string(s.options().threads))},
    {"conn_yields", counted<Counter::conn_yields>},
    {"hash_power_level"}, {"hash_bytes"}, {"hash_is_expanding"},
    {"slab_reassign_rescues", nullptr, with_reassign},
    {"slab_reassign_chunk_rescues", nullptr, with_reassign},
    {"slab_reassign_inline_reclaim", nullptr, with_reassign},
    {"slab_reassign_busy_items", nullptr, with_reassign},
    {"slab_reassign_busy_deletes", nullptr, with_reassign},
    {"slab_reassign_busy_nomem", nullptr, with_reassign},
    {"slab_reassign_last_busy_status", nullptr, with_reassign},
    {"slab_reassign_running", nullptr, with_reassign},
    {"slabs_moved", nullptr, with_reassign},
    {"lru_crawler_running", nullptr, with_crawler},
    {"lru_crawler_starts", nullptr, with_crawler},
    {"lru_maintainer_juggles", nullptr, with_maintainer},
    {"malloc_fails"},
    {"log_worker_dropped", LARDER_VALUE(std::to_string(s.watchers().counts().worker_dropped))},
    {"log_worker_written", LARDER_VALUE(std::to_string(s.watchers().counts().worker_written))},
    {"log_watcher_skipped", LARDER_VALUE(std::to_string(s.watchers().counts().watcher_skipped))},
    {"log_watcher_sent", LARDER_VALUE(std::to_string(s.watchers().counts().watcher_sent))},
    {"log_watchers", LARDER_VALUE(std::to_string(s.watchers().watcher_count()))},
    {"ssl_new_sessions", counted<Counter::ssl_new_sessions>, with_session_cache},
    {"ssl_handshake_errors", counted<Counter::ssl_handshake_errors>, with_tls},
    {"ssl_proto_errors", counted<Counter::ssl_proto_errors>, with_tls},
    {"time_since_server_cert_refresh", LARDER_VALUE(std::to_string(s.tls().seconds_since_refresh())), with_tls},
    {"unexpected_napi_ids"}, {"round_robin_fallback"},
    {"bytes"}, {"curr_items"}, {"total_items"}, {"slab_global_page_pool"},
    {"expired_unfetched"}, {"evicted_unfetched"},
    {"evicted_active", nullptr, with_maintainer},
    {"evictions"}, {"reclaimed"},
    {"crawler_reclaimed"}, {"crawler_items_checked"},
    {"lrutail_reflocked"},
    {"moves_to_cold", nullptr, with_maintainer},
    {"moves_to_warm", nullptr, with_maintainer},
    {"moves_within_lru", nullptr, with_maintainer},
    {"direct_reclaims", nullptr, with_maintainer},
    {"lru_bumps_dropped", nullptr, with_maintainer},
};

std::string yes(bool value) { return value ? "yes" : "no"; }
std::string text_or(const std::string& text, const char* unset) { return text.empty() ? unset : text; }
/// ssl_verify_mode as OpenSSL's flags, which is what memcached shows.
std::string verify_flags(TlsCheck check) {
  constexpr const char* kFlags[] = {"0", "1", "3", "7"};
  return kFlags[static_cast<std::size_t>(check)];
}
std::string version_name(int version) { return fmt::format("tlsv1.{}", version); }
std::string two_decimals(double value) { return fmt::format("{:.2f}", value); }

#define LARDER_SETTING(expression) \
  [](const Stats& s) -> std::string { [[maybe_unused]] const Options& o = s.options(); return expression; }

constexpr Row kSettings[] = {
    {"maxbytes", LARDER_SETTING(std::to_string(o.memory_bytes))},
    {"maxconns", LARDER_SETTING(std::to_string(o.max_connections))},
    {"tcpport", LARDER_SETTING(std::to_string(o.tcp_port))},
    {"udpport", LARDER_SETTING(std::to_string(o.udp_port))},
    {"inter", LARDER_SETTING(text_or(o.interfaces, "NULL"))},
    {"verbosity", LARDER_SETTING(std::to_string(s.settings().verbosity.load(std::memory_order_relaxed)))},
    {"oldest"},
    {"evictions", LARDER_SETTING(o.evict ? "on" : "off")},
    {"domain_socket", LARDER_SETTING(text_or(o.unix_socket, "NULL"))},
    {"umask", LARDER_SETTING(fmt::format("{:o}", o.unix_mask))},
    {"shutdown_command", LARDER_SETTING(yes(o.shutdown_enabled))},
    {"growth_factor", LARDER_SETTING(two_decimals(o.growth_factor))},
    {"chunk_size", LARDER_SETTING(std::to_string(o.chunk_bytes_min))},
    {"num_threads", LARDER_SETTING(std::to_string(o.threads))},
    {"num_threads_per_udp", LARDER_SETTING(std::to_string(o.listens_on_several() ? 1 : o.threads))},
    {"stat_key_prefix", LARDER_SETTING(std::string(1, o.prefix_delimiter))},
    {"detail_enabled", LARDER_SETTING(yes(s.detail_enabled()))},
    {"reqs_per_event", LARDER_SETTING(std::to_string(o.requests_per_event))},
    {"cas_enabled", LARDER_SETTING(yes(o.cas_enabled))},
    {"tcp_backlog", LARDER_SETTING(std::to_string(o.backlog))},
    {"binding_protocol", LARDER_SETTING(std::string(binding_name(o.binding)))},
    {"auth_enabled_sasl", LARDER_SETTING(yes(o.sasl))},
    {"auth_enabled_ascii", LARDER_SETTING(o.login_required ? o.auth_file : "no")},
    {"item_size_max", LARDER_SETTING(std::to_string(o.item_bytes_max))},
    {"maxconns_fast", LARDER_SETTING(yes(o.maxconns_fast))},
    {"hashpower_init", LARDER_SETTING(std::to_string(o.hash_power))},
    {"slab_reassign", LARDER_SETTING(yes(o.slab_reassign))},
    {"slab_automove", LARDER_SETTING(std::to_string(o.slab_automove))},
    {"slab_automove_ratio", LARDER_SETTING(two_decimals(o.slab_automove_ratio))},
    {"slab_automove_window", LARDER_SETTING(std::to_string(o.slab_automove_window))},
    {"slab_chunk_max", LARDER_SETTING(std::to_string(o.chunk_bytes_max))},
    {"lru_crawler", LARDER_SETTING(yes(o.lru_crawler))},
    {"lru_crawler_sleep", LARDER_SETTING(std::to_string(o.lru_crawler_sleep_us))},
    {"lru_crawler_tocrawl", LARDER_SETTING(std::to_string(o.lru_crawler_tocrawl))},
    {"tail_repair_time", LARDER_SETTING(std::to_string(o.tail_repair_time_s))},
    {"flush_enabled", LARDER_SETTING(yes(o.flush_enabled))},
    {"dump_enabled", LARDER_SETTING(yes(o.dump_enabled))},
    {"hash_algorithm", LARDER_SETTING("xxh3")},
    {"lru_maintainer_thread", LARDER_SETTING(yes(o.lru_maintainer))},
    {"lru_segmented", LARDER_SETTING(yes(o.lru_segmented))},
    {"hot_lru_pct", LARDER_SETTING(std::to_string(o.hot_lru_pct))},
    {"warm_lru_pct", LARDER_SETTING(std::to_string(o.warm_lru_pct))},
    {"hot_max_factor", LARDER_SETTING(two_decimals(o.hot_max_factor))},
    {"warm_max_factor", LARDER_SETTING(two_decimals(o.warm_max_factor))},
    {"temp_lru", LARDER_SETTING(yes(o.temp_lru))},
    {"temporary_ttl", LARDER_SETTING(std::to_string(o.temporary_ttl_s))},
    {"idle_timeout", LARDER_SETTING(std::to_string(o.idle_timeout_s))},
    {"watcher_logbuf_size", LARDER_SETTING(std::to_string(o.watcher_logbuf_bytes))},
    {"worker_logbuf_size", LARDER_SETTING(std::to_string(o.worker_logbuf_bytes))},
    {"read_buf_mem_limit", LARDER_SETTING(std::to_string(o.read_buf_mem_limit_bytes))},
    {"track_sizes", LARDER_SETTING(yes(o.track_sizes))},
    {"inline_ascii_response", LARDER_SETTING("no")},
    // External storage is not built in: memcached's values when it is off.
    {"ext_item_size", LARDER_SETTING("512")},
    {"ext_item_age", LARDER_SETTING("4294967295")},
    {"ext_low_ttl"},
    {"ext_recache_rate", LARDER_SETTING("2000")},
    {"ext_wbuf_size", LARDER_SETTING("4194304")},
    {"ext_compact_under"},
    {"ext_drop_under"},
    {"ext_max_sleep", LARDER_SETTING("1000000")},
    {"ext_max_frag", LARDER_SETTING("0.80")},
    {"slab_automove_freeratio", LARDER_SETTING(fmt::format("{:.3f}", o.slab_automove_freeratio))},
    {"ext_drop_unread", LARDER_SETTING("no")},
    {"ssl_enabled", LARDER_SETTING(yes(o.tls.enabled))},
    {"ssl_chain_cert", LARDER_SETTING(text_or(o.tls.chain_cert, "(null)"))},
    {"ssl_key", LARDER_SETTING(text_or(o.tls.key, "(null)"))},
    {"ssl_verify_mode", LARDER_SETTING(verify_flags(o.tls.check))},
    {"ssl_keyformat", LARDER_SETTING(std::to_string(o.tls.key_format))},
    {"ssl_ciphers", LARDER_SETTING(text_or(o.tls.ciphers, "NULL"))},
    {"ssl_ca_cert", LARDER_SETTING(text_or(o.tls.ca_cert, "NULL"))},
    {"ssl_wbuf_size", LARDER_SETTING(std::to_string(o.tls.write_buffer_bytes))},
    {"ssl_session_cache", LARDER_SETTING(yes(o.tls.session_cache))},
    {"ssl_kernel_tls", LARDER_SETTING(yes(o.tls.kernel_tls))},
    {"ssl_min_version", LARDER_SETTING(version_name(o.tls.min_version))},
    {"num_napi_ids", LARDER_SETTING(std::to_string(o.napi_ids))},
    {"memory_file", LARDER_SETTING(text_or(o.memory_file, "(null)"))},
    {"client_flags_size", LARDER_SETTING("4")},
};
// clang-format on
#undef LARDER_VALUE
#undef LARDER_SETTING

/// What `stats conns` shows of one descriptor.
struct Described {
  int fd;
  std::string address;
  std::string listen_address;  // empty for a listener
  std::string state;
  std::uint32_t silent_s;
  bool udp = false;
};

}  // namespace

void Stats::general(engine::StatSink& sink) const {
  Collected collected;
  engine_.stats("", collected);
  show(kGeneral, *this, collected, sink);
}

void Stats::settings(engine::StatSink& sink) const {
  // Commands change some settings; what the engine works with now goes before the command line.
  Collected collected;
  engine_.stats("settings", collected);
  show(kSettings, *this, collected, sink);
}

void Stats::connections(engine::StatSink& sink) const {
  const std::uint32_t now = clock().now();
  std::vector<Described> all;
  for (const auto& listener : acceptor_.listeners()) {
    all.push_back({listener->fd(), local_address_for_stats(listener->fd()), {}, "conn_listening",
                   now - engine::Clock::kStart});
  }
  for (const auto& worker : workers_) {
    worker->for_each_udp_port([&](const UdpPort& port) {
      all.push_back({port.fd(), "udp" + local_address_for_stats(port.fd()).substr(3), {}, "conn_read",
                     now - port.last_active_s(), true});
    });
    worker->for_each_connection([&](const Connection& connection) {
      const int fd = connection.fd();
      all.push_back({fd, peer_address_for_stats(fd), local_address_for_stats(fd),
                     connection.state(), now - connection.last_active_s()});
    });
  }
  std::sort(all.begin(), all.end(),
            [](const Described& a, const Described& b) { return a.fd < b.fd; });
  for (const Described& each : all) {
    const auto line = [&](std::string_view name, std::string_view value) {
      sink.stat(fmt::format("{}:{}", each.fd, name), value);
    };
    if (each.udp) line("UDP", "UDP");
    line("addr", each.address);
    if (!each.listen_address.empty()) line("listen_addr", each.listen_address);
    line("state", each.state);
    line("secs_since_last_cmd", std::to_string(each.silent_s));
  }
}

std::uint64_t Stats::sum(Counter counter) const {
  const auto index = static_cast<std::size_t>(counter);
  std::uint64_t total = acceptor_.counters().counters.read(index);
  for (const auto& worker : workers_) {
    total += std::as_const(*worker).counters().counters.read(index);
  }
  return total;
}

std::uint64_t Stats::counted(Counter counter) const {
  const std::lock_guard lock(reset_mutex_);
  return sum(counter) - counted_before_[static_cast<std::size_t>(counter)];
}

std::uint64_t Stats::gauge(Gauge gauge) const {
  const auto index = static_cast<std::size_t>(gauge);
  std::uint64_t total = acceptor_.counters().gauges.read(index);
  for (const auto& worker : workers_) {
    total += std::as_const(*worker).counters().gauges.read(index);
  }
  return total;
}

void Stats::reset(engine::Worker& worker) {
  {
    const std::lock_guard lock(reset_mutex_);
    for (std::size_t i = 0; i < kCounterCount; ++i) {
      counted_before_[i] = sum(static_cast<Counter>(i));
    }
  }
  watchers_.reset_counts();
  engine_.reset_stats(worker);
}

}  // namespace larder::server
