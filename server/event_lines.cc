#include "server/event_lines.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "proto/uri.h"

namespace larder::server {

namespace {

using namespace engine;

// By the values of StoreStatus, StoreMode, Found, Transport, CloseReason.
constexpr std::string_view kStoreStatus[] = {"stored",    "not_stored", "exists",
                                             "not_found", "too_large",  "no_memory"};
constexpr std::string_view kStoreMode[] = {"set", "add", "replace", "append", "prepend"};
constexpr std::string_view kFound[] = {"not_found", "found", "flushed", "expired"};
constexpr std::string_view kTransport[] = {"local", "tcp", "udp"};
constexpr std::string_view kCloseReason[] = {"error", "normal", "idle_timeout", "shutdown"};

template <typename Enum>
std::string_view name_of(std::span<const std::string_view> names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < names.size() ? names[index] : std::string_view("na");
}

/// Writes one line; the text of an event goes in between.
class Line {
 public:
  explicit Line(std::span<char, kEventLineMax> into) : begin_(into.data()), at_(begin_) {}

  template <typename... Args>
  Line& add(fmt::format_string<Args...> format, Args&&... args) {
    at_ = fmt::format_to(at_, format, std::forward<Args>(args)...);
    return *this;
  }
  Line& key(std::string_view key) {
    at_ = proto::write_uri(at_, key);
    return *this;
  }
  std::string_view done() {
    *at_++ = '\n';
    return {begin_, static_cast<std::size_t>(at_ - begin_)};
  }

 private:
  char* const begin_;
  char* at_;
};

std::string_view end(Line& line, const ItemGetEvent& event, std::string_view key) {
  return line.add("type=item_get key=")
      .key(key)
      .add(" status={} clsid={} cfd={} size={}", name_of(kFound, event.found), event.class_id,
           event.client, event.value_bytes)
      .done();
}

std::string_view end(Line& line, const ItemStoreEvent& event, std::string_view key) {
  const bool cas = event.compare && event.mode == 0;
  return line.add("type=item_store key=")
      .key(key)
      .add(" status={} cmd={} ttl={} clsid={} cfd={} size={}", name_of(kStoreStatus, event.status),
           cas ? std::string_view("cas") : name_of(kStoreMode, event.mode), event.ttl_s,
           event.class_id, event.client, event.value_bytes)
      .done();
}

std::string_view end(Line& line, const EvictionEvent& event, std::string_view key) {
  return line.add("type=eviction key=")
      .key(key)
      .add(" fetch={} ttl={} la={} clsid={} size={}", event.fetched ? "yes" : "no", event.ttl_s,
           event.idle_s, event.class_id, event.value_bytes)
      .done();
}

std::string_view end(Line& line, const DeletionEvent& event, std::string_view key) {
  return line.add("type=deleted key=")
      .key(key)
      .add(" cmd={} clsid={} size={}", event.meta ? "md" : "delete", event.class_id, event.value_bytes)
      .done();
}

std::string_view end(Line& line, const PageMoveEvent& event, std::string_view) {
  return line.add("type=slab_move src={} dst={} state={}", event.from, event.to,
                  event.moved ? "ok" : "fail")
      .done();
}

/// memcached's crawler knows the LRU segment and how much it may find next time; ours walks the table.
std::string_view end(Line& line, const CrawlEvent& event, std::string_view) {
  return line
      .add("type=lru_crawler crawler={} lru=na low_mark={} next_reclaims=0 since_run=0 next_run={} "
           "elapsed={} examined={} reclaimed={}",
           event.class_id, event.examined / 100 + 1, event.next_run_s, event.elapsed_s, event.examined,
           event.reclaimed)
      .done();
}

std::string_view end(Line& line, const CommandLineEvent& event, std::string_view text) {
  return line.add("<{} {}", event.client, text).done();
}

std::string_view end(Line& line, const ConnectionOpenEvent& event, std::string_view address) {
  return line
      .add("type=conn_new rip={} rport={} transport={} cfd={}", address, event.port,
           name_of(kTransport, event.transport), event.client)
      .done();
}

std::string_view end(Line& line, const ConnectionCloseEvent& event, std::string_view address) {
  return line
      .add("type=conn_close rip={} rport={} transport={} reason={} cfd={}", address, event.port,
           name_of(kTransport, event.transport), name_of(kCloseReason, event.reason), event.client)
      .done();
}

std::string_view end(Line& line, const ConnectionTlsErrorEvent& event, std::string_view text) {
  return line.add("type=conntlserr fd={} msg={}", event.client, text).done();
}

template <typename Event>
std::string_view line_of(const EventView& view, std::span<char, kEventLineMax> into) {
  Line line(into);
  line.add("ts={}.{} gid={} ", view.header.unix_us / 1'000'000, view.header.unix_us % 1'000'000,
           view.header.id);
  return end(line, view.as<Event>(), view.text<Event>());
}

}  // namespace

std::string_view event_line(const EventView& event, std::span<char, kEventLineMax> into) {
  switch (event.header.kind) {
    case EventKind::padding: break;
    case EventKind::item_get: return line_of<ItemGetEvent>(event, into);
    case EventKind::item_store: return line_of<ItemStoreEvent>(event, into);
    case EventKind::eviction: return line_of<EvictionEvent>(event, into);
    case EventKind::deletion: return line_of<DeletionEvent>(event, into);
    case EventKind::page_move: return line_of<PageMoveEvent>(event, into);
    case EventKind::crawl: return line_of<CrawlEvent>(event, into);
    case EventKind::command_line: return line_of<CommandLineEvent>(event, into);
    case EventKind::connection_open: return line_of<ConnectionOpenEvent>(event, into);
    case EventKind::connection_close: return line_of<ConnectionCloseEvent>(event, into);
    case EventKind::connection_tls_error: return line_of<ConnectionTlsErrorEvent>(event, into);
  }
  return {};
}

}  // namespace larder::server
