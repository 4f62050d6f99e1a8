// The payload of DUMP and RESTORE: form, value, version of the format (2 bytes, little-endian), CRC-64 of
// all before it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/redis/persist/value_coding.h"

namespace larder::redis::persist {

std::string dump_string(std::string_view value);
std::string dump_value(const Value& value);

/// Whether version and checksum are right.
bool payload_intact(std::string_view payload);
/// The value of an intact payload; nothing if it is not sound or bytes are left over.
std::optional<LoadedValue> restore(std::string_view payload, const ValueLimits& limits);

}  // namespace larder::redis::persist
