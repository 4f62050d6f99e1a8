#include "engine/redis/types/hash.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

using larder::redis::Encoding;
using larder::redis::Hash;
using larder::redis::HashLimits;
using larder::redis::IntegerText;
using larder::redis::Listpack;
namespace heap = larder::redis::heap;

namespace {

struct Entry {
  std::string value;
  std::int64_t deadline_ms = 0;
  bool operator==(const Entry&) const = default;
};
using Model = std::map<std::string, Entry>;

Model contents(const Hash& hash) {
  Model all;
  hash.for_each([&](const Hash::Pair& pair) {
    IntegerText field;
    IntegerText value;
    const bool added = all.emplace(pair.field.text(field),
                                   Entry{std::string(pair.value.text(value)), pair.deadline_ms})
                           .second;
    REQUIRE(added);
  });
  return all;
}

std::string value_of(const Hash& hash, std::string_view field, std::int64_t now_ms = 0) {
  const auto found = hash.find(field, now_ms);
  if (!found) return "(none)";
  IntegerText room;
  return std::string(found->text(room));
}

std::string random_value(std::mt19937_64& random) {
  switch (random() % 6) {
    case 0: return std::to_string(random() % 100'000);
    case 1: return std::string(random() % 64, 'v');
    case 2: return random() % 30 == 0 ? std::string(random() % 100'000, 'w') : "";
    default: return "value:" + std::to_string(random() % 1000);
  }
}

}  // namespace

TEST_CASE("a hash agrees with a map over random changes, with deadlines and across the forms") {
  const std::size_t span = GENERATE(8u, 100u, 3000u);
  const bool deadlines = GENERATE(false, true);
  std::mt19937_64 random(span);
  const heap::Meter meter;
  {
    const HashLimits limits;
    Hash hash;
    Model model;
    std::int64_t now_ms = 1000;
    for (int step = 0; step < 12'000; ++step) {
      const std::string number = std::to_string(random() % span);
      const std::string field = random() % 2 == 0 ? number : "field:" + number;
      const auto kind = random() % 20;
      if (kind < 10) {
        const std::string value = random_value(random);
        const bool keep = random() % 2 == 0;
        const bool added = model.count(field) == 0;
        REQUIRE(hash.set(field, value, limits, keep) == added);
        Entry& entry = model[field];
        entry.value = value;
        if (!keep) entry.deadline_ms = 0;
      } else if (kind < 14) {
        REQUIRE(hash.erase(field) == (model.erase(field) == 1));
      } else if (deadlines && kind < 18) {
        const auto found = model.find(field);
        if (found == model.end()) {
          REQUIRE_FALSE(hash.deadline_ms(field));
        } else {
          const auto deadline =
              random() % 4 == 0 ? 0 : now_ms + 1 + static_cast<std::int64_t>(random() % 500);
          hash.set_deadline(field, deadline);
          found->second.deadline_ms = deadline;
          REQUIRE(hash.deadline_ms(field) == deadline);
        }
      } else if (deadlines && kind == 18) {
        now_ms += 20;
        std::vector<std::string> gone;
        std::size_t expired = 0;
        do {
          expired = hash.expire(now_ms, [&](std::string_view name) { gone.emplace_back(name); });
        } while (expired == Hash::kExpiredAtOnce);
        for (const std::string& name : gone) {
          REQUIRE(model.at(name).deadline_ms != 0);
          REQUIRE(model.at(name).deadline_ms <= now_ms);
          model.erase(name);
        }
      }
      REQUIRE(hash.size() == model.size());
      REQUIRE(value_of(hash, field, now_ms) ==
              (model.count(field) == 1 ? model[field].value : "(none)"));
      std::int64_t earliest = Hash::kNever;
      if (step % 500 == 0) {
        for (const auto& [name, entry] : model) {
          if (entry.deadline_ms != 0) earliest = std::min(earliest, entry.deadline_ms);
        }
        REQUIRE(hash.next_deadline_ms() == earliest);
        hash.check_integrity();
        REQUIRE(contents(hash) == model);
      }
    }
    CHECK(contents(hash) == model);
    const std::unique_ptr<Hash> copy(hash.clone());
    copy->check_integrity();
    CHECK(contents(*copy) == model);
    CHECK(copy->encoding() == hash.encoding());
  }
  CHECK(meter.delta() == 0);
}

TEST_CASE("a hash leaves the listpack past its limits and does not return") {
  const HashLimits limits{4, 10};
  Hash many;
  for (int i = 0; i < 4; ++i) many.set(std::to_string(i), "v", limits);
  CHECK(many.encoding() == Encoding::kListpack);
  many.set("0", "other", limits);
  CHECK(many.encoding() == Encoding::kListpack);
  many.set("4", "v", limits);
  CHECK(many.encoding() == Encoding::kHashtable);
  many.erase("4");
  CHECK(many.encoding() == Encoding::kHashtable);

  Hash longer;
  longer.set("field", "0123456789", limits);
  CHECK(longer.encoding() == Encoding::kListpack);
  longer.set("field", "0123456789x", limits);
  CHECK(longer.encoding() == Encoding::kHashtable);
  CHECK(value_of(longer, "field") == "0123456789x");
}

TEST_CASE("a field that is dead is not read, though it is still there") {
  const bool large = GENERATE(false, true);
  Hash hash;
  if (large) hash.make_room_for(1000, {});
  hash.set("lives", "1", {});
  hash.set("dies", "2", {});
  hash.set_deadline("dies", 500);
  CHECK(hash.encoding() == (large ? Encoding::kHashtable : Encoding::kListpackEx));
  CHECK(hash.next_deadline_ms() == 500);
  CHECK(value_of(hash, "dies", 499) == "2");
  CHECK(value_of(hash, "dies", 500) == "(none)");
  CHECK(hash.size() == 2);
  CHECK(hash.expire(500, [](std::string_view field) { CHECK(field == "dies"); }) == 1);
  CHECK(hash.size() == 1);
  CHECK(hash.next_deadline_ms() == Hash::kNever);
}

TEST_CASE("writing a field takes its deadline away, unless it is to be kept") {
  const bool large = GENERATE(false, true);
  Hash hash;
  if (large) hash.make_room_for(1000, {});
  for (const char* field : {"a", "b"}) {
    hash.set(field, "1", {});
    hash.set_deadline(field, 700);
  }
  hash.set("a", "2", {});
  hash.set("b", "3", {}, true);
  CHECK(hash.deadline_ms("a") == 0);
  CHECK(hash.deadline_ms("b") == 700);
  CHECK(value_of(hash, "a") == "2");
  CHECK(value_of(hash, "b") == "3");
  hash.check_integrity();
}

TEST_CASE("no call expires more than a bounded number of fields of a table") {
  Hash hash;
  for (int i = 0; i < 2000; ++i) {
    hash.set("f" + std::to_string(i), "v", {});
    hash.set_deadline("f" + std::to_string(i), 10);
  }
  CHECK(hash.expire(10, [](std::string_view) {}) == Hash::kExpiredAtOnce);
  CHECK(hash.size() == 2000 - Hash::kExpiredAtOnce);
}

TEST_CASE("random fields are spread evenly") {
  const std::size_t count = GENERATE(10u, 600u);
  Hash hash;
  for (std::size_t i = 0; i < count; ++i) hash.set("f" + std::to_string(i), "v", {});
  std::map<std::string, int> hits;
  std::mt19937_64 random(4);
  for (std::size_t i = 0; i < 300 * count; ++i) {
    const auto pair = hash.random([&](std::size_t n) { return random() % n; });
    ++hits[std::string(pair.field.bytes)];
  }
  CHECK(hits.size() == count);
  for (const auto& [field, times] : hits) CHECK((times > 190 && times < 410));
}

TEST_CASE("listpacks from outside make a hash if they are sound") {
  const auto pack_of = [](std::initializer_list<const char*> texts) {
    Listpack pack;
    for (const char* text : texts) pack.push_back(text);
    return pack;
  };
  using Packing = Hash::Packing;
  const auto make = [](const Listpack& pack, Packing packing, const HashLimits& limits) {
    return Hash::from_pack(pack.bytes(), packing, limits);
  };
  const auto sound = make(pack_of({"a", "1", "b", "2"}), Packing::kPairs, {});
  REQUIRE(sound != nullptr);
  CHECK(sound->encoding() == Encoding::kListpack);
  CHECK(make(pack_of({"a", "1", "b", "2"}), Packing::kPairs, {1})->encoding() ==
        Encoding::kHashtable);
  CHECK(make(pack_of({"a", "1", "a", "2"}), Packing::kPairs, {}) == nullptr);
  CHECK(make(pack_of({"a", "1", "b"}), Packing::kPairs, {}) == nullptr);
  CHECK(make(pack_of({}), Packing::kPairs, {}) == nullptr);
  CHECK(make(pack_of({"a", "1", "5", "b", "2", "0"}), Packing::kTriples, {}) != nullptr);
  CHECK(make(pack_of({"a", "1", "0", "b", "2", "5"}), Packing::kTriples, {}) == nullptr);
  CHECK(make(pack_of({"a", "1", "x"}), Packing::kTriples, {}) == nullptr);
  CHECK(make(pack_of({"a", "1", "-5"}), Packing::kTriples, {}) == nullptr);
}

TEST_CASE("what a hash holds is known to the byte, through all forms and back to none") {
  const heap::Meter meter;
  const std::unique_ptr<Hash> hash(new Hash);
  const auto agrees = [&] { return static_cast<std::int64_t>(hash->heap_bytes()) == meter.delta(); };
  for (int i = 0; i < 2000; ++i) {
    const std::string field = "f" + std::to_string(i);
    hash->set(field, "value", {});
    if (i % 3 == 0 && i > 20) hash->set_deadline(field, 1000 + i);
    if (i % 5 == 0) hash->set(field, std::string(static_cast<std::size_t>(i % 60), 'x'), {}, true);
    REQUIRE(agrees());
  }
  CHECK(hash->encoding() == Encoding::kHashtable);
  {
    const heap::Meter copied;
    const std::unique_ptr<Hash> copy(hash->clone());
    CHECK(static_cast<std::int64_t>(copy->heap_bytes()) == copied.delta());
  }
  for (int i = 0; i < 2000; ++i) hash->erase("f" + std::to_string(i));
  CHECK(hash->size() == 0);
  CHECK(agrees());
}
