#include "engine/redis/info.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "engine/redis/redis_engine.h"
#include "engine/redis/version.h"

namespace larder::redis {

namespace {

std::string human(std::uint64_t bytes) {
  const auto number = static_cast<double>(bytes);
  if (bytes < 1024) return fmt::format("{}B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{:.2f}K", number / 1024);
  if (bytes < 1024ULL * 1024 * 1024) return fmt::format("{:.2f}M", number / (1024 * 1024));
  return fmt::format("{:.2f}G", number / (1024.0 * 1024 * 1024));
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// Lines of one section.
class Section {
 public:
  Section(std::string& text, std::string_view title) : text_(text) {
    if (!text_.empty()) text_ += "\r\n";
    text_ += fmt::format("# {}\r\n", title);
  }
  template <typename Value>
  void line(std::string_view name, const Value& value) {
    text_ += fmt::format("{}:{}\r\n", name, value);
  }

 private:
  std::string& text_;
};

std::uint64_t sum(RedisEngine& engine, Counter counter) {
  std::uint64_t total = 0;
  engine.for_each_state(
      [&](const WorkerState& state) { total += state.counters.read(static_cast<std::size_t>(counter)); });
  return total;
}

void server(RedisEngine& engine, Section& out) {
  utsname system{};
  uname(&system);
  const std::int64_t now_ms = engine::read_unix_ms();
  const std::int64_t uptime_s = (now_ms - engine.started_ms()) / 1000;
  out.line("redis_version", kRedisVersion);
  out.line("redis_git_sha1", "00000000");
  out.line("redis_git_dirty", 0);
  out.line("redis_build_id", "larder");
  out.line("redis_mode", "standalone");
  out.line("larder_version", LARDER_VERSION);
  out.line("os", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
  out.line("arch_bits", 64);
  out.line("monotonic_clock", "POSIX clock_gettime");
  out.line("multiplexing_api", "epoll");
  out.line("gcc_version", fmt::format("{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__));
  out.line("process_id", getpid());
  out.line("process_supervised", "no");
  out.line("run_id", engine.run_id());
  out.line("tcp_port", engine.settings().port);
  out.line("server_time_usec", now_ms * 1000);
  out.line("uptime_in_seconds", uptime_s);
  out.line("uptime_in_days", uptime_s / 86400);
  out.line("hz", engine.settings().hz);
  out.line("configured_hz", engine.settings().hz);
  out.line("lru_clock", engine.clock().now());
  out.line("executable", "");
  out.line("config_file", "");
  out.line("io_threads_active", 0);
}

void clients(RedisEngine& engine, Section& out) {
  std::size_t count = 0;
  engine.for_each_client([&](const Client&) { ++count; });
  out.line("connected_clients", count);
  out.line("cluster_connections", 0);
  out.line("maxclients", engine.settings().maxclients);
  out.line("blocked_clients", 0);
  out.line("tracking_clients", 0);
  out.line("clients_in_timeout_table", 0);
}

void memory(RedisEngine& engine, Section& out) {
  const std::uint64_t used = engine.used_bytes();
  const std::uint64_t resident = resident_bytes();
  const auto total = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                     static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const auto limit = static_cast<std::uint64_t>(engine.settings().maxmemory);
  out.line("used_memory", used);
  out.line("used_memory_human", human(used));
  out.line("used_memory_rss", resident);
  out.line("used_memory_rss_human", human(resident));
  out.line("used_memory_peak", engine.peak_bytes(used));
  out.line("used_memory_peak_human", human(engine.peak_bytes(used)));
  out.line("used_memory_dataset", used);
  out.line("used_memory_lua", 0);
  out.line("used_memory_scripts", 0);
  out.line("total_system_memory", total);
  out.line("total_system_memory_human", human(total));
  out.line("maxmemory", limit);
  out.line("maxmemory_human", human(limit));
  out.line("maxmemory_policy", *setting_text(engine.settings(), "maxmemory-policy"));
  out.line("mem_fragmentation_ratio",
           fmt::format("{:.2f}", static_cast<double>(resident) / static_cast<double>(std::max<std::uint64_t>(used, 1))));
  out.line("mem_allocator", "jemalloc");
  out.line("active_defrag_running", 0);
  out.line("lazyfree_pending_objects", engine.lazy_free().pending());
  out.line("lazyfreed_objects", engine.lazy_free().freed());
}

void persistence(RedisEngine& engine, Section& out) {
  out.line("loading", 0);
  out.line("async_loading", 0);
  out.line("rdb_changes_since_last_save", sum(engine, Counter::changes));
  out.line("rdb_bgsave_in_progress", 0);
  out.line("rdb_last_save_time", engine.started_ms() / 1000);
  out.line("rdb_last_bgsave_status", "ok");
  out.line("rdb_last_bgsave_time_sec", -1);
  out.line("rdb_current_bgsave_time_sec", -1);
  out.line("aof_enabled", 0);
  out.line("aof_rewrite_in_progress", 0);
  out.line("aof_rewrite_scheduled", 0);
  out.line("aof_last_rewrite_time_sec", -1);
  out.line("aof_current_rewrite_time_sec", -1);
  out.line("aof_last_bgrewrite_status", "ok");
  out.line("aof_last_write_status", "ok");
}

void stats(RedisEngine& engine, Section& out) {
  out.line("total_connections_received", sum(engine, Counter::connections));
  out.line("total_commands_processed", sum(engine, Counter::commands));
  out.line("expired_keys", sum(engine, Counter::expired_keys) + engine.crawled_keys());
  out.line("evicted_keys", engine.evicted_items());
  out.line("keyspace_hits", sum(engine, Counter::keyspace_hits));
  out.line("keyspace_misses", sum(engine, Counter::keyspace_misses));
  out.line("pubsub_channels", 0);
  out.line("pubsub_patterns", 0);
  out.line("latest_fork_usec", 0);
  out.line("total_forks", 0);
  out.line("total_error_replies", sum(engine, Counter::errors));
}

void replication(RedisEngine& engine, Section& out) {
  out.line("role", "master");
  out.line("connected_slaves", 0);
  out.line("master_failover_state", "no-failover");
  out.line("master_replid", engine.run_id());
  out.line("master_replid2", std::string(40, '0'));
  out.line("master_repl_offset", 0);
  out.line("second_repl_offset", -1);
  out.line("repl_backlog_active", 0);
  out.line("repl_backlog_size", 1048576);
  out.line("repl_backlog_first_byte_offset", 0);
  out.line("repl_backlog_histlen", 0);
}

void cpu(RedisEngine&, Section& out) {
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  const auto seconds = [](const timeval& time) { return fmt::format("{}.{:06}", time.tv_sec, time.tv_usec); };
  out.line("used_cpu_sys", seconds(own.ru_stime));
  out.line("used_cpu_user", seconds(own.ru_utime));
  out.line("used_cpu_sys_children", "0.000000");
  out.line("used_cpu_user_children", "0.000000");
}

void cluster(RedisEngine&, Section& out) { out.line("cluster_enabled", 0); }

void keyspace(RedisEngine& engine, Section& out) {
  for (unsigned number = 0; number < engine.keyspace().database_count(); ++number) {
    const RedisEngine::DatabaseSummary summary = engine.summarize_database(number);
    if (summary.keys == 0) continue;
    out.line(fmt::format("db{}", number), fmt::format("keys={},expires={},avg_ttl=0", summary.keys, summary.expires));
  }
}

struct Row {
  std::string_view name;
  std::string_view title;
  void (*write)(RedisEngine&, Section&);
};
constexpr Row kSections[] = {
    {"server", "Server", server},
    {"clients", "Clients", clients},
    {"memory", "Memory", memory},
    {"persistence", "Persistence", persistence},
    {"stats", "Stats", stats},
    {"replication", "Replication", replication},
    {"cpu", "CPU", cpu},
    {"cluster", "Cluster", cluster},
    {"keyspace", "Keyspace", keyspace},
};

}  // namespace

std::string info_text(RedisEngine& engine, const std::vector<std::string>& sections) {
  const auto asked = [&](std::string_view name) {
    return std::find(sections.begin(), sections.end(), name) != sections.end();
  };
  const bool all = sections.empty() || asked("all") || asked("everything") || asked("default");
  std::string text;
  for (const Row& row : kSections) {
    if (!all && !asked(row.name)) continue;
    Section section(text, row.title);
    row.write(engine, section);
  }
  return text;
}

}  // namespace larder::redis
