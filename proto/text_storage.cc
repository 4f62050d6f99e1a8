// set, add, replace, append, prepend, cas; and the data block of every storage command.
//
//   <verb> <key> <flags> <exptime> <bytes> [<cas unique>] [noreply]\r\n<data>\r\n
//
// A data block has one of three ways:
//  - all of it is in the input: stored from there;
//  - it is small: nothing is consumed until the rest has come;
//  - else an item is allocated, the value received into it, and the two bytes behind it are looked
//    at when they come (Mode::value_end).
//
// Errors, in memcached's order: a length that cannot be read leaves the data to be parsed as
// commands, for nothing says how much of it there is; every other error swallows the data.
#include <cstring>

#include "proto/errors.h"
#include "proto/numbers.h"
#include "proto/text_protocol.h"
#include "proto/text_store_job.h"

namespace larder::proto {

namespace {

bool is_value_end(const char* at) { return at[0] == '\r' && at[1] == '\n'; }

}  // namespace

/// The classic reply to a storage command.
std::string_view TextProtocol::stored_line(engine::StoreStatus status) {
  switch (status) {
    case engine::StoreStatus::stored:
      return text::kStored;
    case engine::StoreStatus::not_stored:
      return text::kNotStored;
    case engine::StoreStatus::exists:
      return text::kExists;
    case engine::StoreStatus::not_found:
      return text::kNotFound;
    case engine::StoreStatus::too_large:
      return text::kTooLarge;
    case engine::StoreStatus::no_memory:
      return text::kNoMemoryStoring;
  }
  return text::kError;
}

/// Reads the length of a data block. False: malformed.
bool TextProtocol::parse_value_bytes(std::string_view word, std::size_t* bytes) {
  std::int32_t value;
  if (!parse_i32(word, &value)) return false;
  if (value < 0 || value > kValueBytesMax) return false;
  *bytes = static_cast<std::size_t>(value);
  return true;
}

TextProtocol::Flow TextProtocol::store(Request& request) {
  const Words& words = request.words;
  StoreJob job;
  if (!parse_value_bytes(words[4], &job.value_bytes)) {
    reply(text::kBadFormat);
    return Flow::proceed;
  }
  job.quiet = request.noreply;
  std::int32_t exptime;
  bool valid = words[1].size() <= kKeyBytesMax &&
               parse_storage_flags(words[2], &job.request.client_flags) &&
               parse_storage_exptime(words[3], &exptime);
  if (valid && request.command->variant == Command::kCas) {
    job.request.compare = true;
    valid = words.count() > 5 && parse_u64(words[5], &job.request.compare_cas);
  } else {
    job.request.mode = static_cast<engine::StoreMode>(request.command->variant);
  }
  if (!valid) {
    reply_unless(job.quiet, text::kBadFormat);
    return skip(request.in, job.value_bytes + kValueEndBytes);
  }
  job.request.deadline = session_.engine.clock().deadline(exptime);
  job.key = key_of(request);
  return begin_store(request.in, request.line, job);
}

/// Takes the data block that begins at `in`. `line`: where to begin again when it is not there yet.
TextProtocol::Flow TextProtocol::begin_store(Cursor& in, const char* line, StoreJob& job) {
  engine::Engine& engine = session_.engine;
  const std::size_t block_bytes = job.value_bytes + kValueEndBytes;
  if (in.left() >= block_bytes) {
    const char* const value = in.at;
    if (is_value_end(value + job.value_bytes)) {
      in.at += block_bytes;
      reply_stored(job,
                   engine.store(session_.worker, job.key, job.request, {value, job.value_bytes}));
      return Flow::proceed;
    }
    // What is too large is refused before its data is looked at.
    if (engine.too_large(job.key.bytes.size(), job.value_bytes)) return allocate_store(in, job);
    in.at += block_bytes;
    reply_bad_chunk(job);
    return Flow::proceed;
  }
  if (job.value_bytes > engine::kCopyBytesMax ||
      engine.too_large(job.key.bytes.size(), job.value_bytes)) {
    return allocate_store(in, job);
  }
  in.at = line;
  ++*budget_;  // the request has not been run
  state_.store(State::nread, std::memory_order_relaxed);
  return Flow::wait;
}

TextProtocol::Flow TextProtocol::allocate_store(Cursor& in, StoreJob& job) {
  engine::Allocation allocation;
  const engine::AllocateStatus status =
      session_.engine.allocate(session_.worker, job.key, job.request, job.value_bytes, &allocation);
  if (status == engine::AllocateStatus::ok) {
    pending_ = std::make_unique<Pending>(job);
    pending_->allocation = std::move(allocation);
    transfer_bytes_ = job.value_bytes;
    return Flow::receive;
  }
  const bool too_large = status == engine::AllocateStatus::too_large;
  reply_stored(
      job, {.status = too_large ? engine::StoreStatus::too_large : engine::StoreStatus::no_memory});
  return skip(in, job.value_bytes + kValueEndBytes);
}

/// The value is in its item; what follows has to be the end of its block.
TextProtocol::Flow TextProtocol::finish_pending(Cursor& in) {
  if (in.left() < kValueEndBytes) {
    state_.store(State::nread, std::memory_order_relaxed);
    return Flow::wait;
  }
  const std::unique_ptr<Pending> pending = std::move(pending_);
  const StoreJob& job = pending->job;
  const bool complete = is_value_end(in.at);
  in.at += kValueEndBytes;
  mode_ = Mode::commands;
  if (complete) {
    reply_stored(job, session_.engine.commit(session_.worker, job.key, job.request,
                                             std::move(pending->allocation)));
  } else {
    reply_bad_chunk(job);
  }
  return Flow::proceed;
}

/// noreply hides a bad data chunk, q: does not: errors of meta commands are always answered.
void TextProtocol::reply_bad_chunk(const StoreJob& job) {
  reply_unless(job.quiet && !job.meta, text::kBadDataChunk);
}

void TextProtocol::reply_stored(const StoreJob& job, const engine::StoreResult& result) {
  if (job.meta) {
    reply_meta_stored(job, result);
  } else {
    reply_unless(job.quiet, stored_line(result.status));
  }
}

}  // namespace larder::proto
