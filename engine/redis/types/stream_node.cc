#include "engine/redis/types/stream_node.h"

#include "engine/redis/types/check.h"

namespace larder::redis {

namespace {

constexpr ListpackView::Position kNone = ListpackView::kNone;
constexpr std::int64_t kFixedPieces = 3;  // flags, ms, seq

/// A walk over untrusted elements that must be integers where the format says so.
class Walk {
 public:
  explicit Walk(const ListpackView& pack) : pack_(pack), at_(pack.first()) {}
  bool at_end() const { return at_ == kNone; }
  bool integer(std::int64_t& value) {
    if (at_ == kNone) return false;
    const PackedValue element = pack_.at(at_);
    value = element.integer;
    at_ = pack_.next(at_);
    return element.is_integer;
  }
  bool skip(std::int64_t elements) {
    if (elements < 0) return false;
    for (; elements > 0 && at_ != kNone; --elements) at_ = pack_.next(at_);
    return elements == 0;
  }

 private:
  const ListpackView& pack_;
  ListpackView::Position at_;
};

/// The sum of an id and the differences of an entry, which wrap around as unsigned numbers do.
StreamId offset(StreamId id, std::int64_t ms, std::int64_t seq) {
  return {id.ms + static_cast<std::uint64_t>(ms), id.seq + static_cast<std::uint64_t>(seq)};
}

}  // namespace

StreamNode::StreamNode(StreamId id, FieldsAndValues fields) : id_(id) {
  pack_.push_back(std::int64_t{1});
  pack_.push_back(std::int64_t{0});
  pack_.push_back(static_cast<std::int64_t>(fields.size() / 2));
  for (std::size_t i = 0; i < fields.size(); i += 2) pack_.push_back(fields[i]);
  pack_.push_back(std::int64_t{0});
  put_entry(id, fields, true);
}

std::int64_t StreamNode::number_at(Position at) const { return pack_.at(at).integer; }

StreamNode::Master StreamNode::master() const {
  Position at = pack_.next(pack_.next(pack_.first()));
  Master master{static_cast<std::size_t>(number_at(at)), 0, 0};
  at = pack_.next(at);
  master.names = at;
  for (std::size_t i = 0; i < master.fields; ++i) at = pack_.next(at);
  master.end = at;
  return master;
}

bool StreamNode::has_master_names(const Master& master, FieldsAndValues fields) const {
  if (master.fields != fields.size() / 2) return false;
  Position at = master.names;
  for (std::size_t i = 0; i < fields.size(); i += 2, at = pack_.next(at)) {
    if (!pack_.equals(at, fields[i])) return false;
  }
  return true;
}

void StreamNode::append(StreamId id, FieldsAndValues fields) {
  const bool same_names = has_master_names(master(), fields);
  pack_.replace(pack_.first(), static_cast<std::int64_t>(live_count() + 1));
  put_entry(id, fields, same_names);
}

void StreamNode::put_entry(StreamId id, FieldsAndValues fields, bool same_names) {
  const auto count = static_cast<std::int64_t>(fields.size() / 2);
  pack_.push_back(same_names ? StreamEntry::kSameNames : std::int64_t{0});
  pack_.push_back(static_cast<std::int64_t>(id.ms - id_.ms));
  pack_.push_back(static_cast<std::int64_t>(id.seq - id_.seq));
  if (!same_names) pack_.push_back(count);
  for (std::size_t i = 0; i < fields.size(); i += 2) {
    if (!same_names) pack_.push_back(fields[i]);
    pack_.push_back(fields[i + 1]);
  }
  pack_.push_back(kFixedPieces + count + (same_names ? 0 : count + 1));
}

StreamEntry StreamNode::read(const Master& master, Position at) const {
  StreamEntry entry;
  entry.pack_ = &pack_;
  entry.at_ = at;
  entry.flags_ = number_at(at);
  const Position ms_at = pack_.next(at);
  const Position seq_at = pack_.next(ms_at);
  entry.id_ = offset(id_, number_at(ms_at), number_at(seq_at));
  entry.data_ = pack_.next(seq_at);
  entry.fields_ = master.fields;
  entry.master_names_ = master.names;
  entry.master_fields_ = master.fields;
  if (!entry.same_names()) {
    entry.fields_ = static_cast<std::size_t>(number_at(entry.data_));
    entry.data_ = pack_.next(entry.data_);
  }
  return entry;
}

StreamNode::Position StreamNode::end_of(const StreamEntry& entry) const {
  Position at = entry.data_;
  const std::size_t pieces = entry.same_names() ? entry.fields_ : 2 * entry.fields_;
  for (std::size_t i = 0; i < pieces; ++i) at = pack_.next(at);
  return at;
}

StreamEntry StreamNode::first() const {
  const Master master = this->master();
  return read(master, pack_.next(master.end));
}

StreamEntry StreamNode::last() const {
  Position at = pack_.last();
  for (std::int64_t pieces = number_at(at); pieces > 0; --pieces) at = pack_.previous(at);
  return read(master(), at);
}

std::optional<StreamEntry> StreamNode::next(const StreamEntry& entry) const {
  const Position at = pack_.next(end_of(entry));
  if (at == kNone) return std::nullopt;
  return read(master_of(entry), at);
}

std::optional<StreamEntry> StreamNode::previous(const StreamEntry& entry) const {
  Position at = pack_.previous(entry.at_);
  std::int64_t pieces = number_at(at);
  if (pieces == 0) return std::nullopt;
  for (; pieces > 0; --pieces) at = pack_.previous(at);
  return read(master_of(entry), at);
}

void StreamNode::mark_deleted(const StreamEntry& entry) {
  set_flags(entry, entry.flags_ | StreamEntry::kDeleted);
  count_deleted(1);
}

void StreamNode::count_deleted(std::size_t entries) {
  const auto count = static_cast<std::int64_t>(entries);
  const auto live = static_cast<std::int64_t>(live_count());
  const auto deleted = static_cast<std::int64_t>(deleted_count());
  pack_.replace(pack_.next(pack_.first()), deleted + count);
  pack_.replace(pack_.first(), live - count);
}

bool StreamNode::sound(StreamId id, const Listpack& pack) {
  Walk walk(pack);
  std::int64_t live = 0;
  std::int64_t deleted = 0;
  std::int64_t master_fields = 0;
  std::int64_t zero = 0;
  if (!walk.integer(live) || !walk.integer(deleted) || !walk.integer(master_fields)) return false;
  if (live < 0 || deleted < 0 || master_fields < 0) return false;
  if (!walk.skip(master_fields) || !walk.integer(zero) || zero != 0) return false;
  StreamId before;  // no entry has the id 0-0
  while (!walk.at_end()) {
    std::int64_t flags = 0;
    std::int64_t ms = 0;
    std::int64_t seq = 0;
    std::int64_t fields = master_fields;
    std::int64_t told = 0;
    if (!walk.integer(flags) || !walk.integer(ms) || !walk.integer(seq)) return false;
    if ((flags & ~(StreamEntry::kDeleted | StreamEntry::kSameNames)) != 0) return false;
    std::int64_t pieces = kFixedPieces;
    const bool same_names = (flags & StreamEntry::kSameNames) != 0;
    if (!same_names) {
      if (!walk.integer(fields)) return false;
      ++pieces;
    }
    if (fields < 0 || fields > static_cast<std::int64_t>(pack.byte_count())) return false;
    const std::int64_t strings = same_names ? fields : 2 * fields;
    if (!walk.skip(strings) || !walk.integer(told) || told != pieces + strings) return false;
    const StreamId here = offset(id, ms, seq);
    if (here < id || here <= before) return false;
    before = here;
    --((flags & StreamEntry::kDeleted) != 0 ? deleted : live);
  }
  return before != StreamId{} && live == 0 && deleted == 0;
}

std::optional<StreamNode> StreamNode::from_bytes(StreamId id, std::string_view bytes) {
  const std::span<const std::uint8_t> raw(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (!ListpackView::validate(raw, true)) return std::nullopt;
  Listpack pack(raw);
  if (!sound(id, pack)) return std::nullopt;
  return StreamNode(id, std::move(pack));
}

void StreamNode::check_integrity() const {
  pack_.check_integrity();
  require(sound(id_, pack_), "stream node", "entries or counts do not fit");
}

}  // namespace larder::redis
