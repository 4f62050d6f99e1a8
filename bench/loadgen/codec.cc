#include "bench/loadgen/codec.h"

namespace larder::bench {

namespace {

struct Protocol {
  ProtocolKind kind;
  std::string_view name;
  std::unique_ptr<Codec> (*make)(const KeyNames&, bool);
};

constexpr Protocol kProtocols[] = {
    {ProtocolKind::text, "text", make_text_codec},
    {ProtocolKind::meta, "meta", make_meta_codec},
    {ProtocolKind::binary, "binary", make_binary_codec},
    {ProtocolKind::resp, "resp", make_resp_codec},
};

}  // namespace

std::string_view protocol_name(ProtocolKind kind) {
  return kProtocols[static_cast<std::size_t>(kind)].name;
}

std::optional<ProtocolKind> protocol_from_name(std::string_view name) {
  for (const Protocol& protocol : kProtocols) {
    if (protocol.name == name) return protocol.kind;
  }
  return std::nullopt;
}

std::unique_ptr<Codec> make_codec(ProtocolKind kind, const KeyNames& keys, bool strict) {
  return kProtocols[static_cast<std::size_t>(kind)].make(keys, strict);
}

Event Event::need_more(std::size_t wanted) {
  Event event;
  event.wanted = wanted;
  return event;
}

Event Event::done(std::size_t consumed) {
  Event event;
  event.kind = Kind::done;
  event.consumed = consumed;
  return event;
}

Event Event::error(std::string_view text, std::size_t consumed) {
  Event event;
  event.kind = Kind::error;
  event.bytes = text;
  event.consumed = consumed;
  return event;
}

Event Event::broken(std::string_view why) {
  Event event;
  event.kind = Kind::broken;
  event.bytes = why;
  return event;
}

}  // namespace larder::bench
