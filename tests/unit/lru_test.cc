#include "engine/lru.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "slab/size_classes.h"
#include "slab/slab_allocator.h"

using namespace larder;
using engine::Lru;
using engine::LruPolicy;
using engine::Segment;

namespace {
struct Fixture {
  slab::Arena arena{{.limit_bytes = 4 << 20}};
  slab::SizeClasses classes{{}, arena.alignment()};
  slab::SlabAllocator slabs{arena, classes};
  slab::Magazines magazines;
  slab::Ref make() {
    const slab::Ref ref = slabs.allocate(magazines, 1);
    item(ref).change(slab::kLinked, 0);
    return ref;
  }
  slab::Item& item(slab::Ref ref) { return *reinterpret_cast<slab::Item*>(arena.at(ref)); }
};
}  // namespace

TEST_CASE("HOT gives way while it holds more than its share, then WARM; TEMP goes last") {
  Fixture f;
  Lru lru;
  const LruPolicy policy{.warm_percent = 40};
  for (const auto& [segment, count] : {std::pair{Segment::temp, 2}, {Segment::warm, 8}, {Segment::hot, 4}}) {
    for (int i = 0; i < count; ++i) lru.link(f.arena, f.make(), segment);
  }
  lru.check_integrity(f.arena);
  std::string order;
  while (const slab::Ref ref = lru.candidate(policy, 200)) {
    order += "HWCT"[f.item(ref).segment()];
    lru.unlink(f.arena, ref);
  }
  // 4 of 12 is more than a fifth, 2 of 10 is not; WARM keeps its two fifths.
  CHECK(order == "HHWHWWWWHWWWTT");
  CHECK(lru.empty());
}

TEST_CASE("a list that is not segmented is one queue") {
  Fixture f;
  Lru lru;
  std::vector<slab::Ref> refs;
  for (int i = 0; i < 5; ++i) {
    refs.push_back(f.make());
    lru.link(f.arena, refs.back(), Segment::cold);
  }
  for (const slab::Ref ref : refs) {
    REQUIRE(lru.candidate({.segmented = false}, 50) == ref);
    lru.unlink(f.arena, ref);
  }
  CHECK(lru.candidate({.segmented = false}, 50) == 0);
}

TEST_CASE("flushed items become one list, in constant time, and can be taken singly") {
  Fixture f;
  Lru lru;
  std::vector<slab::Ref> refs;
  for (int i = 0; i < 40; ++i) {
    refs.push_back(f.make());
    lru.link(f.arena, refs.back(), static_cast<Segment>(i % 4));
  }
  lru.kill_all(f.arena);
  lru.link(f.arena, f.make(), Segment::hot);
  lru.kill_all(f.arena);
  CHECK(lru.count() == 0);
  CHECK(lru.dead().count == 41);
  lru.check_integrity(f.arena);
  lru.unlink_dead(f.arena, refs[17]);
  while (lru.dead().tail != 0) lru.unlink_dead(f.arena, lru.dead().tail);
  CHECK(lru.dead().count == 0);
  CHECK(lru.empty());
}

TEST_CASE("random links, moves, replacements and unlinks keep the lists whole") {
  Fixture f;
  Lru lru;
  std::mt19937 random(5);
  std::vector<slab::Ref> linked;
  for (int i = 0; i < 20'000; ++i) {
    const auto pick = [&]() -> slab::Ref& { return linked[random() % linked.size()]; };
    switch (random() % 4) {
      case 0:
        if (linked.size() < 3000) {
          linked.push_back(f.make());
          lru.link(f.arena, linked.back(), static_cast<Segment>(random() % 4));
        }
        break;
      case 1:
        if (!linked.empty()) lru.move(f.arena, pick(), static_cast<Segment>(random() % 4));
        break;
      case 2:
        if (!linked.empty()) {
          slab::Ref& old_ref = pick();
          const slab::Ref new_ref = f.make();
          lru.replace(f.arena, old_ref, new_ref);
          f.slabs.free(f.magazines, old_ref);
          old_ref = new_ref;
        }
        break;
      default:
        if (!linked.empty()) {
          std::swap(pick(), linked.back());
          lru.unlink(f.arena, linked.back());
          f.slabs.free(f.magazines, linked.back());
          linked.pop_back();
        }
    }
    if (i % 500 == 0) lru.check_integrity(f.arena);
  }
  CHECK(lru.count() == linked.size());
}

TEST_CASE("what was in HOT and WARM when the LRU became flat goes first, in the order of its lists") {
  Fixture f;
  Lru lru;
  for (const auto& [segment, count] : {std::pair{Segment::cold, 2}, {Segment::warm, 2}, {Segment::hot, 3}}) {
    for (int i = 0; i < count; ++i) lru.link(f.arena, f.make(), segment);
  }
  std::string order;
  while (const slab::Ref ref = lru.candidate({.segmented = false}, 50)) {
    order += "HWCT"[f.item(ref).segment()];
    lru.unlink(f.arena, ref);
  }
  CHECK(order == "HHHWWCC");
}
