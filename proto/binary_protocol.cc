#include "proto/binary_protocol.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace larder::proto {

using namespace engine;
using namespace binary;

namespace {

constexpr std::size_t kKeyBytesMax = 250;
constexpr std::size_t kBodyBytesMax = std::size_t{1} << 30;
static_assert(kKeyBytesMax == ItemReply::kKeyBytesMax);

constexpr std::string_view kDetailDump = "detail dump";
/// Groups of `stat` that are recognised by how the name begins, as memcached does.
constexpr std::string_view kStatGroups[] = {"reset", "settings", "detail on", "detail off",
                                            kDetailDump};

}  // namespace

struct BinaryProtocol::Upload {
  Upload(Echo from, const StoreRequest& what, const Key& key, Allocation room)
      : echo(from),
        request(what),
        allocation(std::move(room)),
        hash(key.hash),
        key_bytes(key.bytes.size()) {
    std::memcpy(key_data, key.bytes.data(), key_bytes);
  }
  Key key() const { return {{key_data, key_bytes}, hash}; }

  Echo echo;
  StoreRequest request;
  Allocation allocation;
  std::uint64_t hash;
  std::size_t key_bytes;
  char key_data[kKeyBytesMax];
};

BinaryProtocol::BinaryProtocol(Session session)
    : session_(session), locked_(session.settings.sasl_enabled) {}
BinaryProtocol::~BinaryProtocol() = default;

std::string_view BinaryProtocol::state() const {
  constexpr std::string_view kNames[] = {"conn_read", "conn_parse_cmd", "conn_nread",
                                         "conn_swallow"};
  return kNames[static_cast<std::size_t>(state_.load(std::memory_order_relaxed))];
}

void BinaryProtocol::set_state(Next next) {
  state_.store(next == Next::receive   ? State::nread
               : next == Next::swallow ? State::swallow
                                       : State::read,
               std::memory_order_relaxed);
}

// --- parsing ---

/// Has the request at the front of the input (at least a header long) a shape that its opcode
/// takes?
bool BinaryProtocol::well_formed(std::string_view input, Request* request) {
  const Header header = load_header(input.data());
  const std::size_t named_bytes = std::size_t{header.extras_bytes} + header.key_bytes;
  *request = {&kOpcodes[header.opcode], input.data(), header};
  return header.magic == kRequestMagic && request->opcode->verb != Verb::unknown &&
         named_bytes <= header.body_bytes && header.body_bytes <= kBodyBytesMax &&
         header.key_bytes <= kKeyBytesMax &&
         request->opcode->accepts(header.extras_bytes, header.key_bytes,
                                  header.body_bytes - named_bytes);
}

/// Does the input begin with a complete, well-formed request about a key?
bool BinaryProtocol::keyed(std::string_view input, Request* request) {
  return input.size() >= kHeaderBytes && well_formed(input, request) &&
         request->opcode->has_key() && request->bytes() <= input.size();
}

std::string_view BinaryProtocol::first_key(std::string_view input) const {
  Request request;
  return keyed(input, &request) ? request.key() : std::string_view();
}

Progress BinaryProtocol::run(std::string_view input, Output& output, unsigned& budget) {
  state_.store(State::parse_cmd, std::memory_order_relaxed);
  Progress progress;
  std::size_t consumed = 0;
  while (progress.next == Next::read && consumed != input.size()) {
    if (budget == 0 || output.full()) {
      progress.next = Next::yield;
      break;
    }
    const std::string_view rest = input.substr(consumed);
    Request request;
    if (!locked_ && keyed(rest, &request)) {
      consumed += run_keyed(rest, request, output, budget);
      continue;
    }
    progress = run_other(rest, output, budget);
    consumed += progress.consumed;
    if (progress.consumed == 0) break;  // incomplete, or not ours
  }
  progress.consumed = consumed;
  set_state(progress.next);
  return progress;
}

/// Runs the first request and those like it behind it; returns how many bytes they had.
std::size_t BinaryProtocol::run_keyed(std::string_view input, const Request& first, Output& output,
                                      unsigned& budget) {
  if (first.bytes() == input.size() || budget == 1) {
    --budget;
    run_keyed(first, session_.engine.key(first.key()), output);
    return first.bytes();
  }
  Request requests[kWindow];
  Key keys[kWindow];
  const std::size_t most = std::min<std::size_t>(kWindow, budget);
  requests[0] = first;
  keys[0] = session_.engine.key(first.key());
  std::size_t count = 1;
  for (std::size_t at = first.bytes(); count < most && keyed(input.substr(at), &requests[count]);
       ++count) {
    keys[count] = session_.engine.key(requests[count].key());
    at += requests[count].bytes();
  }
  if (count > 1) session_.engine.prefetch({keys, count});
  std::size_t consumed = 0;
  for (std::size_t i = 0; i < count && !output.full(); ++i) {
    --budget;
    run_keyed(requests[i], keys[i], output);
    consumed += requests[i].bytes();
  }
  return consumed;
}

