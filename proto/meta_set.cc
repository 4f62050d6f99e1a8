// ms: the meta command that stores.
//
//   ms <key> <bytes> <flag>*\r\n<data>\r\n     -> HD | NS | EX | NF, and what O k c s ask for
//
// Errors are answered even where q hides the nominal reply; they swallow the data block.
#include "proto/errors.h"
#include "proto/meta_reply.h"
#include "proto/text_protocol.h"
#include "proto/text_store_job.h"

namespace larder::proto {

namespace {

/// Turns the mode and the cas flags of a meta set into a StoreRequest. False: no such mode.
bool apply_store_mode(const MetaFlags& flags, engine::StoreRequest* store) {
  switch (flags.mode) {
    case 0:
    case 'S':
      store->mode = engine::StoreMode::set;
      break;
    case 'E':
      store->mode = engine::StoreMode::add;
      break;
    case 'A':
      store->mode = engine::StoreMode::append;
      break;
    case 'P':
      store->mode = engine::StoreMode::prepend;
      break;
    case 'R':
      store->mode = engine::StoreMode::replace;
      break;
    default:
      return false;
  }
  const bool appends = flags.mode == 'A' || flags.mode == 'P';
  if (appends) {
    if (flags.vivify) store->vivify = *flags.vivify;
    // A cas unique of 0 asks for nothing here, as with the item that has none.
    store->compare = flags.compare && flags.compare_cas != 0;
  } else {
    // An add is not compared: the item it could be compared with refuses it anyway.
    store->compare = flags.compare && flags.mode != 'E';
    store->accept_older = store->compare && flags.invalidate;
  }
  // With a cas unique to compare, a replace is what a set is: a miss is a miss of the comparison.
  if (store->compare && !appends) store->mode = engine::StoreMode::set;
  store->compare_cas = flags.compare_cas;
  return true;
}

}  // namespace

TextProtocol::Flow TextProtocol::meta_set(Request& request) {
  StoreJob job;
  if (!parse_value_bytes(request.words[2], &job.value_bytes)) {
    reply(text::kBadFormat);
    return Flow::proceed;
  }
  KeyBuffer key_buffer;
  MetaFlags flags;
  std::string_view error = read_flags(request, &key_buffer, &flags);
  if (error.empty() && !apply_store_mode(flags, &job.request)) error = text::kInvalidStoreMode;
  if (error.empty()) error = check_opaque(flags);
  if (!error.empty()) {
    reply(error);
    return skip(request.in, job.value_bytes + kValueEndBytes);
  }
  job.meta = true;
  job.quiet = flags.quiet;
  job.base64_key = flags.base64_key;
  if (!flags.opaque.empty()) job.opaque = flags.opaque;
  for (std::size_t i = 0; i < flags.returned_count; ++i) {
    const char letter = flags.returned[i];
    if (letter == 'O' || letter == 'k' || letter == 'c' || letter == 's') {
      job.returned[job.returned_count++] = letter;
    }
  }
  job.request.client_flags = flags.client_flags;
  job.request.deadline = flags.touch.value_or(engine::Deadline::never());
  job.request.explicit_cas = flags.explicit_cas;
  job.request.want_cas = flags.want_cas;
  job.request.remove_on_failure = true;
  job.key = meta_key(request, flags);
  return begin_store(request.in, request.line, job);
}

void TextProtocol::reply_meta_stored(const StoreJob& job, const engine::StoreResult& result) {
  std::string_view status;
  switch (result.status) {
    case engine::StoreStatus::stored:
      if (job.quiet) return;
      status = "HD";
      break;
    case engine::StoreStatus::not_stored:
      status = "NS";
      break;
    case engine::StoreStatus::exists:
      status = "EX";
      break;
    case engine::StoreStatus::not_found:
      status = "NF";
      break;
    case engine::StoreStatus::too_large:
    case engine::StoreStatus::no_memory:
      return reply(stored_line(result.status));
  }
  const bool stored = result.status == engine::StoreStatus::stored;
  char* const begin = out_->reserve(kMetaLineRoom);
  char* at = write_text(begin, status);
  for (std::size_t i = 0; i < job.returned_count; ++i) {
    switch (job.returned[i]) {
      case 'O':
        at = write_meta_opaque(at, job.opaque);
        break;
      case 'k':
        at = write_meta_key(at, job.key.bytes, job.base64_key);
        break;
      case 'c':
        at = write_flag(at, 'c', stored ? result.cas : 0);
        break;
      case 's':
        at = write_flag(at, 's', stored ? result.value_bytes : job.value_bytes);
        break;
    }
  }
  at = write_text(at, "\r\n");
  out_->advance(static_cast<std::size_t>(at - begin));
}

}  // namespace larder::proto
