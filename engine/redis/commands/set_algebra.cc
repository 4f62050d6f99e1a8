// Intersections, unions and differences of sets, answered, counted or stored.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/value_support.h"

namespace larder::redis {

namespace {

using Sets = std::vector<const Set*>;
using Sink = std::function<bool(const PackedValue&)>;  // false: enough

// The sets of keys [first, last) among the arguments, null for those that do not exist. False: one holds
// another type, which has been answered.
bool read_sets(CommandContext& ctx, std::size_t first, std::size_t last, Sets* sets) {
  for (std::size_t i = first; i < last; ++i) {
    Set* set = nullptr;
    if (!ctx.read(i, &set)) return false;
    sets->push_back(set);
  }
  return true;
}

// Gives the members that are in all sets to the sink: the smallest is gone over, the next larger ones
// are asked first.
void intersect(Sets sets, const Sink& sink) {
  if (std::find(sets.begin(), sets.end(), nullptr) != sets.end()) return;
  std::sort(sets.begin(), sets.end(), [](auto* a, auto* b) { return a->size() < b->size(); });
  const Set* smallest = sets.front();
  sets.erase(std::remove(sets.begin(), sets.end(), smallest), sets.end());
  smallest->for_each_while([&](const PackedValue& member) {
    const auto has_it = [&](const Set* set) { return set->contains(member); };
    return !std::all_of(sets.begin(), sets.end(), has_it) || sink(member);
  });
}

void add_to(Set& result, const PackedValue& member, const SetLimits& limits) {
  IntegerText room;
  result.insert(member.text(room), limits);
}

void unite(const Sets& sets, Set& result, const SetLimits& limits) {
  for (const Set* set : sets) {
    if (set == nullptr) continue;
    set->for_each([&](const PackedValue& member) { add_to(result, member, limits); });
  }
}

// Members of the first set that are in none of the others, by the cheaper of two ways: ask the others,
// the largest first, about each member; or take the members of the others out of a copy.
void subtract(Sets sets, Set& result, const SetLimits& limits) {
  const Set* first = sets.front();
  if (first == nullptr || std::count(sets.begin() + 1, sets.end(), first) != 0) return;
  sets.erase(sets.begin());
  sets.erase(std::remove(sets.begin(), sets.end(), nullptr), sets.end());
  std::size_t total = first->size();
  for (const Set* set : sets) total += set->size();
  if (first->size() * (sets.size() + 1) / 2 <= total) {
    std::sort(sets.begin(), sets.end(), [](auto* a, auto* b) { return a->size() > b->size(); });
    first->for_each([&](const PackedValue& member) {
      const auto has_it = [&](const Set* set) { return set->contains(member); };
      if (std::none_of(sets.begin(), sets.end(), has_it)) add_to(result, member, limits);
    });
    return;
  }
  first->for_each([&](const PackedValue& member) { add_to(result, member, limits); });
  for (const Set* set : sets) {
    set->for_each_while([&](const PackedValue& member) {
      IntegerText room;
      result.erase(member.text(room));
      return result.size() != 0;
    });
  }
}

enum class Operation : std::uint8_t { inter, unite, diff };

void combine(Operation operation, const Sets& sets, Set& result, const SetLimits& limits) {
  switch (operation) {
    case Operation::unite: return unite(sets, result, limits);
    case Operation::diff: return subtract(sets, result, limits);
    case Operation::inter:
      return intersect(sets, [&](const PackedValue& member) {
        add_to(result, member, limits);
        return true;
      });
  }
}

void sinter(CommandContext& ctx) {
  Sets sets;
  if (!read_sets(ctx, 1, ctx.args.size(), &sets)) return;
  const Reply::Mark mark = ctx.reply.begin();
  std::size_t count = 0;
  intersect(std::move(sets), [&](const PackedValue& member) {
    reply_value(ctx, member);
    ++count;
    return true;
  });
  ctx.reply.end_set(mark, count);
}

template <Operation operation>
void answer(CommandContext& ctx) {
  Sets sets;
  if (!read_sets(ctx, 1, ctx.args.size(), &sets)) return;
  Set result;
  combine(operation, sets, result, set_limits(ctx));
  ctx.reply.set(result.size());
  result.for_each([&](const PackedValue& member) { reply_value(ctx, member); });
}

template <Operation operation>
void store(CommandContext& ctx) {
  constexpr std::string_view kEvents[] = {"sinterstore", "sunionstore", "sdiffstore"};
  Sets sets;
  if (!read_sets(ctx, 2, ctx.args.size(), &sets)) return;
  auto result = ctx.make<Set>();
  combine(operation, sets, *result, set_limits(ctx));
  const std::size_t size = result->size();
  if (size != 0) {
    ctx.put(1, std::move(result));
    ctx.modified(1, kEvents[static_cast<std::size_t>(operation)]);
  } else {
    ctx.charge_to(nullptr);
    if (ctx.remove(1)) ctx.modified(1, "del");
  }
  ctx.reply.integer(static_cast<std::int64_t>(size));
}

void sintercard(CommandContext& ctx) {
  std::int64_t keys = 0;
  if (!ranged_integer(ctx, 1, 1, INT64_MAX, &keys, "ERR numkeys should be greater than 0")) return;
  if (keys > static_cast<std::int64_t>(ctx.args.size()) - 2) {
    return ctx.reply.error("ERR Number of keys can't be greater than number of args");
  }
  const auto last = static_cast<std::size_t>(keys) + 2;
  std::int64_t limit = 0;
  for (std::size_t i = last; i < ctx.args.size(); i += 2) {
    if (!ctx.is(i, "limit") || i + 1 == ctx.args.size()) return ctx.syntax_error();
    if (!natural(ctx, i + 1, &limit, "ERR LIMIT can't be negative")) return;
  }
  Sets sets;
  if (!read_sets(ctx, 2, last, &sets)) return;
  std::int64_t count = 0;
  intersect(std::move(sets), [&](const PackedValue&) { return ++count != limit; });
  ctx.reply.integer(count);
}

constexpr KeySpecs kReadKeys = keys_from(1, -1, 1, kKeyRO | kKeyAccess);
constexpr KeySpecs kSources = keys_from(2, -1, 1, kKeyRO | kKeyAccess);

constexpr CommandSpec kRows[] = {
    {.name = "sdiff", .handler = answer<Operation::diff>, .arity = -2, .flags = kReadonly,
     .categories = kAclSet, .keys = kReadKeys, .group = Group::set, .since = "1.0.0",
     .complexity = "O(N) for N members of all sets", .summary = "Tells the difference of sets"},
    {.name = "sdiffstore", .handler = store<Operation::diff>, .arity = -3, .flags = kWrite | kDenyOom,
     .categories = kAclSet, .keys = key_at(1, kKeyOW | kKeyUpdate) + kSources, .group = Group::set,
     .since = "1.0.0", .complexity = "O(N) for N members of all sets",
     .summary = "Stores the difference of sets"},
    {.name = "sinter", .handler = sinter, .arity = -2, .flags = kReadonly, .categories = kAclSet,
     .keys = kReadKeys, .group = Group::set, .since = "1.0.0",
     .complexity = "O(N*M) for N members of the smallest of M sets",
     .summary = "Tells the intersection of sets"},
    {.name = "sintercard", .handler = sintercard, .arity = -3, .flags = kReadonly, .categories = kAclSet,
     .keys = counted_keys(1, kKeyRO | kKeyAccess), .group = Group::set, .since = "7.0.0",
     .complexity = "O(N*M) for N members of the smallest of M sets",
     .summary = "Tells how many members the intersection of sets has"},
    {.name = "sinterstore", .handler = store<Operation::inter>, .arity = -3, .flags = kWrite | kDenyOom,
     .categories = kAclSet, .keys = key_at(1, kKeyRW | kKeyUpdate) + kSources, .group = Group::set,
     .since = "1.0.0", .complexity = "O(N*M) for N members of the smallest of M sets",
     .summary = "Stores the intersection of sets"},
    {.name = "sunion", .handler = answer<Operation::unite>, .arity = -2, .flags = kReadonly,
     .categories = kAclSet, .keys = kReadKeys, .group = Group::set, .since = "1.0.0",
     .complexity = "O(N) for N members of all sets", .summary = "Tells the union of sets"},
    {.name = "sunionstore", .handler = store<Operation::unite>, .arity = -3, .flags = kWrite | kDenyOom,
     .categories = kAclSet, .keys = key_at(1, kKeyOW | kKeyUpdate) + kSources, .group = Group::set,
     .since = "1.0.0", .complexity = "O(N) for N members of all sets", .summary = "Stores the union of sets"},
};

}  // namespace

std::span<const CommandSpec> set_algebra_commands() { return kRows; }

}  // namespace larder::redis
