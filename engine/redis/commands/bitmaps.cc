// Commands of the bitmap group: strings seen as bits.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "engine/redis/bits.h"
#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"
#include "engine/redis/string_value.h"

namespace larder::redis {

namespace {

using OptionalString = std::optional<std::string_view>;
constexpr std::string_view kBadOffset = "ERR bit offset is not an integer or out of range";

// A bit offset; of BITFIELD (`width` not 0), #n stands for n fields. False: the error has been answered.
bool read_offset(CommandContext& ctx, std::size_t i, unsigned width, std::uint64_t* offset) {
  std::string_view text = ctx.argument(i);
  std::int64_t value = 0;
  const bool in_fields = width != 0 && text.starts_with('#');
  if (in_fields) text.remove_prefix(1);
  const bool valid = parse_i64(text, &value) &&
                     (!in_fields || !__builtin_mul_overflow(value, std::int64_t{width}, &value)) &&
                     value >= 0 && value >> 3 < ctx.settings.proto_max_bulk_len;
  if (!valid) {
    ctx.reply.error(kBadOffset);
    return false;
  }
  *offset = static_cast<std::uint64_t>(value);
  return true;
}

void setbit(CommandContext& ctx) {
  std::uint64_t offset = 0;
  if (!read_offset(ctx, 2, 0, &offset)) return;
  std::int64_t bit = 0;
  constexpr std::string_view kBadBit = "ERR bit is not an integer or out of range";
  if (!ctx.integer(3, &bit, kBadBit)) return;
  if (bit != 0 && bit != 1) return ctx.reply.error(kBadBit);
  const Key key = ctx.key(1);
  OptionalString value;
  if (!ctx.string_of(ctx.peek(key), &value)) return;
  const bool grows = !value.has_value() || value->size() <= offset / 8;
  const std::span<char> bytes = ctx.edit_string(key, offset / 8 + 1);
  const std::uint64_t before = bits::read({bytes.data(), bytes.size()}, offset, 1);
  bits::write(bytes.data(), offset, 1, static_cast<std::uint64_t>(bit));
  if (grows || before != static_cast<std::uint64_t>(bit)) ctx.modified(key, "setbit");
  ctx.reply.integer(static_cast<std::int64_t>(before));
}

void getbit(CommandContext& ctx) {
  std::uint64_t offset = 0;
  if (!read_offset(ctx, 2, 0, &offset)) return;
  OptionalString value;
  if (!ctx.read_string(1, &value)) return;
  ctx.reply.integer(static_cast<std::int64_t>(bits::read(value.value_or(std::string_view()), offset, 1)));
}

// --- ranges ---

// A range of bits, from arguments in bytes or bits that may count from the end.
struct BitRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool empty = true;
};

BitRange bit_range(std::int64_t start, std::int64_t end, std::size_t bytes, bool in_bits) {
  const std::int64_t total = static_cast<std::int64_t>(bytes) * (in_bits ? 8 : 1);
  if (start < 0) start = std::max<std::int64_t>(start + total, 0);
  if (end < 0) end = std::max<std::int64_t>(end + total, 0);
  end = std::min(end, total - 1);
  if (start > end) return {};
  const auto first = static_cast<std::uint64_t>(start);
  const auto last = static_cast<std::uint64_t>(end);
  if (in_bits) return {first, last, false};
  return {first * 8, last * 8 + 7, false};
}

// Argument `i`: BIT or BYTE. False: the error has been answered.
bool read_unit(CommandContext& ctx, std::size_t i, bool* in_bits) {
  *in_bits = ctx.is(i, "bit");
  if (*in_bits || ctx.is(i, "byte")) return true;
  ctx.syntax_error();
  return false;
}

void bitcount(CommandContext& ctx) {
  OptionalString value;
  if (!ctx.read_string(1, &value)) return;
  if (!value.has_value()) return ctx.reply.integer(0);
  if (ctx.args.size() == 2) return ctx.reply.integer(static_cast<std::int64_t>(bits::count(*value)));
  if (ctx.args.size() != 4 && ctx.args.size() != 5) return ctx.syntax_error();
  std::int64_t start = 0;
  std::int64_t end = 0;
  bool in_bits = false;
  if (!ctx.integer(2, &start) || !ctx.integer(3, &end)) return;
  if (start < 0 && end < 0 && start > end) return ctx.reply.integer(0);
  if (ctx.args.size() == 5 && !read_unit(ctx, 4, &in_bits)) return;
  const BitRange range = bit_range(start, end, value->size(), in_bits);
  ctx.reply.integer(range.empty ? 0 : static_cast<std::int64_t>(bits::count(*value, range.first, range.last)));
}

void bitpos(CommandContext& ctx) {
  std::int64_t bit = 0;
  if (!ctx.integer(2, &bit)) return;
  if (bit != 0 && bit != 1) return ctx.reply.error("ERR The bit argument must be 1 or 0.");
  Item* const item = ctx.find(1);
  if (item == nullptr) return ctx.reply.integer(bit == 1 ? -1 : 0);
  OptionalString value;
  if (!ctx.string_of(item, &value)) return;
  if (ctx.args.size() > 6) return ctx.syntax_error();
  std::int64_t start = 0;
  std::int64_t end = static_cast<std::int64_t>(value->size()) - 1;
  bool in_bits = false;
  const bool end_given = ctx.args.size() >= 5;
  if (ctx.args.size() >= 4 && !ctx.integer(3, &start)) return;
  if (ctx.args.size() == 6 && !read_unit(ctx, 5, &in_bits)) return;
  if (end_given && !ctx.integer(4, &end)) return;
  const BitRange range = bit_range(start, end, value->size(), in_bits);
  if (range.empty) return ctx.reply.integer(-1);
  std::int64_t found = bits::find(*value, bit == 1, range.first, range.last);
  // Without an end the string goes on in zeros.
  if (found == -1 && bit == 0 && !end_given) found = static_cast<std::int64_t>(range.last) + 1;
  ctx.reply.integer(found);
}

// --- BITOP ---

void bitop(CommandContext& ctx) {
  enum class Operation : std::uint8_t { bit_and, bit_or, bit_xor, bit_not } operation;
  if (ctx.is(1, "and")) {
    operation = Operation::bit_and;
  } else if (ctx.is(1, "or")) {
    operation = Operation::bit_or;
  } else if (ctx.is(1, "xor")) {
    operation = Operation::bit_xor;
  } else if (ctx.is(1, "not")) {
    operation = Operation::bit_not;
  } else {
    return ctx.syntax_error();
  }
  if (operation == Operation::bit_not && ctx.args.size() != 4) {
    return ctx.reply.error("ERR BITOP NOT must be called with a single source key.");
  }
  std::vector<std::string_view> sources;
  std::size_t longest = 0;
  for (std::size_t i = 3; i < ctx.args.size(); ++i) {
    OptionalString value;
    if (!ctx.read_string(i, &value)) return;
    sources.push_back(value.value_or(std::string_view()));
    longest = std::max(longest, sources.back().size());
  }
  const Key destination = ctx.key(2);
  if (longest == 0) {
    if (ctx.remove(destination)) ctx.modified(destination, "del");
    return ctx.reply.integer(0);
  }
  // The destination may be a source, so the result is made beside them.
  std::string result(sources.front());
  result.resize(longest);
  for (std::size_t i = 1; i < sources.size(); ++i) {
    const std::string_view source = sources[i];
    for (std::size_t at = 0; at < source.size(); ++at) {
      const char byte = source[at];
      char& into = result[at];
      into = static_cast<char>(operation == Operation::bit_and  ? into & byte
                               : operation == Operation::bit_or ? into | byte
                                                                : into ^ byte);
    }
    if (operation == Operation::bit_and) std::fill(result.begin() + static_cast<std::ptrdiff_t>(source.size()), result.end(), '\0');
  }
  if (operation == Operation::bit_not) {
    for (char& byte : result) byte = static_cast<char>(~byte);
  }
  ctx.put_string(destination, result, {.marks = slab::kRawString});
  ctx.modified(destination, "set");
  ctx.reply.integer(static_cast<std::int64_t>(longest));
}

// --- BITFIELD ---

enum class Overflow : std::uint8_t { wrap, saturate, fail };

struct Field {
  enum class Action : std::uint8_t { get, set, add } action = Action::get;
  Overflow overflow = Overflow::wrap;
  bool is_signed = false;
  unsigned width = 0;
  std::uint64_t offset = 0;
  std::int64_t operand = 0;
};

bool read_field_type(CommandContext& ctx, std::size_t i, Field* field) {
  const std::string_view text = ctx.argument(i);
  std::int64_t width = 0;
  field->is_signed = text.starts_with('i');
  const bool valid = (field->is_signed || text.starts_with('u')) && parse_i64(text.substr(1), &width) &&
                     width >= 1 && width <= (field->is_signed ? 64 : 63);
  if (!valid) {
    ctx.reply.error(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
  }
  field->width = static_cast<unsigned>(width);
  return valid;
}

// Reads all subcommands before any is carried out. False: the error has been answered.
bool read_fields(CommandContext& ctx, std::vector<Field>* fields) {
  Overflow overflow = Overflow::wrap;
  for (std::size_t i = 2; i < ctx.args.size(); ++i) {
    const std::size_t left = ctx.args.size() - i - 1;
    Field field;
    if (ctx.is(i, "overflow") && left >= 1) {
      ++i;
      if (ctx.is(i, "wrap")) {
        overflow = Overflow::wrap;
      } else if (ctx.is(i, "sat")) {
        overflow = Overflow::saturate;
      } else if (ctx.is(i, "fail")) {
        overflow = Overflow::fail;
      } else {
        ctx.reply.error("ERR Invalid OVERFLOW type specified");
        return false;
      }
      continue;
    }
    if (ctx.is(i, "get") && left >= 2) {
      field.action = Field::Action::get;
    } else if (ctx.is(i, "set") && left >= 3) {
      field.action = Field::Action::set;
    } else if (ctx.is(i, "incrby") && left >= 3) {
      field.action = Field::Action::add;
    } else {
      ctx.syntax_error();
      return false;
    }
    field.overflow = overflow;
    if (!read_field_type(ctx, i + 1, &field) || !read_offset(ctx, i + 2, field.width, &field.offset)) return false;
    i += 2;
    if (field.action != Field::Action::get && !ctx.integer(++i, &field.operand)) return false;
    fields->push_back(field);
  }
  return true;
}

std::int64_t as_integer(std::uint64_t bits, const Field& field) {
  if (!field.is_signed || field.width == 64) return static_cast<std::int64_t>(bits);
  const unsigned unused = 64 - field.width;
  return static_cast<std::int64_t>(bits << unused) >> unused;
}

// What a SET or INCRBY leaves in a field; false: it does not fit, and OVERFLOW FAIL was said.
bool fit(const Field& field, std::uint64_t before, std::int64_t* after) {
  __extension__ using Wide = __int128;
  const Wide most = field.is_signed ? (Wide{1} << (field.width - 1)) - 1 : (Wide{1} << field.width) - 1;
  const Wide least = field.is_signed ? -(Wide{1} << (field.width - 1)) : 0;
  // An unsigned field takes a negative operand of SET as a large number.
  Wide wanted = field.is_signed ? Wide{field.operand} : Wide{static_cast<std::uint64_t>(field.operand)};
  if (field.action == Field::Action::add) wanted = Wide{as_integer(before, field)} + field.operand;
  if (wanted > most || wanted < least) {
    if (field.overflow == Overflow::fail) return false;
    if (field.overflow == Overflow::saturate) wanted = wanted > most ? most : least;
  }
  const std::uint64_t mask = field.width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << field.width) - 1;
  *after = as_integer(static_cast<std::uint64_t>(wanted) & mask, field);
  return true;
}

void bitfield_of(CommandContext& ctx, bool may_write) {
  std::vector<Field> fields;
  if (!read_fields(ctx, &fields)) return;
  std::uint64_t bytes_needed = 0;
  for (const Field& field : fields) {
    if (field.action == Field::Action::get) continue;
    bytes_needed = std::max(bytes_needed, (field.offset + field.width - 1) / 8 + 1);
  }
  if (bytes_needed != 0 && !may_write) return ctx.reply.error("ERR BITFIELD_RO only supports the GET subcommand");
  const Key key = ctx.key(1);
  OptionalString value;
  if (!ctx.string_of(bytes_needed == 0 ? ctx.find(key) : ctx.peek(key), &value)) return;
  std::span<char> writable;
  bool changed = false;
  if (bytes_needed != 0) {
    changed = !value.has_value() || value->size() < bytes_needed;
    if (!check_string_bytes(ctx, bytes_needed)) return;
    writable = ctx.edit_string(key, bytes_needed);
    value = {writable.data(), writable.size()};
  }
  const std::string_view bytes = value.value_or(std::string_view());
  ctx.reply.array(fields.size());
  for (const Field& field : fields) {
    const std::uint64_t before = bits::read(bytes, field.offset, field.width);
    std::int64_t after = 0;
    if (field.action == Field::Action::get) {
      ctx.reply.integer(as_integer(before, field));
    } else if (!fit(field, before, &after)) {
      ctx.reply.null();
    } else {
      changed = changed || as_integer(before, field) != after;
      bits::write(writable.data(), field.offset, field.width, static_cast<std::uint64_t>(after));
      ctx.reply.integer(field.action == Field::Action::add ? after : as_integer(before, field));
    }
  }
  if (changed) ctx.modified(key, "setbit");
}

void bitfield(CommandContext& ctx) { bitfield_of(ctx, true); }
void bitfield_ro(CommandContext& ctx) { bitfield_of(ctx, false); }

// What BITFIELD does to its key: with GET alone it reads it. Arguments that make no sense count as a change.
bool find_bitfield_key(Arguments args, KeyList* keys) {
  std::size_t i = 2;
  while (i < args.size()) {
    const std::size_t left = args.size() - i - 1;
    if (equals_nocase(args[i], "get") && left >= 2) {
      i += 3;
    } else if (equals_nocase(args[i], "overflow") && left >= 1) {
      i += 2;
    } else {
      break;
    }
  }
  keys->add(1, i == args.size() ? kKeyRO | kKeyAccess : kKeyRW | kKeyAccess | kKeyUpdate);
  return true;
}

// clang-format off
constexpr CommandSpec kRows[] = {
    {.name = "bitcount", .handler = bitcount, .arity = -2, .flags = kReadonly, .categories = kAclBitmap,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::bitmap, .since = "2.6.0",
     .complexity = "O(N)", .summary = "Counts the bits that are set"},
    {.name = "bitfield", .handler = bitfield, .arity = -2, .flags = kWrite | kDenyOom, .categories = kAclBitmap,
     .keys = key_at(1, kKeyRW | kKeyAccess | kKeyUpdate | kKeyVariableFlags), .find_keys = find_bitfield_key,
     .group = Group::bitmap, .since = "3.2.0", .complexity = "O(1) for each operation", .summary = "Reads and changes integers of any width"},
    {.name = "bitfield_ro", .handler = bitfield_ro, .arity = -2, .flags = kReadonly | kFast,
     .categories = kAclBitmap, .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::bitmap,
     .since = "6.0.0", .complexity = "O(1) for each operation", .summary = "Reads integers of any width"},
    {.name = "bitop", .handler = bitop, .arity = -4, .flags = kWrite | kDenyOom, .categories = kAclBitmap,
     .keys = key_at(2, kKeyOW | kKeyUpdate) + keys_from(3, -1, 1, kKeyRO | kKeyAccess), .group = Group::bitmap,
     .since = "2.6.0", .complexity = "O(N)", .summary = "Combines the bits of several strings"},
    {.name = "bitpos", .handler = bitpos, .arity = -3, .flags = kReadonly, .categories = kAclBitmap,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::bitmap, .since = "2.8.7", .complexity = "O(N)",
     .summary = "Finds the first bit that is set or clear"},
    {.name = "getbit", .handler = getbit, .arity = 3, .flags = kReadonly | kFast, .categories = kAclBitmap,
     .keys = key_at(1, kKeyRO | kKeyAccess), .group = Group::bitmap, .since = "2.2.0", .complexity = "O(1)",
     .summary = "Tells one bit"},
    {.name = "setbit", .handler = setbit, .arity = 4, .flags = kWrite | kDenyOom, .categories = kAclBitmap,
     .keys = key_at(1, kKeyRW | kKeyAccess | kKeyUpdate), .group = Group::bitmap, .since = "2.2.0",
     .complexity = "O(1)", .summary = "Sets or clears one bit"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> bitmap_commands() { return kRows; }

}  // namespace larder::redis
