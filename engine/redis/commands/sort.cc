// SORT and SORT_RO: the elements of a list, set or sorted set, by themselves or by what other keys hold.
//
// Patterns of BY and GET name keys that no rule can find among the arguments, so such a request runs alone.
//
// Many elements are put in order without locks (deferred.h): what the answer depends on is gathered under the
// locks first. With STORE it is gathered again afterwards, and stored if it is still the same.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/value_support.h"
#include "engine/redis/types/heap.h"
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

using Found = std::optional<std::string>;

struct Element {
  std::string text;
  double score = 0;
  Found weight;  // what BY found, when sorting alphabetically
  bool operator==(const Element&) const = default;
};

// All that the answer depends on.
struct Gathered {
  std::vector<Element> elements;  // in the value's own order
  bool as_they_are = false;       // the answer's order is theirs
  std::vector<Found> found;       // what GET found for all elements, one after the other; only when deferred
  bool operator==(const Gathered&) const = default;
};

// More elements than this are not put in order under locks.
constexpr std::size_t kElementsUnderLock = 1000;
// How often an order is thrown away because the value changed meanwhile.
constexpr int kTriesMax = 3;

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
Found look_up(CommandContext& ctx, std::string_view pattern, const std::string& element) {
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
  if (field.empty()) return value == nullptr ? Found(item->value()) : std::nullopt;
  if (value == nullptr || value->type() != Type::kHash) return std::nullopt;
  const auto found = static_cast<const Hash*>(value)->find(field, ctx.now_ms);
  if (!found.has_value()) return std::nullopt;
  IntegerText room;
  return std::string(found->text(room));
}

// The elements, in the value's own order; false: no type that can be sorted, which has been answered.
bool load(CommandContext& ctx, const SortOptions& options, Gathered* gathered) {
  const Item* item = ctx.find(1);
  gathered->as_they_are = options.as_they_are;
  if (item == nullptr) return true;
  const Value* value = RedisEngine::object_of(*item);
  const Type type = value == nullptr ? Type::kString : value->type();
  std::vector<Element>& elements = gathered->elements;
  IntegerText room;
  const auto add = [&](std::string_view text) { elements.push_back({std::string(text), 0, std::nullopt}); };
  if (type == Type::kList) {
    const auto& list = *static_cast<const List*>(value);
    elements.reserve(list.size());
    for (auto at = list.first(); at; at = list.next(at)) add(list.value(at).text(room));
  } else if (type == Type::kSet) {
    const auto& set = *static_cast<const Set*>(value);
    elements.reserve(set.size());
    set.for_each([&](const PackedValue& member) { add(member.text(room)); });
    // What is stored must not depend on how a set happens to lie.
    if (options.store != 0) gathered->as_they_are = false;
  } else if (type == Type::kSortedSet) {
    const auto& sorted_set = *static_cast<const SortedSet*>(value);
    elements.reserve(sorted_set.size());
    sorted_set.visit({0, sorted_set.size()}, false, [&](std::string_view name, double) {
      add(name);
      return true;
    });
  } else {
    ctx.reply.error(errors::kWrongType);
    return false;
  }
  if (options.as_they_are && options.descending && type != Type::kSet) {
    std::reverse(elements.begin(), elements.end());
  }
  return true;
}

bool read_score(const std::string& text, double* score) {
  char* end = nullptr;
  errno = 0;
  *score = std::strtod(text.c_str(), &end);
  return *end == '\0' && errno != ERANGE && !std::isnan(*score);  // up to a zero byte, as Redis reads it
}

// False: a score is no number, which has been answered.
bool weigh(CommandContext& ctx, const SortOptions& options, std::vector<Element>* elements) {
  bool valid = true;
  for (Element& element : *elements) {
    if (options.by.empty()) {
      if (!options.alphabetic) valid = read_score(element.text, &element.score) && valid;
      continue;
    }
    Found weight = look_up(ctx, options.by, element.text);
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

// False: the error has been answered.
bool gather(CommandContext& ctx, SortOptions& options, Gathered* gathered) {
  if (!load(ctx, options, gathered)) return false;
  if (options.as_they_are && !gathered->as_they_are) {  // a set that is to be stored
    options.alphabetic = true;
    options.by = {};
  }
  return gathered->as_they_are || weigh(ctx, options, &gathered->elements);
}

// Elements by their places.
using Order = std::vector<std::uint32_t>;

// The part of the elements that LIMIT asks for, in the order of the answer.
Order put_in_order(const SortOptions& options, const Gathered& gathered) {
  const std::vector<Element>& elements = gathered.elements;
  const auto compare = [&](const Element& a, const Element& b) {
    if (options.alphabetic && options.by.empty()) return a.text.compare(b.text);
    if (options.alphabetic) {
      if (a.weight.has_value() && b.weight.has_value()) return a.weight->compare(*b.weight);
      return static_cast<int>(a.weight.has_value()) - static_cast<int>(b.weight.has_value());
    }
    if (a.score != b.score) return a.score < b.score ? -1 : 1;
    return a.text.compare(b.text);
  };
  Order order(elements.size());
  std::iota(order.begin(), order.end(), 0u);
  if (!gathered.as_they_are) {
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      const int difference = compare(elements[a], elements[b]);
      return options.descending ? difference > 0 : difference < 0;
    });
  }
  const auto total = static_cast<std::int64_t>(order.size());
  const std::int64_t begin = std::clamp<std::int64_t>(options.offset, 0, total);
  const std::int64_t count = options.count < 0 ? total : std::min(options.count, total);
  const std::int64_t end = std::max(begin, std::min(begin + count, total));
  return {order.begin() + begin, order.begin() + end};
}