/// A request without a key, an incomplete or a malformed one. Consumes nothing if more input is
/// needed.
Progress BinaryProtocol::run_other(std::string_view input, Output& output, unsigned& budget) {
  if (static_cast<std::uint8_t>(input[0]) != kRequestMagic) return {.next = Next::close};
  if (input.size() < kHeaderBytes) return {};
  Request request;
  const bool fine = well_formed(input, &request);
  const Verb verb = request.opcode->verb;
  if (locked_ && locked_out(request)) {
    --budget;
    reply_error(output, request.echo(), Status::auth_failure);
    return {.consumed = kHeaderBytes, .next = Next::close};
  }
  if (fine && verb == Verb::sasl) return run_sasl(input, request, output, budget);
  if (fine && request.opcode->is_config()) return run_config(input, request, output, budget);
  if (fine && request.bytes() > input.size()) {
    return verb == Verb::store && request.value_bytes() > kCopyBytesMax
               ? receive(input, request, output, budget)
               : Progress{};
  }
  --budget;
  if (!fine) return refuse(input, request, output);
  return run_bare(request, output);
}

/// Whether a client that has not been authenticated is refused this. Lengths that do not add up are
/// its smaller mistake.
bool BinaryProtocol::locked_out(const Request& request) {
  const Header& header = request.header;
  const Verb verb = request.opcode->verb;
  return verb != Verb::sasl && verb != Verb::version && header.body_bytes <= kBodyBytesMax &&
         std::size_t{header.extras_bytes} + header.key_bytes <= header.body_bytes;
}

/// Answers a request that is malformed or has an opcode nobody knows.
Progress BinaryProtocol::refuse(std::string_view input, const Request& request, Output& output) {
  const Header& header = request.header;
  if (std::size_t{header.extras_bytes} + header.key_bytes > header.body_bytes) {
    reply_error(output, request.echo(), Status::unknown_command);
    return {.consumed = kHeaderBytes, .next = Next::close};
  }
  if (header.body_bytes > kBodyBytesMax || header.key_bytes > kKeyBytesMax ||
      request.opcode->verb != Verb::unknown) {
    reply_error(output, request.echo(), Status::invalid_arguments);
    return {.consumed = kHeaderBytes, .next = Next::close};
  }
  return skip_unknown(input, request, output);
}

Progress BinaryProtocol::skip_unknown(std::string_view input, const Request& request,
                                      Output& output) {
  reply_error(output, request.echo(), Status::unknown_command);
  return skip(input, request);
}

/// Discards the rest of a request, of which some may still be on its way.
Progress BinaryProtocol::skip(std::string_view input, const Request& request) {
  if (request.bytes() <= input.size()) return {.consumed = request.bytes()};
  return {.consumed = input.size(), .next = Next::swallow, .bytes = request.bytes() - input.size()};
}

// --- requests without a key ---

Progress BinaryProtocol::run_bare(const Request& request, Output& output) {
  Progress progress{.consumed = request.bytes()};
  switch (request.opcode->verb) {
    case Verb::noop:
      reply_done(output, request.echo());
      break;
    case Verb::version:
      reply(output, request.echo(), Status::ok, {}, kMemcachedVersion);
      break;
    case Verb::flush:
      flush(request, output);
      break;
    case Verb::stat:
      stat(request, output);
      break;
    case Verb::quit:
      if (!request.opcode->quiet) reply_done(output, request.echo());
      progress.next = Next::quit;
      break;
    default:
      break;  // keyed requests, SASL and the list of nodes are not run here
  }
  return progress;
}

void BinaryProtocol::flush(const Request& request, Output& output) {
  if (!session_.settings.flush_enabled) {
    reply_error(output, request.echo(), Status::auth_failure);
    return;
  }
  session_.engine.flush(session_.worker, request.header.extras_bytes == 0
                                             ? Deadline::never()
                                             : deadline(request.extras()));
  if (!request.opcode->quiet) reply_done(output, request.echo());
}

