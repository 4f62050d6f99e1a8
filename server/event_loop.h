// libevent, owned: an event base without locks for one thread, events that end with their objects,
// and a mailbox through which other threads hand work to the loop.
//
// Threads: everything here is used by the thread that runs the loop, except Mailbox::post, which any
// thread may call, and construction, which may come before that thread starts. Objects made on a
// loop are destroyed before it.
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <vector>

namespace larder::server {

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Serves events until stop(). `after_turn` is called when all events that were due at once have been
  /// served, before the kernel is asked for more.
  void run(const std::function<void()>& after_turn = nullptr);
  void stop();
  event_base* base() const { return base_; }
  /// Events that are due in this turn of the loop and have not been served yet.
  bool others_due() const { return event_base_get_num_events(base_, EVENT_BASE_COUNT_ACTIVE) > 0; }

 private:
  event_base* base_;
  bool stopped_ = false;
};

/// Calls `callback` whenever `fd` is readable, until destroyed or paused.
class ReadEvent {
 public:
  ReadEvent(EventLoop& loop, int fd, std::function<void()> callback);
  ~ReadEvent();
  ReadEvent(const ReadEvent&) = delete;
  ReadEvent& operator=(const ReadEvent&) = delete;
  void pause();
  void resume();

 private:
  std::function<void()> callback_;
  event event_;
};

/// Calls `callback` once after start(), or again and again after start_periodic().
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> callback);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  void start(std::chrono::microseconds delay) { schedule(delay, 0); }
  void start_periodic(std::chrono::microseconds interval) { schedule(interval, EV_PERSIST); }

 private:
  void schedule(std::chrono::microseconds delay, short flags);

  EventLoop& loop_;
  std::function<void()> callback_;
  event event_;
};

/// Work for the loop from other threads, in the order it was posted.
class Mailbox {
 public:
  explicit Mailbox(EventLoop& loop);
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Any thread. `letter` runs on the loop's thread; what is posted after the loop has stopped is
  /// dropped, so a letter must own what it carries.
  void post(std::function<void()> letter);

 private:
  void open_letters();

  const int fd_;
  std::mutex mutex_;
  std::vector<std::function<void()>> letters_;  // guarded by mutex_
  ReadEvent event_;
};

}  // namespace larder::server
