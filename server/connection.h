// One client: its socket, its protocol, and what has to wait for the next event.
//
// A turn: one read into the worker's shared buffer; then, when all that were ready have been read (the
// worker's round), every complete request in it executed under the worker's gate, one write of all
// replies. Nothing is kept between turns unless it must be:
//   pending_     an incomplete request, or requests that wait for the next turn; freed when empty
//   own_output_  replies that the socket would not take, or of an interrupted batch
//   protocol_    from the first byte on
//
// Invariants
//  1. At rest, the connection waits for exactly one of: readable (EV_READ), writable (EV_WRITE),
//     its place in the round (reading_), its next turn (queued_); EV_READ stays registered for both and
//     is ignored. A turn that has nothing to execute is for bytes that a transport has taken off the
//     socket already (Socket::buffered).
//  2. While replies wait for the socket, nothing is read or executed: output stays below
//     Output::kFullBytes plus one reply.
//  3. pending_ is empty while a value is received or discarded.
//  4. A batch of requests is executed at most requests_per_event at a time while another connection
//     of this worker is waiting (-R). If none is, the batch goes on: a read brings at most
//     kReadBytes.
//
// Threads: its worker's, except state(), last_active_s() and fd(), which `stats conns` reads from
// any thread while it holds the worker's connection list.
#pragma once

#include <event2/event_struct.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "proto/output.h"
#include "proto/protocol.h"
#include "proto/protocol_select.h"
#include "server/byte_store.h"
#include "server/counters.h"
#include "server/listener.h"
#include "server/peer_address.h"
#include "server/socket.h"

namespace larder::server {

class WorkerThread;

class Connection {
 public:
  Connection(WorkerThread& worker, Socket socket, const ListenerInfo& listener,
             const PeerAddress& peer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Starts to listen for requests.
  void open();
  /// Executes what was read; called by the round that it entered in on_readable().
  void serve(std::string_view input);
  /// The key of the first request of what was read, if plain to see.
  std::string_view first_key(std::string_view input) const { return protocol_->first_key(input); }
  /// Goes on with what is pending; called when its turn has come.
  void take_turn();
  /// Gives back every item it holds. The connection is only good for destruction afterwards.
  /// Requires: the worker's gate is held.
  void release_items();

  /// Whether its protocol has had enough of waiting. Requires: the worker's gate is held.
  bool overdue() {
    return protocol_ != nullptr && !queued_ && !reading_ &&
           protocol_->overdue(own_output_ == nullptr ? 0 : own_output_->size());
  }
  /// Tells those who watch that it ends.
  void tell_closed(engine::CloseReason reason);

  /// Nothing read is unanswered and no reply waits.
  bool at_rest() const;
  /// Waits for the client to send something, or to take its part in a handshake.
  bool waits_for_client() const {
    return !queued_ && !reading_ && (watched_ == EV_READ || own_output_ == nullptr);
  }

  int fd() const { return socket_.fd(); }
  const PeerAddress& peer() const { return peer_; }
  /// For whom the connection was handed to (watchers.h).
  Socket& socket() { return socket_; }
  bool local() const { return listener_.local; }
  /// memcached's name of what the connection is doing.
  const char* state() const { return state_.load(std::memory_order_relaxed); }
  /// Engine time of the last byte from the client.
  std::uint32_t last_active_s() const { return last_active_s_.load(std::memory_order_relaxed); }

  /// Place in the worker's list of connections.
  std::size_t index = 0;

 private:
  // What the next bytes are: requests; requests that a yield held up (`more`: the protocol runs
  // even if there are none); a value that is received into its item; something to discard; nothing,
  // for the connection becomes a watcher.
  enum class Input : std::uint8_t { requests, more, value, discard, watch };
  enum class After : std::uint8_t { wait, turn, full, close, watch };   // why execute() stopped
  enum class Flushed : std::uint8_t { all, part, failed };

  static void on_event(int fd, short what, void* connection);
  void on_readable();
  void on_writable();
  ssize_t read(std::string_view* input);
  After execute(std::string_view* input);
  proto::Progress step(std::string_view input, unsigned* budget);
  bool take_value(std::string_view* input);
  bool discard(std::string_view* input);
  void proceed(std::string_view input);
  Flushed flush();

  proto::Output& output();
  void keep_output();
  void return_output();
  void keep_input(std::string_view input);
  void wait_for(short what);
  void wait_for_turn();
  void rest();
  bool within_buffer_limit(Counter refused);
  void show(const char* state) { state_.store(state, std::memory_order_relaxed); }
  const char* resting_state() const;
  engine::Transport transport() const;
  bool become_watcher();
  void close(engine::CloseReason reason);

  WorkerThread& worker_;
  Socket socket_;
  const ListenerInfo& listener_;
  const PeerAddress peer_;
  event event_{};
  short watched_ = 0;       // EV_READ or EV_WRITE, as registered
  Input next_ = Input::requests;
  bool queued_ = false;     // in the worker's list of turns
  bool reading_ = false;    // in the worker's round
  bool reads_next_ = false;  // its turn begins with a read
  bool closing_ = false;    // closes once the replies are written
  engine::CloseReason close_reason_ = engine::CloseReason::error;  // then
  engine::Streams streams_ = 0;  // Input::watch
  std::atomic<std::uint32_t> last_active_s_;
  std::atomic<const char*> state_;
  std::unique_ptr<proto::Protocol> protocol_;
  std::unique_ptr<proto::Output> own_output_;
  ByteStore pending_;
  char* value_ = nullptr;   // Input::value: where the next byte goes
  std::size_t wanted_ = 0;  // bytes still to come for value_ or to be discarded
  std::size_t counted_output_bytes_ = 0;  // of own_output_, as Gauge::response_obj_bytes has it
};

}  // namespace larder::server
