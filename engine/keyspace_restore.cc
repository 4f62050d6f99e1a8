// Warm restart of a keyspace: leaving the memory in a state that can be read again, and reading it.
#include <vector>

#include "engine/keyspace.h"
#include "engine/saved_state.h"

namespace larder::engine {

// Items killed by flush_all lie in LRU lists of their own and still say that they are linked.
void Keyspace::forget_dead(const Lru& lru) {
  for (Ref ref = lru.dead().head; ref != 0; ref = item(ref).lru_next) item(ref).change(0, slab::kLinked);
}

void Keyspace::save(SavedState* state) {
  state->base = arena_.base_address();
  state->cas_max = 0;
  for (std::size_t i = 0; i < stripe_count(); ++i) {
    Stripe& stripe = stripes_[i];
    std::lock_guard lock(stripe.lock);
    state->cas_max = std::max(state->cas_max, stripe.cas_next * stripe_count_max_ + stripe.index);
    for (const auto& lru : stripe.lrus) {
      if (lru != nullptr) forget_dead(*lru);
    }
  }
  for (SharedLru& shared : shared_lrus_) {
    std::lock_guard lock(shared.lock);
    forget_dead(shared.lru);
  }
  slabs_.for_each_page([&](std::uint32_t number, std::size_t class_id, std::uint32_t carved) {
    state->pages.push_back({number, static_cast<std::uint32_t>(class_id), carved});
  });
  arena_.sync();
}

// Every linked item of the restored pages, list by list, each from its tail to its head; nothing if
// the links do not agree with each other.
std::optional<std::vector<Ref>> Keyspace::listed_items(const std::vector<Ref>& tails,
                                                       std::size_t linked_count) {
  std::vector<Ref> order;
  order.reserve(linked_count);
  for (const Ref tail : tails) {
    Ref behind = 0;
    for (Ref ref = tail; ref != 0; ref = item(ref).lru_prev) {
      if (order.size() == linked_count || !slabs_.holds(ref)) return std::nullopt;
      const Item& each = item(ref);
      if (!each.has(slab::kLinked) || each.lru_next != behind) return std::nullopt;
      order.push_back(ref);
      behind = ref;
    }
  }
  if (order.size() != linked_count) return std::nullopt;
  return order;
}

bool Keyspace::restore(const SavedState& state) {
  std::vector<Ref> tails;
  std::size_t linked_count = 0;
  for (const SavedState::Page& page : state.pages) {
    const auto visit = [&](Ref ref) {
      Item& each = item(ref);
      if (!each.has(slab::kLinked) || each.has(slab::kFree)) return slab::SlabAllocator::Found::free;
      if (each.key_bytes() == 0 || each.chunk_bytes() > classes_.chunk_bytes(page.class_id)) {
        return slab::SlabAllocator::Found::broken;
      }
      if (each.has(slab::kExtent)) {
        const std::uint64_t offset = reinterpret_cast<std::uintptr_t>(each.extent()) - state.base;
        char* const extent = arena_.adopt_extent(offset, each.value_bytes());
        if (extent == nullptr) return slab::SlabAllocator::Found::broken;
        each.set_extent(extent);
      }
      if (each.has(slab::kPinnable)) each.set_pins(0);
      if (each.lru_next == 0) tails.push_back(ref);
      ++linked_count;
      return slab::SlabAllocator::Found::in_use;
    };
    if (!slabs_.adopt_page(page.number, page.class_id, page.carved, visit)) return false;
  }
  arena_.finish_adoption();
  const auto order = listed_items(tails, linked_count);
  if (!order) return false;
  for (const Ref ref : *order) {
    Item& each = item(ref);
    const Segment segment = static_cast<Segment>(each.segment());
    // The number of its stripe is put in anew: there may be more or fewer of them.
    each.ctl.store(each.flags() & ~slab::kLinked, std::memory_order_relaxed);
    const Key key = hasher_.key(each.key());
    Stripe& stripe = stripe_of(key.hash);
    std::lock_guard lock(stripe.lock);
    link(stripe, key, ref, segment);
  }
  for (std::size_t i = 0; i < stripe_count(); ++i) {
    stripes_[i].cas_next = state.cas_max / stripe_count_max_ + 1;
  }
  return true;
}

}  // namespace larder::engine
