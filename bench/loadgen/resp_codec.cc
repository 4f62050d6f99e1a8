// RESP2, as redis-server speaks it: GET, MGET, SET [EX], FLUSHALL.
// Redis has no client flags, so values come without.
// Source: the Redis serialization protocol specification.

#include <charconv>
#include <string>

#include "bench/loadgen/codec.h"
#include "bench/loadgen/lines.h"

namespace larder::bench {

namespace {

class RespCodec final : public Codec {
 public:
  explicit RespCodec(const KeyNames& keys) : keys_(keys) {
    ByteBuffer head;
    head.append("$");
    head.append_number(keys.bytes());
    head.append("\r\n");
    key_head_ = head.view();
  }

  void write_get(ByteBuffer& out, std::span<const std::uint32_t> keys) override {
    if (keys.size() == 1) {
      out.append("*2\r\n$3\r\nGET\r\n");
    } else {
      out.append("*");
      out.append_number(keys.size() + 1);
      out.append("\r\n$4\r\nMGET\r\n");
    }
    for (const std::uint32_t key : keys) write_key(out, key);
  }

  void write_set(ByteBuffer& out, std::uint32_t key, SetFields fields,
                 std::uint32_t length) override {
    out.append(fields.ttl == 0 ? "*3\r\n$3\r\nSET\r\n" : "*4\r\n$5\r\nSETEX\r\n");
    write_key(out, key);
    if (fields.ttl != 0) {
      char digits[20];
      const char* const end = std::to_chars(digits, digits + sizeof(digits), fields.ttl).ptr;
      write_bulk_head(out, static_cast<std::size_t>(end - digits));
      out.append({digits, static_cast<std::size_t>(end - digits)});
      out.append("\r\n");
    }
    write_bulk_head(out, length);
  }

  std::string_view set_end() const override { return "\r\n"; }

  void write_flush(ByteBuffer& out) override { out.append("*1\r\n$8\r\nFLUSHALL\r\n"); }

  Event parse(std::string_view input, const Pending& pending) override {
    const Line line = first_line(input);
    if (line.bytes == 0) return incomplete_line(input);
    if (line.text.starts_with('-')) {
      if (inside_array_) return Event::broken("error inside an array");
      return Event::error(line.text.substr(1), line.bytes);
    }
    if (pending.operation != Operation::get) {
      return line.text == "+OK" ? Event::done(line.bytes) : Event::broken("reply is not OK");
    }
    if (pending.keys.size() == 1) return parse_single(input, line);
    return parse_array(input, line, pending.keys.size());
  }

 private:
  void write_key(ByteBuffer& out, std::uint32_t key) {
    out.append(key_head_);
    keys_.write(out.extend(keys_.bytes()), key);
    out.append("\r\n");
  }

  static void write_bulk_head(ByteBuffer& out, std::size_t length) {
    out.append("$");
    out.append_number(length);
    out.append("\r\n");
  }

  static bool is_null(std::string_view line) { return line == "$-1"; }

  /// $<length>\r\n<bytes>\r\n
  static Event parse_bulk(std::string_view input, const Line& line) {
    std::string_view rest = line.text;
    std::uint64_t length = 0;
    if (!rest.starts_with('$')) return Event::broken("reply is no bulk string");
    rest.remove_prefix(1);
    if (!take_number(rest, length) || !rest.empty()) return Event::broken("bad bulk length");
    return value_after(input, line.bytes, length);
  }

  static Event parse_single(std::string_view input, const Line& line) {
    if (is_null(line.text)) return Event::done(line.bytes);
    Event event = parse_bulk(input, line);
    event.last = true;
    return event;
  }

  // *<count>\r\n, then one bulk string or null a key. Nulls before a value, and the header, are
  // taken together with it; nulls at the end, with the end.
  Event parse_array(std::string_view input, Line line, std::size_t key_count) {
    std::size_t at = 0;
    std::uint32_t position = position_;
    if (!inside_array_) {
      std::string_view rest = line.text.substr(line.text.empty() ? 0 : 1);
      std::uint64_t count = 0;
      if (!line.text.starts_with('*') || !take_number(rest, count) || count != key_count) {
        return Event::broken("reply is no array of the keys asked for");
      }
      at = line.bytes;
      position = 0;
    }
    while (position < key_count) {
      line = first_line(input.substr(at));
      if (line.bytes == 0) return incomplete_line(input.substr(at));
      if (!is_null(line.text)) break;
      at += line.bytes;
      ++position;
    }
    if (position == key_count) {
      inside_array_ = false;
      position_ = 0;
      return Event::done(at);
    }
    return array_value(input, line, at, position, key_count);
  }

  Event array_value(std::string_view input, const Line& line, std::size_t at,
                    std::uint32_t position, std::size_t key_count) {
    Event event = parse_bulk(input.substr(at), line);
    if (event.kind == Event::Kind::need_more && event.wanted != 0) event.wanted += at;
    if (event.kind != Event::Kind::value) return event;
    event.consumed += at;
    event.position = position;
    event.last = position + 1 == key_count;
    inside_array_ = !event.last;
    position_ = event.last ? 0 : position + 1;
    return event;
  }

  const KeyNames& keys_;
  std::string key_head_;        // "$<key bytes>\r\n"
  bool inside_array_ = false;   // part of the pending MGET's reply has been taken
  std::uint32_t position_ = 0;  // of the next element then
};

}  // namespace

std::unique_ptr<Codec> make_resp_codec(const KeyNames& keys, bool) {
  return std::make_unique<RespCodec>(keys);
}

}  // namespace larder::bench
