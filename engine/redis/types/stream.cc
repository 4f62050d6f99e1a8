#include "engine/redis/types/stream.h"

#include "engine/redis/types/check.h"

namespace larder::redis {

namespace {
constexpr const char* kName = "stream";
}

Stream* Stream::clone() const {
  auto* copy = new Stream;
  for (const StreamNode& node : nodes_) copy->nodes_.push_back(node.copy());
  copy->length_ = length_;
  copy->first_id_ = first_id_;
  copy->last_id_ = last_id_;
  copy->max_deleted_id_ = max_deleted_id_;
  copy->entries_added_ = entries_added_;
  for (const auto& [name, group] : groups_) {
    group->copy_to(*copy->add_group(name, group->last_delivered, group->entries_read));
  }
  return copy;
}

std::size_t Stream::free_effort() const {
  std::size_t effort = nodes_.size();
  for (const auto& [name, group] : groups_) effort += 2 * group->pending().size() + group->consumers().size();
  return effort;
}

void Stream::check_integrity() const {
  std::uint64_t live = 0;
  StreamId before;
  for (const StreamNode& node : nodes_) {
    node.check_integrity();
    require(node.live_count() > 0, kName, "a node has no live entry");
    require(before < node.first().id(), kName, "nodes overlap");
    before = node.last().id();
    live += node.live_count();
  }
  require(live == length_, kName, "entries are miscounted");
  require(find_first_id() == first_id_, kName, "the first id is out of date");
  require(before <= last_id_, kName, "an entry lies behind the last id");
  for (const auto& [name, group] : groups_) group->check_integrity();
}

// The node in whose range the id lies; the first if it comes before all.
StreamNodes::Iterator Stream::node_of(StreamId id) const {
  auto place = nodes_.upper_bound(id);
  if (place != nodes_.begin()) --place;
  return place;
}

void Stream::append(StreamId id, FieldsAndValues fields, const NodeLimits& limits) {
  std::size_t bytes = 0;
  for (const std::string_view text : fields) bytes += text.size();
  const std::uint64_t bytes_max =
      limits.bytes == 0 || limits.bytes > kEntryBytesMax ? kEntryBytesMax : limits.bytes;
  bool fits = false;
  if (!nodes_.empty()) {
    const StreamNode& last = nodes_.back();
    const bool room_for_entry =
        limits.entries == 0 || last.live_count() + last.deleted_count() < limits.entries;
    fits = room_for_entry && last.byte_count() + bytes < bytes_max;
  }
  if (fits) {
    nodes_.back().append(id, fields);
  } else {
    nodes_.push_back(StreamNode(id, fields));
  }
  ++length_;
  ++entries_added_;
  last_id_ = id;
  if (length_ == 1) first_id_ = id;
}

bool Stream::erase(StreamId id) {
  const auto place = node_of(id);
  if (place == nodes_.end()) return false;
  StreamNode& node = nodes_.at(place);
  std::optional<StreamEntry> entry = node.first();
  while (entry && entry->id() < id) entry = node.next(*entry);
  if (!entry || entry->id() != id || entry->deleted()) return false;
  if (node.live_count() == 1) {
    nodes_.erase(place);
  } else {
    node.mark_deleted(*entry);
  }
  --length_;
  if (id > max_deleted_id_) max_deleted_id_ = id;
  if (id == first_id_) first_id_ = find_first_id();
  return true;
}

std::uint64_t Stream::trim(const Trim& trim) {
  if (trim.by == Trim::By::kNothing) return 0;
  std::uint64_t removed = 0;
  while (!nodes_.empty()) {
    if (trim.by == Trim::By::kLength && length_ <= trim.length) break;
    const StreamNode& node = nodes_.front();
    const std::uint64_t live = node.live_count();
    if (trim.limit != 0 && removed + live > trim.limit) break;
    const bool whole = trim.by == Trim::By::kLength ? length_ - live >= trim.length
                                                     : node.last().id() < trim.id;
    if (whole) {
      length_ -= live;
      removed += live;
      nodes_.erase(nodes_.begin());
      continue;
    }
    if (!trim.approximate) removed += trim_first_node(trim);
    break;
  }
  if (removed > 0) first_id_ = find_first_id();
  return removed;
}

/// Removes entries from the front of the first node, of which not all have to go.
std::uint64_t Stream::trim_first_node(const Trim& trim) {
  StreamNode& node = nodes_.front();
  const std::uint64_t removed = node.delete_while([&](const StreamEntry& entry) {
    const bool goes = trim.by == Trim::By::kLength ? length_ > trim.length : entry.id() < trim.id;
    if (goes) --length_;
    return goes;
  });
  if (node.live_count() == 0) nodes_.erase(nodes_.begin());
  return removed;
}

bool Stream::contains(StreamId id) const {
  bool found = false;
  visit(id, id, false, [&found](const StreamEntry&) {
    found = true;
    return false;
  });
  return found;
}

StreamId Stream::last_live_id() const {
  StreamId last;
  visit(kStreamIdMin, kStreamIdMax, true, [&last](const StreamEntry& entry) {
    last = entry.id();
    return false;
  });
  return last;
}

StreamId Stream::find_first_id() const {
  StreamId first;
  visit(kStreamIdMin, kStreamIdMax, false, [&first](const StreamEntry& entry) {
    first = entry.id();
    return false;
  });
  return first;
}

// --- groups ---

ConsumerGroup* Stream::group(std::string_view name) {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : found->second.get();
}

const ConsumerGroup* Stream::group(std::string_view name) const {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : found->second.get();
}

ConsumerGroup* Stream::add_group(std::string_view name, StreamId last_delivered, std::int64_t entries_read) {
  if (groups_.contains(name)) return nullptr;
  auto group = std::make_unique<ConsumerGroup>();
  group->last_delivered = last_delivered;
  group->entries_read = entries_read;
  return groups_.emplace(HeapString(name), std::move(group)).first->second.get();
}

bool Stream::delete_group(std::string_view name) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return false;
  groups_.erase(found);
  return true;
}

