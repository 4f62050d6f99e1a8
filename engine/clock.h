// The engine's clock and the one place where a wire exptime becomes a deadline.
//
// Engine time counts seconds and starts at kStart when the process starts, as memcached's does: 0 is
// free to mean "never", and there is a moment that is always past. A ticker (server) stores the current
// time; readers load it, so no request costs a clock system call.
//
// Deadlines are kept to a quarter of a second. With whole seconds an item that is to live for two would
// be gone after one and a half, on average; a quarter costs nothing more in the item. What clients are
// told are whole seconds, of deadline and clock: the numbers that memcached would tell.
//
// Threads: now() from any thread; tick() and advance() from the ticker or a debug command.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>

namespace larder::engine {

/// An absolute moment of engine time, in quarters of a second; 0 = never.
struct Deadline {
  static constexpr std::uint32_t kPerSecond = 4;

  std::uint32_t quarters = 0;
  static constexpr Deadline never() { return {0}; }
  static constexpr Deadline past() { return {1}; }
  static constexpr Deadline at_second(std::uint32_t second) { return {second * kPerSecond}; }
  /// The second of engine time in which it lies.
  constexpr std::uint32_t seconds() const { return quarters / kPerSecond; }
  bool operator==(const Deadline&) const = default;
};

/// Unix time in milliseconds, from the system clock.
inline std::int64_t read_unix_ms() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

class Clock {
 public:
  static constexpr std::uint32_t kStart = 62;                       // memcached: 60 s + 2 s
  static constexpr std::int64_t kRelativeMax = 60LL * 60 * 24 * 30;  // above: a Unix time

  Clock() : started_unix_(std::time(nullptr) - kStart), now_(base_), unix_ms_(read_unix_ms()) {}

  /// Seconds.
  std::uint32_t now() const { return now_.load(std::memory_order_relaxed) / Deadline::kPerSecond; }
  /// Whether a moment has come; false for never.
  bool reached(Deadline deadline) const {
    return deadline.quarters != 0 && deadline.quarters <= now_.load(std::memory_order_relaxed);
  }
  /// Unix seconds of an engine time.
  std::int64_t to_unix(std::uint32_t engine_seconds) const {
    return started_unix_ + engine_seconds;
  }
  std::int64_t unix_now() const { return to_unix(now()); }
  /// Unix milliseconds as of the last tick; the Redis engine reads the system clock instead.
  std::int64_t unix_ms() const { return unix_ms_.load(std::memory_order_relaxed); }

  /// A deadline as the Redis engine writes it; 0 = never.
  std::int64_t unix_ms_of(Deadline deadline) const {
    return deadline.quarters == 0 ? 0 : started_unix_ * 1000 + std::int64_t{deadline.quarters} * kQuarterMs;
  }
  /// The first quarter of a second of engine time at or after a moment in Unix milliseconds; 0 = never.
  Deadline deadline_at_ms(std::int64_t unix_ms) const {
    if (unix_ms == 0) return Deadline::never();
    const std::int64_t since_ms = unix_ms - started_unix_ * 1000;
    if (since_ms <= kQuarterMs) return Deadline::past();
    return {clamp((since_ms + kQuarterMs - 1) / kQuarterMs)};
  }

  /// Reads the system clock; called by the ticker about ten times a second. Engine time follows the
  /// monotonic clock the caller gives (time since the process started), so that a changed wall clock
  /// moves no deadline.
  void tick(Deadline since_start) {
    unix_ms_.store(read_unix_ms(), std::memory_order_relaxed);
    if (paused_.load(std::memory_order_relaxed)) return;
    now_.store(base_ + since_start.quarters + skew_.load(std::memory_order_relaxed),
               std::memory_order_relaxed);
  }
  /// Goes on with the time of an earlier process, whose engine time was 0 at `started_unix`. Requires:
  /// the clock has not been used.
  void resume(std::int64_t started_unix) {
    base_ = Deadline::at_second(static_cast<std::uint32_t>(std::time(nullptr) - started_unix)).quarters;
    started_unix_ = started_unix;
    now_.store(base_, std::memory_order_relaxed);
  }
  std::int64_t started_unix() const { return started_unix_; }

  /// Debug builds (debugtime): moves the clock by `seconds`.
  void advance(std::int32_t seconds) {
    const std::uint32_t quarters = static_cast<std::uint32_t>(seconds) * Deadline::kPerSecond;
    skew_.fetch_add(quarters, std::memory_order_relaxed);
    now_.fetch_add(quarters, std::memory_order_relaxed);
  }

  /// Wire exptime to deadline: 0 never; negative already past; up to 30 days relative seconds;
  /// above that a Unix time, which is past when it lies at or before the start of the process.
  Deadline deadline(std::int64_t exptime) const {
    if (exptime == 0) return Deadline::never();
    if (exptime < 0) return Deadline::past();
    if (exptime > kRelativeMax) {
      if (exptime <= started_unix_) return Deadline::past();
      return {clamp((exptime - started_unix_) * Deadline::kPerSecond)};
    }
    return {static_cast<std::uint32_t>(exptime) * Deadline::kPerSecond + now_.load(std::memory_order_relaxed)};
  }
  /// Debug builds (debugtime p, debugtime r): stops the ticker's effect, or lets it go on.
  void pause(bool paused) { paused_.store(paused, std::memory_order_relaxed); }

 private:
  static constexpr std::int64_t kQuarterMs = 1000 / Deadline::kPerSecond;
  static std::uint32_t clamp(std::int64_t quarters) {
    return static_cast<std::uint32_t>(quarters < UINT32_MAX ? quarters : UINT32_MAX);
  }

  std::int64_t started_unix_;
  // In quarters of a second.
  std::uint32_t base_ = Deadline::at_second(kStart).quarters;  // engine time when this process started
  std::atomic<std::uint32_t> now_;
  std::atomic<std::int64_t> unix_ms_;
  std::atomic<std::uint32_t> skew_{0};
  std::atomic<bool> paused_{false};
};

}  // namespace larder::engine
