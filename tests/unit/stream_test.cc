#include "engine/redis/types/stream.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace larder::redis;

namespace {

using Fields = std::vector<std::string>;

std::vector<std::string_view> views(const Fields& fields) { return {fields.begin(), fields.end()}; }

Fields fields_of(const StreamEntry& entry) {
  Fields fields;
  entry.for_each_field([&fields](std::string_view name, std::string_view value) {
    fields.emplace_back(name);
    fields.emplace_back(value);
  });
  return fields;
}

std::vector<std::pair<StreamId, Fields>> entries_of(const Stream& stream, StreamId from = kStreamIdMin,
                                                    StreamId to = kStreamIdMax, bool descending = false) {
  std::vector<std::pair<StreamId, Fields>> entries;
  stream.visit(from, to, descending, [&entries](const StreamEntry& entry) {
    entries.emplace_back(entry.id(), fields_of(entry));
    return true;
  });
  return entries;
}

Fields some_fields(std::mt19937& random) {
  if (random() % 3 != 0)
    return {"name", std::to_string(random() % 1000), "size", std::string(random() % 20, 's')};
  Fields fields;
  for (auto i = random() % 5 + 1; i > 0; --i) {
    fields.push_back("field" + std::to_string(random() % 7));
    fields.push_back(random() % 2 == 0 ? std::to_string(random()) : std::string(random() % 100, 'x'));
  }
  return fields;
}

/// A stream beside a map.
struct Pair {
  void append(std::mt19937& random, Stream::NodeLimits limits) {
    StreamId id = stream.last_id();
    random() % 2 == 0 ? void(id.ms += random() % 1000 + 1) : void(id.seq += random() % 5 + 1);
    const Fields fields = some_fields(random);
    stream.append(id, views(fields), limits);
    model[id] = fields;
  }
  void check() const {
    stream.check_integrity();
    REQUIRE(stream.length() == model.size());
    const std::vector<std::pair<StreamId, Fields>> expected(model.begin(), model.end());
    CHECK(entries_of(stream) == expected);
    auto backwards = entries_of(stream, kStreamIdMin, kStreamIdMax, true);
    std::reverse(backwards.begin(), backwards.end());
    CHECK(backwards == expected);
    CHECK(stream.last_live_id() == (model.empty() ? StreamId{} : model.rbegin()->first));
    CHECK(stream.first_id() == (model.empty() ? StreamId{} : model.begin()->first));
  }
  StreamId some_id(std::mt19937& random) const {
    return std::next(model.begin(), static_cast<long>(random() % model.size()))->first;
  }

  Stream stream;
  std::map<StreamId, Fields> model;
};

}  // namespace

TEST_CASE("stream ids: texts, neighbours and order") {
  StreamIdText text;
  CHECK(text.of({12, 345}) == "12-345");
  CHECK(text.of(kStreamIdMax) == "18446744073709551615-18446744073709551615");
  CHECK(parse_stream_id("12-345")->id == StreamId{12, 345});
  CHECK(parse_stream_id("12", 7)->id == StreamId{12, 7});
  CHECK(parse_stream_id(" +5-007")->id == StreamId{5, 7});
  CHECK(parse_stream_id("5-*", 0, true)->seq_given == false);
  for (const char* bad : {"a", "", "-", "+", "1-", "-1", "1-2-3", "1-*", "1--2", "18446744073709551616", "1 ", "*"}) {
    CHECK_FALSE(parse_stream_id(bad));
  }
  CHECK(StreamId{1, kSeqMax}.next() == StreamId{2, 0});
  CHECK(StreamId{2, 0}.previous() == StreamId{1, kSeqMax});
  CHECK_FALSE(kStreamIdMax.next());
  CHECK_FALSE(kStreamIdMin.previous());
  CHECK(StreamId{1, 9} < StreamId{2, 0});
}

TEST_CASE("stream: entries come back as they were added, both ways, in ranges") {
  std::mt19937 random(31);
  for (const Stream::NodeLimits limits :
       {Stream::NodeLimits{}, Stream::NodeLimits{200, 0}, Stream::NodeLimits{0, 3}}) {
    Pair pair;
    for (int i = 0; i < 1000; ++i) pair.append(random, limits);
    pair.check();
    for (int i = 0; i < 200; ++i) {
      StreamId from = pair.some_id(random);
      StreamId to = pair.some_id(random);
      if (random() % 2 == 0) from.seq += 1;
      const auto begin = pair.model.lower_bound(from);
      const auto end = pair.model.upper_bound(to);
      std::vector<std::pair<StreamId, Fields>> expected;
      if (from <= to) expected.assign(begin, end);
      CHECK(entries_of(pair.stream, from, to) == expected);
      std::reverse(expected.begin(), expected.end());
      CHECK(entries_of(pair.stream, from, to, true) == expected);
    }
  }
}