void BinaryProtocol::stat(const Request& request, Output& output) {
  std::string_view group = request.key();
  for (const std::string_view name : kStatGroups) {
    if (group.starts_with(name)) group = name;
  }
  if (group == kDetailDump) return stat_detail_dump(request, output);
  StatReply sink(output, request.echo());
  reply_stats(request, session_.host.stats(group, sink), output);
}

/// The counters of all prefixes are one statistic here, whose value is the text protocol's answer.
void BinaryProtocol::stat_detail_dump(const Request& request, Output& output) {
  struct Lines final : StatSink {
    using StatSink::stat;
    void stat(std::string_view name, std::string_view value) override {
      text.append("PREFIX ").append(name).append(" ").append(value).append("\r\n");
    }
    std::string text;
  } lines;
  const Host::StatsResult result = session_.host.stats(kDetailDump, lines);
  if (result == Host::StatsResult::ok) {
    lines.text.append("END\r\n");
    reply(output, request.echo(), Status::ok, "detailed", lines.text);
  }
  reply_stats(request, result, output);
}

/// What ends the packets of a stat request.
void BinaryProtocol::reply_stats(const Request& request, Host::StatsResult result, Output& output) {
  switch (result) {
    case Host::StatsResult::ok:
    case Host::StatsResult::reset:
    case Host::StatsResult::detail_ok:
      reply_done(output, request.echo());  // a packet without name and value
      break;
    case Host::StatsResult::unknown:
    case Host::StatsResult::usage:
    case Host::StatsResult::not_allowed:
      reply_error(output, request.echo(), Status::not_found);
      break;
  }
}

// --- requests about a key ---

void BinaryProtocol::run_keyed(const Request& request, const Key& key, Output& output) {
  switch (request.opcode->verb) {
    case Verb::get:
      get(request, key, output);
      break;
    case Verb::store:
      store(request, key, output);
      break;
    case Verb::remove:
      remove(request, key, output);
      break;
    case Verb::arithmetic:
      arithmetic(request, key, output);
      break;
    default:
      break;  // Opcode::has_key() holds for no other
  }
}

Deadline BinaryProtocol::deadline(const char* exptime) const {
  return session_.engine.clock().deadline(load_number<std::uint32_t>(exptime));
}

void BinaryProtocol::get(const Request& request, const Key& key, Output& output) {
  const Opcode& opcode = *request.opcode;
  GetRequest what;
  what.want_cas = true;
  if (opcode.touch) {
    what.account = Account::touch;
    what.touch = deadline(request.extras());
  }
  ItemReply sink(output, request.echo(), opcode.reply_key, opcode.reply_value);
  if (session_.engine.get(session_.worker, key, what, sink) == GetStatus::hit) {
    sink.finish();
  } else if (key.bytes == kClusterConfigKey && !opcode.touch &&
             get_cluster_config(request, key.bytes, output)) {
    // Clients of engines before 1.4.14 ask for the list so.
  } else if (!opcode.quiet) {
    // A miss of getk and gatk names the key instead of the error.
    if (opcode.reply_key) {
      reply(output, request.echo(), Status::not_found, key.bytes, {});
    } else {
      reply_error(output, request.echo(), Status::not_found);
    }
  }
}

void BinaryProtocol::remove(const Request& request, const Key& key, Output& output) {
  DeleteRequest what;
  what.compare = request.header.cas != 0;
  what.compare_cas = request.header.cas;
  switch (session_.engine.remove(session_.worker, key, what)) {
    case DeleteStatus::deleted:
      if (!request.opcode->quiet) reply_done(output, request.echo());
      break;
    case DeleteStatus::not_found:
      reply_error(output, request.echo(), Status::not_found);
      break;
    case DeleteStatus::exists:
      reply_error(output, request.echo(), Status::exists);
      break;
    case DeleteStatus::no_memory:
      reply_error(output, request.echo(), Status::out_of_memory);
      break;
  }
}

