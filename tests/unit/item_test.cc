#include "slab/item.h"

#include <catch2/catch.hpp>
#include <string>

using namespace larder::slab;

TEST_CASE("every combination of optional fields keeps its contents apart") {
  constexpr std::uint32_t kFields[] = {kPinnable, kHasClientFlags, kHasDeadline, kHasCas, kExtent};
  for (unsigned mask = 0; mask < 32; ++mask) {
    std::uint32_t flags = 0;
    for (unsigned i = 0; i < 5; ++i) flags |= (mask >> i & 1) != 0 ? kFields[i] : 0;
    alignas(8) char chunk[256];
    std::memset(chunk, 0x5a, sizeof chunk);
    char extent[] = "the value in its extent";
    auto& item = *reinterpret_cast<Item*>(chunk);
    item.ctl.store(flags);
    item.set_sizes(5, 7);
    if (item.has(kPinnable)) item.set_pins(9);
    if (item.has(kHasClientFlags)) item.set_client_flags(0xdeadbeef);
    if (item.has(kHasDeadline)) item.set_deadline(123456);
    if (item.has(kExtent)) item.set_extent(extent);
    std::memcpy(item.key_data(), "hello", 5);
    std::memcpy(item.value_data(), "VALUE67", 7);
    if (item.has(kHasCas)) item.set_cas(~std::uint64_t{5});
    CHECK(item.key() == "hello");
    CHECK(item.value() == "VALUE67");
    CHECK(item.pins() == (item.has(kPinnable) ? 9u : 0u));
    CHECK(item.key_bytes() == 5);
    CHECK(item.value_bytes() == 7);
    CHECK(item.client_flags() == (item.has(kHasClientFlags) ? 0xdeadbeef : 0));
    CHECK(item.deadline() == (item.has(kHasDeadline) ? 123456u : 0u));
    CHECK(item.cas() == (item.has(kHasCas) ? ~std::uint64_t{5} : 0));
    CHECK(item.chunk_bytes() == Item::chunk_bytes(flags, 5, 7));
    CHECK(chunk[item.chunk_bytes()] == 0x5a);
  }
}

TEST_CASE("changing flags leaves the stripe number alone") {
  alignas(8) char chunk[64] = {};
  auto& item = *reinterpret_cast<Item*>(chunk);
  item.change((513u << kStripeShift) | kLinked, 0);
  item.change(2u << kSegmentShift, kSegmentMask);
  item.set_uses(2);
  CHECK(item.uses() == 2);
  CHECK(item.stripe() == 513);
  CHECK(item.segment() == 2);
  item.change(0, kLinked);
  CHECK(item.stripe() == 513);
  CHECK_FALSE(item.has(kLinked));
}
