// SORT and SORT_RO: the elements of a list, set or sorted set, by themselves or by what other keys hold.
//
// Patterns of BY and GET name keys that no rule can find among the arguments, so such a request runs alone.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/value_support.h"
#include "engine/redis/types/zset.h"

namespace larder::redis {

namespace {

struct SortOptions {
  bool descending = false;
  bool alphabetic = false;
  bool as_they_are = false;       // BY a pattern without a star
  std::int64_t offset = 0;
  std::int64_t count = -1;
  std::string_view by;            // empty: the elements themselves
  std::vector<std::string_view> get;
  std::size_t store = 0;          // argument of STORE; 0: none
};

struct Sorted {
  std::string text;
  double score = 0;
  std::optional<std::string> weight;  // what BY found, when sorting alphabetically
};

// Arguments that belong to the option at `i`.
std::size_t option_values(Arguments args, std::size_t i) {
  if (equals_nocase(args[i], "limit")) return 2;
  return equals_nocase(args[i], "get") || equals_nocase(args[i], "by") || equals_nocase(args[i], "store") ? 1 : 0;
}

bool find_sort_keys(Arguments args, KeyList* keys) {
  keys->add(1, kKeyRO | kKeyAccess);
  std::size_t store = 0;
  for (std::size_t i = 2; i < args.size(); i += 1 + option_values(args, i)) {
    if (equals_nocase(args[i], "store") && i + 1 < args.size()) store = i + 1;
  }
  if (store != 0) keys->add(store, kKeyOW | kKeyUpdate);
  return true;
}

bool reaches_other_keys(Arguments args) {
  for (std::size_t i = 2; i + 1 < args.size(); i += 1 + option_values(args, i)) {
    const bool pattern = equals_nocase(args[i], "get") || equals_nocase(args[i], "by");
    if (pattern && args[i + 1].find('*') != std::string_view::npos) return true;
  }
  return false;
}

// False: the error has been answered.
bool read_options(CommandContext& ctx, bool may_store, SortOptions* options) {
  for (std::size_t i = 2; i < ctx.args.size(); ++i) {
    const std::size_t left = ctx.args.size() - i - 1;
    if (ctx.is(i, "asc")) {
      options->descending = false;
    } else if (ctx.is(i, "desc")) {
      options->descending = true;
    } else if (ctx.is(i, "alpha")) {
      options->alphabetic = true;
    } else if (ctx.is(i, "limit") && left >= 2) {
      if (!ctx.integer(i + 1, &options->offset) || !ctx.integer(i + 2, &options->count)) return false;
      i += 2;
    } else if (may_store && ctx.is(i, "store") && left >= 1) {
      options->store = ++i;
    } else if (ctx.is(i, "by") && left >= 1) {
      options->by = ctx.argument(++i);
      options->as_they_are = options->by.find('*') == std::string_view::npos;
    } else if (ctx.is(i, "get") && left >= 1) {
      options->get.push_back(ctx.argument(++i));
    } else {
      ctx.syntax_error();
      return false;
    }
  }
  return true;
}

// What a pattern stands for with an element in the place of its star: a string, or a field of a hash
// (key->field); # is the element.
std::optional<std::string> look_up(CommandContext& ctx, std::string_view pattern, const std::string& element) {
  if (pattern == "#") return element;
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return std::nullopt;
  std::string_view behind = pattern.substr(star + 1);
  std::string_view field;
  const std::size_t arrow = behind.find("->");
  if (arrow != std::string_view::npos && arrow + 2 < behind.size()) {
    field = behind.substr(arrow + 2);
    behind = behind.substr(0, arrow);
  }
  const std::string name = std::string(pattern.substr(0, star)) + element + std::string(behind);
  const Item* item = ctx.find(ctx.engine.key(name));
  if (item == nullptr) return std::nullopt;
  const Value* value = RedisEngine::object_of(*item);
  if (field.empty()) return value == nullptr ? std::optional<std::string>(item->value()) : std::nullopt;
  if (value == nullptr || value->type() != Type::kHash) return std::nullopt;
  const auto found = static_cast<const Hash*>(value)->find(field, ctx.now_ms);
  if (!found.has_value()) return std::nullopt;
  IntegerText room;
  return std::string(found->text(room));
}

// The elements, in the value's own order; false: no type that can be sorted, which has been answered.
bool load(CommandContext& ctx, const SortOptions& options, Type* type, std::vector<Sorted>* elements) {
  const Item* item = ctx.find(1);
  *type = Type::kList;
  if (item == nullptr) return true;
  const Value* value = RedisEngine::object_of(*item);
  *type = value == nullptr ? Type::kString : value->type();
  IntegerText room;
  const auto add = [&](std::string_view text) { elements->push_back({std::string(text), 0, std::nullopt}); };
  if (*type == Type::kList) {
    const auto& list = *static_cast<const List*>(value);
    for (auto at = list.first(); at; at = list.next(at)) add(list.value(at).text(room));
  } else if (*type == Type::kSet) {
    static_cast<const Set*>(value)->for_each([&](const PackedValue& member) { add(member.text(room)); });
  } else if (*type == Type::kSortedSet) {
    const auto& sorted_set = *static_cast<const SortedSet*>(value);
    sorted_set.visit({0, sorted_set.size()}, false, [&](std::string_view name, double) {
      add(name);
      return true;
    });
  } else {
    ctx.reply.error(errors::kWrongType);
    return false;
  }
  if (options.as_they_are && options.descending && *type != Type::kSet) {
    std::reverse(elements->begin(), elements->end());
  }
  return true;
}

bool read_score(const std::string& text, double* score) {
  char* end = nullptr;
  errno = 0;
  *score = std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size() && errno != ERANGE && !std::isnan(*score);
}

// False: a score is no number, which has been answered.
bool weigh(CommandContext& ctx, const SortOptions& options, std::vector<Sorted>* elements) {
  bool valid = true;
  for (Sorted& element : *elements) {
    std::optional<std::string> weight;
    if (options.by.empty()) {
      if (!options.alphabetic) valid = read_score(element.text, &element.score) && valid;
      continue;
    }
    weight = look_up(ctx, options.by, element.text);
    if (!weight.has_value()) continue;
    if (options.alphabetic) {
      element.weight = std::move(weight);
    } else {
      valid = read_score(*weight, &element.score) && valid;
    }
  }
  if (!valid) ctx.reply.error("ERR One or more scores can't be converted into double");
  return valid;
}

void put_in_order(const SortOptions& options, std::vector<Sorted>* elements) {
  const auto compare = [&](const Sorted& a, const Sorted& b) {
    if (options.alphabetic && options.by.empty()) return a.text.compare(b.text);
    if (options.alphabetic) {
      if (a.weight.has_value() && b.weight.has_value()) return a.weight->compare(*b.weight);
      return static_cast<int>(a.weight.has_value()) - static_cast<int>(b.weight.has_value());
    }
    if (a.score != b.score) return a.score < b.score ? -1 : 1;
    return a.text.compare(b.text);
  };
  std::stable_sort(elements->begin(), elements->end(), [&](const Sorted& a, const Sorted& b) {
    const int order = compare(a, b);
    return options.descending ? order > 0 : order < 0;
  });
}

// The part of `size` elements that LIMIT asks for.
std::pair<std::size_t, std::size_t> limited(const SortOptions& options, std::size_t size) {
  const auto total = static_cast<std::int64_t>(size);
  const std::int64_t begin = std::clamp<std::int64_t>(options.offset, 0, total);
  const std::int64_t count = options.count < 0 ? total : std::min(options.count, total);
  const std::int64_t end = std::min(begin + count, total);
  return {static_cast<std::size_t>(begin), static_cast<std::size_t>(std::max(begin, end))};
}

void store_sorted(CommandContext& ctx, const SortOptions& options, const std::vector<Sorted>& elements,
                  std::size_t begin, std::size_t end) {
  const Key key = ctx.key(options.store);
  std::vector<std::string> rows;
  for (std::size_t i = begin; i < end; ++i) {
    if (options.get.empty()) rows.push_back(elements[i].text);
    for (const std::string_view pattern : options.get) {
      rows.push_back(look_up(ctx, pattern, elements[i].text).value_or(std::string()));
    }
  }
  if (rows.empty()) {
    if (ctx.remove(key)) ctx.modified(key, "del");
    return ctx.reply.integer(0);
  }
  auto list = ctx.make<List>();
  for (const std::string& row : rows) list->push_back(row, list_limits(ctx));
  ctx.put(key, std::move(list));
  ctx.modified(key, "sortstore");
  ctx.reply.integer(static_cast<std::int64_t>(rows.size()));
}

void sort_with(CommandContext& ctx, bool may_store) {
  SortOptions options;
  if (!read_options(ctx, may_store, &options)) return;
  std::vector<Sorted> elements;
  Type type = Type::kList;
  if (!load(ctx, options, &type, &elements)) return;
  if (options.as_they_are && type == Type::kSet && options.store != 0) {
    // What is stored must not depend on how the set happens to lie.
    options.as_they_are = false;
    options.alphabetic = true;
    options.by = {};
  }
  if (!options.as_they_are) {
    if (!weigh(ctx, options, &elements)) return;
    put_in_order(options, &elements);
  }
  const auto [begin, end] = limited(options, elements.size());
  if (options.store != 0) return store_sorted(ctx, options, elements, begin, end);
  ctx.reply.array((end - begin) * std::max<std::size_t>(1, options.get.size()));
  for (std::size_t i = begin; i < end; ++i) {
    if (options.get.empty()) ctx.reply.bulk(elements[i].text);
    for (const std::string_view pattern : options.get) {
      const std::optional<std::string> found = look_up(ctx, pattern, elements[i].text);
      if (found.has_value()) {
        ctx.reply.bulk(*found);
      } else {
        ctx.reply.null();
      }
    }
  }
}

void sort(CommandContext& ctx) { sort_with(ctx, true); }
void sort_ro(CommandContext& ctx) { sort_with(ctx, false); }

constexpr std::uint32_t kCategories =
    kAclSet | kAclSortedSet | kAclList | kAclDangerous;
constexpr KeySpecs kReadKeys =
    key_at(1, kKeyRO | kKeyAccess) + unknown_keys(kKeyRO | kKeyAccess, "keys that BY and GET name by a pattern");

// clang-format off
constexpr CommandSpec kRows[] = {
    {.name = "sort", .handler = sort, .arity = -2, .flags = kWrite | kDenyOom, .categories = kCategories,
     .keys = kReadKeys + unknown_keys(kKeyOW | kKeyUpdate, "the key behind STORE"), .find_keys = find_sort_keys,
     .exclusive = reaches_other_keys, .group = Group::generic, .since = "1.0.0",
     .complexity = "O(N+M*log(M)) for N elements of which M are told",
     .summary = "Sorts the elements of a list, set or sorted set"},
    {.name = "sort_ro", .handler = sort_ro, .arity = -2, .flags = kReadonly, .categories = kCategories,
     .keys = kReadKeys, .find_keys = find_sort_keys, .exclusive = reaches_other_keys, .group = Group::generic,
     .since = "7.0.0", .complexity = "O(N+M*log(M)) for N elements of which M are told",
     .summary = "As SORT, without STORE"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> sort_commands() { return kRows; }

}  // namespace larder::redis
