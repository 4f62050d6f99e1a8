// DEBUG: what test suites use. Refused unless enable-debug-command says otherwise.
#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/value_support.h"
#include "engine/redis/glob.h"
#include "engine/redis/persist/dump.h"
#include "engine/redis/string_value.h"
#include "engine/redis/types/hashing.h"
#include "engine/redis/types/stream.h"
#include "engine/redis/types/zset.h"

namespace larder::redis {

namespace {

template <Handler handler>
void guarded(CommandContext& ctx) {
  const std::string& enabled = ctx.settings.enable_debug_command;
  if (enabled == "yes" || (enabled == "local" && ctx.client.local)) return handler(ctx);
  ctx.reply.error(
      "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a "
      "local connection, otherwise you need to set this option in the configuration file, and then restart the "
      "server.");
}

// --- values ---

// A number that stands for contents: 160 bits. Equal contents give equal numbers, in one process; they are not
// those of Redis.
class Digest {
 public:
  /// What has an order.
  void then(std::string_view bytes) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      words_[i] = hash_bytes(std::to_string(words_[i]) + ':' + std::to_string(i) + ':' + std::string(bytes));
    }
  }
  /// What has none.
  void also(const Digest& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] ^= other.words_[i];
  }
  std::string text() const {
    return fmt::format("{:016x}{:016x}{:08x}", words_[0], words_[1], words_[2] >> 32);
  }

 private:
  std::array<std::uint64_t, 3> words_{};
};

Digest digest_of(std::initializer_list<std::string_view> parts) {
  Digest digest;
  for (const std::string_view part : parts) digest.then(part);
  return digest;
}

void digest_value(const Value& value, std::int64_t now_ms, Digest* digest) {
  IntegerText room;
  IntegerText more_room;
  NumberText number;
  switch (value.type()) {
    case Type::kList: {
      const auto& list = static_cast<const List&>(value);
      for (auto at = list.first(); at; at = list.next(at)) digest->then(list.value(at).text(room));
      break;
    }
    case Type::kSet:
      static_cast<const Set&>(value).for_each(
          [&](const PackedValue& member) { digest->also(digest_of({member.text(room)})); });
      break;
    case Type::kHash:
      static_cast<const Hash&>(value).for_each([&](const Hash::Pair& pair) {
        if (pair.deadline_ms != 0 && pair.deadline_ms <= now_ms) return;
        digest->also(digest_of({pair.field.text(room), pair.value.text(more_room)}));
      });
      break;
    case Type::kSortedSet: {
      const auto& set = static_cast<const SortedSet&>(value);
      set.visit({0, set.size()}, false, [&](std::string_view name, double score) {
        digest->also(digest_of({name, number.of(score)}));
        return true;
      });
      break;
    }
    case Type::kStream: digest->then(persist::dump_value(value)); break;
    case Type::kString: break;
  }
}

Digest digest_entry(const Item& item, std::int64_t now_ms) {
  const Value* value = RedisEngine::object_of(item);
  Digest digest;
  digest.then(type_name(CommandContext::type_of(item)));
  if (value == nullptr) {
    digest.then(item.value());
  } else {
    digest_value(*value, now_ms, &digest);
  }
  return digest;
}

void debug_digest_value(CommandContext& ctx) {
  ctx.reply.array(ctx.args.size() - 2);
  for (std::size_t i = 2; i < ctx.args.size(); ++i) {
    const Item* item = ctx.peek(i);
    ctx.reply.status(item == nullptr ? std::string(40, '0') : digest_entry(*item, ctx.now_ms).text());
  }
}

void debug_digest(CommandContext& ctx) {
  engine::Keyspace& keyspace = ctx.engine.keyspace();
  Digest digest;
  for (unsigned number = 0; number < keyspace.database_count(); ++number) {
    Stripe* const stripes = keyspace.database(number);
    if (stripes == nullptr) continue;
    for (std::size_t i = 0; i < keyspace.stripes_per_database(); ++i) {
      const engine::Table& table = stripes[i].table;
      for (std::size_t bucket = 0; bucket < table.bucket_count(); ++bucket) {
        table.for_bucket(bucket, [&](Ref ref) {
          const Item& item = keyspace.item(ref);
          const std::int64_t deadline_ms = ctx.deadline_of(item);
          if (deadline_ms != 0 && deadline_ms <= ctx.now_ms) return;
          digest.also(digest_of({std::to_string(number), item.key(), digest_entry(item, ctx.now_ms).text(),
                                 deadline_ms == 0 ? "" : "expires"}));
        });
      }
    }
  }
  ctx.reply.status(digest.text());
}

void debug_object(CommandContext& ctx) {
  const Item* item = ctx.peek(2);
  if (item == nullptr) return ctx.reply.error(errors::kNoKey);
  const Value* value = RedisEngine::object_of(*item);
  constexpr std::size_t kFooterBytes = 11;  // type, version and checksum of a payload
  const std::string payload = value == nullptr ? persist::dump_string(item->value()) : persist::dump_value(*value);
  const std::uint32_t idle_s = ctx.engine.clock().now() - item->accessed_s;
  std::string text = fmt::format(
      "Value at:{} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
      value == nullptr ? static_cast<const void*>(item) : value,
      encoding_name(value == nullptr ? string_encoding(*item) : value->encoding()), payload.size() - kFooterBytes,
      item->accessed_s, idle_s);
  if (value != nullptr && value->type() == Type::kList) {
    const auto& list = static_cast<const List&>(*value);
    std::size_t bytes = 0;
    list.for_each_node([&](const List::NodeView& node) { bytes += node.bytes.size(); });
    text += fmt::format(" ql_nodes:{} ql_avg_node:{:.2f} ql_listpack_max:{} ql_compressed:0 ql_uncompressed_size:{}",
                        list.node_count(), static_cast<double>(list.size()) / static_cast<double>(list.node_count()),
                        ctx.settings.list_max_listpack_size, bytes);
  }
  ctx.reply.status(text);
}

