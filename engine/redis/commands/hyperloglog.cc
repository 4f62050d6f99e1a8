// HyperLogLog commands. The values are strings (types/hyperloglog.h).
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "engine/redis/commands/groups.h"
#include "engine/redis/command_context.h"
#include "engine/redis/types/hyperloglog.h"

namespace larder::redis {

namespace {

constexpr std::string_view kCorrupted = "INVALIDOBJ Corrupted HLL object detected";
constexpr std::string_view kNotHyperLogLog = "WRONGTYPE Key is not a valid HyperLogLog string value.";

std::size_t sparse_max(const CommandContext& ctx) {
  return static_cast<std::size_t>(ctx.settings.hll_sparse_max_bytes);
}

/// The value of a key, if there is one; false: that it is no HyperLogLog has been answered.
bool read_value(CommandContext& ctx, std::size_t i, std::optional<std::string_view>* value) {
  if (!ctx.read_string(i, value)) return false;
  if (!*value || hll::has_header(**value)) return true;
  ctx.reply.error(kNotHyperLogLog);
  return false;
}

/// Puts changed bytes in the place of a value that keeps its deadline; raw from then on, as Redis has it.
void store(CommandContext& ctx, std::size_t i, std::string_view value) {
  ctx.put_string(ctx.key(i), value, {.keep_fields = true, .marks = slab::kRawString});
}

void pfadd(CommandContext& ctx) {
  std::optional<std::string_view> found;
  if (!read_value(ctx, 1, &found)) return;
  bool changed = !found;
  if (found && !hll::is_sparse(*found)) {
    // Dense values are large and keep their size: they are changed where they are.
    char* value = ctx.edit_string(ctx.key(1), found->size()).data();
    for (std::size_t i = 2; i < ctx.args.size(); ++i) {
      changed = hll::add_dense(value, ctx.argument(i)) || changed;
    }
    if (changed) hll::invalidate_count(value);
  } else {
    std::string value = found ? std::string(*found) : hll::make();
    for (std::size_t i = 2; i < ctx.args.size(); ++i) {
      const hll::Added added = hll::add(value, ctx.argument(i), sparse_max(ctx));
      if (added == hll::Added::corrupt) return ctx.reply.error(kCorrupted);
      changed = changed || added == hll::Added::changed;
    }
    if (changed) {
      hll::invalidate_count(value.data());
      store(ctx, 1, value);
    } else {
      ctx.mark_raw(ctx.key(1));
    }
  }
  if (changed) ctx.modified(1, "pfadd");
  ctx.reply.integer(changed ? 1 : 0);
}

/// Raises registers to those of the values of all keys from argument `first` on; false: the error has been
/// answered.
bool merge_keys(CommandContext& ctx, std::size_t first, hll::Registers& registers, bool* any_dense) {
  for (std::size_t i = first; i < ctx.args.size(); ++i) {
    std::optional<std::string_view> value;
    if (!read_value(ctx, i, &value)) return false;
    if (!value) continue;
    if (!hll::is_sparse(*value)) *any_dense = true;
    if (!hll::merge(*value, registers)) {
      ctx.reply.error(kCorrupted);
      return false;
    }
  }
  return true;
}

void pfcount(CommandContext& ctx) {
  if (ctx.args.size() > 2) {
    const auto registers = std::make_unique<hll::Registers>();
    bool any_dense = false;
    if (!merge_keys(ctx, 1, *registers, &any_dense)) return;
    return ctx.reply.integer(static_cast<std::int64_t>(hll::count(*registers)));
  }
  std::optional<std::string_view> value;
  if (!read_value(ctx, 1, &value)) return;
  if (!value) return ctx.reply.integer(0);
  std::optional<std::uint64_t> count = hll::cached_count(*value);
  ctx.mark_raw(ctx.key(1));
  if (!count) {
    count = hll::count(*value);
    if (!count) return ctx.reply.error(kCorrupted);
    // The value keeps the number: a change, though the command only reads.
    hll::set_cached_count(ctx.edit_string(ctx.key(1), value->size()).data(), *count);
    ctx.modified(1, {});
  }
  ctx.reply.integer(static_cast<std::int64_t>(*count));
}

void pfmerge(CommandContext& ctx) {
  const auto registers = std::make_unique<hll::Registers>();
  bool any_dense = false;
  if (!merge_keys(ctx, 1, *registers, &any_dense)) return;
  std::optional<std::string_view> found;
  if (!read_value(ctx, 1, &found)) return;
  std::string value = found ? std::string(*found) : hll::make();
  if (any_dense && !hll::to_dense(value)) return ctx.reply.error(kCorrupted);
  for (std::size_t i = 0; i < hll::kRegisters; ++i) {
    if ((*registers)[i] != 0) hll::raise(value, i, (*registers)[i], sparse_max(ctx));
  }
  hll::invalidate_count(value.data());
  store(ctx, 1, value);
  ctx.modified(1, "pfadd");
  ctx.reply.ok();
}

// --- for tests ---

/// Makes the value at argument 2 dense. False: the error has been answered.
bool make_dense(CommandContext& ctx, std::string_view found, std::string* value) {
  *value = found;
  if (!hll::is_sparse(found)) return true;
  if (!hll::to_dense(*value)) return ctx.reply.error(kCorrupted), false;
  store(ctx, 2, *value);
  ctx.modified(2, {});
  return true;
}

void pfdebug(CommandContext& ctx) {
  std::optional<std::string_view> found;
  if (!ctx.read_string(2, &found)) return;
  if (!found) return ctx.reply.error("ERR The specified key does not exist");
  if (!hll::has_header(*found)) return ctx.reply.error(kNotHyperLogLog);
  ctx.mark_raw(ctx.key(2));
  const bool sparse = hll::is_sparse(*found);
  std::string value;
  if (ctx.is(1, "getreg")) {
    if (!make_dense(ctx, *found, &value)) return;
    hll::Registers registers{};
    hll::merge(value, registers);
    ctx.reply.array(registers.size());
    for (const std::uint8_t one : registers) ctx.reply.integer(one);
  } else if (ctx.is(1, "decode")) {
    if (!sparse) return ctx.reply.error("ERR HLL encoding is not sparse");
    ctx.reply.bulk(hll::decoded(*found));
  } else if (ctx.is(1, "encoding")) {
    ctx.reply.status(sparse ? "sparse" : "dense");
  } else if (ctx.is(1, "todense")) {
    if (!make_dense(ctx, *found, &value)) return;
    ctx.reply.integer(sparse ? 1 : 0);
  } else {
    ctx.reply.error(fmt::format("ERR Unknown PFDEBUG subcommand '{}'", ctx.argument(1)));
  }
}

/// Adds many elements to a sparse and a dense value, which must agree and err as little as they should.
void pfselftest(CommandContext& ctx) {
  constexpr std::uint64_t kElements = 1'000'000;
  constexpr double kStandardError = 1.04 / 128;
  const std::uint64_t seed = ctx.state.random_u64();
  std::string sparse = hll::make();
  std::string dense = hll::make();
  hll::to_dense(dense);
  std::uint64_t checkpoint = 1;
  for (std::uint64_t i = 1; i <= kElements; ++i) {
    const std::uint64_t element = i ^ seed;
    const std::string_view bytes(reinterpret_cast<const char*>(&element), sizeof element);
    hll::add_dense(dense.data(), bytes);
    hll::add(sparse, bytes, sparse_max(ctx));
    if (i != checkpoint) continue;
    if (i < sparse_max(ctx) / 2 && !hll::is_sparse(sparse)) {
      return ctx.reply.error("ERR TESTFAILED sparse encoding not used");
    }
    const std::uint64_t count = *hll::count(dense);
    if (hll::count(sparse) != count) return ctx.reply.error("ERR TESTFAILED dense/sparse disagree");
    const std::uint64_t error = count > i ? count - i : i - count;
    const double allowed = i == 10 ? 1 : std::ceil(kStandardError * 6 * static_cast<double>(i));
    if (static_cast<double>(error) > allowed) {
      return ctx.reply.error(fmt::format("ERR TESTFAILED Too big error. card:{} abserr:{}", i, error));
    }
    checkpoint *= 10;
  }
  ctx.reply.ok();
}

constexpr CommandSpec kRows[] = {
    {.name = "pfadd", .handler = pfadd, .arity = -2, .flags = kWrite | kDenyOom | kFast,
     .categories = kAclHyperLogLog, .keys = key_at(1, kKeyRW | kKeyInsert), .group = Group::hyperloglog,
     .since = "2.8.9", .complexity = "O(1) an element", .summary = "Adds elements to be counted"},
    {.name = "pfcount", .handler = pfcount, .arity = -2, .flags = kReadonly, .categories = kAclHyperLogLog,
     .keys = keys_from(1, -1, 1, kKeyRW | kKeyAccess), .group = Group::hyperloglog, .since = "2.8.9",
     .complexity = "O(1) for one key, O(N) for N keys",
     .summary = "Tells about how many different elements were added"},
    {.name = "pfdebug", .handler = pfdebug, .arity = 3, .flags = kWrite | kDenyOom | kAdmin,
     .categories = kAclHyperLogLog, .keys = key_at(2, kKeyRW | kKeyAccess), .group = Group::hyperloglog,
     .since = "2.8.9", .complexity = "N/A", .summary = "Shows the inside of a value, for tests"},
    {.name = "pfmerge", .handler = pfmerge, .arity = -2, .flags = kWrite | kDenyOom,
     .categories = kAclHyperLogLog,
     .keys = key_at(1, kKeyRW | kKeyAccess | kKeyInsert) + keys_from(2, -1, 1, kKeyRO | kKeyAccess),
     .group = Group::hyperloglog, .since = "2.8.9", .complexity = "O(N) for N keys",
     .summary = "Makes one value of several"},
    {.name = "pfselftest", .handler = pfselftest, .arity = 1, .flags = kAdmin,
     .categories = kAclHyperLogLog, .group = Group::hyperloglog, .since = "2.8.9", .complexity = "N/A",
     .summary = "Tests the estimate"},
};

}  // namespace

std::span<const CommandSpec> hyperloglog_commands() { return kRows; }

}  // namespace larder::redis
