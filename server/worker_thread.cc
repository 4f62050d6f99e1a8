#include "server/worker_thread.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>

#include "server/sandbox.h"

namespace larder::server {

namespace {
constexpr std::size_t kSpareOutputsMax = 16;
// What an output may keep for the next batch: the replies of most batches fit.
constexpr std::size_t kKeptOutputBytes = 256 * 1024;
// A worker's share of read_buf_mem_limit is not less than one buffer of memcached's.
constexpr std::uint64_t kBufferShareMin = 16 * 1024;
constexpr std::size_t kTlsBufferBytesMin = 1024;

TlsWorker tls_worker(const WorkerShared& shared, ThreadCounters& counters, engine::EventLog& events) {
  const TlsOptions& options = shared.options.tls;
  if (!options.enabled) return {counters, events, shared.log, 0, nullptr};
  const auto bytes = std::max(std::size_t{options.write_buffer_bytes}, kTlsBufferBytesMin);
  return {counters, events, shared.log, bytes, std::unique_ptr<char[]>(new char[bytes])};
}

std::uint64_t buffer_share(const Options& options) {
  if (options.read_buf_mem_limit_bytes == 0) return 0;
  return std::max(kBufferShareMin, options.read_buf_mem_limit_bytes /
                                       static_cast<std::uint64_t>(options.threads));
}
}  // namespace

WorkerThread::WorkerThread(const WorkerShared& shared, engine::Worker& engine_worker,
                           proto::Host& host)
    : shared_(shared),
      engine_worker_(engine_worker),
      host_(host),
      mailbox_(loop_),
      turn_timer_(loop_, [this] { serve_turns(); }),
      second_timer_(loop_, [this] { draining_ ? loop_.stop() : close_idle(); }),
      tls_(tls_worker(shared, counters_, engine_worker.events)),
      buffer_bytes_max_(buffer_share(shared.options)),
      read_buffer_(new char[kReadBytes]),
      output_(std::make_unique<proto::Output>()) {
  counters_.change(Gauge::read_buf_count, 1);
  counters_.change(Gauge::read_buf_bytes, kReadBytes);
}

WorkerThread::~WorkerThread() = default;

void WorkerThread::start(unsigned number) {
  thread_ = std::thread([this, number] {
    pthread_setname_np(pthread_self(), fmt::format("larder-w{}", number).c_str());
    if (shared_.options.drop_privileges) restrict_thread(Profile::worker);
    if (shared_.options.idle_timeout_s > 0 || shared_.engine.redis() != nullptr) second_timer_.start_periodic(std::chrono::seconds(1));
    loop_.run([this] { serve_round(); });
    destroy_all(false);
  });
}

void WorkerThread::stop(bool graceful) {
  post([this, graceful] { begin_stop(graceful); });
}

void WorkerThread::join() {
  if (thread_.joinable()) thread_.join();
}

void WorkerThread::adopt(int fd, const ListenerInfo& listener, const PeerAddress& peer) {
  // Shared only because a task must be copyable; a task that never runs closes the socket.
  auto socket = std::make_shared<Socket>(fd);
  post([this, socket, &listener, peer] { open(std::move(*socket), listener, peer); });
}

void WorkerThread::serve_udp(int fd, const ListenerInfo& info) {
  udp_ports_.push_back(std::make_unique<UdpPort>(*this, loop_, fd, info));
}

void WorkerThread::open(Socket socket, const ListenerInfo& listener, const PeerAddress& peer) {
  if (listener.tls != nullptr) {
    std::unique_ptr<Transport> transport =
        listener.tls->accept(socket.fd(), listener.tls_check, tls_);
    if (transport == nullptr) {
      shared_.log.warn("Failed to created the SSL object");
      shared_.connection_closed();
      return;
    }
    socket.use(std::move(transport));
  }
  auto connection = std::make_unique<Connection>(*this, std::move(socket), listener, peer);
  Connection& opened = *connection;
  {
    const std::lock_guard lock(connections_mutex_);
    opened.index = connections_.size();
    connections_.push_back(std::move(connection));
  }
  if (!udp_ports_.empty()) shared_.proven_addresses.add(peer);
  opened.open();
  leave_if_draining(opened);
}

void WorkerThread::destroy(Connection& connection, engine::CloseReason reason) {
  connection.tell_closed(reason);
  if (!udp_ports_.empty()) shared_.proven_addresses.remove(connection.peer());
  {
    const engine::GateGuard gate(engine_worker_);
    connection.release_items();
  }
  clear_output();  // what could not be sent: only the connection that is served has any here
  for (Arrival& arrival : std::span(round_).first(round_count_)) {
    if (arrival.connection == &connection) arrival.connection = nullptr;
  }
  std::replace(turns_.begin(), turns_.end(), &connection, static_cast<Connection*>(nullptr));
  std::unique_ptr<Connection> gone;
  {
    const std::lock_guard lock(connections_mutex_);
    connections_.back()->index = connection.index;
    std::swap(connections_[connection.index], connections_.back());
    gone = std::move(connections_.back());
    connections_.pop_back();
  }
  gone.reset();
  shared_.connection_closed();
  if (draining_ && connections_.empty()) loop_.stop();
}

void WorkerThread::leave_if_draining(Connection& connection) {
  if (draining_ && connection.at_rest()) destroy(connection, engine::CloseReason::normal);
}

/// What connections of this worker hold; the worker's own read buffer is not among it.
std::uint64_t WorkerThread::kept_buffer_bytes() const {
  const auto read = [&](Gauge gauge) {
    return counters_.gauges.read(static_cast<std::size_t>(gauge));
  };
  return read(Gauge::read_buf_bytes) - kReadBytes + read(Gauge::response_obj_bytes);
}

// --- the round ---------------------------------------------------------------------------------

std::span<char> WorkerThread::read_room(std::size_t kept) {
  if (kReadBytes - read_used_ < kept + kReadRoomMin) serve_round();
  return {read_buffer_.get() + read_used_, kReadBytes - read_used_};
}

std::span<char> WorkerThread::empty_read_buffer() {
  if (read_used_ != 0) serve_round();
  return {read_buffer_.get(), kReadBytes};
}

void WorkerThread::enter_round(Connection& connection, std::string_view input) {
  if (input.data() == read_buffer_.get() + read_used_) read_used_ += input.size();
  round_[round_count_++] = {&connection, input};
  if (round_count_ == kRoundMax) serve_round();
}

void WorkerThread::serve_round() {
  if (round_count_ > 1) {
    std::array<engine::Key, kRoundMax> keys;
    std::size_t count = 0;
    for (const Arrival& arrival : std::span(round_).first(round_count_)) {
      if (arrival.connection == nullptr) continue;
      const std::string_view key = arrival.connection->first_key(arrival.input);
      if (!key.empty()) keys[count++] = shared_.engine.key(key);
    }
    // The tables that prefetching reads are exchanged only while no gate is held.
    const engine::GateGuard gate(engine_worker_);
    shared_.engine.prefetch({keys.data(), count});
  }
  for (std::size_t i = 0; i < round_count_; ++i) {
    const Arrival arrival = round_[i];
    round_left_ = round_count_ - i - 1;
    if (arrival.connection != nullptr) arrival.connection->serve(arrival.input);
  }
  round_count_ = 0;
  read_used_ = 0;
}

// --- turns -------------------------------------------------------------------------------------

void WorkerThread::queue_turn(Connection& connection) {
  // A timer that is due at once, not an active event: the loop asks the kernel for new events
  // before it comes, so connections that have just become readable get their turn too.
  if (turns_.empty()) turn_timer_.start(std::chrono::microseconds(0));
  turns_.push_back(&connection);
}

void WorkerThread::serve_turns() {
  serving_.swap(turns_);
  serving_left_ = serving_.size();
  for (Connection* connection : serving_) {
    --serving_left_;
    if (connection != nullptr) connection->take_turn();
  }
  serving_.clear();
}

std::unique_ptr<proto::Output> WorkerThread::lend_output() {
  std::unique_ptr<proto::Output> lent = std::move(output_);
  if (spare_outputs_.empty()) {
    output_ = std::make_unique<proto::Output>();
  } else {
    output_ = std::move(spare_outputs_.back());
    spare_outputs_.pop_back();
  }
  return lent;
}

void WorkerThread::clear_output() {
  const engine::GateGuard gate(engine_worker_);
  output_->clear(kKeptOutputBytes);
}

void WorkerThread::return_output(std::unique_ptr<proto::Output> output) {
  output->clear(kKeptOutputBytes);
  if (spare_outputs_.size() < kSpareOutputsMax) spare_outputs_.push_back(std::move(output));
}

// --- endings -----------------------------------------------------------------------------------

void WorkerThread::close_idle() {
  const std::uint32_t now = now_s();
  const auto limit = static_cast<std::uint32_t>(shared_.options.idle_timeout_s);
  for (std::size_t i = connections_.size(); i-- > 0;) {  // destroy() fills the gap with the last
    Connection& connection = *connections_[i];
    if (overdue(connection)) {
      destroy(connection, engine::CloseReason::idle_timeout);
      continue;
    }
    if (limit == 0 || connection.local() || !connection.waits_for_client()) continue;
    if (now - connection.last_active_s() <= limit) continue;
    shared_.log.client("Closing idle fd {}", connection.fd());
    counters_.count(Counter::idle_kicks);
    destroy(connection, engine::CloseReason::idle_timeout);
  }
}

bool WorkerThread::overdue(Connection& connection) {
  if (shared_.engine.redis() == nullptr) return false;
  const engine::GateGuard gate(engine_worker_);
  return connection.overdue();
}

void WorkerThread::begin_stop(bool graceful) {
  draining_ = graceful;
  for (const auto& port : udp_ports_) port->stop();
  if (graceful) destroy_all(true);
  if (!graceful || connections_.empty()) {
    loop_.stop();
  } else {
    second_timer_.start(kGraceTime);
  }
}

void WorkerThread::destroy_all(bool only_at_rest) {
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (!only_at_rest || connections_[i]->at_rest()) {
      destroy(*connections_[i], engine::CloseReason::normal);
    }
  }
}

}  // namespace larder::server
