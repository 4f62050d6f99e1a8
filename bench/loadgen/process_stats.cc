#include "bench/loadgen/process_stats.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace larder::bench {

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The number behind `label` in /proc/PID/status, which gives kB.
std::uint64_t status_bytes(const std::string& status, std::string_view label) {
  const std::size_t at = status.find(label);
  if (at == std::string::npos) return 0;
  return std::stoull("0" + status.substr(status.find_first_of("0123456789", at), 18)) * 1024;
}

/// Run time of each thread; empty when the kernel does not tell. A thread that ends between listing
/// and reading is left out.
std::map<std::string, std::uint64_t> scheduled_ns(const std::string& directory) {
  std::map<std::string, std::uint64_t> threads;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(directory + "/task", error)) {
    std::istringstream text(read_file(task.path().string() + "/schedstat"));
    std::uint64_t run_ns = 0;
    if (text >> run_ns) threads[task.path().filename().string()] = run_ns;
  }
  return threads;
}

}  // namespace

bool parse_stat_ticks(std::string_view line, std::uint64_t& user, std::uint64_t& system) {
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string_view::npos) return false;
  std::istringstream fields{std::string(line.substr(name_end + 1))};
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  return static_cast<bool>(fields >> user >> system);
}

std::optional<ProcessStats> read_process_stats(int pid) {
  const std::string directory = fmt::format("/proc/{}", pid);
  ProcessStats stats;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  if (!parse_stat_ticks(read_file(directory + "/stat"), user, system)) return std::nullopt;
  const auto tick_ns = 1000000000U / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  stats.user_ns = user * tick_ns;
  stats.system_ns = system * tick_ns;
  stats.thread_ns = scheduled_ns(directory);
  for (const auto& [thread, run_ns] : stats.thread_ns) stats.cpu_ns += run_ns;
  if (stats.cpu_ns == 0) stats.cpu_ns = stats.user_ns + stats.system_ns;
  const std::string status = read_file(directory + "/status");
  stats.rss_bytes = status_bytes(status, "VmRSS:");
  stats.peak_rss_bytes = status_bytes(status, "VmHWM:");
  return stats;
}

std::uint64_t busiest_thread_ns(const ProcessStats& before, const ProcessStats& after) {
  std::uint64_t most = 0;
  for (const auto& [thread, run_ns] : after.thread_ns) {
    const auto earlier = before.thread_ns.find(thread);
    most = std::max(most, run_ns - (earlier == before.thread_ns.end() ? 0 : earlier->second));
  }
  return most;
}

std::uint64_t own_cpu_ns() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ns = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1000000000U +
           static_cast<std::uint64_t>(time.tv_usec) * 1000U;
  };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

}  // namespace larder::bench
