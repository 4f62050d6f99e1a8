// The contract between a connection (server/) and a language (proto/).
//
// A connection owns one Protocol and feeds it whatever bytes have come; the protocol executes
// every complete request among them and appends the replies to an Output. It keeps no copy of
// unconsumed input: the connection presents the rest again, with more bytes behind it. Any split of
// the byte stream gives the same replies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/engine.h"
#include "engine/worker.h"
#include "proto/host.h"
#include "proto/output.h"

namespace larder::proto {

/// What the connection has to do after run() or received().
enum class Next : std::uint8_t {
  read,      // the rest of the input is an incomplete request: bring more bytes
  yield,     // requests may remain but the budget is used up or the output is full: write, call again
  receive,   // put the next `bytes` of the stream at `into`, then call received()
  swallow,   // discard the next `bytes` of the stream, then call run() again
  close,     // write what is pending, then close; input that follows is dropped
  quit,      // as close: the client has asked for it
  shutdown,  // as close, then stop the process (Host::shutdown was called)
  watch,     // write what is pending, then make the connection a watcher of `streams`
};

struct Progress {
  std::size_t consumed = 0;  // bytes of the input that are done with
  Next next = Next::read;
  char* into = nullptr;      // receive
  std::size_t bytes = 0;     // receive, swallow
  engine::Streams streams = 0;  // watch
};

/// What a protocol works with; lives as long as the connection.
struct Session {
  engine::Engine& engine;
  engine::Worker& worker;
  Host& host;
  const Settings& settings;
  int descriptor = -1;  // of the connection, for Host::address
};

class Protocol {
 public:
  virtual ~Protocol() = default;

  /// Executes complete requests at the front of `input`, at most `budget` of them (it is counted
  /// down). Requires: the worker's gate is held.
  virtual Progress run(std::string_view input, Output& output, unsigned& budget) = 0;

  /// The bytes asked for by Next::receive are in place. Progress.consumed is 0. As after a swallow,
  /// run() is called next with whatever input is at hand, before more is read.
  virtual Progress received(Output& output) = 0;

  /// The most bytes of an incomplete request that are kept; one that is longer ends the connection. The
  /// default has room for a get of 32,000 keys of full length.
  virtual std::size_t pending_bytes_max() const { return std::size_t{8} << 20; }

  /// The key of the request at the front of `input`, if that is plain to see; a hint, so that keys of
  /// several connections can be prefetched together. Requires: nothing but that run() comes next.
  virtual std::string_view first_key(std::string_view input) const = 0;

  /// Asked about once a second while it rests or waits for the socket, with `pending_bytes` of replies not yet
  /// written: true if the connection is to end. Requires: the worker's gate is held.
  virtual bool overdue([[maybe_unused]] std::size_t pending_bytes) { return false; }

  /// For `stats conns`: the state memcached would name (conn_parse_cmd, conn_nread, ...).
  virtual std::string_view state() const = 0;
};

}  // namespace larder::proto
