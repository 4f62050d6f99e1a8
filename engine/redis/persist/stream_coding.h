// Streams in their serialised form.
//
//   nodes:   count, then for each: 16 bytes of id (big-endian, as a string), listpack (as a string)
//   stream:  length | last id | [first id | largest deleted id | entries added]       ids: ms, seq
//   groups:  count, then for each: name | last id | [entries read] | pending | consumers
//     pending:    count, then for each: 16 bytes of id | time of delivery (8 bytes) | deliveries
//     consumers:  count, then for each: name | seen (8 bytes) | [active (8 bytes)] | count of its pending
//                 entries | 16 bytes of id each
// What stands in brackets: form 1 has none of it, form 3 the active time too.
#pragma once

#include <memory>

#include "engine/redis/persist/rdb_coding.h"
#include "engine/redis/types/stream.h"

namespace larder::redis::persist {

/// Writes form 2.
void write_stream(RdbWriter& out, const Stream& stream);
/// Reads any of the forms; null if it is not sound.
std::unique_ptr<Value> read_stream(RdbReader& in, Form form);

}  // namespace larder::redis::persist
