#include "server/connection.h"

#include <event2/event.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "proto/errors.h"
#include "server/log.h"
#include "server/worker_thread.h"

namespace larder::server {

namespace {

constexpr int kVectorsMax = 64;
constexpr std::size_t kReadBytes = WorkerThread::kReadBytes;
// Replies of an interrupted batch wait for the rest of it unless they are more than this.
constexpr std::size_t kPostponedBytesMax = 64 * 1024;

// memcached's names of states (`stats conns`).
constexpr const char* kStateNew = "conn_new_cmd";
constexpr const char* kStateRead = "conn_read";
constexpr const char* kStateParse = "conn_parse_cmd";
constexpr const char* kStateSwallow = "conn_swallow";
constexpr const char* kStateWrite = "conn_mwrite";
constexpr const char* kStateWatch = "conn_watch";

}  // namespace

Connection::Connection(WorkerThread& worker, Socket socket, const ListenerInfo& listener,
                       const PeerAddress& peer)
    : worker_(worker),
      socket_(std::move(socket)),
      listener_(listener),
      peer_(peer),
      last_active_s_(worker.now_s()),
      state_(kStateNew) {}

Connection::~Connection() {
  if (watched_ != 0) event_del(&event_);
}

void Connection::open() {
  worker_.shared().log.client("<{} new client connection ({})", fd(),
                              binding_name(listener_.binding));
  engine::EventLog& events = worker_.engine_worker().events;
  if (events.wants(engine::stream::kConnections)) [[unlikely]] {
    AddressText text;
    events.write(engine::ConnectionOpenEvent{.transport = transport(), .port = peer_.port, .client = fd()},
                 peer_.text(text));
  }
  wait_for(EV_READ);
}

void Connection::tell_closed(engine::CloseReason reason) {
  engine::EventLog& events = worker_.engine_worker().events;
  if (!events.wants(engine::stream::kConnections)) [[likely]] return;
  AddressText text;
  events.write(engine::ConnectionCloseEvent{.transport = transport(), .reason = reason,
                                            .port = peer_.port, .client = fd()},
               peer_.text(text));
}

engine::Transport Connection::transport() const {
  return local() ? engine::Transport::local : engine::Transport::tcp;
}

bool Connection::at_rest() const {
  return next_ == Input::requests && pending_.empty() && own_output_ == nullptr && !queued_ &&
         !reading_;
}

void Connection::release_items() {
  protocol_.reset();
  return_output();
}

void Connection::close(engine::CloseReason reason) {
  worker_.shared().log.client("<{} connection closed.", fd());
  worker_.destroy(*this, reason);
}

/// Hands the connection over to the watchers' thread. False: they are too many.
bool Connection::become_watcher() {
  if (watched_ != 0) event_del(&event_);
  watched_ = 0;
  keep_input({});
  return_output();
  next_ = Input::requests;
  show(kStateWatch);
  return worker_.shared().watchers.add(worker_, *this, streams_);
}

// --- events ------------------------------------------------------------------------------------

void Connection::on_event(int, short what, void* connection) {
  auto* self = static_cast<Connection*>(connection);
  if ((what & EV_WRITE) != 0) {
    self->on_writable();
  } else {
    self->on_readable();
  }
}

void Connection::wait_for(short what) {
  if (watched_ == what) return;
  if (watched_ != 0) event_del(&event_);
  event_assign(&event_, worker_.base(), fd(), static_cast<short>(what | EV_PERSIST), on_event, this);
  event_add(&event_, nullptr);
  watched_ = what;
}

void Connection::on_readable() {
  if (queued_ || reading_) return;
  if (protocol_ != nullptr && pending_.size() >= protocol_->pending_bytes_max()) {
    worker_.shared().log.warn("<{} request too long", fd());
    return close(engine::CloseReason::error);
  }
  std::string_view input;
  const ssize_t got = read(&input);
  if (got <= 0) {
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return rest();
    return close(got == 0 ? engine::CloseReason::normal : engine::CloseReason::error);
  }
  worker_.counters().count(Counter::bytes_read, static_cast<std::uint64_t>(got));
  last_active_s_.store(worker_.now_s(), std::memory_order_relaxed);
  if (worker_.shared().log.wants(2)) [[unlikely]] {
    const Options& options = worker_.shared().options;
    // Passwords do not belong in a log.
    const bool secret = options.sasl || options.login_required;
    worker_.shared().log.client("<{} {}", fd(), secret ? "..." : Log::printable(input));
  }
  if (protocol_ == nullptr) {
    protocol_ = proto::make_protocol(worker_.session(fd()), listener_.binding,
                                     static_cast<unsigned char>(input.front()));
  }
  reading_ = true;
  worker_.enter_round(*this, input);
}

void Connection::serve(std::string_view input) {
  reading_ = false;
  proceed(input);
}

void Connection::on_writable() {
  if (own_output_ == nullptr) return on_readable();  // the transport has had to write first
  const Flushed flushed = flush();
  if (flushed == Flushed::part) return;
  if (flushed == Flushed::failed) return close(engine::CloseReason::error);
  if (closing_) return close(close_reason_);
  return_output();
  proceed(pending_.view());
}

void Connection::take_turn() {
  queued_ = false;
  if (std::exchange(reads_next_, false)) return on_readable();
  proceed(pending_.view());
}

void Connection::wait_for_turn() {
  // Readable is not listened to, but stays registered: turns come at once, epoll_ctl costs more.
  wait_for(EV_READ);
  queued_ = true;
  worker_.queue_turn(*this);
}

/// Waits for the next bytes. The connection may be gone when it returns.
void Connection::rest() {
  if (socket_.buffered()) [[unlikely]] {
    reads_next_ = true;
    return wait_for_turn();
  }
  show(resting_state());
  wait_for(socket_.wants_write() ? EV_WRITE : EV_READ);
  worker_.leave_if_draining(*this);
}

/// Whether what connections of this worker keep is within its share of read_buf_mem_limit.
bool Connection::within_buffer_limit(Counter refused) {
  if (!worker_.buffers_over_limit()) [[likely]] return true;
  worker_.counters().count(refused);
  return false;
}

// --- input -------------------------------------------------------------------------------------

/// One read: first into a value that is being received, then behind what is pending. `input` is all
/// that is there of the next requests. Returns what the socket said.
ssize_t Connection::read(std::string_view* input) {
  iovec vectors[2];
  int count = 0;
  if (next_ == Input::value) vectors[count++] = {value_, wanted_};
  // A short rest of a request is put before the new bytes; a long one grows where it is.
  const bool in_place = pending_.size() > kReadBytes / 2;
  const std::size_t kept = in_place ? 0 : pending_.size();
  const std::span<char> buffer =
      in_place ? std::span<char>(pending_.room(kReadBytes), kReadBytes) : worker_.read_room(kept);
  if (kept != 0) std::memcpy(buffer.data(), pending_.view().data(), kept);
  vectors[count++] = {buffer.data() + kept, buffer.size() - kept};
  const ssize_t got = socket_.receive(vectors, count);
  if (got <= 0) return got;
  auto bytes = static_cast<std::size_t>(got);
  if (next_ == Input::value) {
    const std::size_t direct = std::min(bytes, wanted_);
    value_ += direct;
    wanted_ -= direct;
    bytes -= direct;
  }
  if (in_place) {
    pending_.added(bytes);
    *input = pending_.view();
  } else {
    *input = {buffer.data(), kept + bytes};
  }
  return got;
}

/// Moves bytes that have come already into the value. True when it is complete.
bool Connection::take_value(std::string_view* input) {
  const std::size_t bytes = std::min(wanted_, input->size());
  if (bytes != 0) std::memcpy(value_, input->data(), bytes);
  value_ += bytes;
  wanted_ -= bytes;
  input->remove_prefix(bytes);
  return wanted_ == 0;
}

/// Drops bytes that nobody wants. True when all of them have come.
bool Connection::discard(std::string_view* input) {
  const std::size_t bytes = std::min(wanted_, input->size());
  wanted_ -= bytes;
  input->remove_prefix(bytes);
  return wanted_ == 0;
}

void Connection::keep_input(std::string_view input) {
  const auto before = static_cast<std::int64_t>(pending_.capacity());
  pending_.assign(input);
  const auto after = static_cast<std::int64_t>(pending_.capacity());
  if (before == after) return;
  worker_.counters().change(Gauge::read_buf_bytes, after - before);
  worker_.counters().change(Gauge::read_buf_count, (after != 0) - (before != 0));
}

// --- requests ----------------------------------------------------------------------------------

proto::Progress Connection::step(std::string_view input, unsigned* budget) {
  const engine::GateGuard gate(worker_.engine_worker());
  worker_.engine_worker().events.set_client(fd());
  if (next_ == Input::value) return protocol_->received(output());
  return protocol_->run(input, output(), *budget);
}

/// Executes what `input` holds and takes it off its front.
Connection::After Connection::execute(std::string_view* input) {
  const auto limit = static_cast<unsigned>(worker_.shared().options.requests_per_event);
  unsigned budget = limit;
  while (true) {
    if (next_ == Input::watch) return After::watch;
    const bool value = next_ == Input::value;
    if (value && !take_value(input)) return After::wait;
    if (next_ == Input::discard) {
      if (!discard(input)) return After::wait;
      next_ = Input::requests;
    }
    if (next_ == Input::requests && input->empty()) return After::wait;
    const proto::Progress progress = step(*input, &budget);
    next_ = Input::requests;
    input->remove_prefix(progress.consumed);
    switch (progress.next) {
      case proto::Next::read:
        // After a value, the protocol has not looked at what follows yet.
        if (!value) return After::wait;
        break;
      case proto::Next::receive:
        next_ = Input::value;
        value_ = progress.into;
        wanted_ = progress.bytes;
        break;
      case proto::Next::swallow:
        next_ = Input::discard;
        wanted_ = progress.bytes;
        break;
      case proto::Next::yield:
        next_ = Input::more;
        if (output().full()) return After::full;
        if (!input->empty()) worker_.counters().count(Counter::conn_yields);
        if (worker_.others_wait()) return After::turn;
        budget = limit;
        break;
      case proto::Next::watch:
        next_ = Input::watch;
        streams_ = progress.streams;
        break;
      case proto::Next::close:
        close_reason_ = engine::CloseReason::error;
        return After::close;
      case proto::Next::quit:
        close_reason_ = engine::CloseReason::normal;
        return After::close;
      case proto::Next::shutdown:
        close_reason_ = engine::CloseReason::shutdown;
        return After::close;
    }
  }
}

/// Executes, answers, and decides what to wait for. The connection may be gone when it returns.
void Connection::proceed(std::string_view input) {
  while (true) {
    show(kStateParse);
    const After after = execute(&input);
    const bool postponed = after == After::turn && output().size() < kPostponedBytesMax;
    const Flushed flushed = postponed ? Flushed::all : flush();
    if (flushed == Flushed::failed) return close(engine::CloseReason::error);
    if (flushed == Flushed::part) {
      closing_ = after == After::close;
      keep_input(closing_ ? std::string_view() : input);
      keep_output();
      if (!within_buffer_limit(Counter::response_obj_oom)) return close(engine::CloseReason::error);
      show(kStateWrite);
      return wait_for(EV_WRITE);
    }
    if (after == After::close) return close(close_reason_);
    if (after == After::watch) {
      const std::string kept(input);  // the input goes with the rest when it becomes a watcher
      if (become_watcher()) return;
      output().append(proto::text::kTooManyWatchers);
      keep_input(kept);
      input = pending_.view();
      continue;
    }
    if (after == After::full && !worker_.others_wait()) continue;
    keep_input(input);
    if (!input.empty() && !within_buffer_limit(Counter::read_buf_oom)) return close(engine::CloseReason::error);
    if (output().empty()) {
      return_output();
    } else {
      keep_output();
    }
    return after == After::wait ? rest() : wait_for_turn();
  }
}

const char* Connection::resting_state() const {
  if (next_ == Input::discard) return kStateSwallow;
  if (next_ == Input::requests && pending_.empty()) return kStateRead;
  return protocol_->state().data();
}

// --- output ------------------------------------------------------------------------------------

proto::Output& Connection::output() {
  return own_output_ != nullptr ? *own_output_ : worker_.output();
}

/// Writes what there is, with one system call unless it takes more than kVectorsMax pieces.
Connection::Flushed Connection::flush() {
  proto::Output& out = output();
  while (!out.empty()) {
    iovec vectors[kVectorsMax];
    const int count = out.gather(vectors, kVectorsMax);
    std::size_t offered = 0;
    for (int i = 0; i < count; ++i) offered += vectors[i].iov_len;
    const ssize_t sent = socket_.send(vectors, count);
    if (sent < 0) {
      return errno == EAGAIN || errno == EWOULDBLOCK ? Flushed::part : Flushed::failed;
    }
    const auto bytes = static_cast<std::size_t>(sent);
    worker_.counters().count(Counter::bytes_written, bytes);
    worker_.shared().log.inside(">{} {} bytes of {}", fd(), bytes, out.size());
    if (out.pinned()) {
      const engine::GateGuard gate(worker_.engine_worker());
      out.consume(bytes);
    } else {
      out.consume(bytes);
    }
    if (bytes < offered) return Flushed::part;
  }
  return Flushed::all;
}

/// Holds on to the replies until the socket or the next turn takes them.
void Connection::keep_output() {
  if (own_output_ == nullptr) {
    own_output_ = worker_.lend_output();
    worker_.counters().change(Gauge::response_obj_count, 1);
  }
  const std::size_t bytes = own_output_->capacity();
  worker_.counters().change(Gauge::response_obj_bytes,
                            static_cast<std::int64_t>(bytes - counted_output_bytes_));
  counted_output_bytes_ = bytes;
}

void Connection::return_output() {
  if (own_output_ == nullptr) return;
  worker_.counters().change(Gauge::response_obj_count, -1);
  worker_.counters().change(Gauge::response_obj_bytes,
                            -static_cast<std::int64_t>(counted_output_bytes_));
  counted_output_bytes_ = 0;
  worker_.return_output(std::move(own_output_));
}

}  // namespace larder::server
