#include "bench/replay/trace_file.h"

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>
#include <ostream>
#include <span>
#include <string_view>

namespace larder::bench::replay {

namespace {

static_assert(std::endian::native == std::endian::little, "records are copied as they lie");

constexpr std::string_view kMagic = "LARDTRC1";
constexpr std::size_t kRecordBytes = 24;
using Record = std::array<char, kRecordBytes>;

template <typename Number>
Number get(std::span<const char> bytes, std::size_t offset) {
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof(number));
  return number;
}

template <typename Number>
void put(std::span<char> bytes, std::size_t offset, Number number) {
  std::memcpy(bytes.data() + offset, &number, sizeof(number));
}

void add_own(TraceBuilder& builder, const Record& record) {
  builder.add(get<std::uint64_t>(record, 8), get<std::uint64_t>(record, 0),
              get<std::uint32_t>(record, 16), get<std::uint32_t>(record, 20));
}

void add_oracle_general(TraceBuilder& builder, const Record& record) {
  builder.add(get<std::uint64_t>(record, 4), get<std::uint32_t>(record, 0) * std::uint64_t{1000},
              get<std::uint32_t>(record, 12), 0);
}

ReadTrace refuse(std::string why) { return {std::nullopt, std::move(why)}; }

}  // namespace

ReadTrace read_trace(std::istream& in) {
  // The first bytes decide the format; in oracleGeneral they begin the first record.
  Record record;
  std::size_t filled = 0;
  const auto fill = [&](std::size_t bytes) {
    in.read(record.data() + filled, static_cast<std::streamsize>(bytes - filled));
    filled += static_cast<std::size_t>(in.gcount());
    return filled == bytes;
  };
  if (!fill(kMagic.size())) return refuse("too short for a trace");
  const bool own = std::string_view(record.data(), kMagic.size()) == kMagic;
  std::uint64_t announced = 0;
  if (own) {
    if (!fill(2 * sizeof(std::uint64_t))) return refuse("the file ends within its header");
    announced = get<std::uint64_t>(record, 8);
    filled = 0;
  }
  TraceBuilder builder;
  std::uint64_t count = 0;
  for (; fill(kRecordBytes); filled = 0) {
    own ? add_own(builder, record) : add_oracle_general(builder, record);
    if (++count == kNever) return refuse("too many requests");
  }
  if (filled != 0) return refuse("the file ends within a record");
  if (own && count != announced) return refuse("the file holds not as many records as it says");
  if (count == 0) return refuse("the trace is empty");
  return {builder.take(), {}};
}

ReadTrace read_trace_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return refuse(path + ": " + std::strerror(errno));
  ReadTrace result = read_trace(file);
  if (!result.trace) result.error = path + ": " + result.error;
  return result;
}

bool write_trace(std::ostream& out, const Trace& trace) {
  std::array<char, 8> count{};
  put(count, 0, static_cast<std::uint64_t>(trace.requests.size()));
  out.write(kMagic.data(), static_cast<std::streamsize>(kMagic.size()));
  out.write(count.data(), count.size());
  Record record;
  for (const Request& request : trace.requests) {
    put(record, 0, request.time_ms);
    put(record, 8, std::uint64_t{request.object});
    put(record, 16, request.size);
    put(record, 20, request.ttl_seconds);
    out.write(record.data(), record.size());
  }
  return static_cast<bool>(out.flush());
}

bool write_oracle_general(std::ostream& out, const Trace& trace) {
  const std::vector<std::uint32_t> next = next_requests(trace);
  Record record;
  for (std::size_t i = 0; i < next.size(); ++i) {
    const Request& request = trace.requests[i];
    put(record, 0, static_cast<std::uint32_t>(request.time_ms / 1000));
    put(record, 4, std::uint64_t{request.object});
    put(record, 12, request.size);
    put(record, 16, next[i] == kNever ? std::int64_t{-1} : std::int64_t{next[i]});
    out.write(record.data(), record.size());
  }
  return static_cast<bool>(out.flush());
}

}  // namespace larder::bench::replay