// --- the rest ---

void debug_sleep(CommandContext& ctx) {
  double seconds = 0;
  if (!parse_double(ctx.argument(2), &seconds)) return ctx.reply.error(errors::kNotFloat);
  std::this_thread::sleep_for(std::chrono::duration<double>(std::max(seconds, 0.0)));
  ctx.reply.ok();
}

void debug_set_active_expire(CommandContext& ctx) {
  ctx.engine.maintainer().crawler_enabled.store(ctx.argument(2) != "0");
  ctx.reply.ok();
}

void debug_protocol(CommandContext& ctx) {
  Reply& reply = ctx.reply;
  const std::string kind = to_lower(ctx.argument(2));
  const auto numbers = [&] {
    for (int i = 0; i < 3; ++i) reply.integer(i);
  };
  if (kind == "string") return reply.bulk("Hello World");
  if (kind == "integer") return reply.integer(12345);
  if (kind == "double") return reply.number(3.141);
  if (kind == "null") return reply.null();
  if (kind == "array") return reply.array(3), numbers();
  if (kind == "set") return reply.set(3), numbers();
  if (kind == "map") {
    reply.map(3);
    for (int i = 0; i < 3; ++i) {
      reply.integer(i);
      reply.boolean(i == 1);
    }
    return;
  }
  if (kind == "push") {
    reply.push(2);
    reply.bulk("server-cpu-usage");
    return reply.integer(42);
  }
  if (kind == "true") return reply.boolean(true);
  if (kind == "false") return reply.boolean(false);
  if (kind == "bignum") return reply.big_number("1234567999999999999999999999999999999");
  if (kind == "verbatim") return reply.verbatim("txt", "This is a verbatim\nstring");
  reply.error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|null|array|set|map|attrib|push|verbatim|true|false");
}

void debug_stringmatch_len(CommandContext& ctx) {
  ctx.reply.integer(glob_match(ctx.argument(2), ctx.argument(3)) ? 1 : 0);
}

void debug_quicklist_packed_threshold(CommandContext& ctx) {
  constexpr std::int64_t kMost = (4LL << 30) - (1 << 20);
  std::int64_t bytes = 0;
  if (!parse_memory(ctx.argument(2), &bytes) || bytes > kMost) {
    return ctx.reply.error("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  }
  if (bytes == 0) bytes = Settings{}.list_packed_threshold;
  ctx.engine.change_settings(ctx.state.worker, [&](Settings& settings) {
    settings.list_packed_threshold = bytes;
  });
  ctx.reply.ok();
}

void debug_accept(CommandContext& ctx) { ctx.reply.ok(); }

constexpr std::uint32_t kAdminFlags = kAdmin | kNoScript | kLoading | kStale;

// clang-format off
constexpr CommandSpec kDebug[] = {
    {.name = "change-repl-id", .handler = guarded<debug_accept>, .arity = 2, .flags = kAdminFlags, .group = Group::server,
     .summary = "Accepted; there is no replication"},
    {.name = "digest", .handler = guarded<debug_digest>, .arity = 2, .flags = kAdminFlags,
     .exclusive = always_exclusive, .group = Group::server, .summary = "Tells a number that stands for all that is stored"},
    {.name = "digest-value", .handler = guarded<debug_digest_value>, .arity = -3, .flags = kAdminFlags,
     .keys = keys_from(2, -1, 1, kKeyRO), .group = Group::server,
     .summary = "Tells a number for each key that stands for its value"},
    {.name = "object", .handler = guarded<debug_object>, .arity = -3, .flags = kAdminFlags,
     .keys = key_at(2, kKeyRO), .group = Group::server, .summary = "Describes how a value is kept"},
    {.name = "protocol", .handler = guarded<debug_protocol>, .arity = 3, .flags = kAdminFlags, .group = Group::server,
     .summary = "Answers with a value of a type"},
    {.name = "quicklist-packed-threshold", .handler = guarded<debug_quicklist_packed_threshold>,
     .arity = 3, .flags = kAdminFlags, .group = Group::server,
     .summary = "Sets from which length on an element of a list has a node of its own"},
    {.name = "set-active-expire", .handler = guarded<debug_set_active_expire>, .arity = 3, .flags = kAdminFlags,
     .group = Group::server, .summary = "Turns the search for expired keys on and off"},
    {.name = "set-disable-deny-scripts", .handler = guarded<debug_accept>, .arity = 3, .flags = kAdminFlags,
     .group = Group::server, .summary = "Accepted; there are no scripts"},
    {.name = "sleep", .handler = guarded<debug_sleep>, .arity = 3, .flags = kAdminFlags, .group = Group::server,
     .summary = "Stops the connection's worker for a while"},
    {.name = "stringmatch-len", .handler = guarded<debug_stringmatch_len>, .arity = 4, .flags = kAdminFlags,
     .group = Group::server, .summary = "Tells whether a pattern matches"},
};

constexpr CommandSpec kRows[] = {
    {.name = "debug", .arity = -2, .flags = kAdminFlags, .group = Group::server,
     .complexity = "Depends on the subcommand", .summary = "Container of commands for tests",
     .subcommands = kDebug},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> debug_commands() { return kRows; }

}  // namespace larder::redis
