// mg, me, mn: the meta commands that read.
//
//   mg <key> <flag>*        -> VA <bytes> <flag>*\r\n<data> | HD <flag>* | EN
//   me <key> [b]            -> ME <key> exp=.. la=.. cas=.. fetch=.. cls=.. size=..
//   mn                      -> MN
//
// mg adds W, X and Z behind the flags that were asked for: won, stale, token sent.
#include "proto/base64.h"
#include "proto/errors.h"
#include "proto/meta_reply.h"
#include "proto/numbers.h"
#include "proto/text_protocol.h"
#include "proto/value_reply.h"

namespace larder::proto {

namespace {

/// Appends the reply of a meta get, with the value if it was asked for.
class MetaSink final : public engine::ItemSink {
 public:
  MetaSink(Output& out, const MetaFlags& flags, std::uint32_t now)
      : out_(out), begin_(out.reserve(kMetaLineRoom + kValueRoom)), flags_(flags), now_(now) {}

  void item(const engine::ItemView& view) override {
    // C: who has this version already needs no value.
    const bool has_value = flags_.value && !(flags_.compare && view.cas == flags_.compare_cas);
    char* at = begin_;
    if (has_value) {
      at = write_u64(write_text(at, "VA "), view.value.size());
    } else {
      at = write_text(at, "HD");
    }
    ttl_s_ = view.created ? -1 : view.ttl_s;
    for (std::size_t i = 0; i < flags_.returned_count; ++i) {
      at = write(at, flags_.returned[i], view);
    }
    if (view.token_sent) at = write_flag(at, 'Z');
    if (view.stale) at = write_flag(at, 'X');
    if (view.won) at = write_flag(at, 'W');
    at = write_text(at, "\r\n");
    if (has_value) {
      add_value(out_, begin_, at, view);
    } else {
      out_.advance(static_cast<std::size_t>(at - begin_));
    }
  }

 private:
  char* write(char* at, char letter, const engine::ItemView& view) {
    switch (letter) {
      case 'N':
        if (view.created) ttl_s_ = ttl_of(*flags_.vivify, now_);
        return at;
      case 'T':
        ttl_s_ = ttl_of(*flags_.touch, now_);
        return at;
      case 'c':
        return write_flag(at, 'c', view.cas);
      case 'f':
        return write_flag(at, 'f', view.client_flags);
      case 'h':
        return write_flag(at, 'h', view.fetched_before ? 1 : 0);
      case 'l':
        return write_flag(at, 'l', view.idle_s);
      case 's':
        return write_flag(at, 's', view.value.size());
      case 't':
        return write_ttl(at, ttl_s_);
      default:
        return write_key_or_opaque(at, letter, flags_);
    }
  }

  Output& out_;
  char* const begin_;
  const MetaFlags& flags_;
  const std::uint32_t now_;
  std::int32_t ttl_s_ = -1;  // as memcached would see it at this point of the flags
};

/// Answers `me`: everything there is to say about an item, for people.
class DebugSink final : public engine::ItemSink {
 public:
  DebugSink(Output& out, std::string_view key, bool base64)
      : out_(out), begin_(out.reserve(kRoom)), key_(key), base64_(base64) {}

  void item(const engine::ItemView& view) override {
    char* at = write_text(begin_, "ME ");
    at = base64_ ? base64_encode(key_, at) : write_text(at, key_);
    at = write_i32(write_text(at, " exp="), view.ttl_s);
    at = write_u64(write_text(at, " la="), view.idle_s);
    at = write_u64(write_text(at, " cas="), view.cas);
    at = write_text(at, view.fetched_before ? " fetch=yes" : " fetch=no");
    at = write_u64(write_text(at, " cls="), view.class_id);
    at = write_u64(write_text(at, " size="), view.total_bytes);
    at = write_text(at, "\r\n");
    out_.advance(static_cast<std::size_t>(at - begin_));
  }

