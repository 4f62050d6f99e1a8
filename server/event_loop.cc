#include "server/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace larder::server {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

event_base* make_base() {
  event_config* config = event_config_new();
  if (config == nullptr) fail("event_config_new");
  // One thread per base: no locks. Time is only looked at when a timer asks for it.
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  if (base == nullptr) fail("event_base_new");
  return base;
}

int make_eventfd() {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) fail("eventfd");
  return fd;
}

void call(evutil_socket_t, short, void* callback) {
  (*static_cast<std::function<void()>*>(callback))();
}

}  // namespace

EventLoop::EventLoop() : base_(make_base()) {}
EventLoop::~EventLoop() { event_base_free(base_); }

void EventLoop::run(const std::function<void()>& after_turn) {
  while (!stopped_) {
    event_base_loop(base_, EVLOOP_NO_EXIT_ON_EMPTY | (after_turn ? EVLOOP_ONCE : 0));
    if (after_turn && !stopped_) after_turn();
  }
}

void EventLoop::stop() {
  stopped_ = true;
  event_base_loopbreak(base_);
}

ReadEvent::ReadEvent(EventLoop& loop, int fd, std::function<void()> callback)
    : callback_(std::move(callback)) {
  event_assign(&event_, loop.base(), fd, EV_READ | EV_PERSIST, call, &callback_);
  resume();
}
ReadEvent::~ReadEvent() { event_del(&event_); }
void ReadEvent::pause() { event_del(&event_); }
void ReadEvent::resume() { event_add(&event_, nullptr); }

Timer::Timer(EventLoop& loop, std::function<void()> callback)
    : loop_(loop), callback_(std::move(callback)) {
  event_assign(&event_, loop.base(), -1, 0, call, &callback_);
}
Timer::~Timer() { event_del(&event_); }
void Timer::schedule(std::chrono::microseconds delay, short flags) {
  event_del(&event_);
  event_assign(&event_, loop_.base(), -1, flags, call, &callback_);
  timeval time{};
  time.tv_sec = delay.count() / 1'000'000;
  time.tv_usec = delay.count() % 1'000'000;
  event_add(&event_, &time);
}

Mailbox::Mailbox(EventLoop& loop)
    : fd_(make_eventfd()), event_(loop, fd_, [this] { open_letters(); }) {}

Mailbox::~Mailbox() {
  event_.pause();
  ::close(fd_);
}

void Mailbox::post(std::function<void()> letter) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = letters_.empty();
    letters_.push_back(std::move(letter));
  }
  // The loop takes all letters at a time, so one ring is enough.
  if (first) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t rung = ::write(fd_, &one, sizeof one);
  }
}

void Mailbox::open_letters() {
  std::uint64_t rings = 0;
  [[maybe_unused]] const ssize_t heard = ::read(fd_, &rings, sizeof rings);
  std::vector<std::function<void()>> letters;
  {
    const std::lock_guard lock(mutex_);
    letters.swap(letters_);
  }
  for (const auto& letter : letters) letter();
}

}  // namespace larder::server
