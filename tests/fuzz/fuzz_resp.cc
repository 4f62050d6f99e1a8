// RESP and the commands of the Redis engine: arrays, inline commands, pipelines; RESP2 and RESP3.
//
// How the stream is cut changes nothing; each request has one reply, in the protocol that was asked for;
// the engine and all its values are intact afterwards, and nothing of them is left when it has gone.
//
// Input: a byte for the settings, a byte for how the rest is read, a byte for where the stream is cut. The
// rest is the stream; or lines whose words are sent as arrays; or choices that make requests.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/redis/command_table.h"
#include "engine/redis/numbers.h"
#include "engine/redis/types/heap.h"
#include "proto/resp_parser.h"
#include "tests/fuzz/fuzz_redis.h"
#include "tests/fuzz/redis_words.h"

namespace {

using namespace larder;

constexpr std::size_t kInputBytesMax = 8 * 1024;
constexpr std::size_t kRequestsMax = 200;

const redis::CommandTable& table() {
  static const redis::CommandTable table;
  return table;
}

// --- streams ---

std::string from_lines(std::string_view text) {
  std::string stream;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::vector<std::string_view> words;
    while (!line.empty()) {
      const std::string_view word = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(line.size(), word.size() + 1));
      if (!word.empty()) words.push_back(word);
    }
    if (!words.empty()) fuzz::RedisConnection::append_request(words, &stream);
  }
  return stream;
}

std::string_view pick_word(fuzz::Choices& choices) {
  if (choices.one_in(16)) return choices.take(choices.below(40));
  return fuzz::kRedisWords[choices.below(std::size(fuzz::kRedisWords))];
}

void add_chosen_request(fuzz::Choices& choices, std::string* stream) {
  constexpr std::string_view kKeys[] = {"k1", "k2", "k3", "k4"};
  const auto& commands = table().all();
  const redis::Command* command = commands[(choices.byte() << 8 | choices.byte()) % commands.size()];
  std::vector<std::string_view> words{command->spec->name};
  if (!command->subcommands.empty()) {
    command = command->subcommands[choices.below(command->subcommands.size())];
    words.push_back(command->spec->name);
  }
  auto count = static_cast<std::size_t>(std::abs(command->arity));
  if (command->arity < 0) count += choices.below(7);
  while (words.size() < count) {
    const auto index = static_cast<std::int32_t>(words.size());
    const bool key = index >= command->first_key && command->first_key > 0 &&
                     (command->last_key < 0 || index <= command->last_key) && command->key_step > 0 &&
                     (index - command->first_key) % command->key_step == 0;
    words.push_back(key ? kKeys[choices.below(std::size(kKeys))] : pick_word(choices));
  }
  fuzz::RedisConnection::append_request(words, stream);
}

std::string from_choices(fuzz::Choices& choices) {
  std::string stream;
  for (std::size_t i = 0; choices.left() && i < kRequestsMax; ++i) add_chosen_request(choices, &stream);
  return stream;
}

// --- what is known of a stream before it is run ---

struct Contents {
  std::size_t requests = 0;
  bool repeatable = true;   // nothing in it asks about the process, or limits what may wait to be sent
  bool silenced = false;    // CLIENT REPLY
  bool speaks_resp3 = false;
  bool costly = false;      // slow by what it is asked to do
};

void look_at(const std::vector<std::string_view>& args, Contents* contents) {
  const auto is = [&args](std::size_t index, std::string_view word) {
    return index < args.size() && redis::equals_nocase(args[index], word);
  };
  const auto says = [&args](std::string_view word) {
    return std::any_of(args.begin(), args.end(),
                       [word](std::string_view arg) { return redis::equals_nocase(arg, word); });
  };
  const std::string name = redis::to_lower(args[0]);
  contents->repeatable = contents->repeatable && name != "info" && name != "memory" &&
                         !(name == "client" && (is(1, "list") || is(1, "info"))) &&
                         !(name == "config" && says("client-output-buffer-limit"));
  contents->silenced = contents->silenced || (name == "client" && is(1, "reply"));
  contents->speaks_resp3 = contents->speaks_resp3 || name == "hello";
  // Redis answers as many elements as it is asked for, and sleeps as long.
  constexpr std::int64_t kRepeatedMax = 1000;
  std::int64_t number = 0;
  const bool random = name.ends_with("randmember") || name == "hrandfield";
  contents->costly =
      contents->costly || (name == "debug" && is(1, "sleep")) || name == "pfselftest" ||
      (random && args.size() > 2 && redis::parse_i64(args[2], &number) && number < -kRepeatedMax);
}

