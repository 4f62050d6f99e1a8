#include "bench/replay/trace.h"

#include <algorithm>
#include <utility>

namespace larder::bench::replay {

void TraceBuilder::add(std::uint64_t key, std::uint64_t time_ms, std::uint64_t size,
                       std::uint32_t ttl_seconds) {
  const auto [entry, is_new] = numbers_.try_emplace(key, trace_.object_count);
  if (is_new) ++trace_.object_count;
  std::vector<Request>& requests = trace_.requests;
  if (!requests.empty()) time_ms = std::max(time_ms, requests.back().time_ms);
  const std::uint64_t in_range = std::clamp<std::uint64_t>(size, kSizeMin, kSizeMax);
  requests.push_back({time_ms, entry->second, static_cast<std::uint32_t>(in_range), ttl_seconds});
}

Trace TraceBuilder::take() {
  numbers_.clear();
  return std::exchange(trace_, {});
}

std::vector<std::uint32_t> next_requests(const Trace& trace) {
  std::vector<std::uint32_t> next(trace.requests.size());
  std::vector<std::uint32_t> seen(trace.object_count, kNever);
  for (std::size_t i = next.size(); i-- != 0;) {
    next[i] = std::exchange(seen[trace.requests[i].object], static_cast<std::uint32_t>(i));
  }
  return next;
}

TraceSummary summarize(const Trace& trace) {
  TraceSummary summary;
  summary.requests = trace.requests.size();
  summary.objects = trace.object_count;
  if (trace.requests.empty()) return summary;
  summary.duration_ms = trace.requests.back().time_ms - trace.requests.front().time_ms;
  std::vector<std::uint32_t> counts(trace.object_count);
  for (const Request& request : trace.requests) {
    summary.requested_bytes += request.size;
    if (counts[request.object]++ == 0) summary.object_bytes += request.size;
    if (request.ttl_seconds != 0) ++summary.with_ttl;
  }
  summary.one_hit_objects =
      static_cast<std::uint32_t>(std::count(counts.begin(), counts.end(), 1U));
  return summary;
}

}  // namespace larder::bench::replay
