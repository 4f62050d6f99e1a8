// What happens inside, for those who watch: small binary records in a ring per worker, turned into
// text by one reader elsewhere.
//
// Whoever runs with a Worker (a server thread, the maintainer) writes what is wanted into its own
// ring and goes on. The writer never formats, waits or asks the kernel: it copies a few fields and
// the key. When nobody watches, asking wants() is a load of a word next to the worker's counters
// and a branch that is never taken; rings do not even exist.
//
// Invariants
//  1. One writer a log (the worker's thread), one reader over all logs.
//  2. A record that finds no room is dropped and counted; nothing else is ever lost.
//  3. Ids rise over all workers, so records of several rings can be put in order. An item's events
//     are written under its stripe lock: their ids have the order in which things happened.
//
// A new kind of event is a struct here (fixed fields, kKind, kStream); the text behind it (a key, an
// address, a command line) is up to kEventTextMax bytes. Kinds whose names the engine does not use
// belong to the layers above, which write them through the same log.
//
// Threads: wants() and write() by the worker's thread; want() and read() by the reader.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>

namespace larder::engine {

/// A topic that can be watched; sets of them are their sums.
using Streams = std::uint32_t;
namespace stream {
inline constexpr Streams kFetchers = 1 << 0;     // every look at a key
inline constexpr Streams kMutations = 1 << 1;    // stores, also refused ones
inline constexpr Streams kEvictions = 1 << 2;
inline constexpr Streams kDeletions = 1 << 3;
inline constexpr Streams kConnections = 1 << 4;
inline constexpr Streams kCommandLines = 1 << 5;
inline constexpr Streams kSystem = 1 << 6;       // background threads
}  // namespace stream

enum class EventKind : std::uint8_t {
  padding,  // the rest of the ring before it starts over
  item_get,
  item_store,
  eviction,
  deletion,
  page_move,
  crawl,
  // Written by the layers above.
  command_line,
  connection_open,
  connection_close,
  connection_tls_error,
};

/// Longer texts are cut.
inline constexpr std::size_t kEventTextMax = 512;

// --- the engine's events; their text is the key ---

enum class Found : std::uint8_t { not_found, found, flushed, expired };
struct ItemGetEvent {
  static constexpr EventKind kKind = EventKind::item_get;
  static constexpr Streams kStream = stream::kFetchers;
  Found found = Found::not_found;
  std::uint8_t class_id = 0;
  std::int32_t client = 0;
  std::uint32_t value_bytes = 0;
};

struct ItemStoreEvent {
  static constexpr EventKind kKind = EventKind::item_store;
  static constexpr Streams kStream = stream::kMutations;
  std::uint8_t status = 0;  // StoreStatus
  std::uint8_t mode = 0;    // StoreMode
  bool compare = false;     // a set that compares: cas
  std::uint8_t class_id = 0;
  std::int32_t client = 0;
  std::uint32_t ttl_s = 0;  // 0: never expires
  std::uint32_t value_bytes = 0;
};

struct EvictionEvent {
  static constexpr EventKind kKind = EventKind::eviction;
  static constexpr Streams kStream = stream::kEvictions;
  bool fetched = false;
  std::uint8_t class_id = 0;
  std::int32_t ttl_s = -1;
  std::uint32_t idle_s = 0;
  std::uint32_t value_bytes = 0;
};

struct DeletionEvent {
  static constexpr EventKind kKind = EventKind::deletion;
  static constexpr Streams kStream = stream::kDeletions;
  bool meta = false;
  std::uint8_t class_id = 0;
  std::uint32_t value_bytes = 0;
};

struct PageMoveEvent {  // no text
  static constexpr EventKind kKind = EventKind::page_move;
  static constexpr Streams kStream = stream::kSystem;
  bool moved = false;
  std::int32_t from = 0;
  std::int32_t to = 0;
};

/// What a walk over all items found in one slab class; no text.
struct CrawlEvent {
  static constexpr EventKind kKind = EventKind::crawl;
  static constexpr Streams kStream = stream::kSystem;
  std::uint8_t class_id = 0;
  std::uint32_t elapsed_s = 0;
  std::uint32_t next_run_s = 0;
  std::uint64_t examined = 0;
  std::uint64_t reclaimed = 0;
};

// --- events of the layers above ---

/// A line of the text protocol, as it was sent; the text is the line.
struct CommandLineEvent {
  static constexpr EventKind kKind = EventKind::command_line;
  static constexpr Streams kStream = stream::kCommandLines;
  std::int32_t client = 0;
};

enum class Transport : std::uint8_t { local, tcp, udp };
enum class CloseReason : std::uint8_t { error, normal, idle_timeout, shutdown };
/// A client came; the text is its address.
struct ConnectionOpenEvent {
  static constexpr EventKind kKind = EventKind::connection_open;
  static constexpr Streams kStream = stream::kConnections;
  Transport transport = Transport::tcp;
  std::uint16_t port = 0;
  std::int32_t client = 0;
};
/// A client went; the text is its address.
struct ConnectionCloseEvent {
  static constexpr EventKind kKind = EventKind::connection_close;
  static constexpr Streams kStream = stream::kConnections;
  Transport transport = Transport::tcp;
  CloseReason reason = CloseReason::error;
  std::uint16_t port = 0;
  std::int32_t client = 0;
};

/// A client's TLS stream broke off, most often in its handshake; the text says why.
struct ConnectionTlsErrorEvent {
  static constexpr EventKind kKind = EventKind::connection_tls_error;
  static constexpr Streams kStream = stream::kConnections;
  std::int32_t client = 0;
};

// --- records ---

/// In front of every record; the event's fields and its text follow.
struct EventHeader {
  std::uint32_t bytes = 0;       // of the whole record; a multiple of 8
  std::uint16_t text_bytes = 0;
  EventKind kind = EventKind::padding;
  std::uint8_t unused = 0;
  Streams stream = 0;
  std::uint32_t unused_too = 0;
  std::uint64_t id = 0;
  std::int64_t unix_us = 0;
};
static_assert(sizeof(EventHeader) == 32);

/// A record as the reader sees it; valid until its visitor returns.
struct EventView {
  const EventHeader& header;
  const char* fields;

