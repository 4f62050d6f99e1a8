#include "tests/support/binary_transcripts.h"

namespace larder::test {

std::string number(unsigned long long value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    text += static_cast<char>(value >> shift & 0xff);
  }
  return text;
}

namespace {

std::string packet_bytes(int magic, int status, const Packet& packet) {
  const std::size_t body = packet.extras.size() + packet.key.size() + packet.value.size();
  return number(static_cast<unsigned>(magic), 1) + number(static_cast<unsigned>(packet.opcode), 1) +
         number(packet.key.size(), 2) + number(packet.extras.size(), 1) + number(0, 1) +
         number(static_cast<unsigned>(status), 2) + number(body, 4) + number(packet.opaque, 4) +
         number(packet.cas, 8) + packet.extras + packet.key + packet.value;
}

// Extras of requests and replies.
std::string flags_exptime(unsigned flags, unsigned exptime) {
  return number(flags, 4) + number(exptime, 4);
}
std::string exptime(unsigned seconds) { return number(seconds, 4); }
std::string flags(unsigned value) { return number(value, 4); }
std::string delta(unsigned long long by, unsigned long long initial, unsigned exptime) {
  return number(by, 8) + number(initial, 8) + number(exptime, 4);
}

// Error replies with their texts.
std::string not_found(int opcode) { return reply({.opcode = opcode, .value = "Not found"}, 0x01); }
std::string exists(int opcode) {
  return reply({.opcode = opcode, .value = "Data exists for key."}, 0x02);
}
std::string too_large(int opcode) { return reply({.opcode = opcode, .value = "Too large."}, 0x03); }
std::string invalid(int opcode) {
  return reply({.opcode = opcode, .value = "Invalid arguments"}, 0x04);
}
std::string not_stored(int opcode) {
  return reply({.opcode = opcode, .value = "Not stored."}, 0x05);
}
std::string non_numeric(int opcode) {
  return reply({.opcode = opcode, .value = "Non-numeric server-side value for incr or decr"}, 0x06);
}
std::string unknown(int opcode) {
  return reply({.opcode = opcode, .value = "Unknown command"}, 0x81);
}
std::string done(int opcode, unsigned long long cas = 0) {
  return reply({.opcode = opcode, .cas = cas});
}

Step set(std::string key, std::string value, unsigned long long cas, unsigned client_flags = 0) {
  return {request({.opcode = 0x01,
                   .extras = flags_exptime(client_flags, 0),
                   .key = std::move(key),
                   .value = std::move(value)}),
          done(0x01, cas)};
}
Step get(std::string key, std::string value, unsigned long long cas, unsigned client_flags = 0) {
  return {
      request({.opcode = 0x00, .key = std::move(key)}),
      reply(
          {.opcode = 0x00, .extras = flags(client_flags), .value = std::move(value), .cas = cas})};
}
Step get_miss(std::string key) {
  return {request({.opcode = 0x00, .key = std::move(key)}), not_found(0x00)};
}
Step noop() { return {request({.opcode = 0x0a}), done(0x0a)}; }

Transcript reads() {
  constexpr unsigned kFlags = 0xdeadbeef;
  Transcript all{.name = "get, touch and gat", .steps = {set("key", "value", 1, kFlags)}};
  struct Reader {
    int opcode;
    bool quiet, touch, key, value;
  };
  constexpr Reader kReaders[] = {
      {0x00, false, false, false, true}, {0x09, true, false, false, true},
      {0x0c, false, false, true, true},  {0x0d, true, false, true, true},
      {0x1c, false, true, false, false}, {0x1d, false, true, false, true},
      {0x1e, true, true, false, true},   {0x23, false, true, true, true},
      {0x24, true, true, true, true},
  };
  for (const Reader& reader : kReaders) {
    const std::string extras = reader.touch ? exptime(100) : "";
    all.steps.push_back({request({.opcode = reader.opcode, .extras = extras, .key = "key"}),
                         reply({.opcode = reader.opcode,
                                .extras = flags(kFlags),
                                .key = reader.key ? "key" : "",
                                .value = reader.value ? "value" : "",
                                .cas = 1})});
    const std::string miss = reader.quiet ? ""
                             : reader.key
                                 ? reply({.opcode = reader.opcode, .key = "no such key"}, 0x01)
                                 : not_found(reader.opcode);
    all.steps.push_back(
        {request({.opcode = reader.opcode, .extras = extras, .key = "no such key"}), miss});
  }
  // touch with an exptime in the past
  all.steps.push_back({request({.opcode = 0x1c, .extras = exptime(2592001), .key = "key"}),
                       reply({.opcode = 0x1c, .extras = flags(kFlags), .cas = 1})});
  all.steps.push_back(get_miss("key"));
  return all;
}

Transcript stores() {
  Transcript all{.name = "set, add, replace, append, prepend"};
  const auto store = [&](int opcode, std::string value, std::string answer,
                         unsigned long long cas = 0) {
    const bool joins = opcode == 0x0e || opcode == 0x0f || opcode == 0x19 || opcode == 0x1a;
    all.steps.push_back({request({.opcode = opcode,
                                  .extras = joins ? "" : flags_exptime(7, 1000),
                                  .key = "key",
                                  .value = std::move(value),
                                  .cas = cas}),
                         std::move(answer)});
  };
  store(0x03, "r", not_found(0x03));
  store(0x13, "r", not_found(0x13));
  store(0x0e, "a", not_stored(0x0e));
  store(0x19, "a", not_stored(0x19));
  store(0x0f, "p", not_stored(0x0f));
  store(0x1a, "p", not_stored(0x1a));
  store(0x02, "add", done(0x02, 1));
  store(0x02, "again", exists(0x02));
  store(0x12, "again", exists(0x12));
  all.steps.push_back(get("key", "add", 1, 7));
  store(0x03, "replaced", done(0x03, 2));
  store(0x0e, ".", done(0x0e, 3));
  store(0x0f, "<", done(0x0f, 4));
  all.steps.push_back(get("key", "<replaced.", 4, 7));
  store(0x19, "!", "");
  store(0x1a, "(", "");
  store(0x0e, "", done(0x0e, 7));
  all.steps.push_back(get("key", "(<replaced.!", 7, 7));
  store(0x11, "quiet", "");
  all.steps.push_back(get("key", "quiet", 8, 7));
  store(0x13, "replaceq", "");
  all.steps.push_back(get("key", "replaceq", 9, 7));
  store(0x01, "", done(0x01, 10));
  all.steps.push_back(get("key", "", 10, 7));
  all.steps.push_back({request({.opcode = 0x14, .key = "key"}), ""});
  store(0x12, "addq", "");
  all.steps.push_back(get("key", "addq", 11, 7));
  // A Unix time before the server started.
  all.steps.push_back(
      {request(
           {.opcode = 0x01, .extras = flags_exptime(0, 2592001), .key = "key", .value = "past"}),
       done(0x01, 12)});
  all.steps.push_back(get_miss("key"));
  // Keys may hold anything; 250 bytes is the longest.
  const std::string odd("\0 \r\n\x80\xff", 6);
  all.steps.push_back(set(odd, odd, 13));
  all.steps.push_back(get(odd, odd, 13));
  all.steps.push_back(set(std::string(250, 'k'), "v", 14));
  all.steps.push_back(get(std::string(250, 'k'), "v", 14));
  return all;
}

Transcript compares() {
  Transcript all{.name = "cas in the header"};
  const auto store = [&](int opcode, unsigned long long cas, std::string answer) {
    const bool joins = opcode == 0x0e || opcode == 0x0f;
    all.steps.push_back({request({.opcode = opcode,
                                  .extras = joins ? "" : flags_exptime(0, 0),
                                  .key = "key",
                                  .value = "v",
                                  .cas = cas}),
                         std::move(answer)});
  };
  constexpr unsigned long long kOther = 1ull << 62;
  for (const int opcode : {0x01, 0x02, 0x03, 0x11, 0x12, 0x13}) {
    store(opcode, kOther, not_found(opcode));
  }
  store(0x0e, kOther, not_stored(0x0e));
  store(0x01, 0, done(0x01, 1));
  for (const int opcode : {0x01, 0x02, 0x03, 0x11, 0x12, 0x13, 0x0e, 0x0f}) {
    store(opcode, kOther, exists(opcode));
  }
  all.steps.push_back({request({.opcode = 0x04, .key = "key", .cas = kOther}), exists(0x04)});
  all.steps.push_back({request({.opcode = 0x14, .key = "key", .cas = kOther}), exists(0x14)});
  all.steps.push_back({request({.opcode = 0x04, .key = "none", .cas = kOther}), not_found(0x04)});
  all.steps.push_back(get("key", "v", 1));
  return all;
}

/// Needs to know the server's cas uniques, so it cannot be played to a peer.
Transcript matching_compares() {
  Transcript all{.name = "cas that matches", .ours_only = true};
  const auto step = [&](Packet packet, std::string answer) {
    all.steps.push_back({request(packet), std::move(answer)});
  };
  const std::string extras = flags_exptime(0, 0);
  all.steps.push_back(set("key", "1", 1));
  step({.opcode = 0x01, .extras = extras, .key = "key", .value = "2", .cas = 1}, done(0x01, 2));
  step({.opcode = 0x02, .extras = extras, .key = "key", .value = "3", .cas = 2}, done(0x02, 3));
  step({.opcode = 0x03, .extras = extras, .key = "key", .value = "4", .cas = 3}, done(0x03, 4));
  step({.opcode = 0x03, .extras = extras, .key = "key", .value = "4", .cas = 3}, exists(0x03));
  step({.opcode = 0x0e, .key = "key", .value = "5", .cas = 4}, done(0x0e, 5));
  step({.opcode = 0x0f, .key = "key", .value = "0", .cas = 5}, done(0x0f, 6));
  step({.opcode = 0x05, .extras = delta(1, 0, 0), .key = "key", .cas = 6},
       reply({.opcode = 0x05, .value = number(46, 8), .cas = 7}));
  step({.opcode = 0x06, .extras = delta(1, 0, 0), .key = "key", .cas = 6}, exists(0x06));
  step({.opcode = 0x04, .key = "key", .cas = 6}, exists(0x04));
  step({.opcode = 0x04, .key = "key", .cas = 7}, done(0x04));
  all.steps.push_back(get_miss("key"));
  return all;
}

Transcript numbers() {
  Transcript all{.name = "incr and decr"};
  constexpr unsigned kDoNotCreate = 0xffffffff;
  const auto change = [&](int opcode, std::string extras, std::string answer,
                          unsigned long long cas = 0) {
    all.steps.push_back(
        {request({.opcode = opcode, .extras = std::move(extras), .key = "n", .cas = cas}),
         std::move(answer)});
  };
  const auto value = [](int opcode, unsigned long long number_now, unsigned long long cas) {
    return reply({.opcode = opcode, .value = number(number_now, 8), .cas = cas});
  };
  for (const int opcode : {0x05, 0x06, 0x15, 0x16}) {
    change(opcode, delta(1, 5, kDoNotCreate), not_found(opcode));
  }
  change(0x05, delta(1, 5, 0), value(0x05, 5, 1));
  change(0x05, delta(3, 5, 0), value(0x05, 8, 2));
  change(0x06, delta(2, 5, 0), value(0x06, 6, 3));
  change(0x06, delta(100, 5, 0), value(0x06, 0, 4));
  change(0x15, delta(41, 0, 0), "");
  change(0x16, delta(1, 0, 0), "");
  all.steps.push_back(get("n", "40", 6));
  change(0x05, delta(1, 0, 0), exists(0x05), 1ull << 62);
  change(0x15, delta(1, 0, 0), exists(0x15), 1ull << 62);
  all.steps.push_back(set("n", "18446744073709551615", 7));
  change(0x05, delta(2, 0, 0), value(0x05, 1, 8));
  all.steps.push_back(set("n", "text", 9));
  for (const int opcode : {0x05, 0x06, 0x15, 0x16}) {
    change(opcode, delta(1, 0, 0), non_numeric(opcode));
  }
  all.steps.push_back(set("n", "", 10));
  change(0x05, delta(1, 0, 0), non_numeric(0x05));
  all.steps.push_back({request({.opcode = 0x04, .key = "n"}), done(0x04)});
  change(0x16, delta(1, 0xfedcba9876543210, 0), "");
  all.steps.push_back(get("n", std::to_string(0xfedcba9876543210), 11));
  return all;
}

Transcript deletes_and_flushes() {
  Transcript all{.name = "delete and flush", .steps = {set("key", "v", 1)}};
  const auto step = [&](Packet packet, std::string answer) {
    all.steps.push_back({request(packet), std::move(answer)});
  };
  step({.opcode = 0x04, .key = "key"}, done(0x04));
  step({.opcode = 0x04, .key = "key"}, not_found(0x04));
  step({.opcode = 0x14, .key = "key"}, not_found(0x14));
  all.steps.push_back(set("key", "v", 2));
  step({.opcode = 0x14, .key = "key"}, "");
  all.steps.push_back(get_miss("key"));
  all.steps.push_back(set("key", "v", 3));
  step({.opcode = 0x08}, done(0x08));
  all.steps.push_back(get_miss("key"));
  step({.opcode = 0x18, .extras = exptime(0)}, "");
  step({.opcode = 0x08, .extras = exptime(1000)}, done(0x08));
  step({.opcode = 0x18, .extras = exptime(2000)}, "");
  all.steps.push_back(noop());
  return all;
}

Transcript administration() {
  Transcript all{.name = "noop, version and stat"};
  all.steps.push_back(noop());
  all.steps.push_back({request({.opcode = 0x0b}), reply({.opcode = 0x0b, .value = "1.6.45"})});
  const auto stat = [&](std::string words, std::string answer) {
    all.steps.push_back({request({.opcode = 0x10, .key = std::move(words)}), std::move(answer)});
  };
  stat("reset", done(0x10));
  stat("no such group", not_found(0x10));
  stat("detail on", done(0x10));
  stat("detail of", not_found(0x10));
  all.steps.push_back(noop());
  return all;
}

/// Answers of the test's own Host.
Transcript statistics() {
  Transcript all{.name = "statistics", .ours_only = true};
  all.steps.push_back(
      {request({.opcode = 0x10}), reply({.opcode = 0x10, .key = "pid", .value = "42"}) +
                                      reply({.opcode = 0x10, .key = "empty"}) + done(0x10)});
  all.steps.push_back({request({.opcode = 0x10, .key = "items"}), done(0x10)});
  all.steps.push_back({request({.opcode = 0x10, .key = "settings and more"}),
                       reply({.opcode = 0x10, .key = "maxconns", .value = "1024"}) + done(0x10)});
  const std::string dump =
      "PREFIX a get 1 hit 0 set 2 del 0\r\nPREFIX b get 0 hit 0 set 1 del 1\r\nEND\r\n";
  all.steps.push_back({request({.opcode = 0x10, .key = "detail dump"}),
                       reply({.opcode = 0x10, .key = "detailed", .value = dump}) + done(0x10)});
  return all;
}

Transcript flush_disabled() {
  Transcript all{.name = "flush where it is disabled", .needs_flush_disabled = true};
  for (const int opcode : {0x08, 0x18}) {
    all.steps.push_back(
        {request({.opcode = opcode}), reply({.opcode = opcode, .value = "Auth failure."}, 0x20)});
  }
  all.steps.push_back(noop());
  return all;
}

Transcript pipeline() {
  Transcript all{.name = "a pipeline of quiet gets"};
  for (unsigned i = 0; i < 60; i += 3) {
    all.steps.push_back(set("key" + std::to_string(i), std::to_string(i), i / 3 + 1, i));
  }
  for (unsigned i = 0; i < 60; ++i) {
    const std::string key = "key" + std::to_string(i);
    const std::string hit = i % 3 != 0 ? ""
                                       : reply({.opcode = 0x0d,
                                                .extras = flags(i),
                                                .key = key,
                                                .value = std::to_string(i),
                                                .cas = i / 3 + 1,
                                                .opaque = i});
    all.steps.push_back({request({.opcode = 0x0d, .key = key, .opaque = i}), hit});
  }
  all.steps.push_back(noop());
  return all;
}

Transcript unknown_opcodes() {
  Transcript all{.name = "opcodes that do not exist"};
  for (const int opcode : {0x1b, 0x1f, 0x25, 0x30, 0x3c, 0x7f, 0xff}) {
    all.steps.push_back({request({.opcode = opcode}), unknown(opcode)});
  }
  all.steps.push_back({request({.opcode = 0x20}), unknown(0x20)});
  all.steps.push_back({request({.opcode = 0x21, .key = "PLAIN"}), unknown(0x21)});
  all.steps.push_back({request({.opcode = 0x21, .key = "PLAIN", .value = std::string("\0u\0p", 4)}),
                       unknown(0x21)});
  all.steps.push_back({request({.opcode = 0x22, .key = "PLAIN", .value = "v"}), unknown(0x22)});
  all.steps.push_back({request({.opcode = 0x1b, .value = "body only"}), unknown(0x1b)});
  all.steps.push_back(noop());
  return all;
}

Transcript unknown_opcode_with_key() {
  return {.name = "an opcode that does not exist, with extras and key",
          .steps = {{request({.opcode = 0x30, .extras = "ex", .key = "key", .value = "value"}),
                     unknown(0x30)},
                    noop()},
          .ours_only = true};
}

Transcript quit(int opcode) {
  return {.name = opcode == 0x07 ? "quit" : "quitq",
          .steps = {noop(), {request({.opcode = opcode}), opcode == 0x07 ? done(0x07) : ""}},
          .closes = true};
}

/// One malformed request each; the connection closes behind the reply.
void add_shape_errors(std::vector<Transcript>& all) {
  const auto wrong = [&](const Packet& packet, bool ours_only = false) {
    all.push_back({.name = "wrong shape of opcode " + std::to_string(packet.opcode) + ", extras " +
                           std::to_string(packet.extras.size()) + ", key " +
                           std::to_string(packet.key.size()) + ", value " +
                           std::to_string(packet.value.size()),
                   .steps = {noop(), {request(packet), invalid(packet.opcode)}},
                   .closes = true,
                   .ours_only = ours_only});
  };
  const std::string long_key(251, 'k');
  const auto no_key = [&](int opcode, std::string extras) {
    wrong({.opcode = opcode, .extras = std::move(extras)});
  };
  for (const int opcode : {0x00, 0x09, 0x0c, 0x0d, 0x04, 0x14}) {
    no_key(opcode, "");
    wrong({.opcode = opcode, .extras = "abcd", .key = "key"});
    wrong({.opcode = opcode, .key = "key", .value = "v"});
    wrong({.opcode = opcode, .key = long_key});
  }
  for (const int opcode : {0x1c, 0x1d, 0x1e, 0x23, 0x24}) {
    no_key(opcode, "abcd");
    wrong({.opcode = opcode, .key = "key"});
    wrong({.opcode = opcode, .extras = "abcdefgh", .key = "key"});
    wrong({.opcode = opcode, .extras = "abcd", .key = "key", .value = "v"}, true);
    wrong({.opcode = opcode, .extras = "abcd", .key = long_key});
  }
  for (const int opcode : {0x01, 0x02, 0x03, 0x11, 0x12, 0x13}) {
    no_key(opcode, "abcdefgh");
    wrong({.opcode = opcode, .key = "key", .value = "v"});
    wrong({.opcode = opcode, .extras = "abcd", .key = "key", .value = "v"});
    wrong({.opcode = opcode, .extras = "abcdefgh", .key = long_key, .value = "v"});
  }
  for (const int opcode : {0x0e, 0x0f, 0x19, 0x1a}) {
    wrong({.opcode = opcode, .value = "v"});
    wrong({.opcode = opcode, .extras = "abcdefgh", .key = "key", .value = "v"});
    wrong({.opcode = opcode, .key = long_key, .value = "v"});
  }
  for (const int opcode : {0x05, 0x06, 0x15, 0x16}) {
    no_key(opcode, std::string(20, 'e'));
    wrong({.opcode = opcode, .key = "key"});
    wrong({.opcode = opcode, .extras = std::string(19, 'e'), .key = "key"});
    wrong({.opcode = opcode, .extras = std::string(20, 'e'), .key = "key", .value = "v"});
  }
  for (const int opcode : {0x07, 0x17, 0x0a, 0x0b, 0x20}) {
    wrong({.opcode = opcode, .extras = "abcd"});
    wrong({.opcode = opcode, .key = "key"});
    wrong({.opcode = opcode, .value = "v"});
  }
  for (const int opcode : {0x08, 0x18}) {
    wrong({.opcode = opcode, .extras = "ab"});
    wrong({.opcode = opcode, .extras = "abcdefgh"});
    wrong({.opcode = opcode, .extras = "abcd", .key = "key"});
    wrong({.opcode = opcode, .value = "v"});
  }
  wrong({.opcode = 0x10, .extras = "abcd"});
  wrong({.opcode = 0x10, .key = "items", .value = "v"}, true);
  no_key(0x21, "");
  wrong({.opcode = 0x22, .extras = "abcd", .key = "PLAIN"});
  wrong({.opcode = 0x30, .key = long_key});  // the key is looked at before the opcode
}

void add_length_errors(std::vector<Transcript>& all) {
  const auto broken = [&](std::string name, std::size_t offset, std::string bytes,
                          std::string answer) {
    std::string bad = request({.opcode = 0x00, .key = "key"}).replace(offset, bytes.size(), bytes);
    bad += "1234";  // whatever the lengths promise
    all.push_back(
        {.name = std::move(name), .steps = {noop(), {bad, std::move(answer)}}, .closes = true});
  };
  broken("wrong magic", 0, "\x81", "");
  broken("text", 0, "get key\r\n", "");
  broken("key longer than the body", 8, number(2, 4), unknown(0x00));
  broken("extras and key longer than the body", 4, number(1, 1), unknown(0x00));
  broken("body above 1 GiB", 8, number((1u << 30) + 1, 4), invalid(0x00));
  broken("body of 4 GiB", 8, number(0xffffffff, 4), invalid(0x00));
}

}  // namespace

