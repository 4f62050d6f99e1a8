#include "proto/text_protocol.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/support/text_service.h"
#include "tests/support/text_transcripts.h"

using namespace larder;
using namespace larder::test;

namespace {

std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::vector<TextTranscript> all_transcripts() {
  std::vector<TextTranscript> all = text_transcripts();
  for (TextTranscript& transcript : meta_transcripts()) all.push_back(std::move(transcript));
  return all;
}

/// What is shown of a reply that is not as expected: the part around the first difference.
std::string difference(const std::string& got, const std::string& expected) {
  const auto [g, e] = std::mismatch(got.begin(), got.end(), expected.begin(), expected.end());
  const auto from = std::max<std::ptrdiff_t>(g - got.begin() - 60, 0);
  const auto at = static_cast<std::size_t>(from);
  return "got      " + got.substr(std::min(at, got.size()), 160) + "\nexpected " +
         expected.substr(std::min(at, expected.size()), 160);
}

/// The whole conversation on a fresh connection, cut at the given places (ascending).
template <typename Service>
void play(Service& service, const TextTranscript& transcript,
          const std::vector<std::size_t>& cuts) {
  std::string got;
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    got += service.ask(std::string_view(transcript.sent).substr(from, cut - from));
    from = cut;
  }
  got += service.ask(std::string_view(transcript.sent).substr(from));
  if (got != transcript.expected || service.wire.closed() != transcript.closes) {
    CAPTURE(transcript.name, cuts, service.wire.closed());
    FAIL(difference(got, transcript.expected));
  }
}

void play_on_model(const TextTranscript& transcript, const std::vector<std::size_t>& cuts,
                   unsigned budget = 20) {
  ModelService service(budget);
  play(service, transcript, cuts);
  if (service.engine.handle_count() != 0) FAIL(transcript.name << ": a handle is left");
}

/// Where a conversation is cut in two: everywhere, but in long ones only around line ends and at a
/// few places in between.
std::vector<std::size_t> cut_places(const std::string& sent) {
  std::vector<std::size_t> places;
  const bool everywhere = sent.size() < 6'000;
  const std::size_t step = everywhere ? 1 : sent.size() / 61;
  for (std::size_t cut = 1; cut < sent.size(); cut += step) places.push_back(cut);
  if (everywhere) return places;
  std::size_t line_ends = 0;
  for (std::size_t at = sent.find('\n'); at != std::string::npos && line_ends < 20;
       at = sent.find('\n', at + 1), ++line_ends) {
    for (std::size_t cut = std::max<std::size_t>(at, 2) - 1; cut <= at + 2; ++cut) {
      if (cut < sent.size()) places.push_back(cut);
    }
  }
  for (const std::size_t cut : {2047u, 2048u, 2049u, 2050u, 2051u}) places.push_back(cut);
  return places;
}

std::vector<std::size_t> pieces_of(std::size_t size, std::size_t piece) {
  std::vector<std::size_t> cuts;
  for (std::size_t cut = piece; cut < size; cut += piece) cuts.push_back(cut);
  return cuts;
}

}  // namespace

TEST_CASE("text: conversations") {
  for (const TextTranscript& transcript : all_transcripts()) {
    for (const unsigned budget : {1u, 2u, 20u, 1000u}) play_on_model(transcript, {}, budget);
    SUCCEED(transcript.name);
  }
}

TEST_CASE("text: conversations with the cache engine") {
  for (const TextTranscript& transcript : all_transcripts()) {
    if (transcript.counts_cas)
      continue;  // it gives numbers only to items whose number is asked for
    CacheService service;
    play(service, transcript, {});
    SUCCEED(transcript.name);
  }
}

TEST_CASE("text: a conversation may be cut at any byte") {
  for (const TextTranscript& transcript : all_transcripts()) {
    for (const std::size_t cut : cut_places(transcript.sent)) play_on_model(transcript, {cut});
    SUCCEED(transcript.name);
  }
}