 private:
  static constexpr std::size_t kRoom = kMetaKeyRoom + 64 + 5 * kU64Digits;

  Output& out_;
  char* const begin_;
  const std::string_view key_;
  const bool base64_;
};

}  // namespace

/// Reads the flags of a command. Returns the error to answer, empty when there is none.
std::string_view TextProtocol::read_flags(const Request& request, KeyBuffer* key_buffer,
                                          MetaFlags* flags) const {
  return parse_meta_flags(request.words, request.command->flags_from, session_.engine.clock(),
                          key_buffer, flags);
}

engine::Key TextProtocol::meta_key(const Request& request, const MetaFlags& flags) const {
  return flags.base64_key ? session_.engine.key(flags.key) : key_of(request);
}

/// A reply that has no item behind it: the code, and what the client sent along.
void TextProtocol::reply_meta_status(std::string_view status, const MetaFlags& flags) {
  char* const begin = out_->reserve(kMetaLineRoom);
  char* at = write_text(begin, status);
  for (std::size_t i = 0; i < flags.returned_count; ++i) {
    at = write_key_or_opaque(at, flags.returned[i], flags);
  }
  at = write_text(at, "\r\n");
  out_->advance(static_cast<std::size_t>(at - begin));
}

TextProtocol::Flow TextProtocol::meta_noop(Request& request) {
  reply(text::kMetaNoOp);
  noop_end_ = request.in.at;
  return Flow::proceed;
}

TextProtocol::Flow TextProtocol::meta_get(Request& request) {
  KeyBuffer key_buffer;
  MetaFlags flags;
  std::string_view error = read_flags(request, &key_buffer, &flags);
  if (error.empty()) error = check_opaque(flags);
  if (!error.empty()) {
    reply(error);
    return Flow::proceed;
  }
  engine::GetRequest get;
  get.account = flags.touch ? engine::Account::touch : engine::Account::get;
  get.want_cas = flags.want_cas || flags.compare;
  get.bump = !flags.no_bump;
  get.lease = true;
  // Copying an optional whole would wait for its flag to leave the store buffer.
  if (flags.touch) get.touch = *flags.touch;
  if (flags.vivify) get.vivify = flags.created_deadline();
  if (flags.recache_s) get.recache_s = *flags.recache_s;
  get.explicit_cas = flags.explicit_cas;

  MetaSink sink(*out_, flags, session_.engine.clock().now());
  const engine::GetStatus status =
      session_.engine.get(session_.worker, meta_key(request, flags), get, sink);
  const bool miss = status == engine::GetStatus::miss || status == engine::GetStatus::no_memory;
  if (miss && !flags.quiet) reply_meta_status("EN", flags);
  return Flow::proceed;
}

/// `b` decodes the key wherever it stands. (1.6.45 looks an encoded key up as it is when `b` is the
/// last word; 1.6.18 decodes it, as the protocol text says.)
TextProtocol::Flow TextProtocol::meta_debug(Request& request) {
  engine::Key key{request.words[1], 0};
  KeyBuffer key_buffer;
  const bool base64 = request.words.count() > 2 && request.words[2] == "b";
  bool valid = key.bytes.size() <= kKeyBytesMax;
  if (valid && base64) {
    key.bytes = {key_buffer.data(), base64_decode(key.bytes, key_buffer.data())};
    valid = !key.bytes.empty();
  }
  if (!valid) {
    reply(text::kBadFormat);
    return Flow::proceed;
  }
  engine::GetRequest get;
  get.account = engine::Account::none;
  get.want_cas = true;
  get.bump = false;
  DebugSink sink(*out_, key.bytes, base64);
  const engine::GetStatus status =
      session_.engine.get(session_.worker, session_.engine.key(key.bytes), get, sink);
  if (status == engine::GetStatus::miss) reply(text::kMetaMiss);
  session_.worker.count(engine::Counter::cmd_meta);
  return Flow::proceed;
}

}  // namespace larder::proto
