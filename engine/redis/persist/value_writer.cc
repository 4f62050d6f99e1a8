// Writing values: see value_coding.h.
#include <algorithm>
#include <vector>

#include "engine/redis/persist/stream_coding.h"
#include "engine/redis/persist/value_coding.h"
#include "engine/redis/types/check.h"

namespace larder::redis::persist {

namespace {

// Containers of a quicklist's nodes.
constexpr std::uint64_t kPlainNode = 1;
constexpr std::uint64_t kPackedNode = 2;

std::string_view view(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_text(RdbWriter& out, const PackedValue& value) {
  IntegerText room;
  out.string(value.text(room));
}

void write_list(RdbWriter& out, const List& list) {
  out.length(list.node_count());
  list.for_each_node([&out](const List::NodeView& node) {
    out.length(node.plain ? kPlainNode : kPackedNode);
    out.string(view(node.bytes));
  });
}

void write_set(RdbWriter& out, const Set& set) {
  if (const auto integers = set.integers(); !integers.empty()) return out.string(view(integers));
  out.length(set.size());
  set.for_each([&out](const PackedValue& member) { write_text(out, member); });
}

void write_zset(RdbWriter& out, const SortedSet& set) {
  if (set.encoding() == Encoding::kListpack) return out.string(set.packed());
  out.length(set.size());
  // From the highest score down, as Redis does: its reader builds its list from the end.
  set.visit({0, set.size()}, true, [&out](std::string_view name, double score) {
    out.string(name);
    out.real(score);
    return true;
  });
}

void write_hash(RdbWriter& out, const Hash& hash) {
  if (hash.encoding() == Encoding::kListpack) return out.string(view(hash.pack()->bytes()));
  const bool deadlines = form_of(hash) == Form::kHashFieldTtl;
  const auto first_ms = static_cast<std::uint64_t>(hash.next_deadline_ms());
  if (deadlines) out.u64(first_ms);
  out.length(hash.size());
  hash.for_each([&](const Hash::Pair& pair) {
    if (deadlines) {
      out.length(pair.deadline_ms == 0 ? 0 : static_cast<std::uint64_t>(pair.deadline_ms) - first_ms + 1);
    }
    write_text(out, pair.field);
    write_text(out, pair.value);
  });
}

}  // namespace

Form form_of(const Value& value) {
  switch (value.type()) {
    case Type::kList:
      return Form::kListQuicklist;
    case Type::kSet:
      return !static_cast<const Set&>(value).integers().empty() ? Form::kSetIntset : Form::kSetPlain;
    case Type::kSortedSet:
      return value.encoding() == Encoding::kListpack ? Form::kZsetListpack : Form::kZset;
    case Type::kHash: {
      if (value.encoding() == Encoding::kListpack) return Form::kHashListpack;
      const bool deadlines = static_cast<const Hash&>(value).next_deadline_ms() != Hash::kNever;
      return deadlines ? Form::kHashFieldTtl : Form::kHashPlain;
    }
    case Type::kStream:
      return Form::kStream2;
    case Type::kString:
      break;
  }
  return Form::kString;
}

void write_value(RdbWriter& out, const Value& value) {
  switch (value.type()) {
    case Type::kList:
      return write_list(out, static_cast<const List&>(value));
    case Type::kSet:
      return write_set(out, static_cast<const Set&>(value));
    case Type::kSortedSet:
      return write_zset(out, static_cast<const SortedSet&>(value));
    case Type::kHash:
      return write_hash(out, static_cast<const Hash&>(value));
    case Type::kStream:
      return write_stream(out, static_cast<const Stream&>(value));
    case Type::kString:
      break;
  }
  require(false, "serialising", "a string is no structured value");
}

unsigned version_of(Form form) {
  constexpr unsigned kFieldDeadlines = 12;
  return form == Form::kHashFieldTtl ? kFieldDeadlines : kVersion;
}

}  // namespace larder::redis::persist