TEST_CASE("text: a conversation may come byte by byte and in pieces of any size") {
  for (const TextTranscript& transcript : all_transcripts()) {
    const std::size_t size = transcript.sent.size();
    for (const std::size_t piece : {1, 2, 3, 7, 16, 17, 100, 1000, 16'384}) {
      if (size / piece > 30'000) continue;
      play_on_model(transcript, pieces_of(size, piece));
      if (size < 6'000) play_on_model(transcript, pieces_of(size, piece), 1);
    }
    SUCCEED(transcript.name);
  }
}

TEST_CASE("text: damaged conversations are answered alike, however they are cut") {
  constexpr unsigned kRounds = 10'000;
  const std::vector<TextTranscript> all = all_transcripts();
  const std::string pieces[] = {" ",
                                "\r\n",
                                "\n",
                                "\r",
                                "0",
                                "9",
                                "-",
                                "noreply",
                                "get ",
                                "mg k ",
                                "set k 0 0 3\r\n",
                                "ms k 2 ",
                                std::string(1, '\0'),
                                "\xff",
                                std::string(300, 'x'),
                                std::string(2100, ' '),
                                "get k" + std::string(2100, ' ')};
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    std::minstd_rand random(seed + 1);
    const auto below = [&](std::size_t limit) {
      return random() % std::max<std::size_t>(limit, 1);
    };
    std::string sent;
    while (sent.empty()) {
      const TextTranscript& transcript = all[below(all.size())];
      if (transcript.sent.size() < 3'000) sent = transcript.sent;
    }
    for (std::size_t damages = 1 + below(4); damages > 0; --damages) {
      const std::size_t at = below(sent.size());
      switch (below(3)) {
        case 0:
          sent.insert(at, pieces[below(std::size(pieces))]);
          break;
        case 1:
          sent.erase(at, 1 + below(4));
          break;
        default:
          sent.insert(at, sent.substr(below(sent.size()), below(60)));
          break;
      }
    }
    ModelService whole(1000);
    const std::string expected = whole.ask(sent);
    std::vector<std::size_t> cuts;
    for (std::size_t cut = below(40); cut < sent.size(); cut += 1 + below(40)) cuts.push_back(cut);
    ModelService cut_up(static_cast<unsigned>(1 + below(3)));
    INFO("seed " << seed);
    play(cut_up, {"damaged", sent, expected, whole.wire.closed()}, cuts);
    if (cut_up.engine.handle_count() > 1) FAIL("handles are left");
  }
  SUCCEED();
}

TEST_CASE("text: whatever follows a close is dropped") {
  for (TextTranscript transcript : all_transcripts()) {
    if (!transcript.closes) continue;
    transcript.sent += "\r\nversion\r\n";
    play_on_model(transcript, {});
    SUCCEED(transcript.name);
  }
}

TEST_CASE("text: the keys of a pipeline and of a line are announced in windows") {
  ModelService service(1000);
  service.ask("get k\r\n");
  CHECK(service.engine.prefetched_keys() == 0);  // nothing to overlap with
  service.ask(repeat("get k\r\n", 100));
  CHECK(service.engine.prefetched_keys() == 100);
  service.ask("get" + repeat(" k", 100) + "\r\n");
  CHECK(service.engine.prefetched_keys() == 200);
  service.ask("get k\r\nset k 0 0 1\r\nx\r\nmg k\r\nms k 1\r\nx\r\nmd k\r\nma k\r\ngets k\r\n");
  CHECK(service.engine.prefetched_keys() == 207);
}

TEST_CASE("text: the budget is counted down by one a request") {
  ModelService service;
  const auto protocol = proto::make_text_protocol(service.session());
  const std::string requests[] = {"get k\r\n",   "get k k k\r\n", "set k 0 0 1\r\nx\r\n",
                                  "\r\n",        "mg k\r\n",      "ms k 2\r\nxx\r\n",
                                  "version\r\n", "touch k\r\n"};
  for (const std::string& request : requests) {
    INFO(request);
    const std::string input = repeat(request, 50);
    proto::Output output;
    engine::GateGuard gate(service.worker);
    unsigned budget = 40;
    proto::Progress progress = protocol->run(input, output, budget);
    CHECK(progress.next == proto::Next::yield);
    CHECK(progress.consumed == 40 * request.size());
    CHECK(budget == 0);
    budget = 40;
    progress = protocol->run(std::string_view(input).substr(progress.consumed), output, budget);
    CHECK(progress.next == proto::Next::read);
    CHECK(progress.consumed == 10 * request.size());
    CHECK(budget == 30);
  }
}

TEST_CASE("text: a request that is not complete is left in the input and costs no budget") {
  ModelService service;
  const auto protocol = proto::make_text_protocol(service.session());
  for (const std::string& part :
       std::vector<std::string>{"get k", "set k 0 0 5\r\nabc", "set k 0 0 5\r\nabcde\r", "ms k 5 k",
                                "ms k 5\r\nab", "version\r"}) {
    INFO(part);
    proto::Output output;
    engine::GateGuard gate(service.worker);
    unsigned budget = 5;
    const proto::Progress progress = protocol->run("mn\r\n" + part, output, budget);
    CHECK(progress.next == proto::Next::read);
    CHECK(progress.consumed == 4);
    CHECK(budget == 4);
  }
}

TEST_CASE("text: a full output stops a pipeline, and a line of many keys") {
  ModelService service;
  const std::string large(600'000, 'x');
  service.ask("set k 0 0 600000\r\n" + large + "\r\n");
  for (const std::string& input :
       {repeat("get k\r\n", 10), "get" + repeat(" k", 10) + "\r\n", repeat("mg k v\r\n", 10)}) {
    const auto protocol = proto::make_text_protocol(service.session());
    proto::Output output;
    unsigned budget = 100;
    std::size_t consumed = 0;
    std::size_t answered = 0;
    int yields = 0;
    while (true) {
      engine::GateGuard gate(service.worker);
      const proto::Progress progress =
          protocol->run(std::string_view(input).substr(consumed), output, budget);
      consumed += progress.consumed;
      CHECK(output.size() < 2 * proto::Output::kFullBytes);
      answered += output.size();
      output.clear(0);
      if (progress.next == proto::Next::read) break;
      CHECK(progress.next == proto::Next::yield);
      ++yields;
    }
    CHECK(yields >= 4);
    CHECK(consumed == input.size());
    CHECK(answered > 10 * large.size());
  }
}

TEST_CASE("text: a large value goes straight into its item, a small one is waited for") {
  ModelService service;
  service.wire.feed("set k 0 0 8192\r\nabc");
  CHECK(service.engine.handle_count() == 0);
  CHECK(service.wire.buffered_bytes() == 19);
  CHECK(service.wire.protocol().state() == "conn_nread");
  CHECK(service.ask(std::string(8189, 'x') + "\r\n") == "STORED\r\n");
  CHECK(service.wire.protocol().state() == "conn_read");

  service.wire.feed("set k 0 0 8193\r\nabc");
  CHECK(service.engine.handle_count() == 1);
  CHECK(service.wire.buffered_bytes() == 0);
  CHECK(service.wire.protocol().state() == "conn_nread");
  service.wire.feed(std::string(8190, 'x'));
  CHECK(service.wire.protocol().state() == "conn_nread");
  CHECK(service.ask("\r\n") == "STORED\r\n");
  CHECK(service.engine.handle_count() == 0);

  service.wire.feed("set k 0 0 2000000\r\nabc");
  CHECK(service.wire.protocol().state() == "conn_swallow");
  CHECK(service.wire.buffered_bytes() == 0);
}

TEST_CASE("text: what is too large is refused before its data comes, whatever the limit") {
  ModelService service(20, {.item_bytes_max = 1024});
  CHECK(service.ask("set k 0 0 1\r\nx\r\n") == "STORED\r\n");
  CHECK(service.ask("set k 0 0 1500\r\n") == "SERVER_ERROR object too large for cache\r\n");
  CHECK(service.ask(std::string(1500, 'x') + "\r\nget k\r\n") == "END\r\n");
  // With all of its data at hand the answer is the same, even where that ends wrongly.
  CHECK(service.ask("set k 0 0 1500\r\n" + std::string(1500, 'x') + "xyversion\r\n") ==
        "SERVER_ERROR object too large for cache\r\nVERSION 1.6.45\r\n");
}

TEST_CASE("text: an upload that never ends gives its memory back") {
  ModelEngine engine;
  RecordingHost host;
  const proto::Settings settings;
  engine::Worker& worker = engine.add_worker();
  {
    Wire wire(worker, proto::make_text_protocol({engine, worker, host, settings}));
    wire.feed("set k 0 0 100000\r\n" + std::string(50'000, 'x'));
    CHECK(engine.handle_count() == 1);
  }
  CHECK(engine.handle_count() == 0);
  CHECK(engine.item_count() == 0);
}

TEST_CASE("text: a half-sent value is no one's but its sender's") {
  ModelService service;
  Wire other(service.worker, proto::make_text_protocol(service.session()));
  const std::string first(50'000, 'a');
  const std::string second(50'000, 'b');
  CHECK(service.ask("set k 0 0 50000\r\n" + first + "\r\n") == "STORED\r\n");
  service.wire.feed("set k 0 0 50000\r\n" + second.substr(0, 20'000));
  other.feed("get k\r\ndelete k\r\nget k\r\n");
  CHECK(other.replies() == "VALUE k 0 50000\r\n" + first + "\r\nEND\r\nDELETED\r\nEND\r\n");
  CHECK(service.ask(second.substr(20'000) + "\r\n") == "STORED\r\n");
  other.feed("get k\r\n");
  CHECK(other.replies() == "VALUE k 0 50000\r\n" + second + "\r\nEND\r\n");
}

TEST_CASE("text: an endless retrieval line holds no memory") {
  ModelService service;
  service.ask("set k 0 0 1\r\nx\r\n");
  service.wire.feed("get");
  for (int i = 0; i < 1000; ++i) {
    service.wire.feed(repeat(" k", 500));
    REQUIRE(service.wire.buffered_bytes() <= 2048);
    service.wire.replies();
  }
  CHECK(service.ask("\r\nversion\r\n") == "VALUE k 0 1\r\nx\r\nEND\r\nVERSION 1.6.45\r\n");
  // Nor does a key that does not end.
  service.wire.feed("get " + std::string(3000, 'k'));
  CHECK(service.wire.replies() == "CLIENT_ERROR bad command line format\r\n");
  service.wire.feed(std::string(100'000, 'k'));
  CHECK(service.wire.buffered_bytes() == 0);
  CHECK(service.ask("\r\nversion\r\n") == "VERSION 1.6.45\r\n");
}

TEST_CASE("text: out of memory is an answer, and its data is swallowed") {
  ModelService service(20, {.limit_bytes = 1000});
  const std::string no_memory = "SERVER_ERROR out of memory storing object\r\n";
  const std::string large(20'000, 'x');
  CHECK(service.ask("set k 0 0 1\r\nx\r\n") == "STORED\r\n");
  CHECK(service.ask("add j 0 0 2000\r\n" + large.substr(0, 2000) + "\r\n") == no_memory);
  CHECK(service.ask("set k 0 0 20000\r\n" + large) == no_memory);
  CHECK(service.ask("\r\nget k\r\n") == "END\r\n");
  CHECK(service.ask("set k 0 0 20000 noreply\r\n" + large + "\r\nget k\r\n") == "END\r\n");
  CHECK(service.ask("set k 0 0 1\r\n9\r\nms k 2000 MA q\r\n" + large.substr(0, 2000) +
                    "\r\nmg k\r\n") == "STORED\r\n" + no_memory + "EN\r\n");
  CHECK(service.ask("set k 0 0 1\r\n9\r\nset fill 0 0 870\r\n" + large.substr(0, 870) + "\r\n") ==
        "STORED\r\nSTORED\r\n");
  CHECK(service.ask("incr k 1\r\nma k\r\n") == repeat("SERVER_ERROR out of memory\r\n", 2));
  CHECK(service.ask("mg nothing N30 k\r\n") == "EN knothing\r\n");
}

TEST_CASE("text: deadlines come from the wire") {
  ModelService service;
  CHECK(service.ask("set k 0 10 1\r\nx\r\nset j 0 0 1\r\nx\r\ntouch j 10\r\n") ==
        "STORED\r\nSTORED\r\nTOUCHED\r\n");
  const std::string unix_time = std::to_string(service.engine.clock().unix_now() + 10);
  CHECK(service.ask("set u 0 " + unix_time +
                    " 1\r\nx\r\nms m 1 T10\r\nx\r\nma n N10\r\n"
                    "mg v N10\r\nset g 0 0 1\r\nx\r\ngat " +
                    unix_time + " g\r\n") ==
        "STORED\r\nHD\r\nHD\r\nHD W\r\nSTORED\r\nVALUE g 0 1\r\nx\r\nEND\r\n");
  service.engine.clock().advance(9);
  CHECK(service.ask("mg k t\r\nmg j t\r\nmg u t\r\nmg m t\r\nmg n t\r\nmg v t\r\nmg g t\r\n") ==
        "HD t1\r\nHD t1\r\nHD t1\r\nHD t1\r\nHD t1\r\nHD t1 Z\r\nHD t1\r\n");
  service.engine.clock().advance(1);
  CHECK(service.ask("get k j u m n v g\r\n") == "END\r\n");
}

TEST_CASE("text: a flush may come later, and may be forbidden") {
  ModelService service;
  CHECK(service.ask("set k 0 0 1\r\nx\r\nflush_all 5\r\nget k\r\n") ==
        "STORED\r\nOK\r\nVALUE k 0 1\r\nx\r\nEND\r\n");
  service.engine.clock().advance(5);
  CHECK(service.ask("get k\r\nset k 0 0 1\r\nx\r\nget k\r\n") ==
        "END\r\nSTORED\r\nVALUE k 0 1\r\nx\r\nEND\r\n");
  service.settings.flush_enabled = false;
  CHECK(service.ask("flush_all\r\nflush_all noreply\r\nflush_all x\r\nget k\r\n") ==
        repeat("CLIENT_ERROR flush_all not allowed\r\n", 2) + "VALUE k 0 1\r\nx\r\nEND\r\n");
  CHECK(service.counted(engine::Counter::cmd_flush) >= 3);
}

TEST_CASE("text: verbosity reaches the settings, and no further than 2") {
  ModelService service;
  CHECK(service.ask("verbosity 1\r\n") == "OK\r\n");
  CHECK(service.settings.verbosity == 1);
  CHECK(service.ask("verbosity 9 noreply\r\n").empty());
  CHECK(service.settings.verbosity == 2);
}

TEST_CASE("text: shutdown") {
  for (const auto& [words, stopped] :
       {std::pair("shutdown", "at once"), std::pair("shutdown graceful", "graceful"),
        std::pair("shutdown g", "graceful")}) {
    ModelService service;
    service.settings.shutdown_enabled = true;
    CHECK(service.ask("shutdown now\r\n") == "CLIENT_ERROR invalid shutdown mode\r\n");
    CHECK(service.host.stopped.empty());
    CHECK_FALSE(service.wire.closed());
    CHECK(service.ask(words + std::string("\r\nversion\r\n")).empty());
    CHECK(service.host.stopped == stopped);
    CHECK(service.wire.closed());
  }
}

TEST_CASE("text: statistics by their name or its beginning") {
  ModelService service;
  const auto rows = [](const std::string& label, const std::string& group) {
    return label + " group " + group + "\r\n" + label + " number 7\r\nEND\r\n";
  };
  CHECK(service.ask("stats\r\n") == rows("STAT", ""));
  CHECK(service.ask("stats items\r\n") == rows("STAT", "items"));
  CHECK(service.ask("stats slabs noreply\r\n") == rows("STAT", "slabs"));
  CHECK(service.ask("stats s\r\n") == rows("STAT", "settings"));
  CHECK(service.ask("stats conn\r\n") == rows("STAT", "conns"));
  CHECK(service.ask("stats extstore\r\n") == rows("STAT", "extstore"));
  CHECK(service.ask("stats unknown\r\n") == "ERROR\r\n");
  CHECK(service.ask("stats r\r\n") == "RESET\r\n");
  CHECK(service.host.asked == "reset");
  CHECK(service.ask("stats detail on\r\n") == "OK\r\n");
  CHECK(service.host.asked == "detail on");
  CHECK(service.ask("stats detail of\r\n") == "OK\r\n");
  CHECK(service.host.asked == "detail off");
  CHECK(service.ask("stats detail dump\r\n") == rows("PREFIX", "detail dump"));
  CHECK(service.ask("stats detail\r\nstats detail x\r\n") ==
        repeat("CLIENT_ERROR usage: stats detail on|off|dump\r\n", 2));
  service.settings.dump_enabled = false;
  CHECK(service.ask("stats detail on\r\n") == "CLIENT_ERROR stats detail not allowed\r\n");
}

TEST_CASE("text: watchers may be forbidden") {
  CacheService service;
  service.settings.watch_enabled = false;
  CHECK(service.ask("watch\r\n") == "CLIENT_ERROR watch commands not allowed\r\n");
}

TEST_CASE("text: a connection becomes a watcher of the streams it names, or of lookups") {
  const auto streams = [](std::string_view request) {
    CacheService service;
    CHECK(service.ask(request).empty());
    return service.wire.watched();
  };
  namespace stream = engine::stream;
  CHECK(streams("watch\r\n") == stream::kFetchers);
  CHECK(streams("watch mutations evictions\r\n") == (stream::kMutations | stream::kEvictions));
  CHECK(streams("watch f m e d c r s\r\n") ==
        (stream::kFetchers | stream::kMutations | stream::kEvictions | stream::kDeletions |
         stream::kConnections | stream::kCommandLines | stream::kSystem));
  CHECK(streams("watch proxyreqs proxyuser connevents\r\n") == stream::kConnections);
  CacheService service;
  CHECK(service.ask("watch bogus\r\n") == "ERROR\r\n");
  CHECK(service.ask("watch fetchers bogus\r\n") == "ERROR\r\n");
  CHECK(service.ask("get a\r\nwatch\r\n") ==
        "END\r\nERROR cannot pipeline other commands before watch\r\n");
}

TEST_CASE("text: the engine answers for what concerns its items") {
  CacheService service;
  CHECK(service.ask("slabs automove 1\r\nslabs\r\nlru_crawler sleep 2000000\r\n"
                    "cache_memlimit 4\r\nlru mode segmented\r\n lru mode flat\r\n") ==
        "OK\r\nERROR\r\nCLIENT_ERROR sleep must be one second or less\r\n"
        "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\nOK\r\nOK\r\n");
  CHECK(service.ask("slabs automove 1 noreply\r\nslabs noreply\r\nextstore item_size 5\r\n") ==
        "ERROR\r\n");
  CHECK(service.ask("refresh_certs\r\n") == "Error TLS not enabled\r\n");
}

TEST_CASE("text: commands are counted once") {
  ModelService service;
  service.ask(
      "set k 0 0 1\r\n5\r\nget k k nothing\r\ngat 0 k nothing\r\ntouch k 0\r\nincr k 1\r\n"
      "mg k v\r\nmg k T30\r\nms k 1\r\nx\r\nme k\r\nme nothing\r\nflush_all\r\n");
  CHECK(service.counted(engine::Counter::cmd_set) == 2);
  CHECK(service.counted(engine::Counter::cmd_get) == 4);
  CHECK(service.counted(engine::Counter::get_hits) == 3);
  CHECK(service.counted(engine::Counter::get_misses) == 1);
  CHECK(service.counted(engine::Counter::cmd_touch) == 4);
  CHECK(service.counted(engine::Counter::touch_hits) == 3);
  CHECK(service.counted(engine::Counter::incr_hits) == 1);
  CHECK(service.counted(engine::Counter::cmd_meta) == 2);
}

TEST_CASE("text: cas is 0 everywhere when it is disabled") {
  ModelService service(20, {.cas_enabled = false});
  CHECK(service.ask("set k 0 0 1\r\nx\r\ngets k\r\ncas k 0 0 1 0\r\ny\r\nmg k c v C0\r\n") ==
        "STORED\r\nVALUE k 0 1 0\r\nx\r\nEND\r\nEXISTS\r\nHD c0\r\n");
}
