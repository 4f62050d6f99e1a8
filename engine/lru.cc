#include "engine/lru.h"

#include <cstdio>
#include <cstdlib>

namespace larder::engine {

namespace {
void check(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "lru integrity: %s\n", what);
    std::abort();
  }
}
}  // namespace

void Lru::push(const slab::Arena& arena, List& list, Ref ref) {
  slab::Item& pushed = item(arena, ref);
  pushed.lru_prev = 0;
  pushed.lru_next = list.head;
  if (list.head != 0) {
    item(arena, list.head).lru_prev = ref;
  } else {
    list.tail = ref;
  }
  list.head = ref;
  ++list.count;
}

void Lru::remove(const slab::Arena& arena, List& list, Ref ref) {
  const slab::Item& removed = item(arena, ref);
  (removed.lru_prev != 0 ? item(arena, removed.lru_prev).lru_next : list.head) = removed.lru_next;
  (removed.lru_next != 0 ? item(arena, removed.lru_next).lru_prev : list.tail) = removed.lru_prev;
  --list.count;
}

void Lru::link(const slab::Arena& arena, Ref ref, Segment segment) {
  const auto index = static_cast<std::uint32_t>(segment);
  item(arena, ref).change(index << slab::kSegmentShift, slab::kSegmentMask);
  push(arena, lists_[index], ref);
}

void Lru::unlink(const slab::Arena& arena, Ref ref) {
  remove(arena, lists_[item(arena, ref).segment()], ref);
}

void Lru::move(const slab::Arena& arena, Ref ref, Segment segment) {
  unlink(arena, ref);
  link(arena, ref, segment);
}

void Lru::replace(const slab::Arena& arena, Ref old_ref, Ref new_ref) {
  const slab::Item& old_item = item(arena, old_ref);
  slab::Item& new_item = item(arena, new_ref);
  List& list = lists_[old_item.segment()];
  new_item.change(old_item.ctl.load(std::memory_order_relaxed) & slab::kSegmentMask,
                  slab::kSegmentMask);
  new_item.lru_prev = old_item.lru_prev;
  new_item.lru_next = old_item.lru_next;
  (old_item.lru_prev != 0 ? item(arena, old_item.lru_prev).lru_next : list.head) = new_ref;
  (old_item.lru_next != 0 ? item(arena, old_item.lru_next).lru_prev : list.tail) = new_ref;
}

void Lru::kill_all(const slab::Arena& arena) {
  for (List& list : lists_) {
    if (list.count == 0) continue;
    if (dead_.tail == 0) {
      dead_ = list;
    } else {
      item(arena, dead_.tail).lru_next = list.head;
      item(arena, list.head).lru_prev = dead_.tail;
      dead_.tail = list.tail;
      dead_.count += list.count;
    }
    list = List{};
  }
}

Lru::Ref Lru::candidate(const LruPolicy& policy, std::uint32_t hot_permille) const {
  const List& hot = list(Segment::hot);
  const List& warm = list(Segment::warm);
  const List& cold = list(Segment::cold);
  // What the other mode has left behind goes first.
  if (!policy.segmented && hot.tail != 0) return hot.tail;
  if (!policy.segmented && warm.tail != 0) return warm.tail;
  if (cold.tail != 0) return cold.tail;
  const std::uint64_t total = hot.count + warm.count;
  const bool warm_first = hot.count * 1000 <= total * hot_permille &&
                          warm.count * 100 > total * policy.warm_percent;
  for (const Ref tail : {warm_first ? warm.tail : hot.tail, hot.tail, warm.tail}) {
    if (tail != 0) return tail;
  }
  return list(Segment::temp).tail;
}

void Lru::check_integrity(const slab::Arena& arena) const {
  const auto walk = [&](const List& list, int segment) {
    std::uint64_t seen = 0;
    Ref previous = 0;
    for (Ref ref = list.head; ref != 0; ref = item(arena, ref).lru_next) {
      const slab::Item& each = item(arena, ref);
      check(each.lru_prev == previous, "a back link is wrong");
      check(each.has(slab::kLinked), "a listed item is not linked");
      check(segment < 0 || each.segment() == static_cast<unsigned>(segment),
            "an item is in another segment than it says");
      previous = ref;
      ++seen;
      check(seen <= list.count, "a list has a cycle");
    }
    check(list.tail == previous, "the tail is not the last item");
    check(seen == list.count, "items are miscounted");
  };
  for (std::size_t i = 0; i < kSegmentCount; ++i) walk(lists_[i], static_cast<int>(i));
  walk(dead_, -1);
}

}  // namespace larder::engine