void BinaryProtocol::arithmetic(const Request& request, const Key& key, Output& output) {
  // Extras: delta (8), initial value (8), exptime (4); all ones = do not create.
  constexpr std::size_t kInitialAt = 8;
  constexpr std::size_t kExptimeAt = 16;
  constexpr std::uint32_t kDoNotCreate = 0xffffffff;
  const char* extras = request.extras();
  ArithmeticRequest what;
  what.decrement = request.opcode->decrement;
  what.delta = load_number<std::uint64_t>(extras);
  if (load_number<std::uint32_t>(extras + kExptimeAt) != kDoNotCreate) {
    what.create = deadline(extras + kExptimeAt);
    what.initial = load_number<std::uint64_t>(extras + kInitialAt);
  }
  what.compare = request.header.cas != 0;
  what.compare_cas = request.header.cas;
  what.want_cas = !request.opcode->quiet;
  const ArithmeticResult result = session_.engine.arithmetic(session_.worker, key, what);
  const Echo echo = request.echo();
  switch (result.status) {
    case ArithmeticStatus::ok:
    case ArithmeticStatus::created:
      if (!request.opcode->quiet) {
        char value[8];
        save_number(value, result.value);
        reply(output, echo, Status::ok, {}, {value, sizeof value}, result.cas);
      }
      break;
    case ArithmeticStatus::not_found:
      reply_error(output, echo, Status::not_found);
      break;
    case ArithmeticStatus::non_numeric:
      reply_error(output, echo, Status::non_numeric);
      break;
    case ArithmeticStatus::exists:
      reply_error(output, echo, Status::exists);
      break;
    case ArithmeticStatus::no_memory:
      reply(output, echo, Status::out_of_memory, {},
            what.create ? "Out of memory allocating new item" : "Out of memory incrementing value");
      break;
  }
}

// --- storing ---

/// A cas in the header turns set, add and replace into a compare-and-store.
StoreRequest BinaryProtocol::store_request(const Request& request) const {
  constexpr std::size_t kExptimeAt = 4;  // extras: client flags (4), exptime (4)
  const Opcode& opcode = *request.opcode;
  StoreRequest what;
  what.mode = opcode.mode;
  what.compare = request.header.cas != 0;
  what.compare_cas = request.header.cas;
  what.want_cas = !opcode.quiet;
  what.remove_on_failure = opcode.mode == StoreMode::set;  // with a cas, too
  if (opcode.extras_bytes != 0) {
    if (what.compare) what.mode = StoreMode::set;
    what.client_flags = load_number<std::uint32_t>(request.extras());
    what.deadline = deadline(request.extras() + kExptimeAt);
  }
  return what;
}

void BinaryProtocol::store(const Request& request, const Key& key, Output& output) {
  const StoreRequest what = store_request(request);
  reply_store(request.echo(), session_.engine.store(session_.worker, key, what, request.value()),
              output);
}

/// A large value that is not all here: its item is made now and filled by the connection.
Progress BinaryProtocol::receive(std::string_view input, const Request& request, Output& output,
                                 unsigned& budget) {
  const std::size_t value_at = request.bytes() - request.value_bytes();
  if (input.size() < value_at) return {};
  --budget;
  const StoreRequest what = store_request(request);
  const Key key = session_.engine.key(request.key());
  Allocation allocation;
  StoreResult failure;
  switch (
      session_.engine.allocate(session_.worker, key, what, request.value_bytes(), &allocation)) {
    case AllocateStatus::ok: {
      upload_ = std::make_unique<Upload>(request.echo(), what, key, std::move(allocation));
      return {.consumed = value_at,
              .next = Next::receive,
              .into = upload_->allocation.value(),
              .bytes = upload_->allocation.bytes()};
    }
    case AllocateStatus::too_large:
      failure.status = StoreStatus::too_large;
      break;
    case AllocateStatus::no_memory:
      failure.status = StoreStatus::no_memory;
      break;
  }
  reply_store(request.echo(), failure, output);
  return skip(input, request);
}

Progress BinaryProtocol::received(Output& output) {
  const std::unique_ptr<Upload> upload = std::move(upload_);
  const StoreResult result = session_.engine.commit(session_.worker, upload->key(), upload->request,
                                                    std::move(upload->allocation));
  reply_store(upload->echo, result, output);
  set_state(Next::read);
  return {};
}

void BinaryProtocol::reply_store(Echo echo, const StoreResult& result, Output& output) {
  const Opcode& opcode = kOpcodes[echo.opcode];
  switch (result.status) {
    case StoreStatus::stored:
      if (!opcode.quiet) reply_done(output, echo, result.cas);
      break;
    case StoreStatus::exists:
      reply_error(output, echo, Status::exists);
      break;
    case StoreStatus::not_found:
      reply_error(output, echo, Status::not_found);
      break;
    case StoreStatus::too_large:
      reply_error(output, echo, Status::too_large);
      break;
    case StoreStatus::no_memory:
      reply(output, echo, Status::out_of_memory, {}, "Out of memory allocating item");
      break;
    case StoreStatus::not_stored:
      reply_error(output, echo,
                  opcode.mode == StoreMode::add       ? Status::exists
                  : opcode.mode == StoreMode::replace ? Status::not_found
                                                      : Status::not_stored);
      break;
  }
}

}  // namespace larder::proto