// What is answered with or stored: for each element in order itself, or what GET found for it.
template <typename LookUp, typename Visit>
void for_each_row(const SortOptions& options, const Gathered& gathered, const Order& order, LookUp&& look_up_for,
                  Visit&& visit) {
  for (const std::uint32_t at : order) {
    if (options.get.empty()) visit(Found(gathered.elements[at].text));
    for (std::size_t i = 0; i < options.get.size(); ++i) visit(look_up_for(at, i));
  }
}

template <typename LookUp>
void reply_rows(Reply& reply, const SortOptions& options, const Gathered& gathered, const Order& order,
                LookUp&& look_up_for) {
  reply.array(order.size() * std::max<std::size_t>(1, options.get.size()));
  for_each_row(options, gathered, order, look_up_for, [&](const Found& row) {
    if (row.has_value()) {
      reply.bulk(*row);
    } else {
      reply.null();
    }
  });
}

template <typename LookUp>
std::unique_ptr<List> make_list(const SortOptions& options, const Gathered& gathered, const Order& order,
                                const ListLimits& limits, LookUp&& look_up_for) {
  auto list = std::make_unique<List>();
  const heap::Meter meter;
  for_each_row(options, gathered, order, look_up_for,
               [&](const Found& row) { list->push_back(row.value_or(std::string()), limits); });
  list->charge(meter.delta() + static_cast<std::int64_t>(heap::usable_bytes(list.get())));
  return list;
}

void store(CommandContext& ctx, const SortOptions& options, std::unique_ptr<List> list) {
  const Key key = ctx.key(options.store);
  const std::size_t size = list->size();
  if (size == 0) {
    if (ctx.remove(key)) ctx.modified(key, "del");
    return ctx.reply.integer(0);
  }
  ctx.put(key, std::unique_ptr<Value>(std::move(list)));
  ctx.modified(key, "sortstore");
  ctx.reply.integer(static_cast<std::int64_t>(size));
}

// Many elements.
class LongSort final : public Deferred {
 public:
  LongSort(SortOptions options, Gathered gathered, const ListLimits& limits)
      : options_(std::move(options)), gathered_(std::move(gathered)), limits_(limits) {}

  bool work(Reply& reply) override {
    const Order order = put_in_order(options_, gathered_);
    const auto found = [this](std::uint32_t at, std::size_t i) -> const Found& {
      return gathered_.found[at * options_.get.size() + i];
    };
    if (options_.store == 0) {
      reply_rows(reply, options_, gathered_, order, found);
      return true;
    }
    list_ = make_list(options_, gathered_, order, limits_, found);
    ++tries_;
    return false;
  }

  /// Whether the list is what these elements come to; if not, that is to be made once more, unless it was
  /// tried too often.
  bool stands(Gathered now) {
    if (now == gathered_) return true;
    gathered_ = std::move(now);
    return false;
  }
  bool tried_enough() const { return tries_ >= kTriesMax; }
  std::unique_ptr<List> take_list() { return std::move(list_); }

 private:
  const SortOptions options_;
  Gathered gathered_;
  const ListLimits limits_;
  std::unique_ptr<List> list_;
  int tries_ = 0;
};

void sort_with(CommandContext& ctx, bool may_store) {
  SortOptions options;
  if (!read_options(ctx, may_store, &options)) return;
  Gathered gathered;
  auto* const done = static_cast<LongSort*>(ctx.state.deferred.get());
  if (!gather(ctx, options, &gathered)) return ctx.state.deferred.reset();
  const auto look_up_now = [&](std::uint32_t at, std::size_t i) {
    return look_up(ctx, options.get[i], gathered.elements[at].text);
  };
  if (gathered.elements.size() <= kElementsUnderLock || (done != nullptr && done->tried_enough())) {
    ctx.state.deferred.reset();
    const Order order = put_in_order(options, gathered);
    if (options.store == 0) return reply_rows(ctx.reply, options, gathered, order, look_up_now);
    return store(ctx, options, make_list(options, gathered, order, list_limits(ctx), look_up_now));
  }
  gathered.found.reserve(gathered.elements.size() * options.get.size());
  for (std::uint32_t at = 0; at < gathered.elements.size(); ++at) {
    for (std::size_t i = 0; i < options.get.size(); ++i) gathered.found.push_back(look_up_now(at, i));
  }
  if (done == nullptr) {
    ctx.state.deferred = std::make_unique<LongSort>(options, std::move(gathered), list_limits(ctx));
  } else if (done->stands(std::move(gathered))) {
    store(ctx, options, done->take_list());
    ctx.state.deferred.reset();
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
