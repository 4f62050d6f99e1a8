#include "engine/prefix_stats.h"

#include <fmt/format.h>

namespace larder::engine {

// The counters of a key's prefix; nullptr when it has none or there are too many. Requires: mutex_.
PrefixStats::Counts* PrefixStats::find(std::string_view key) {
  const std::size_t length = key.find(delimiter_);
  if (length == std::string_view::npos) return nullptr;
  const std::string_view prefix = key.substr(0, length);
  const auto found = prefixes_.find(prefix);
  if (found != prefixes_.end()) return &found->second;
  if (prefixes_.size() >= kPrefixesMax) return nullptr;
  return &prefixes_.emplace(prefix, Counts{}).first->second;
}

void PrefixStats::count_get(std::string_view key, bool hit) {
  std::lock_guard lock(mutex_);
  if (Counts* counts = find(key)) {
    ++counts->gets;
    counts->hits += hit ? 1 : 0;
  }
}

void PrefixStats::count_set(std::string_view key) {
  std::lock_guard lock(mutex_);
  if (Counts* counts = find(key)) ++counts->sets;
}

void PrefixStats::count_delete(std::string_view key) {
  std::lock_guard lock(mutex_);
  if (Counts* counts = find(key)) ++counts->deletes;
}

void PrefixStats::clear() {
  std::lock_guard lock(mutex_);
  prefixes_.clear();
}

void PrefixStats::dump(StatSink& sink) const {
  std::lock_guard lock(mutex_);
  for (const auto& [prefix, counts] : prefixes_) {
    sink.stat(prefix, fmt::format("get {} hit {} set {} del {}", counts.gets, counts.hits,
                                  counts.sets, counts.deletes));
  }
}

}  // namespace larder::engine
