#include "engine/redis/types/stream_group.h"

#include "engine/redis/types/check.h"

namespace larder::redis {

PendingEntry* ConsumerGroup::find(StreamId id) {
  const auto found = pending_.find(id);
  return found == pending_.end() ? nullptr : &found->second;
}

StreamConsumer* ConsumerGroup::consumer(std::string_view name) {
  const auto found = consumers_.find(name);
  return found == consumers_.end() ? nullptr : &found->second;
}

const StreamConsumer* ConsumerGroup::consumer(std::string_view name) const {
  const auto found = consumers_.find(name);
  return found == consumers_.end() ? nullptr : &found->second;
}

StreamConsumer& ConsumerGroup::see_consumer(std::string_view name, std::int64_t now_ms, bool* made) {
  auto found = consumers_.find(name);
  const bool is_new = found == consumers_.end();
  if (is_new) {
    found = consumers_.try_emplace(HeapString(name)).first;
    found->second.name = &found->first;
  }
  if (made != nullptr) *made = is_new;
  found->second.seen_ms = now_ms;
  return found->second;
}

std::size_t ConsumerGroup::delete_consumer(std::string_view name) {
  const auto found = consumers_.find(name);
  if (found == consumers_.end()) return 0;
  const std::size_t count = found->second.pending.size();
  for (const auto& [id, entry] : found->second.pending) pending_.erase(id);
  consumers_.erase(found);
  return count;
}

PendingEntry& ConsumerGroup::deliver(StreamId id, StreamConsumer& to, std::int64_t now_ms) {
  PendingEntry& entry = assign(id, to);
  entry.delivered_ms = now_ms;
  entry.deliveries = 1;
  return entry;
}

PendingEntry& ConsumerGroup::assign(StreamId id, StreamConsumer& to) {
  PendingEntry& entry = pending_[id];
  if (entry.consumer == &to) return entry;
  if (entry.consumer != nullptr) entry.consumer->pending.erase(id);
  entry.consumer = &to;
  to.pending.emplace(id, &entry);
  return entry;
}

PendingEntry* ConsumerGroup::add_unassigned(StreamId id) {
  const auto [place, added] = pending_.try_emplace(id);
  return added ? &place->second : nullptr;
}

bool ConsumerGroup::acknowledge(StreamId id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return false;
  found->second.consumer->pending.erase(id);
  pending_.erase(found);
  return true;
}

void ConsumerGroup::copy_to(ConsumerGroup& other) const {
  other.last_delivered = last_delivered;
  other.entries_read = entries_read;
  for (const auto& [name, consumer] : consumers_) {
    StreamConsumer& copy = other.see_consumer(name, consumer.seen_ms);
    for (const auto& [id, entry] : consumer.pending) {
      PendingEntry& pending = other.assign(id, copy);
      pending.delivered_ms = entry->delivered_ms;
      pending.deliveries = entry->deliveries;
    }
  }
}

void ConsumerGroup::check_integrity() const {
  std::size_t listed = 0;
  for (const auto& [name, consumer] : consumers_) {
    require(consumer.name == &name, "consumer group", "a consumer has another's name");
    for (const auto& [id, entry] : consumer.pending) {
      const auto found = pending_.find(id);
      require(found != pending_.end(), "consumer group", "a consumer has what the group does not know");
      require(&found->second == entry, "consumer group", "a consumer points to another entry");
      require(entry->consumer == &consumer, "consumer group", "an entry is listed by another consumer");
    }
    listed += consumer.pending.size();
  }
  require(listed == pending_.size(), "consumer group", "a pending entry has no consumer");
}

}  // namespace larder::redis
