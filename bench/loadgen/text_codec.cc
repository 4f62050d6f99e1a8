// memcached's text protocol: get with one or many keys, set, flush_all.
// Source: memcached doc/protocol.txt, storage and retrieval commands.

#include "bench/loadgen/codec.h"
#include "bench/loadgen/lines.h"

namespace larder::bench {

namespace {

class TextCodec final : public Codec {
 public:
  TextCodec(const KeyNames& keys, bool strict) : keys_(keys), strict_(strict) {}

  void write_get(ByteBuffer& out, std::span<const std::uint32_t> keys) override {
    out.append("get");
    for (const std::uint32_t key : keys) {
      out.append(" ");
      keys_.write(out.extend(keys_.bytes()), key);
    }
    out.append("\r\n");
  }

  void write_set(ByteBuffer& out, std::uint32_t key, SetFields fields,
                 std::uint32_t length) override {
    out.append("set ");
    keys_.write(out.extend(keys_.bytes()), key);
    out.append(" ");
    out.append_number(fields.flags);
    out.append(" ");
    out.append_number(fields.ttl);
    out.append(" ");
    out.append_number(length);
    out.append("\r\n");
  }

  std::string_view set_end() const override { return "\r\n"; }

  void write_flush(ByteBuffer& out) override { out.append("flush_all\r\n"); }

  Event parse(std::string_view input, const Pending& pending) override {
    switch (pending.operation) {
      case Operation::set:
        return single_line_reply(input, "STORED");
      case Operation::flush:
        return single_line_reply(input, "OK");
      case Operation::get:
        break;
    }
    const Event event = input.starts_with("VALUE ") ? parse_value(input, pending.keys)
                                                    : single_line_reply(input, "END");
    if (event.kind == Event::Kind::value) {
      next_ = event.position + 1;
    } else if (event.kind != Event::Kind::need_more) {
      next_ = 0;
    }
    return event;
  }

 private:
  // VALUE <key> <flags> <length>\r\n<bytes>\r\n
  Event parse_value(std::string_view input, std::span<const std::uint32_t> keys) const {
    const Line line = first_line(input);
    if (line.bytes == 0) return incomplete_line(input);
    std::string_view rest = line.text.substr(6);
    if (rest.size() < keys_.bytes()) return Event::broken("short VALUE line");
    const std::string_view name = rest.substr(0, keys_.bytes());
    rest.remove_prefix(name.size());
    std::uint64_t flags = 0;
    std::uint64_t length = 0;
    if (!take_space(rest) || !take_number(rest, flags) || !take_space(rest) ||
        !take_number(rest, length) || !rest.empty()) {
      return Event::broken("bad VALUE line");
    }
    const std::size_t position = strict_ ? find_key(keys_, keys, next_, name) : next_;
    if (position >= keys.size()) return Event::broken("value of a key that was not asked for");
    Event event = value_after(input, line.bytes, length);
    event.position = static_cast<std::uint32_t>(position);
    event.flags = static_cast<std::uint32_t>(flags);
    event.has_flags = true;
    return event;
  }

  const KeyNames& keys_;
  bool strict_;
  std::size_t next_ = 0;  // first key of the pending get that has had no value yet
};

}  // namespace

std::unique_ptr<Codec> make_text_codec(const KeyNames& keys, bool strict) {
  return std::make_unique<TextCodec>(keys, strict);
}

}  // namespace larder::bench
