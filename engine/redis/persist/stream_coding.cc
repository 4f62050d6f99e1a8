#include "engine/redis/persist/stream_coding.h"

#include <array>
#include <cstring>

namespace larder::redis::persist {

namespace {

constexpr std::size_t kIdBytes = 16;
using IdBytes = std::array<char, kIdBytes>;

std::string_view view(const IdBytes& bytes) { return {bytes.data(), bytes.size()}; }

IdBytes encode(StreamId id) {
  const std::uint64_t big[] = {__builtin_bswap64(id.ms), __builtin_bswap64(id.seq)};
  IdBytes bytes;
  std::memcpy(bytes.data(), big, bytes.size());
  return bytes;
}

StreamId decode(const char* bytes) {
  std::uint64_t big[2];
  std::memcpy(big, bytes, kIdBytes);
  return {__builtin_bswap64(big[0]), __builtin_bswap64(big[1])};
}

// --- writing ---

void write_id(RdbWriter& out, StreamId id) {
  out.length(id.ms);
  out.length(id.seq);
}

void write_group(RdbWriter& out, std::string_view name, const ConsumerGroup& group) {
  out.string(name);
  write_id(out, group.last_delivered);
  out.length(static_cast<std::uint64_t>(group.entries_read));
  out.length(group.pending().size());
  for (const auto& [id, entry] : group.pending()) {
    out.raw(view(encode(id)));
    out.u64(static_cast<std::uint64_t>(entry.delivered_ms));
    out.length(entry.deliveries);
  }
  out.length(group.consumers().size());
  for (const auto& [consumer_name, consumer] : group.consumers()) {
    out.string(consumer_name);
    out.u64(static_cast<std::uint64_t>(consumer.seen_ms));
    out.length(consumer.pending.size());
    for (const auto& [id, entry] : consumer.pending) out.raw(view(encode(id)));
  }
}

// --- reading ---

/// Reads one stream.
class Reader {
 public:
  Reader(RdbReader& in, Form form) : in_(in), form_(form) {}

  std::unique_ptr<Value> stream() {
    auto stream = std::make_unique<Stream>();
    if (!repeat([&] { return node(*stream); })) return nullptr;
    if (!numbers(*stream)) return nullptr;
    if (!repeat([&] { return group(*stream); })) return nullptr;
    return stream;
  }

 private:
  template <typename Each>
  bool repeat(Each&& each) {
    std::uint64_t count = 0;
    if (!in_.length(count)) return false;
    for (; count > 0; --count) {
      if (!each()) return false;
    }
    return true;
  }

  bool id(StreamId& id) { return in_.length(id.ms) && in_.length(id.seq); }

  bool raw_id(StreamId& id) {
    IdBytes bytes;
    if (!in_.raw(bytes.data(), bytes.size())) return false;
    id = decode(bytes.data());
    return true;
  }

  bool node(Stream& stream) {
    std::string key;
    std::string bytes;
    if (!in_.string(key) || !in_.string(bytes)) return false;
    if (key.size() != kIdBytes) return false;
    std::optional<StreamNode> node = StreamNode::from_bytes(decode(key.data()), bytes);
    return node && stream.append_node(std::move(*node));
  }

  bool numbers(Stream& stream) {
    std::uint64_t length = 0;
    StreamId last;
    StreamId first;
    StreamId max_deleted;
    if (!in_.length(length) || !id(last)) return false;
    std::uint64_t added = length;
    if (form_ != Form::kStream1 && (!id(first) || !id(max_deleted) || !in_.length(added))) return false;
    return stream.finish_loading(length, last, max_deleted, added);
  }

  bool group(Stream& stream) {
    std::string name;
    StreamId last;
    if (!in_.string(name) || !id(last)) return false;
    auto read = static_cast<std::uint64_t>(ConsumerGroup::kUnknown);
    if (form_ != Form::kStream1 && !in_.length(read)) return false;
    ConsumerGroup* group = stream.add_group(name, last, static_cast<std::int64_t>(read));
    if (group == nullptr) return false;
    if (form_ == Form::kStream1) stream.estimate_progress(*group);
    if (!repeat([&] { return pending(*group); })) return false;
    if (!repeat([&] { return consumer(*group); })) return false;
    for (const auto& [id, entry] : group->pending()) {
      if (entry.consumer == nullptr) return false;
    }
    return true;
  }

  bool pending(ConsumerGroup& group) {
    StreamId id;
    std::uint64_t delivered_ms = 0;
    std::uint64_t deliveries = 0;
    if (!raw_id(id) || !in_.u64(delivered_ms) || !in_.length(deliveries)) return false;
    PendingEntry* entry = group.add_unassigned(id);
    if (entry == nullptr) return false;
    entry->delivered_ms = static_cast<std::int64_t>(delivered_ms);
    entry->deliveries = deliveries;
    return true;
  }

  bool consumer(ConsumerGroup& group) {
    std::string name;
    std::uint64_t seen_ms = 0;
    std::uint64_t active_ms = 0;
    if (!in_.string(name) || !in_.u64(seen_ms)) return false;
    if (form_ == Form::kStream3 && !in_.u64(active_ms)) return false;
    bool made = false;
    StreamConsumer& consumer = group.see_consumer(name, static_cast<std::int64_t>(seen_ms), &made);
    if (!made) return false;
    return repeat([&] {
      StreamId id;
      if (!raw_id(id)) return false;
      const PendingEntry* entry = group.find(id);
      if (entry == nullptr || entry->consumer != nullptr) return false;
      group.assign(id, consumer);
      return true;
    });
  }

  RdbReader& in_;
  Form form_;
};

}  // namespace

void write_stream(RdbWriter& out, const Stream& stream) {
  out.length(stream.node_count());
  stream.visit_nodes([&out](const StreamNode& node) {
    out.string(view(encode(node.id())));
    out.string(node.bytes());
  });
  out.length(stream.length());
  write_id(out, stream.last_id());
  write_id(out, stream.first_id());
  write_id(out, stream.max_deleted_id());
  out.length(stream.entries_added());
  out.length(stream.groups().size());
  for (const auto& [name, group] : stream.groups()) write_group(out, name, *group);
}

std::unique_ptr<Value> read_stream(RdbReader& in, Form form) { return Reader(in, form).stream(); }

}  // namespace larder::redis::persist
