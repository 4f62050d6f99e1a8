// Commands of the list group. The forms that wait for an element are not here.
#include <algorithm>
#include <string>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/value_support.h"

namespace larder::redis {

namespace {

enum class End : bool { left, right };

constexpr std::string_view push_event(End end) { return end == End::left ? "lpush" : "rpush"; }
constexpr std::string_view pop_event(End end) { return end == End::left ? "lpop" : "rpop"; }

bool end_argument(CommandContext& ctx, std::size_t argument, End* end) {
  if (ctx.is(argument, "left")) {
    *end = End::left;
  } else if (ctx.is(argument, "right")) {
    *end = End::right;
  } else {
    ctx.syntax_error();
    return false;
  }
  return true;
}

void push_to(List& list, End end, std::string_view text, const ListLimits& limits) {
  end == End::left ? list.push_front(text, limits) : list.push_back(text, limits);
}

// Takes one element; its text is put into `text` or answered.
std::string take(List& list, End end) {
  IntegerText room;
  const PackedValue value = end == End::left ? list.front() : list.back();
  std::string text(value.text(room));
  end == End::left ? list.pop_front() : list.pop_back();
  return text;
}

// Answers with an array of elements from one end, and takes them.
void reply_and_take(CommandContext& ctx, List& list, End end, std::size_t count) {
  ctx.reply.array(count);
  auto at = end == End::left ? list.first() : list.last();
  for (std::size_t i = 0; i < count; ++i) {
    reply_value(ctx, list.value(at));
    at = end == End::left ? list.next(at) : list.previous(at);
  }
  list.erase_range(end == End::left ? 0 : list.size() - count, count);
}

// --- adding ---

template <End end, bool must_exist>
void push(CommandContext& ctx) {
  List* list = nullptr;
  if (!ctx.write(1, &list)) return;
  if (list == nullptr) {
    if (must_exist) return ctx.reply.integer(0);
    list = ctx.create<List>(1);
  }
  const ListLimits limits = list_limits(ctx);
  for (std::size_t i = 2; i < ctx.args.size(); ++i) push_to(*list, end, ctx.argument(i), limits);
  const std::size_t size = list->size();
  ctx.modified(1, push_event(end));
  ctx.reply.integer(static_cast<std::int64_t>(size));
}

void linsert(CommandContext& ctx) {
  const bool before = ctx.is(2, "before");
  if (!before && !ctx.is(2, "after")) return ctx.syntax_error();
  List* list = nullptr;
  if (!ctx.write(1, &list)) return;
  if (list == nullptr) return ctx.reply.integer(0);
  auto at = list->first();
  while (at && !list->equals(at, ctx.argument(3))) at = list->next(at);
  if (!at) return ctx.reply.integer(-1);
  const ListLimits limits = list_limits(ctx);
  before ? list->insert_before(at, ctx.argument(4), limits)
         : list->insert_after(at, ctx.argument(4), limits);
  const std::size_t size = list->size();
  ctx.modified(1, "linsert");
  ctx.reply.integer(static_cast<std::int64_t>(size));
}

void lset(CommandContext& ctx) {
  List* list = nullptr;
  if (!ctx.write(1, &list)) return;
  if (list == nullptr) return ctx.reply.error(errors::kNoKey);
  std::int64_t index = 0;
  if (!ctx.integer(2, &index)) return;
  const auto at = list->seek(index);
  if (!at) return ctx.reply.error(errors::kIndexOutOfRange);
  list->replace(at, ctx.argument(3), list_limits(ctx));
  ctx.modified(1, "lset");
  ctx.reply.ok();
}

// --- reading ---

void llen(CommandContext& ctx) {
  List* list = nullptr;
  if (!ctx.read(1, &list)) return;
  ctx.reply.integer(list == nullptr ? 0 : static_cast<std::int64_t>(list->size()));
}

void lindex(CommandContext& ctx) {
  List* list = nullptr;
  if (!ctx.read(1, &list)) return;
  if (list == nullptr) return ctx.reply.null();
  std::int64_t index = 0;
  if (!ctx.integer(2, &index)) return;
  const auto at = list->seek(index);
  if (!at) return ctx.reply.null();
  reply_value(ctx, list->value(at));
}

// Makes indexes that may be negative or too large into [*start, *end) within the size.
void clip(std::int64_t size, std::int64_t* start, std::int64_t* end) {
  if (*start < 0) *start = std::max<std::int64_t>(*start + size, 0);
  if (*end < 0) *end += size;
  *end = std::min(*end, size - 1) + 1;
  if (*start > *end) *start = *end = 0;
}

void lrange(CommandContext& ctx) {
  std::int64_t start = 0;
  std::int64_t end = 0;
  if (!ctx.integer(2, &start)) return;
  if (!ctx.integer(3, &end)) return;
  List* list = nullptr;
  if (!ctx.read(1, &list)) return;
  if (list == nullptr) return ctx.reply.empty_array();
  clip(static_cast<std::int64_t>(list->size()), &start, &end);
  ctx.reply.array(static_cast<std::size_t>(end - start));
  if (start == end) return;
  auto at = list->seek(start);
  for (std::int64_t i = start; i < end; ++i) {
    reply_value(ctx, list->value(at));
    at = list->next(at);
  }
}

struct PositionOptions {
  std::int64_t rank = 1;
  std::int64_t count = -1;  // not given: one position, not an array
  std::int64_t compared_max = 0;
};

bool position_options(CommandContext& ctx, PositionOptions* options) {
  for (std::size_t i = 3; i < ctx.args.size(); i += 2) {
    const bool has_value = i + 1 < ctx.args.size();
    if (has_value && ctx.is(i, "rank")) {
      if (!ctx.integer(i + 1, &options->rank)) return false;
      if (options->rank == 0) {
        ctx.reply.error("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
                        "or use negative to start from the end of the list");
        return false;
      }
    } else if (has_value && ctx.is(i, "count")) {
      if (!natural(ctx, i + 1, &options->count, "ERR COUNT can't be negative")) return false;
    } else if (has_value && ctx.is(i, "maxlen")) {
      if (!natural(ctx, i + 1, &options->compared_max, "ERR MAXLEN can't be negative")) return false;
    } else {
      ctx.syntax_error();
      return false;
    }
  }
  if (options->rank == INT64_MIN) {
    // It has no positive counterpart; in Redis 7.0 it means all matches, the last first.
    options->rank = -1;
    options->count = std::min<std::int64_t>(options->count, 0);
  }
  return true;
}

void lpos(CommandContext& ctx) {
  PositionOptions options;
  if (!position_options(ctx, &options)) return;
  const bool backwards = options.rank < 0;
  const std::int64_t rank = backwards ? -options.rank : options.rank;
  const bool as_array = options.count >= 0;
  List* list = nullptr;
  if (!ctx.read(1, &list)) return;
  if (list == nullptr) return as_array ? ctx.reply.empty_array() : ctx.reply.null();

  const auto size = static_cast<std::int64_t>(list->size());
  const Reply::Mark mark = as_array ? ctx.reply.begin() : Reply::Mark{};
  std::int64_t matches = 0;
  std::size_t found = 0;
  std::int64_t position = -1;
  auto at = backwards ? list->last() : list->first();
  for (std::int64_t i = 0; at && (options.compared_max == 0 || i < options.compared_max); ++i) {
    if (list->equals(at, ctx.argument(2)) && ++matches >= rank) {
      position = backwards ? size - 1 - i : i;
      if (!as_array) break;
      ctx.reply.integer(position);
      ++found;
      if (options.count != 0 && static_cast<std::int64_t>(found) >= options.count) break;
    }
    at = backwards ? list->previous(at) : list->next(at);
  }
  if (as_array) return ctx.reply.end_array(mark, found);
  position < 0 ? ctx.reply.null() : ctx.reply.integer(position);
}

// --- taking ---

template <End end>
void pop(CommandContext& ctx) {
  if (ctx.args.size() > 3) return wrong_arity(ctx);
  const bool as_array = ctx.args.size() == 3;
  std::int64_t count = 1;
  if (as_array && !natural(ctx, 2, &count)) return;
  List* list = nullptr;
  if (!ctx.write(1, &list)) return;
  if (list == nullptr) return as_array ? ctx.reply.null_array() : ctx.reply.null();
  if (count == 0) return ctx.reply.empty_array();
  if (as_array) {
    reply_and_take(ctx, *list, end, std::min(static_cast<std::size_t>(count), list->size()));
  } else {
    reply_value(ctx, end == End::left ? list->front() : list->back());
    end == End::left ? list->pop_front() : list->pop_back();
  }
  ctx.modified(1, pop_event(end));
  drop_if_empty(ctx, 1, list);
}

void lrem(CommandContext& ctx) {
  std::int64_t wanted = 0;
  if (!ctx.integer(2, &wanted)) return;
  List* list = nullptr;
  if (!ctx.write(1, &list)) return;
  if (list == nullptr) return ctx.reply.integer(0);
  const bool backwards = wanted < 0;
  const auto given = static_cast<std::uint64_t>(wanted);
  const std::uint64_t most = backwards ? -given : given;
  std::uint64_t removed = 0;
  auto at = backwards ? list->last() : list->first();
  while (at && (most == 0 || removed < most)) {
    if (list->equals(at, ctx.argument(3))) {
      at = backwards ? list->erase_backwards(at) : list->erase(at);
      ++removed;
    } else {
      at = backwards ? list->previous(at) : list->next(at);
    }
  }
  if (removed != 0) {
    ctx.modified(1, "lrem");
    drop_if_empty(ctx, 1, list);
  }
  ctx.reply.integer(static_cast<std::int64_t>(removed));
}

void ltrim(CommandContext& ctx) {
  std::int64_t start = 0;
  std::int64_t end = 0;
  if (!ctx.integer(2, &start)) return;
  if (!ctx.integer(3, &end)) return;
  List* list = nullptr;
  if (!ctx.write(1, &list)) return;
  if (list == nullptr) return ctx.reply.ok();
  clip(static_cast<std::int64_t>(list->size()), &start, &end);
  const auto kept_end = static_cast<std::size_t>(end);
  list->erase_range(kept_end, list->size() - kept_end);
  list->erase_range(0, static_cast<std::size_t>(start));
  ctx.modified(1, "ltrim");
  drop_if_empty(ctx, 1, list);
  ctx.reply.ok();
}

// --- moving ---

// From the list at argument 1 to the list at argument 2, which may be the same.
void move(CommandContext& ctx, End from, End to) {
  List* source = nullptr;
  if (!ctx.write(1, &source)) return;
  if (source == nullptr) return ctx.reply.null();
  List* target = nullptr;
  if (!ctx.read(2, &target)) return;
  const std::string text = take(*source, from);
  const bool emptied = source->size() == 0 && source != target;
  // What makes an entry may make the source's memory invalid: it is not touched from here on.
  if (target == nullptr) {
    target = ctx.create<List>(2);
  } else {
    ctx.charge_to(target);
  }
  push_to(*target, to, text, list_limits(ctx));
  ctx.modified(2, push_event(to));
  ctx.modified(1, pop_event(from));
  if (emptied && ctx.remove(1)) ctx.modified(1, "del");
  ctx.reply.bulk(text);
}

void lmove(CommandContext& ctx) {
  End from;
  End to;
  if (!end_argument(ctx, 3, &from)) return;
  if (!end_argument(ctx, 4, &to)) return;
  move(ctx, from, to);
}

void rpoplpush(CommandContext& ctx) { move(ctx, End::right, End::left); }

void lmpop(CommandContext& ctx) {
  std::int64_t keys = 0;
  if (!ranged_integer(ctx, 1, 1, INT64_MAX, &keys, "ERR numkeys should be greater than 0")) return;
  if (keys > static_cast<std::int64_t>(ctx.args.size()) - 3) return ctx.syntax_error();
  const auto end_at = static_cast<std::size_t>(keys) + 2;
  End end;
  if (!end_argument(ctx, end_at, &end)) return;
  std::int64_t count = 1;
  if (ctx.args.size() > end_at + 1) {
    if (ctx.args.size() < end_at + 3 || !ctx.is(end_at + 1, "count")) return ctx.syntax_error();
    if (!ranged_integer(ctx, end_at + 2, 1, INT64_MAX, &count, "ERR count should be greater than 0")) return;
    if (ctx.args.size() > end_at + 3) return ctx.syntax_error();
  }
  for (std::size_t i = 2; i < end_at; ++i) {
    List* list = nullptr;
    if (!ctx.write(i, &list)) return;
    if (list == nullptr) continue;
    ctx.reply.array(2);
    ctx.reply.bulk(ctx.argument(i));
    reply_and_take(ctx, *list, end, std::min(static_cast<std::size_t>(count), list->size()));
    ctx.modified(i, pop_event(end));
    return drop_if_empty(ctx, i, list);
  }
  ctx.reply.null_array();
}

constexpr std::uint32_t kAdds = kWrite | kDenyOom | kFast;
constexpr KeySpecs kReadKey = key_at(1, kKeyRO | kKeyAccess);
constexpr KeySpecs kInsertKey = key_at(1, kKeyRW | kKeyInsert);
constexpr KeySpecs kDeleteKey = key_at(1, kKeyRW | kKeyDelete);
constexpr KeySpecs kPopKey = key_at(1, kKeyRW | kKeyAccess | kKeyDelete);
constexpr KeySpecs kMoveKeys = kPopKey + key_at(2, kKeyRW | kKeyInsert);

constexpr CommandSpec kRows[] = {
    {.name = "lindex", .handler = lindex, .arity = 3, .flags = kReadonly, .categories = kAclList,
     .keys = kReadKey, .group = Group::list, .since = "1.0.0",
     .complexity = "O(N) for N elements between the index and the nearer end; O(1) at the ends",
     .summary = "Tells the element at an index"},
    {.name = "linsert", .handler = linsert, .arity = 5, .flags = kWrite | kDenyOom, .categories = kAclList,
     .keys = kInsertKey, .group = Group::list, .since = "2.2.0",
     .complexity = "O(N) for N elements in front of the pivot",
     .summary = "Puts an element before or after another"},
    {.name = "llen", .handler = llen, .arity = 2, .flags = kReadonly | kFast, .categories = kAclList,
     .keys = key_at(1, kKeyRO), .group = Group::list, .since = "1.0.0", .complexity = "O(1)",
     .summary = "Tells how many elements a list has"},
    {.name = "lmove", .handler = lmove, .arity = 5, .flags = kWrite | kDenyOom, .categories = kAclList,
     .keys = kMoveKeys, .group = Group::list, .since = "6.2.0", .complexity = "O(1)",
     .summary = "Moves an element from an end of one list to an end of another"},
    {.name = "lmpop", .handler = lmpop, .arity = -4, .flags = kWrite, .categories = kAclList,
     .keys = counted_keys(1, kKeyRW | kKeyAccess | kKeyDelete), .group = Group::list, .since = "7.0.0",
     .complexity = "O(N+M) for N keys and M elements taken",
     .summary = "Takes elements from the first of several lists that has any"},
    {.name = "lpop", .handler = pop<End::left>, .arity = -2, .flags = kWrite | kFast,
     .categories = kAclList, .keys = kPopKey, .group = Group::list, .since = "1.0.0",
     .complexity = "O(N) for N elements taken", .summary = "Takes elements from the left end"},
    {.name = "lpos", .handler = lpos, .arity = -3, .flags = kReadonly, .categories = kAclList,
     .keys = kReadKey, .group = Group::list, .since = "6.0.6",
     .complexity = "O(N) for N elements compared", .summary = "Tells where an element stands in a list"},
    {.name = "lpush", .handler = push<End::left, false>, .arity = -3, .flags = kAdds,
     .categories = kAclList, .keys = kInsertKey, .group = Group::list, .since = "1.0.0",
     .complexity = "O(N) for N elements added", .summary = "Adds elements at the left end"},
    {.name = "lpushx", .handler = push<End::left, true>, .arity = -3, .flags = kAdds,
     .categories = kAclList, .keys = kInsertKey, .group = Group::list, .since = "2.2.0",
     .complexity = "O(N) for N elements added",
     .summary = "Adds elements at the left end of a list that exists"},
    {.name = "lrange", .handler = lrange, .arity = 4, .flags = kReadonly, .categories = kAclList,
     .keys = kReadKey, .group = Group::list, .since = "1.0.0",
     .complexity = "O(S+N) for S elements between the range and the nearer end, and N in it",
     .summary = "Tells the elements of a range"},
    {.name = "lrem", .handler = lrem, .arity = 4, .flags = kWrite, .categories = kAclList,
     .keys = kDeleteKey, .group = Group::list, .since = "1.0.0",
     .complexity = "O(N) for N elements compared", .summary = "Removes elements that are equal to one"},
    {.name = "lset", .handler = lset, .arity = 4, .flags = kWrite | kDenyOom, .categories = kAclList,
     .keys = key_at(1, kKeyRW | kKeyUpdate), .group = Group::list, .since = "1.0.0",
     .complexity = "O(N) for N elements between the index and the nearer end; O(1) at the ends",
     .summary = "Sets the element at an index"},
    {.name = "ltrim", .handler = ltrim, .arity = 4, .flags = kWrite, .categories = kAclList,
     .keys = kDeleteKey, .group = Group::list, .since = "1.0.0",
     .complexity = "O(N) for N elements removed", .summary = "Removes all elements but those of a range"},
    {.name = "rpop", .handler = pop<End::right>, .arity = -2, .flags = kWrite | kFast,
     .categories = kAclList, .keys = kPopKey, .group = Group::list, .since = "1.0.0",
     .complexity = "O(N) for N elements taken", .summary = "Takes elements from the right end"},
    {.name = "rpoplpush", .handler = rpoplpush, .arity = 3, .flags = kWrite | kDenyOom | kDeprecated,
     .categories = kAclList, .keys = kMoveKeys, .group = Group::list, .since = "1.2.0", .complexity = "O(1)",
     .summary = "Moves the last element of a list to the front of another",
     .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments", .deprecated_since = "6.2.0"},
    {.name = "rpush", .handler = push<End::right, false>, .arity = -3, .flags = kAdds,
     .categories = kAclList, .keys = kInsertKey, .group = Group::list, .since = "1.0.0",
     .complexity = "O(N) for N elements added", .summary = "Adds elements at the right end"},
    {.name = "rpushx", .handler = push<End::right, true>, .arity = -3, .flags = kAdds,
     .categories = kAclList, .keys = kInsertKey, .group = Group::list, .since = "2.2.0",
     .complexity = "O(N) for N elements added",
     .summary = "Adds elements at the right end of a list that exists"},
};

}  // namespace

std::span<const CommandSpec> list_commands() { return kRows; }

}  // namespace larder::redis
