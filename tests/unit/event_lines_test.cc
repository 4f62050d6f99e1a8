#include "server/event_lines.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>

using namespace larder;
using namespace larder::engine;

namespace {

/// The line of an event, without its time and id.
template <typename Event>
std::string line_of(const Event& event, std::string_view text = {}) {
  std::atomic<std::uint64_t> ids{0};
  EventLog log(ids);
  log.want(~Streams{0}, 65536);
  log.write(event, text);
  std::string line;
  log.read([&](const EventView& view) {
    std::array<char, server::kEventLineMax> into;
    line = server::event_line(view, into);
  });
  REQUIRE(line.starts_with("ts="));
  REQUIRE(line.find(" gid=1 ") != std::string::npos);
  return line.substr(line.find(" gid=1 ") + 7);
}

}  // namespace

TEST_CASE("lines are memcached's") {
  CHECK(line_of(ItemGetEvent{.found = Found::found, .class_id = 3, .client = 27, .value_bytes = 5},
                "n,foo") ==
        "type=item_get key=n%2Cfoo status=found clsid=3 cfd=27 size=5\n");
  CHECK(line_of(ItemGetEvent{.found = Found::expired}, "a") ==
        "type=item_get key=a status=expired clsid=0 cfd=0 size=0\n");
  CHECK(line_of(ItemStoreEvent{.status = 0, .mode = 0, .class_id = 1, .client = 9, .ttl_s = 60,
                               .value_bytes = 4},
                "vfoo") ==
        "type=item_store key=vfoo status=stored cmd=set ttl=60 clsid=1 cfd=9 size=4\n");
  CHECK(line_of(ItemStoreEvent{.status = 2, .mode = 0, .compare = true}, "k") ==
        "type=item_store key=k status=exists cmd=cas ttl=0 clsid=0 cfd=0 size=0\n");
  CHECK(line_of(ItemStoreEvent{.status = 1, .mode = 4}, "k") ==
        "type=item_store key=k status=not_stored cmd=prepend ttl=0 clsid=0 cfd=0 size=0\n");
  CHECK(line_of(EvictionEvent{.fetched = true, .class_id = 2, .ttl_s = -1, .idle_s = 8, .value_bytes = 7},
                "k") == "type=eviction key=k fetch=yes ttl=-1 la=8 clsid=2 size=7\n");
  CHECK(line_of(DeletionEvent{.meta = true, .class_id = 1, .value_bytes = 4}, "vfoo") ==
        "type=deleted key=vfoo cmd=md clsid=1 size=4\n");
  CHECK(line_of(PageMoveEvent{.moved = true, .from = 3, .to = 0}) ==
        "type=slab_move src=3 dst=0 state=ok\n");
  CHECK(line_of(CrawlEvent{.class_id = 5, .elapsed_s = 2, .next_run_s = 60, .examined = 200,
                           .reclaimed = 9}) ==
        "type=lru_crawler crawler=5 lru=na low_mark=3 next_reclaims=0 since_run=0 next_run=60 elapsed=2 "
        "examined=200 reclaimed=9\n");
  CHECK(line_of(CommandLineEvent{.client = 31}, "get foo") == "<31 get foo\n");
  CHECK(line_of(ConnectionOpenEvent{.transport = Transport::tcp, .port = 4000, .client = 8},
                "127.0.0.1") == "type=conn_new rip=127.0.0.1 rport=4000 transport=tcp cfd=8\n");
  CHECK(line_of(ConnectionCloseEvent{.transport = Transport::local,
                                     .reason = CloseReason::idle_timeout, .client = 8},
                "unix") ==
        "type=conn_close rip=unix rport=0 transport=local reason=idle_timeout cfd=8\n");
}

TEST_CASE("the longest key fits a line, every byte of it encoded") {
  const std::string line = line_of(ItemGetEvent{}, std::string(kEventTextMax, '\0'));
  CHECK(line.size() > 3 * kEventTextMax);
  CHECK(line.back() == '\n');
}
