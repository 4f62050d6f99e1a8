// Lines for stderr, by verbosity: what always has to be said, then -v, -vv and -vvv.
//
// Each line is one write(2), so lines of several threads do not mix. The level is the live one
// (verbosity command), read relaxed. Arguments are formatted only when the line is wanted.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

namespace larder::server {

class Log {
 public:
  explicit Log(const std::atomic<int>& verbosity) : verbosity_(verbosity) {}

  /// Start, stop and what makes the server fail.
  template <typename... Args>
  void always(fmt::format_string<Args...> format, Args&&... args) const {
    line(fmt::format(format, std::forward<Args>(args)...));
  }
  /// -v: errors and warnings that the server survives.
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const {
    if (wants(1)) line(fmt::format(format, std::forward<Args>(args)...));
  }
  /// -vv: connections and what they send.
  template <typename... Args>
  void client(fmt::format_string<Args...> format, Args&&... args) const {
    if (wants(2)) line(fmt::format(format, std::forward<Args>(args)...));
  }
  /// -vvv: what happens inside.
  template <typename... Args>
  void inside(fmt::format_string<Args...> format, Args&&... args) const {
    if (wants(3)) line(fmt::format(format, std::forward<Args>(args)...));
  }
  bool wants(int level) const { return verbosity_.load(std::memory_order_relaxed) >= level; }

  /// `bytes` in printable form, cut to a line's length.
  static std::string printable(std::string_view bytes);

 private:
  static void line(std::string text);

  const std::atomic<int>& verbosity_;
};

}  // namespace larder::server
