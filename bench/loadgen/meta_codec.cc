// memcached's meta protocol: mg, a quiet run of mg closed by mn for many keys, ms.
// Source: memcached doc/protocol.txt, meta commands.

#include "bench/loadgen/codec.h"
#include "bench/loadgen/lines.h"

namespace larder::bench {

namespace {

class MetaCodec final : public Codec {
 public:
  MetaCodec(const KeyNames& keys, bool strict) : keys_(keys), strict_(strict) {}

  // Several keys: every hit names its key (k), misses are silent (q), mn marks the end.
  void write_get(ByteBuffer& out, std::span<const std::uint32_t> keys) override {
    const bool single = keys.size() == 1;
    for (const std::uint32_t key : keys) {
      out.append("mg ");
      keys_.write(out.extend(keys_.bytes()), key);
      out.append(single ? " v" : " v q k");
      out.append(strict_ ? " f\r\n" : "\r\n");
    }
    if (!single) out.append("mn\r\n");
  }

  void write_set(ByteBuffer& out, std::uint32_t key, SetFields fields,
                 std::uint32_t length) override {
    out.append("ms ");
    keys_.write(out.extend(keys_.bytes()), key);
    out.append(" ");
    out.append_number(length);
    if (fields.flags != 0) {
      out.append(" F");
      out.append_number(fields.flags);
    }
    if (fields.ttl != 0) {
      out.append(" T");
      out.append_number(fields.ttl);
    }
    out.append("\r\n");
  }

  std::string_view set_end() const override { return "\r\n"; }

  void write_flush(ByteBuffer& out) override { out.append("flush_all\r\n"); }

  Event parse(std::string_view input, const Pending& pending) override {
    switch (pending.operation) {
      case Operation::set:
        return single_line_reply(input, "HD");
      case Operation::flush:
        return single_line_reply(input, "OK");
      case Operation::get:
        break;
    }
    const bool single = pending.keys.size() == 1;
    Event event = input.starts_with("VA ") ? parse_value(input, pending.keys)
                                           : single_line_reply(input, single ? "EN" : "MN");
    if (event.kind == Event::Kind::value && !single) {
      next_ = event.position + 1;
    } else if (event.kind != Event::Kind::need_more) {
      next_ = 0;
    }
    event.last = single;
    return event;
  }

 private:
  // VA <length>[ k<key>][ f<flags>]\r\n<bytes>\r\n
  Event parse_value(std::string_view input, std::span<const std::uint32_t> keys) const {
    const Line line = first_line(input);
    if (line.bytes == 0) return incomplete_line(input);
    std::string_view rest = line.text.substr(3);
    std::uint64_t length = 0;
    if (!take_number(rest, length)) return Event::broken("bad VA line");
    Event event = value_after(input, line.bytes, length);
    if (event.kind != Event::Kind::value) return event;
    std::size_t position = next_;
    while (take_space(rest)) {
      const std::string_view token = rest.substr(0, rest.find(' '));
      rest.remove_prefix(token.size());
      if (token.starts_with('f')) {
        std::string_view digits = token.substr(1);
        std::uint64_t flags = 0;
        if (!take_number(digits, flags) || !digits.empty()) return Event::broken("bad f flag");
        event.flags = static_cast<std::uint32_t>(flags);
        event.has_flags = true;
      } else if (token.starts_with('k')) {
        if (strict_) position = find_key(keys_, keys, next_, token.substr(1));
      } else {
        return Event::broken("flag that was not asked for");
      }
    }
    if (!rest.empty()) return Event::broken("bad VA line");
    if (position >= keys.size()) return Event::broken("value of a key that was not asked for");
    event.position = static_cast<std::uint32_t>(position);
    return event;
  }

  const KeyNames& keys_;
  bool strict_;
  std::size_t next_ = 0;  // first key of the pending get that has had no value yet
};

}  // namespace

std::unique_ptr<Codec> make_meta_codec(const KeyNames& keys, bool strict) {
  return std::make_unique<MetaCodec>(keys, strict);
}

}  // namespace larder::bench