/// Whether an entry was deleted out of the stream at or behind `id`, as far as can be told by the
/// largest deleted id.
bool Stream::has_deleted_from(StreamId id) const {
  if (length_ == 0 || max_deleted_id_.zero()) return false;
  return first_id_ <= max_deleted_id_ && id <= max_deleted_id_;
}

/// How many entries were ever added up to `id`, where that can be told.
std::int64_t Stream::estimated_entries_read(StreamId id) const {
  if (entries_added_ == 0) return 0;
  const auto added = static_cast<std::int64_t>(entries_added_);
  if (length_ == 0 && id <= last_id_) return added;
  if (id == last_id_) return added;
  if (id > last_id_) return ConsumerGroup::kUnknown;
  if (max_deleted_id_.zero() || max_deleted_id_ < first_id_) {
    const auto before_first = static_cast<std::int64_t>(entries_added_ - length_);
    if (id < first_id_) return before_first;
    if (id == first_id_) return before_first + 1;
  }
  return ConsumerGroup::kUnknown;
}

void Stream::note_delivered(ConsumerGroup& group, StreamId id) const {
  if (id <= group.last_delivered) return;
  if (group.entries_read != ConsumerGroup::kUnknown && !has_deleted_from(id)) {
    ++group.entries_read;
  } else if (entries_added_ != 0) {
    group.entries_read = estimated_entries_read(id);
  }
  group.last_delivered = id;
}

void Stream::estimate_progress(ConsumerGroup& group) const {
  group.entries_read = estimated_entries_read(group.last_delivered);
}

std::optional<std::int64_t> Stream::lag(const ConsumerGroup& group) const {
  if (entries_added_ == 0) return 0;
  const auto added = static_cast<std::int64_t>(entries_added_);
  if (group.entries_read != ConsumerGroup::kUnknown && !has_deleted_from(group.last_delivered)) {
    return added - group.entries_read;
  }
  const std::int64_t read = estimated_entries_read(group.last_delivered);
  if (read == ConsumerGroup::kUnknown) return std::nullopt;
  return added - read;
}

// --- loading ---

bool Stream::append_node(StreamNode node) {
  if (node.live_count() == 0) return true;
  if (!nodes_.empty() && node.first().id() <= nodes_.back().last().id()) return false;
  if (!nodes_.empty() && node.id() <= nodes_.back().id()) return false;
  length_ += node.live_count();
  nodes_.push_back(std::move(node));
  return true;
}

bool Stream::finish_loading(std::uint64_t length, StreamId last_id, StreamId max_deleted_id,
                            std::uint64_t entries_added) {
  if (length != length_) return false;
  if (!nodes_.empty() && nodes_.back().last().id() > last_id) return false;
  last_id_ = last_id;
  first_id_ = find_first_id();
  max_deleted_id_ = max_deleted_id;
  entries_added_ = entries_added;
  return true;
}

}  // namespace larder::redis
