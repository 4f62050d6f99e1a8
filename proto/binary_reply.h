// The replies of the binary protocol: statuses, their texts, and the writers that put packets into
// an Output. Texts are memcached 1.6.45's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/engine.h"
#include "proto/binary_header.h"
#include "proto/output.h"

namespace larder::proto::binary {

enum class Status : std::uint16_t {
  ok = 0x00,
  not_found = 0x01,
  exists = 0x02,
  too_large = 0x03,
  invalid_arguments = 0x04,
  not_stored = 0x05,
  non_numeric = 0x06,
  auth_failure = 0x20,
  auth_continue = 0x21,
  unknown_command = 0x81,
  out_of_memory = 0x82,
};

/// What the value of an error packet says.
std::string_view status_text(Status status);

/// What a reply repeats from its request.
struct Echo {
  std::uint8_t opcode = 0;
  std::uint32_t opaque = 0;  // wire order
};

/// Lengths and cas unique of a reply's header.
struct Sizes {
  std::size_t extras = 0;
  std::size_t key = 0;
  std::size_t value = 0;
};

/// Writes the header of a reply. Requires: kHeaderBytes writable at `to`.
inline void save_reply_header(char* to, Echo echo, Status status, Sizes sizes, std::uint64_t cas) {
  save_header(to, {.magic = kReplyMagic,
                   .opcode = echo.opcode,
                   .key_bytes = static_cast<std::uint16_t>(sizes.key),
                   .extras_bytes = static_cast<std::uint8_t>(sizes.extras),
                   .data_type = 0,
                   .status = static_cast<std::uint16_t>(status),
                   .body_bytes = static_cast<std::uint32_t>(sizes.extras + sizes.key + sizes.value),
                   .opaque = echo.opaque,
                   .cas = cas});
}

/// A packet with at most a key and a value, both copied.
void reply(Output& output, Echo echo, Status status, std::string_view key, std::string_view value,
           std::uint64_t cas = 0);
/// Success without a body.
inline void reply_done(Output& output, Echo echo, std::uint64_t cas = 0) {
  save_reply_header(output.reserve(kHeaderBytes), echo, Status::ok, {}, cas);
  output.advance(kHeaderBytes);
}
/// An error with its usual text.
inline void reply_error(Output& output, Echo echo, Status status) {
  reply(output, echo, status, {}, status_text(status));
}

/// Writes a get or touch reply where the item is shown, under its stripe lock: into memory that was
/// reserved before, or by pinning a value that is too large to copy.
class ItemReply final : public engine::ItemSink {
 public:
  static constexpr std::size_t kExtrasBytes = 4;  // client flags
  static constexpr std::size_t kKeyBytesMax = 250;
  static constexpr std::size_t kBytesMax =
      kHeaderBytes + kExtrasBytes + kKeyBytesMax + engine::kCopyBytesMax;

  ItemReply(Output& output, Echo echo, bool with_key, bool with_value)
      : output_(output),
        to_(output.reserve(kBytesMax)),
        echo_(echo),
        with_key_(with_key),
        with_value_(with_value) {}

  void item(const engine::ItemView& view) override {
    const Sizes sizes{.extras = kExtrasBytes,
                      .key = with_key_ ? view.key.size() : 0,
                      .value = with_value_ ? view.value.size() : 0};
    save_reply_header(to_, echo_, Status::ok, sizes, view.cas);
    save_number(to_ + kHeaderBytes, view.client_flags);
    std::memcpy(to_ + kHeaderBytes + kExtrasBytes, view.key.data(), sizes.key);
    bytes_ = kHeaderBytes + kExtrasBytes + sizes.key;
    if (sizes.value > engine::kCopyBytesMax) {
      pin_ = view.pin();
      pinned_ = view.value;
    } else if (sizes.value != 0) {
      std::memcpy(to_ + bytes_, view.value.data(), sizes.value);
      bytes_ += sizes.value;
    }
  }
  /// Hands what item() wrote to the output; nothing if it was not called.
  void finish() {
    output_.advance(bytes_);
    if (pin_) output_.append_pinned(std::move(pin_), pinned_);
  }

 private:
  Output& output_;
  char* const to_;
  const Echo echo_;
  const bool with_key_;
  const bool with_value_;
  std::size_t bytes_ = 0;
  engine::ItemPin pin_;
  std::string_view pinned_;
};

/// Statistics as packets: the name as key, the value as value.
class StatReply final : public engine::StatSink {
 public:
  StatReply(Output& output, Echo echo) : output_(output), echo_(echo) {}
  using engine::StatSink::stat;
  void stat(std::string_view name, std::string_view value) override {
    reply(output_, echo_, Status::ok, name, value);
  }

 private:
  Output& output_;
  const Echo echo_;
};

}  // namespace larder::proto::binary
