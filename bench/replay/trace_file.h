// Traces as files, in two formats, both little endian and without padding.
//
// Larder's own:                                    libCacheSim's oracleGeneral:
//   offset 0   "LARDTRC1"                            records of 24 bytes, nothing else:
//   offset 8   u64  number of records                offset 0   u32  time, seconds
//   then records of 24 bytes:                        offset 4   u64  object id
//   offset 0   u64  time, milliseconds               offset 12  u32  size, bytes
//   offset 8   u64  key                              offset 16  i64  index of the object's next
//   offset 16  u32  size, bytes of key and value                     request, -1 = none
//   offset 20  u32  TTL, seconds, 0 = none
//
// oracleGeneral knows no TTL, and its next-request field is computed anew when read. The reader
// tells the two apart by the first eight bytes. Streams are read to their end, so a compressed
// trace can be piped in (zstd -dc FILE | replay ... /dev/stdin).
// Source: libCacheSim, the description of its binary trace formats.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "bench/replay/trace.h"

namespace larder::bench::replay {

struct ReadTrace {
  std::optional<Trace> trace;
  std::string error;  // why there is none
};

/// Reads either format. A file that ends within a record, or holds fewer or more records than its
/// header says, or none, is refused.
ReadTrace read_trace(std::istream& in);
ReadTrace read_trace_file(const std::string& path);

/// Object numbers serve as keys. False when the stream fails.
bool write_trace(std::ostream& out, const Trace& trace);
/// TTLs are lost and times rounded down to seconds.
bool write_oracle_general(std::ostream& out, const Trace& trace);

}  // namespace larder::bench::replay
