// CPU time and memory of another process, from /proc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace larder::bench {

struct ProcessStats {
  std::uint64_t cpu_ns = 0;  // user + system of all threads
  std::uint64_t user_ns = 0;
  std::uint64_t system_ns = 0;
  std::uint64_t rss_bytes = 0;
  std::uint64_t peak_rss_bytes = 0;
  std::map<std::string, std::uint64_t> thread_ns;  // run time by thread id, where known
};

/// Run time between two readings of the thread that ran most: in a server with one worker, the
/// worker's share of the whole.
std::uint64_t busiest_thread_ns(const ProcessStats& before, const ProcessStats& after);

/// nullopt when there is no such process. cpu_ns comes from the scheduler's account of each thread
/// (task/*/schedstat, nanoseconds) where the kernel keeps one; user and system from stat, which
/// counts in ticks of 10 ms and so only tells their proportion over a short run.
std::optional<ProcessStats> read_process_stats(int pid);

/// Reads the 14th and 15th field (user and system ticks) of a /proc/PID/stat line, whose second
/// field may hold any character.
bool parse_stat_ticks(std::string_view line, std::uint64_t& user, std::uint64_t& system);

/// CPU nanoseconds of this process so far.
std::uint64_t own_cpu_ns();

}  // namespace larder::bench
