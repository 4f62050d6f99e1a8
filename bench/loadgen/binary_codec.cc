// memcached's binary protocol: get; a run of getq closed by noop for many keys; set; flush.
//
// Header of 24 bytes, numbers big endian:
//   0 magic (80 request, 81 reply)   1 opcode   2-3 key length   4 extras length   5 data type
//   6-7 vbucket id / status          8-11 body length (extras + key + value)
//   12-15 opaque                     16-23 cas
// The opaque of a get is its place in the request, which says, in the reply, which key a value is
// of. Source: memcached doc/protocol-binary.txt.

#include <concepts>
#include <cstring>

#include "bench/loadgen/codec.h"

namespace larder::bench {

namespace {

constexpr std::size_t kHeaderBytes = 24;
constexpr std::size_t kFlagsBytes = 4;  // extras of a get's reply
constexpr std::size_t kSetExtrasBytes = 8;
constexpr std::uint64_t kBodyBytesMax = std::uint64_t{1} << 31;
constexpr std::uint8_t kRequestMagic = 0x80;
constexpr std::uint8_t kReplyMagic = 0x81;
constexpr std::uint16_t kStatusOk = 0;
constexpr std::uint16_t kStatusNotFound = 1;

enum class Opcode : std::uint8_t { get = 0x00, set = 0x01, flush = 0x08, getq = 0x09, noop = 0x0a };

template <std::unsigned_integral Number>
void put(char* at, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    at[i] = static_cast<char>(number >> (8 * (sizeof(Number) - 1 - i)));
  }
}

template <std::unsigned_integral Number>
Number take(const char* at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number = number << 8 | static_cast<unsigned char>(at[i]);
  }
  return static_cast<Number>(number);
}

class BinaryCodec final : public Codec {
 public:
  BinaryCodec(const KeyNames& keys, bool strict) : keys_(keys), strict_(strict) {}

  void write_get(ByteBuffer& out, std::span<const std::uint32_t> keys) override {
    const Opcode opcode = keys.size() == 1 ? Opcode::get : Opcode::getq;
    std::uint32_t position = 0;
    for (const std::uint32_t key : keys) {
      write_header(out, opcode, keys_.bytes(), 0, 0, position++);
      keys_.write(out.extend(keys_.bytes()), key);
    }
    if (opcode == Opcode::getq) write_header(out, Opcode::noop, 0, 0, 0, position);
  }

  void write_set(ByteBuffer& out, std::uint32_t key, SetFields fields,
                 std::uint32_t length) override {
    write_header(out, Opcode::set, keys_.bytes(), kSetExtrasBytes, length, 0);
    char* extras = out.extend(kSetExtrasBytes);
    put(extras, fields.flags);
    put(extras + 4, fields.ttl);
    keys_.write(out.extend(keys_.bytes()), key);
  }

  std::string_view set_end() const override { return {}; }

  void write_flush(ByteBuffer& out) override { write_header(out, Opcode::flush, 0, 0, 0, 0); }

  Event parse(std::string_view input, const Pending& pending) override {
    if (input.size() < kHeaderBytes) return Event::need_more(kHeaderBytes);
    const char* const header = input.data();
    if (static_cast<std::uint8_t>(header[0]) != kReplyMagic) return Event::broken("bad magic");
    const std::uint64_t body_bytes = take<std::uint32_t>(header + 8);
    if (body_bytes > kBodyBytesMax) return Event::broken("body too long");
    const std::size_t total = kHeaderBytes + body_bytes;
    if (input.size() < total) return Event::need_more(total);

    const auto opcode = static_cast<Opcode>(header[1]);
    const auto status = take<std::uint16_t>(header + 6);
    const std::string_view body = input.substr(kHeaderBytes, body_bytes);
    if (pending.operation != Operation::get) {
      const Opcode wanted = pending.operation == Operation::set ? Opcode::set : Opcode::flush;
      if (opcode != wanted) return Event::broken("reply to another command");
      return status == kStatusOk ? Event::done(total) : Event::error(body, total);
    }
    return parse_get(opcode, status, body, total, take<std::uint32_t>(header + 12), pending.keys);
  }

 private:
  void write_header(ByteBuffer& out, Opcode opcode, std::size_t key_bytes, std::size_t extras_bytes,
                    std::size_t value_bytes, std::uint32_t opaque) const {
    char* const header = out.extend(kHeaderBytes);
    std::memset(header, 0, kHeaderBytes);
    header[0] = static_cast<char>(kRequestMagic);
    header[1] = static_cast<char>(opcode);
    put(header + 2, static_cast<std::uint16_t>(key_bytes));
    header[4] = static_cast<char>(extras_bytes);
    put(header + 8, static_cast<std::uint32_t>(extras_bytes + key_bytes + value_bytes));
    put(header + 12, opaque);
  }

  Event parse_get(Opcode opcode, std::uint16_t status, std::string_view body, std::size_t total,
                  std::uint32_t opaque, std::span<const std::uint32_t> keys) {
    const bool single = keys.size() == 1;
    if (!single && opcode == Opcode::noop) {
      next_ = 0;
      return Event::done(total);
    }
    if (opcode != (single ? Opcode::get : Opcode::getq)) {
      return Event::broken("reply to another command");
    }
    if (status != kStatusOk) {
      if (!single) return Event::broken("quiet get answered with an error");
      return status == kStatusNotFound ? Event::done(total) : Event::error(body, total);
    }
    if (body.size() < kFlagsBytes) return Event::broken("value without flags");
    if (opaque < next_ || opaque >= keys.size()) {
      return Event::broken("value of a key that was not asked for");
    }
    Event event;
    event.kind = Event::Kind::value;
    event.last = single;
    event.position = opaque;
    event.flags = take<std::uint32_t>(body.data());
    event.has_flags = strict_;
    event.bytes = body.substr(kFlagsBytes);
    event.consumed = total;
    next_ = single ? 0 : opaque + 1;
    return event;
  }

  const KeyNames& keys_;
  bool strict_;
  std::uint32_t next_ = 0;  // smallest opaque that may still come in the pending get
};

}  // namespace

std::unique_ptr<Codec> make_binary_codec(const KeyNames& keys, bool strict) {
  return std::make_unique<BinaryCodec>(keys, strict);
}

}  // namespace larder::bench
