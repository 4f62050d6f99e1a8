#include "engine/redis/types/list.h"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

using larder::redis::IntegerText;
using larder::redis::List;
using larder::redis::ListLimits;
using larder::redis::Listpack;
namespace heap = larder::redis::heap;

namespace {

std::string text(const List& list, List::Cursor cursor) {
  IntegerText room;
  return std::string(list.value(cursor).text(room));
}

std::vector<std::string> forwards(const List& list) {
  std::vector<std::string> all;
  for (auto at = list.first(); at; at = list.next(at)) all.push_back(text(list, at));
  return all;
}

std::vector<std::string> backwards(const List& list) {
  std::vector<std::string> all;
  for (auto at = list.last(); at; at = list.previous(at)) all.insert(all.begin(), text(list, at));
  return all;
}

std::string random_text(std::mt19937_64& random) {
  switch (random() % 5) {
    case 0: return std::to_string(random() % 1000);
    case 1: return std::string(random() % 200, 'x');
    case 2: return std::string(random() % 3000, 'y');
    default: return "entry:" + std::to_string(random() % 50);
  }
}

}  // namespace

TEST_CASE("a list agrees with a vector over random changes, at each limit") {
  const ListLimits limits = GENERATE(ListLimits{-2}, ListLimits{-1}, ListLimits{-5}, ListLimits{1},
                                     ListLimits{4}, ListLimits{128}, ListLimits{0},
                                     ListLimits{-2, 100});
  std::mt19937_64 random(static_cast<std::uint64_t>(limits.fill + 10));
  const heap::Meter meter;
  {
    auto list = std::make_unique<List>();
    std::vector<std::string> model;
    for (int step = 0; step < 6000; ++step) {
      const std::string added = random_text(random);
      const std::size_t index = model.empty() ? 0 : random() % model.size();
      const auto cursor = list->seek(static_cast<std::int64_t>(index));
      const auto place = model.begin() + static_cast<std::ptrdiff_t>(index);
      const bool growing = step / 1000 % 2 == 0;
      const auto kind = random() % (growing ? 12 : 20);
      if (kind < 3 || model.empty()) {
        list->push_back(added, limits);
        model.push_back(added);
      } else if (kind < 6) {
        list->push_front(added, limits);
        model.insert(model.begin(), added);
      } else if (kind == 6) {
        list->insert_before(cursor, added, limits);
        model.insert(place, added);
      } else if (kind == 7) {
        list->insert_after(cursor, added, limits);
        model.insert(place + 1, added);
      } else if (kind == 8) {
        list->replace(cursor, added, limits);
        *place = added;
      } else if (kind < 11) {
        const auto after = list->erase(cursor);
        const auto left = model.erase(place);
        REQUIRE(static_cast<bool>(after) == (left != model.end()));
        if (after) REQUIRE(text(*list, after) == *left);
      } else if (kind == 11) {
        const auto before = list->erase_backwards(cursor);
        const auto left = model.erase(place);
        REQUIRE(static_cast<bool>(before) == (left != model.begin()));
        if (before) REQUIRE(text(*list, before) == *(left - 1));
      } else if (kind < 14) {
        REQUIRE(list->equals(list->first(), model.front()));
        list->pop_front();
        model.erase(model.begin());
      } else if (kind < 17) {
        REQUIRE(list->equals(list->last(), model.back()));
        list->pop_back();
        model.pop_back();
      } else if (kind == 17) {
        const std::size_t count = std::min<std::size_t>(random() % 40, model.size() - index);
        list->erase_range(index, count);
        model.erase(place, place + static_cast<std::ptrdiff_t>(count));
      } else {
        const auto size = static_cast<std::int64_t>(model.size());
        REQUIRE(list->equals(cursor, *place));
        REQUIRE(list->equals(list->seek(static_cast<std::int64_t>(index) - size), *place));
      }
      REQUIRE(list->size() == model.size());
      if (step % 100 == 0) {
        list->check_integrity();
        REQUIRE(forwards(*list) == model);
        REQUIRE(backwards(*list) == model);
      }
    }
    const std::unique_ptr<List> copy(list->clone());
    list.reset();
    copy->check_integrity();
    CHECK(forwards(*copy) == model);
  }
  CHECK(meter.delta() == 0);
}

TEST_CASE("nodes are as full as the limits allow") {
  List list;
  for (int i = 0; i < 1000; ++i) list.push_back("x", ListLimits{10});
  CHECK(list.node_count() == 100);
  List bytes;
  for (int i = 0; i < 1000; ++i) bytes.push_front(std::string(100, 'x'), ListLimits{-1});
  CHECK(bytes.node_count() >= 1000 * 103 / 4096);
  CHECK(bytes.node_count() <= 1000 * 103 / 4096 + 3);
  bytes.for_each_node([](const List::NodeView& node) { CHECK(node.bytes.size() <= 4096); });
}

TEST_CASE("replacing within a full node keeps the node") {
  List list;
  for (int i = 0; i < 20; ++i) list.push_back("x", ListLimits{10});
  for (int i = 0; i < 20; ++i) list.replace(list.seek(i), "longer than before", ListLimits{10});
  CHECK(list.node_count() == 2);
  list.check_integrity();
}

TEST_CASE("long entries get nodes of their own") {
  const ListLimits limits{-2, 50};
  List list;
  list.push_back("a", limits);
  list.push_back(std::string(50, 'b'), limits);
  list.push_back("c", limits);
  std::vector<bool> plain;
  list.for_each_node([&](const List::NodeView& node) { plain.push_back(node.plain); });
  CHECK(plain == std::vector<bool>{false, true, false});
  list.replace(list.seek(1), "short", limits);
  list.replace(list.seek(0), std::string(60, 'd'), limits);
  list.check_integrity();
  CHECK(forwards(list) == std::vector<std::string>{std::string(60, 'd'), "short", "c"});
}

TEST_CASE("nodes read from a payload make a list") {
  List list;
  Listpack pack;
  pack.push_back("one");
  pack.push_back("2");
  list.append_node(std::move(pack));
  list.append_plain_node("plain");
  list.check_integrity();
  CHECK(forwards(list) == std::vector<std::string>{"one", "2", "plain"});
  CHECK_FALSE(list.seek(3));
  CHECK_FALSE(list.seek(-4));
}
