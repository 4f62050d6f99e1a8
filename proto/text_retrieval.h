// The sink behind get: writes one VALUE block.
#pragma once

#include <string_view>

#include "engine/engine.h"
#include "proto/meta_flags.h"
#include "proto/numbers.h"
#include "proto/output.h"
#include "proto/value_reply.h"

namespace larder::proto {

/// Appends `VALUE <key> <flags> <bytes>[ <cas unique>]\r\n<data>\r\n` to an Output. All the room
/// that may take is reserved when it is made, before any lock.
class ValueSink final : public engine::ItemSink {
 public:
  ValueSink(Output& out, std::string_view key, bool with_cas)
      : out_(out), begin_(out.reserve(kRoom)), key_(key), with_cas_(with_cas) {}

  void item(const engine::ItemView& view) override {
    char* at = write_text(begin_, "VALUE ");
    at = write_text(at, key_);
    *at++ = ' ';
    at = write_u64(at, view.client_flags);
    *at++ = ' ';
    at = write_u64(at, view.value.size());
    if (with_cas_) {
      *at++ = ' ';
      at = write_u64(at, view.cas);
    }
    at = write_text(at, "\r\n");
    add_value(out_, begin_, at, view);
  }

 private:
  static constexpr std::size_t kRoom = 8 + kKeyBytesMax + 3 * (1 + kU64Digits) + kValueRoom;

  Output& out_;
  char* const begin_;
  const std::string_view key_;
  const bool with_cas_;
};

}  // namespace larder::proto
