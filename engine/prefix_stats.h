// Counters per key prefix (`stats detail`): the key up to the first delimiter (-D, ':' by default).
// A key without the delimiter is not counted.
//
// Off, it costs a request one load of a flag that nobody writes. On, every request takes one mutex:
// meant for a look at a live cache, not for good. At most kPrefixesMax prefixes are kept; keys of
// further ones are not counted.
//
// Threads: any. mutex_ guards prefixes_.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/reply.h"

namespace larder::engine {

class PrefixStats {
 public:
  static constexpr std::size_t kPrefixesMax = 65536;

  /// Set before the first request.
  void set_delimiter(char delimiter) { delimiter_ = delimiter; }
  void enable(bool enabled) { enabled_.store(enabled, std::memory_order_relaxed); }
  bool enabled() const { return enabled_.load(std::memory_order_relaxed); }

  void count_get(std::string_view key, bool hit);
  void count_set(std::string_view key);
  void count_delete(std::string_view key);
  void clear();
  /// One row a prefix, in the order of the prefixes: "get 1 hit 0 set 2 del 0".
  void dump(StatSink& sink) const;

 private:
  struct Counts {
    std::uint64_t gets = 0;
    std::uint64_t hits = 0;
    std::uint64_t sets = 0;
    std::uint64_t deletes = 0;
  };
  Counts* find(std::string_view key);

  std::atomic<bool> enabled_{false};
  char delimiter_ = ':';
  mutable std::mutex mutex_;
  std::map<std::string, Counts, std::less<>> prefixes_;
};

}  // namespace larder::engine
