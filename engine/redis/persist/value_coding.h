// Values in their serialised form: written in the form of RDB version 10 (hashes with field deadlines,
// which it does not know, in that of version 12), read in any form of versions 1 to 12.
//
// What is read is untrusted: every blob is validated to its last byte, duplicates, empty collections, NaN
// scores, lengths that do not fit and records that point nowhere are refused.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/redis/persist/rdb_coding.h"
#include "engine/redis/types/hash.h"
#include "engine/redis/types/list.h"
#include "engine/redis/types/set.h"
#include "engine/redis/types/value.h"
#include "engine/redis/types/zset.h"

namespace larder::redis::persist {

/// What the encodings of loaded values follow.
struct ValueLimits {
  ListLimits list;
  SetLimits set;
  HashLimits hash;
  SortedSet::Limits zset;
};

/// How the value is going to be written.
Form form_of(const Value& value);
/// Writes a value in that form. The form itself is written by the caller.
void write_value(RdbWriter& out, const Value& value);
/// The first version of the format that knows the form.
unsigned version_of(Form form);

struct LoadedValue {
  std::string string;               // if there is no object
  std::unique_ptr<Value> object;    // charged with what it holds
};
/// Reads a value of a form; nothing if it is not sound.
std::optional<LoadedValue> read_value(RdbReader& in, Form form, const ValueLimits& limits);

}  // namespace larder::redis::persist