TEST_CASE("stream: deletions keep step with a map") {
  const std::uint64_t entries_per_node = GENERATE(20, 1, 3);
  CAPTURE(entries_per_node);
  std::mt19937 random(32);
  Pair pair;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 400; ++i) pair.append(random, {1000, entries_per_node});
    for (int i = 0; i < (round == 5 ? 1600 : 300) && !pair.model.empty(); ++i) {
      const StreamId id = pair.some_id(random);
      CHECK(pair.stream.contains(id));
      CHECK(pair.stream.erase(id));
      CHECK_FALSE(pair.stream.erase(id));
      CHECK_FALSE(pair.stream.contains(id));
      pair.model.erase(id);
    }
    pair.check();
  }
  CHECK_FALSE(pair.stream.erase({1, 1}));
  while (!pair.model.empty()) {
    pair.stream.erase(pair.model.begin()->first);
    pair.model.erase(pair.model.begin());
  }
  pair.check();
  CHECK(pair.stream.node_count() == 0);
  CHECK_FALSE(pair.stream.erase({1, 1}));
}

TEST_CASE("stream: trimming by length and by id") {
  std::mt19937 random(33);
  using By = Stream::Trim::By;
  Pair pair;
  for (int i = 0; i < 1000; ++i) pair.append(random, {0, 10});
  for (int i = 0; i < 100; ++i) {
    const StreamId id = pair.some_id(random);
    pair.stream.erase(id);
    pair.model.erase(id);
  }
  CHECK(pair.stream.trim({.by = By::kLength, .length = 5000}) == 0);
  CHECK(pair.stream.trim({.by = By::kLength, .length = 777}) == 123);
  while (pair.model.size() > 777) pair.model.erase(pair.model.begin());
  pair.check();

  const std::uint64_t removed = pair.stream.trim({.by = By::kLength, .approximate = true, .length = 700});
  CHECK(removed <= 77);
  CHECK(removed > 60);
  while (pair.model.size() > 777 - removed) pair.model.erase(pair.model.begin());
  pair.check();
  CHECK(pair.stream.trim({.by = By::kLength, .approximate = true, .limit = 5, .length = 0}) <= 5);
  while (pair.model.size() > pair.stream.length()) pair.model.erase(pair.model.begin());

  const StreamId id = std::next(pair.model.begin(), 333)->first;
  CHECK(pair.stream.trim({.by = By::kId, .id = id}) == 333);
  pair.model.erase(pair.model.begin(), pair.model.find(id));
  pair.check();
  CHECK(pair.stream.trim({.by = By::kId, .id = id}) == 0);
  CHECK(pair.stream.trim({.by = By::kLength}) == pair.model.size());
  CHECK(pair.stream.length() == 0);
  CHECK(pair.stream.first_id() == StreamId{});
  CHECK(pair.stream.last_id() == pair.model.rbegin()->first);
  pair.stream.check_integrity();
}

TEST_CASE("stream: a node whose live entries all lie before the id goes, its marked last one or not") {
  Stream stream;
  const std::vector<std::string_view> fields{"f", "v"};
  for (std::uint64_t i = 1; i <= 3; ++i) stream.append({i, 0}, fields, {});
  CHECK(stream.erase({3, 0}));
  CHECK(stream.trim({.by = Stream::Trim::By::kId, .id = {3, 0}}) == 2);
  stream.check_integrity();
  CHECK(stream.length() == 0);
}

TEST_CASE("stream: ids by the clock") {
  CHECK(id_by_clock({}, 5) == StreamId{5, 0});
  CHECK(id_by_clock({7, 3}, 5) == StreamId{7, 4});
  CHECK(id_by_clock({7, 3}, 7) == StreamId{7, 4});
  CHECK(id_by_clock({7, 3}, 8) == StreamId{8, 0});
  CHECK_FALSE(id_by_clock(kStreamIdMax, 8));
}

