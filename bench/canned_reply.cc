#include "bench/canned_reply.h"

#include <fmt/format.h>

namespace larder::bench {

namespace {

using Keys = std::span<const std::uint32_t>;
using Values = std::span<const std::optional<CannedValue>>;

std::string text_reply(const KeyNames& names, Keys keys, Values values) {
  std::string reply;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!values[i]) continue;
    reply += fmt::format("VALUE {} {} {}\r\n{}\r\n", names.name(keys[i]), values[i]->flags,
                         values[i]->bytes.size(), values[i]->bytes);
  }
  return reply + "END\r\n";
}

std::string meta_reply(const KeyNames& names, Keys keys, Values values, bool strict) {
  const bool single = keys.size() == 1;
  std::string reply;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!values[i]) continue;
    reply += fmt::format("VA {}", values[i]->bytes.size());
    if (!single) reply += " k" + names.name(keys[i]);
    if (strict) reply += fmt::format(" f{}", values[i]->flags);
    reply += "\r\n" + values[i]->bytes + "\r\n";
  }
  if (!single) return reply + "MN\r\n";
  return reply.empty() ? "EN\r\n" : reply;
}

std::string resp_reply(Values values) {
  std::string reply = values.size() == 1 ? "" : fmt::format("*{}\r\n", values.size());
  for (const auto& value : values) {
    reply += value ? fmt::format("${}\r\n{}\r\n", value->bytes.size(), value->bytes) : "$-1\r\n";
  }
  return reply;
}

std::string big_endian(std::uint64_t number, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    text += static_cast<char>(number >> shift & 0xff);
  }
  return text;
}

struct BinaryReply {
  std::uint8_t opcode;
  std::uint16_t status = 0;
  std::uint32_t opaque = 0;
  std::string extras;
  std::string value;
};

std::string binary_message(const BinaryReply& reply) {
  std::string message;
  message += '\x81';
  message += static_cast<char>(reply.opcode);
  message += big_endian(0, 2);  // key length
  message += static_cast<char>(reply.extras.size());
  message += '\0';  // data type
  message += big_endian(reply.status, 2);
  message += big_endian(reply.extras.size() + reply.value.size(), 4);
  message += big_endian(reply.opaque, 4);
  message += big_endian(1, 8);  // cas
  return message + reply.extras + reply.value;
}

std::string binary_reply(Values values) {
  constexpr std::uint8_t kGet = 0x00;
  constexpr std::uint8_t kGetQuiet = 0x09;
  constexpr std::uint8_t kNoop = 0x0a;
  const bool single = values.size() == 1;
  if (single && !values[0]) {
    return binary_message({.opcode = kGet, .status = 1, .extras = {}, .value = "Not found"});
  }
  std::string reply;
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    if (!values[i]) continue;
    reply += binary_message({.opcode = single ? kGet : kGetQuiet,
                             .opaque = i,
                             .extras = big_endian(values[i]->flags, 4),
                             .value = values[i]->bytes});
  }
  if (single) return reply;
  const auto end = static_cast<std::uint32_t>(values.size());
  return reply + binary_message({.opcode = kNoop, .opaque = end, .extras = {}, .value = {}});
}

}  // namespace

std::string canned_get_reply(ProtocolKind protocol, const KeyNames& names, Keys keys, Values values,
                             bool strict) {
  switch (protocol) {
    case ProtocolKind::text:
      return text_reply(names, keys, values);
    case ProtocolKind::meta:
      return meta_reply(names, keys, values, strict);
    case ProtocolKind::binary:
      return binary_reply(values);
    case ProtocolKind::resp:
      break;
  }
  return resp_reply(values);
}

std::string canned_done_reply(ProtocolKind protocol, Operation operation) {
  const bool set = operation == Operation::set;
  switch (protocol) {
    case ProtocolKind::text:
      return set ? "STORED\r\n" : "OK\r\n";
    case ProtocolKind::meta:
      return set ? "HD\r\n" : "OK\r\n";
    case ProtocolKind::binary: {
      const std::uint8_t opcode = set ? 0x01 : 0x08;
      return binary_message({.opcode = opcode, .extras = {}, .value = {}});
    }
    case ProtocolKind::resp:
      break;
  }
  return "+OK\r\n";
}

}  // namespace larder::bench
