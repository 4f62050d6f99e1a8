// A client's side of one protocol: writes requests, reads replies. One codec per connection; one
// file per protocol implements it.
//
// The connection keeps the requests it has sent in order and asks parse() for the next event of
// the reply to the oldest one. Replies are consumed value by value, so a reply of a hundred large
// values needs no more memory than one of them.
//
// Lenient and strict: a strict codec (runs that verify) also asks for client flags and checks that
// each value belongs to the key that was asked for; a lenient one parses only what it must to find
// the end of the reply.
//
// Rules for implementations
//  1. parse() consumes nothing when it answers need_more, and may be called again with more bytes.
//  2. Values of a multi-key request come in the order of its keys; those left out were missing.
//  3. Bytes that are no reply to the request end in `broken`, never in a guess.
// Threads: owned by one connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "bench/loadgen/byte_buffer.h"
#include "bench/loadgen/keys.h"

namespace larder::bench {

enum class ProtocolKind : std::uint8_t { text, meta, binary, resp };
std::string_view protocol_name(ProtocolKind kind);
std::optional<ProtocolKind> protocol_from_name(std::string_view name);

enum class Operation : std::uint8_t { get, set, flush };

/// A request whose reply is awaited.
struct Pending {
  Operation operation;
  std::span<const std::uint32_t> keys;  // get: one or more; set: one; flush: none
};

/// One event of a reply.
struct Event {
  enum class Kind : std::uint8_t {
    need_more,  // the bytes so far end inside the reply; `wanted` bytes are needed at least
    value,      // a hit: keys[position] has `bytes`
    done,       // the request is answered
    error,      // the request is answered by an error; `bytes` is its text
    broken      // these bytes are no reply; `bytes` says why
  };
  Kind kind = Kind::need_more;
  bool last = false;           // value: it also ends the reply
  bool has_flags = false;      // value: `flags` was sent
  std::uint32_t position = 0;  // value: index into the request's keys
  std::uint32_t flags = 0;     // value: client flags
  std::size_t consumed = 0;    // bytes of input this event took
  std::size_t wanted = 0;      // need_more: total bytes wanted, 0 = not known
  std::string_view bytes;      // see kind; points into the input or to a constant

  static Event need_more(std::size_t wanted = 0);
  static Event done(std::size_t consumed);
  static Event error(std::string_view text, std::size_t consumed);
  static Event broken(std::string_view why);
};

struct SetFields {
  std::uint32_t flags = 0;  // ignored by protocols without client flags
  std::uint32_t ttl = 0;    // seconds; 0 = never expires
};

class Codec {
 public:
  virtual ~Codec() = default;

  /// One request for all of `keys`: a multi-get when there are several.
  virtual void write_get(ByteBuffer& out, std::span<const std::uint32_t> keys) = 0;
  /// A store of `length` bytes, up to where the value begins. The caller appends the value, then
  /// set_end().
  virtual void write_set(ByteBuffer& out, std::uint32_t key, SetFields fields,
                         std::uint32_t length) = 0;
  virtual std::string_view set_end() const = 0;
  /// Empties the server.
  virtual void write_flush(ByteBuffer& out) = 0;

  /// The next event of the reply to `pending`, which starts at or continues in `input`.
  virtual Event parse(std::string_view input, const Pending& pending) = 0;
};

/// Requires: `keys` outlives the codec.
std::unique_ptr<Codec> make_codec(ProtocolKind kind, const KeyNames& keys, bool strict);
std::unique_ptr<Codec> make_text_codec(const KeyNames& keys, bool strict);
std::unique_ptr<Codec> make_meta_codec(const KeyNames& keys, bool strict);
std::unique_ptr<Codec> make_binary_codec(const KeyNames& keys, bool strict);
std::unique_ptr<Codec> make_resp_codec(const KeyNames& keys, bool strict);

}  // namespace larder::bench