/// The parser by itself over the whole stream.
Contents look_through(std::string_view stream) {
  Contents contents;
  proto::RespParser parser;
  std::vector<std::string_view> args;
  while (!stream.empty()) {
    args.clear();
    std::size_t taken = 0;
    const auto status = parser.take(stream, {}, &args, &taken);
    if (status == proto::RespParser::Status::error || status == proto::RespParser::Status::incomplete) break;
    stream.remove_prefix(taken);
    if (status == proto::RespParser::Status::empty) continue;
    ++contents.requests;
    look_at(args, &contents);
  }
  return contents;
}

// --- a run ---

struct Outcome {
  std::string replies;
  bool closed = false;
};

/// Runs the stream over an engine of its own, which is intact at the end and leaves nothing.
Outcome run(std::string_view stream, const redis::Settings& settings, unsigned budget,
            std::optional<unsigned> cuts) {
  redis::heap::fold();
  const std::int64_t held = redis::heap::total_bytes();
  Outcome outcome;
  {
    fuzz::RedisConnection connection(settings, budget);
    if (!cuts) connection.feed(stream);
    for (std::string_view rest = stream; cuts && !rest.empty();) {
      const std::size_t bytes = fuzz::next_piece(&*cuts);
      connection.feed(rest.substr(0, bytes));
      rest.remove_prefix(std::min(bytes, rest.size()));
    }
    outcome = {connection.replies(), connection.closed()};
    connection.engine().check_integrity();
  }
  redis::heap::fold();
  fuzz::require(redis::heap::total_bytes() == held, "the bytes of values are miscounted", stream);
  return outcome;
}

void check_replies(const Outcome& outcome, const Contents& contents, std::string_view stream) {
  std::size_t count = 0;
  for (std::string_view rest = outcome.replies; !rest.empty(); ++count) {
    fuzz::take_resp_reply(&rest, contents.speaks_resp3);
  }
  if (contents.silenced) return;
  // An error of the protocol is a reply too.
  if (outcome.closed) {
    fuzz::require(count <= contents.requests + 1, "more replies than requests", stream);
  } else {
    fuzz::require(count == contents.requests, "not one reply for each request", stream);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kInputBytesMax) return 0;
  const fuzz::FrozenClock clock;
  fuzz::Choices choices({reinterpret_cast<const char*>(data), size});
  const unsigned first = choices.byte();
  const unsigned reading = choices.byte();
  const unsigned cuts = choices.byte();
  redis::Settings settings = fuzz::redis_settings(first % 2 == 1);
  if (first / 2 % 8 == 7) settings.requirepass = "secret";
  const unsigned budget = 1 + first / 16;
  const std::string stream = reading % 3 == 0   ? std::string(choices.rest())
                             : reading % 3 == 1 ? from_lines(choices.rest())
                                                : from_choices(choices);
  const Contents contents = look_through(stream);
  if (contents.costly || contents.requests > kRequestsMax) return 0;
  const Outcome whole = run(stream, settings, budget, std::nullopt);
  check_replies(whole, contents, stream);
  const Outcome pieces = run(stream, settings, budget, cuts);
  if (!contents.repeatable) return 0;
  if (whole.replies != pieces.replies) {
    fuzz::fail("a stream that comes in pieces is answered otherwise",
               "whole: " + whole.replies.substr(0, 900) + "\npieces: " + pieces.replies.substr(0, 900));
  }
  fuzz::require(whole.closed == pieces.closed, "only one of whole and pieces closed", stream);
  return 0;
}
