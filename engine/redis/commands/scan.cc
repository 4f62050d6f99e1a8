// Walks over the keys of a database: SCAN, KEYS, RANDOMKEY, DBSIZE.
//
// SCAN goes through stripes and buckets in order; its cursor is the next place. A table only grows, and
// what a growing table moves goes to its end, before the walk or again, so a key that is there all the time
// is shown at least once.
#include <algorithm>
#include <mutex>

#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/glob.h"
#include "engine/redis/scan_options.h"

namespace larder::redis {

namespace {

// Empty buckets are passed over quickly: so many are looked at before a reply without keys is given.
constexpr std::size_t kBucketsMin = 16 * 1024;
constexpr unsigned kBucketBits = 40;

bool live(CommandContext& ctx, const Item& item) {
  const std::int64_t deadline_ms = item.has(slab::kAnyDeadline) ? ctx.deadline_of(item) : 0;
  return deadline_ms == 0 || deadline_ms > ctx.now_ms;
}

// What is in a bucket: matching keys are answered, expired ones removed.
std::size_t show_bucket(CommandContext& ctx, Stripe& stripe, std::size_t bucket, const ScanOptions& options) {
  engine::Keyspace& keyspace = ctx.engine.keyspace();
  std::size_t shown = 0;
  std::vector<Ref> expired;
  stripe.table.for_bucket(bucket, [&](Ref ref) {
    const Item& item = keyspace.item(ref);
    if (!live(ctx, item)) {
      expired.push_back(ref);
      return;
    }
    if (!options.matches(item.key())) return;
    if (!options.type.empty() && !equals_nocase(options.type, type_name(CommandContext::type_of(item)))) return;
    ctx.reply.bulk(item.key());
    ++shown;
  });
  for (const Ref ref : expired) {
    ctx.state.count(Counter::expired_keys);
    keyspace.remove(ctx.state.worker, stripe, keyspace.hash_of(ref), ref);
  }
  return shown;
}

void scan(CommandContext& ctx) {
  std::uint64_t cursor = 0;
  ScanOptions options;
  if (!read_cursor(ctx, 1, &cursor) || !read_scan_options(ctx, 2, true, &options)) return;
  engine::Keyspace& keyspace = ctx.engine.keyspace();
  Stripe* const stripes = keyspace.database(ctx.client.database);
  std::size_t number = cursor >> kBucketBits;
  std::size_t bucket = cursor & ((std::uint64_t{1} << kBucketBits) - 1);
  const auto wanted = static_cast<std::size_t>(options.count);
  std::size_t left = std::max(kBucketsMin, wanted > kBucketsMin ? wanted : 10 * wanted);
  std::size_t seen = 0;
  // The elements are written before the cursor is known: they are put behind it at the end.
  const Reply::Mark mark = ctx.reply.begin();
  std::size_t shown = 0;
  while (stripes != nullptr && number < keyspace.stripes_per_database() && seen < wanted && left != 0) {
    Stripe& stripe = stripes[number];
    std::lock_guard lock(stripe.lock);
    const std::size_t buckets = stripe.table.size() == 0 ? 0 : stripe.table.bucket_count();
    while (bucket < buckets && seen < wanted && left != 0) {
      std::size_t held = 0;
      stripe.table.for_bucket(bucket, [&](Ref) { ++held; });
      if (held != 0) shown += show_bucket(ctx, stripe, bucket, options);
      seen += held;
      ++bucket;
      --left;
    }
    if (bucket < buckets) break;
    bucket = 0;
    ++number;
  }
  const bool done = stripes == nullptr || number >= keyspace.stripes_per_database();
  NumberText text;
  const std::uint64_t next = done ? 0 : std::uint64_t{number} << kBucketBits | bucket;
  ctx.reply.end_scan(mark, text.of(static_cast<std::int64_t>(next)), shown);
}

void keys(CommandContext& ctx) {
  ScanOptions options;
  options.pattern = ctx.argument(1);
  options.any = options.pattern == "*";
  engine::Keyspace& keyspace = ctx.engine.keyspace();
  Stripe* const stripes = keyspace.database(ctx.client.database);
  const Reply::Mark mark = ctx.reply.begin();
  std::size_t shown = 0;
  for (std::size_t i = 0; stripes != nullptr && i < keyspace.stripes_per_database(); ++i) {
    Stripe& stripe = stripes[i];
    std::lock_guard lock(stripe.lock);
    if (stripe.table.size() == 0) continue;
    for (std::size_t bucket = 0; bucket < stripe.table.bucket_count(); ++bucket) {
      shown += show_bucket(ctx, stripe, bucket, options);
    }
  }
  ctx.reply.end_array(mark, shown);
}

// A live key of a stripe, from a random bucket on; false: it holds none.
bool random_of(CommandContext& ctx, Stripe& stripe) {
  std::lock_guard lock(stripe.lock);
  engine::Keyspace& keyspace = ctx.engine.keyspace();
  if (stripe.table.size() == 0) return false;
  const std::size_t buckets = stripe.table.bucket_count();
  std::size_t bucket = ctx.state.random_u64() % buckets;
  for (std::size_t tries = buckets; tries != 0; --tries, bucket = (bucket + 1) % buckets) {
    std::vector<Ref> found;
    stripe.table.for_bucket(bucket, [&](Ref ref) {
      if (live(ctx, keyspace.item(ref))) found.push_back(ref);
    });
    if (found.empty()) continue;
    ctx.reply.bulk(keyspace.item(found[ctx.state.random_u64() % found.size()]).key());
    return true;
  }
  return false;
}

void randomkey(CommandContext& ctx) {
  engine::Keyspace& keyspace = ctx.engine.keyspace();
  Stripe* const stripes = keyspace.database(ctx.client.database);
  if (stripes == nullptr) return ctx.reply.null();
  std::vector<std::size_t> filled;
  for (std::size_t i = 0; i < keyspace.stripes_per_database(); ++i) {
    std::lock_guard lock(stripes[i].lock);
    if (stripes[i].table.size() != 0) filled.push_back(i);
  }
  while (!filled.empty()) {
    const std::size_t pick = ctx.state.random_u64() % filled.size();
    if (random_of(ctx, stripes[filled[pick]])) return;
    filled.erase(filled.begin() + static_cast<std::ptrdiff_t>(pick));
  }
  ctx.reply.null();
}

void dbsize(CommandContext& ctx) {
  ctx.reply.integer(static_cast<std::int64_t>(ctx.engine.database_size(ctx.client.database)));
}

// clang-format off
constexpr CommandSpec kRows[] = {
    {.name = "dbsize", .handler = dbsize, .arity = 1, .flags = kReadonly | kFast, .categories = kAclKeyspace,
     .group = Group::server, .since = "1.0.0", .complexity = "O(1)", .summary = "Counts the keys of the database"},
    {.name = "keys", .handler = keys, .arity = 2, .flags = kReadonly,
     .categories = kAclKeyspace | kAclDangerous, .group = Group::generic, .since = "1.0.0",
     .complexity = "O(N) for N keys in the database", .summary = "Lists the keys that match a pattern"},
    {.name = "randomkey", .handler = randomkey, .arity = 1, .flags = kReadonly, .categories = kAclKeyspace,
     .group = Group::generic, .since = "1.0.0", .complexity = "O(1)", .summary = "Tells the name of any key"},
    {.name = "scan", .handler = scan, .arity = -2, .flags = kReadonly, .categories = kAclKeyspace,
     .group = Group::generic, .since = "2.8.0", .complexity = "O(1) for each call, O(N) for a whole walk",
     .summary = "Walks over the keys of the database in steps"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> scan_commands() { return kRows; }

}  // namespace larder::redis