TEST_CASE("stream: groups deliver, move, acknowledge and forget") {
  Stream stream;
  const std::vector<std::string_view> fields{"f", "v"};
  for (std::uint64_t i = 1; i <= 10; ++i) stream.append({i, 0}, fields, {});
  ConsumerGroup* group = stream.add_group("g", {}, 0);
  REQUIRE(group != nullptr);
  CHECK(stream.add_group("g", {}, 0) == nullptr);
  CHECK(stream.group("none") == nullptr);
  bool made = false;
  StreamConsumer& alice = group->see_consumer("alice", 100, &made);
  CHECK(made);
  CHECK(&group->see_consumer("alice", 200, &made) == &alice);
  CHECK_FALSE(made);
  StreamConsumer& bob = group->see_consumer("bob", 100);
  for (std::uint64_t i = 1; i <= 6; ++i) {
    stream.note_delivered(*group, {i, 0});
    group->deliver({i, 0}, i % 2 == 0 ? alice : bob, 1000);
  }
  CHECK(group->last_delivered == StreamId{6, 0});
  CHECK(group->entries_read == 6);
  CHECK(stream.lag(*group) == 4);
  CHECK(alice.pending.size() == 3);
  stream.check_integrity();

  group->assign({2, 0}, bob).deliveries += 1;
  CHECK(group->find({2, 0})->deliveries == 2);
  CHECK(*group->find({2, 0})->consumer->name == "bob");
  CHECK(bob.pending.size() == 4);
  CHECK(group->acknowledge({1, 0}));
  CHECK_FALSE(group->acknowledge({1, 0}));
  CHECK(group->deliver({2, 0}, alice, 5).deliveries == 1);
  stream.check_integrity();

  std::unique_ptr<Stream> copy(stream.clone());
  copy->check_integrity();
  CHECK(copy->group("g")->pending().size() == 5);
  CHECK(copy->group("g")->find({2, 0})->delivered_ms == 5);
  CHECK(entries_of(*copy) == entries_of(stream));

  CHECK(group->delete_consumer("bob") == 2);
  CHECK(group->delete_consumer("bob") == 0);
  CHECK(group->pending().size() == 3);
  stream.check_integrity();
  CHECK(stream.delete_group("g"));
  CHECK_FALSE(stream.delete_group("g"));
}

TEST_CASE("stream: the lag of a group is told where deletions allow it") {
  Stream stream;
  const std::vector<std::string_view> fields{"f", "v"};
  ConsumerGroup* group = stream.add_group("g", {}, ConsumerGroup::kUnknown);
  CHECK(stream.lag(*group) == 0);
  for (std::uint64_t i = 1; i <= 5; ++i) stream.append({i, 0}, fields, {});
  CHECK(stream.lag(*group) == 5);
  stream.note_delivered(*group, {1, 0});
  CHECK(group->entries_read == 1);
  stream.erase({3, 0});
  CHECK_FALSE(stream.lag(*group));
  stream.note_delivered(*group, {2, 0});
  CHECK(group->entries_read == ConsumerGroup::kUnknown);
  stream.note_delivered(*group, {5, 0});
  CHECK(group->entries_read == 5);
  CHECK(stream.lag(*group) == 0);
}

TEST_CASE("stream: nodes are taken from their bytes, and refused when changed") {
  std::mt19937 random(34);
  Pair pair;
  for (int i = 0; i < 200; ++i) pair.append(random, {});
  for (int i = 0; i < 40; ++i) {
    const StreamId id = pair.some_id(random);
    pair.stream.erase(id);
    pair.model.erase(id);
  }
  Stream copy;
  std::vector<std::pair<StreamId, std::string>> nodes;
  pair.stream.visit_nodes([&nodes](const StreamNode& node) { nodes.emplace_back(node.id(), node.bytes()); });
  for (const auto& [id, bytes] : nodes) {
    std::optional<StreamNode> node = StreamNode::from_bytes(id, bytes);
    REQUIRE(node);
    CHECK(copy.append_node(std::move(*node)));
  }
  CHECK_FALSE(copy.append_node(*StreamNode::from_bytes(nodes[0].first, nodes[0].second)));
  CHECK_FALSE(copy.finish_loading(7, pair.stream.last_id(), {}, 200));
  CHECK_FALSE(copy.finish_loading(copy.length(), {1, 1}, {}, 200));
  CHECK(copy.finish_loading(copy.length(), pair.stream.last_id(), pair.stream.max_deleted_id(), 200));
  copy.check_integrity();
  CHECK(entries_of(copy) == entries_of(pair.stream));

  CHECK_FALSE(StreamNode::from_bytes({1, 1}, ""));
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = nodes[0].second;
    for (int i = 0; i < 2; ++i) changed[random() % changed.size()] = static_cast<char>(random());
    if (auto node = StreamNode::from_bytes(nodes[0].first, changed)) node->check_integrity();
  }
}