std::string request(const Packet& packet) { return packet_bytes(0x80, 0, packet); }
std::string reply(const Packet& packet, int status) { return packet_bytes(0x81, status, packet); }

std::vector<Transcript> binary_transcripts() {
  std::vector<Transcript> all = {reads(),           stores(),
                                 compares(),        matching_compares(),
                                 numbers(),         deletes_and_flushes(),
                                 administration(),  statistics(),
                                 flush_disabled(),  pipeline(),
                                 unknown_opcodes(), unknown_opcode_with_key(),
                                 quit(0x07),        quit(0x17)};
  add_shape_errors(all);
  add_length_errors(all);
  const std::string huge(1 << 20, 'x');
  all.push_back(
      {.name = "too large",
       .steps = {
           set("key", "old", 1),
           {request({.opcode = 0x02, .extras = flags_exptime(0, 0), .key = "key", .value = huge}),
            too_large(0x02)},
           {request({.opcode = 0x19, .key = "key", .value = huge}), too_large(0x19)},
           get("key", "old", 1),
           {request({.opcode = 0x11, .extras = flags_exptime(0, 0), .key = "key", .value = huge}),
            too_large(0x11)},
           get_miss("key"),
           set("key", "old", 2),
           {request({.opcode = 0x01,
                     .extras = flags_exptime(0, 0),
                     .key = "key",
                     .value = huge,
                     .cas = 77}),
            too_large(0x01)},
           get_miss("key")}});
  const std::string half(600'000, 'h');
  all.push_back(
      {.name = "large values",
       .steps = {set("key", half, 1, 5),
                 get("key", half, 1, 5),
                 {request({.opcode = 0x0e, .key = "key", .value = half}), not_stored(0x0e)},
                 {request({.opcode = 0x0f, .key = "key", .value = "<"}), done(0x0f, 2)},
                 get("key", "<" + half, 2, 5)}});
  return all;
}

}  // namespace larder::test