  template <typename Event>
  Event as() const {
    Event event;
    std::memcpy(static_cast<void*>(&event), fields, sizeof event);
    return event;
  }
  template <typename Event>
  std::string_view text() const {
    return {fields + sizeof(Event), header.text_bytes};
  }
};

/// The ring itself: bytes between one writer and one reader.
class EventRing {
 public:
  /// Of at least `bytes`.
  explicit EventRing(std::size_t bytes);

  /// Room for a record of `bytes` (a multiple of 8) in one piece, or nullptr. publish() makes it
  /// readable.
  char* claim(std::uint32_t bytes);
  void publish();

  /// Shows what has been published to `visit(const EventView&)`, oldest first.
  template <typename Visit>
  void read(Visit&& visit);

 private:
  const std::size_t capacity_;  // a power of two
  const std::unique_ptr<char[]> bytes_;
  std::uint64_t claimed_ = 0;                       // the writer's
  alignas(64) std::atomic<std::uint64_t> head_{0};  // end of what is readable
  alignas(64) std::atomic<std::uint64_t> tail_{0};  // end of what has been read
};

/// One worker's end of it.
class EventLog {
 public:
  /// `ids` is shared by all logs.
  explicit EventLog(std::atomic<std::uint64_t>& ids) : ids_(ids) {}

  bool wants(Streams streams) const {
    return (wanted_.load(std::memory_order_relaxed) & streams) != 0;
  }
  /// Whose requests are being executed; told with some events.
  void set_client(std::int32_t client) { client_ = client; }
  std::int32_t client() const { return client_; }

  /// Requires: wants(Event::kStream).
  template <typename Event>
  void write(const Event& event, std::string_view text = {}) {
    static_assert(std::is_trivially_copyable_v<Event>);
    write(Event::kKind, Event::kStream, &event, sizeof event, text);
  }

  /// What is wanted from now on. The ring is made when anything is for the first time.
  void want(Streams streams, std::size_t ring_bytes);
  template <typename Visit>
  void read(Visit&& visit) {
    if (ring_ != nullptr) ring_->read(visit);
  }
  /// Ever, rising.
  std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void write(EventKind kind, Streams stream, const void* fields, std::size_t bytes,
             std::string_view text);

  std::atomic<Streams> wanted_{0};
  std::int32_t client_ = 0;
  std::atomic<std::uint64_t>& ids_;
  std::unique_ptr<EventRing> ring_;  // the reader makes it before it sets wanted_
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> dropped_{0};
};

template <typename Visit>
void EventRing::read(Visit&& visit) {
  const std::uint64_t head = head_.load(std::memory_order_acquire);
  for (std::uint64_t at = tail_.load(std::memory_order_relaxed); at != head;) {
    const char* const record = bytes_.get() + (at & (capacity_ - 1));
    // Padding may be shorter than a header: only its first fields are there.
    EventHeader header;
    std::memcpy(static_cast<void*>(&header), record, 8);
    if (header.kind != EventKind::padding) {
      std::memcpy(static_cast<void*>(&header), record, sizeof header);
      visit(EventView{header, record + sizeof header});
    }
    at += header.bytes;
    tail_.store(at, std::memory_order_release);
  }
}

}  // namespace larder::engine
