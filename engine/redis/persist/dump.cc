#include "engine/redis/persist/dump.h"

#include <cstring>

#include "engine/redis/persist/crc64.h"

namespace larder::redis::persist {

namespace {

constexpr std::size_t kVersionBytes = 2;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kFooterBytes = kVersionBytes + kChecksumBytes;

void put_footer(std::string& payload, unsigned version) {
  payload.push_back(static_cast<char>(version & 0xff));
  payload.push_back(static_cast<char>(version >> 8));
  const std::uint64_t checksum = crc64(0, payload);
  payload.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
}

}  // namespace

std::string dump_string(std::string_view value) {
  std::string payload;
  StringSink sink(payload);
  RdbWriter out(sink);
  out.form(Form::kString);
  out.string(value);
  put_footer(payload, kVersion);
  return payload;
}

std::string dump_value(const Value& value) {
  std::string payload;
  StringSink sink(payload);
  RdbWriter out(sink);
  const Form form = form_of(value);
  out.form(form);
  write_value(out, value);
  put_footer(payload, version_of(form));
  return payload;
}

bool payload_intact(std::string_view payload) {
  if (payload.size() < kFooterBytes) return false;
  const auto* footer = reinterpret_cast<const unsigned char*>(payload.data() + payload.size() - kFooterBytes);
  const unsigned version = footer[0] | static_cast<unsigned>(footer[1]) << 8;
  if (version > kVersionMax) return false;
  std::uint64_t checksum;
  std::memcpy(&checksum, footer + kVersionBytes, sizeof checksum);
  return checksum == crc64(0, payload.substr(0, payload.size() - kChecksumBytes));
}

std::optional<LoadedValue> restore(std::string_view payload, const ValueLimits& limits) {
  ViewSource source(payload.substr(0, payload.size() - kFooterBytes));
  RdbReader in(source);
  std::uint8_t form = 0;
  if (!in.byte(form)) return std::nullopt;
  std::optional<LoadedValue> value = read_value(in, static_cast<Form>(form), limits);
  if (source.remaining() != 0) return std::nullopt;
  return value;
}

}  // namespace larder::redis::persist
