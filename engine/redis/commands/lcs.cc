// LCS: the longest common subsequence of two strings.
//
// The table it takes has a cell for each pair of bytes, so for all but short strings the command copies them
// and does its work without locks (deferred.h).
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/redis/command_context.h"
#include "engine/redis/commands/groups.h"

namespace larder::redis {

namespace {

// Pairs of bytes that are looked at under the locks.
constexpr std::uint64_t kCellsUnderLock = 64 * 1024;

// Lengths of the longest common subsequences of all heads of two strings.
class LcsTable {
 public:
  LcsTable(std::string_view a, std::string_view b) : width_(b.size() + 1), cells_(new std::uint32_t[cells(a, b)]()) {
    for (std::size_t i = 1; i <= a.size(); ++i) {
      for (std::size_t j = 1; j <= b.size(); ++j) {
        cell(i, j) = a[i - 1] == b[j - 1] ? at(i - 1, j - 1) + 1 : std::max(at(i - 1, j), at(i, j - 1));
      }
    }
  }
  static std::uint64_t cells(std::string_view a, std::string_view b) {
    return (std::uint64_t{a.size()} + 1) * (b.size() + 1);
  }
  std::uint32_t at(std::size_t i, std::size_t j) const { return cells_[i * width_ + j]; }

 private:
  std::uint32_t& cell(std::size_t i, std::size_t j) { return cells_[i * width_ + j]; }
  const std::size_t width_;
  const std::unique_ptr<std::uint32_t[]> cells_;
};

// A run of equal bytes in both strings.
struct LcsMatch {
  std::size_t a = 0;
  std::size_t b = 0;
  std::size_t bytes = 0;
};

// Walks from the ends of both strings to their beginnings: the subsequence, and the runs it is made of, last
// one first.
void trace_lcs(const LcsTable& table, std::string_view a, std::string_view b, std::string* common,
               std::vector<LcsMatch>* matches) {
  std::size_t i = a.size();
  std::size_t j = b.size();
  LcsMatch run;
  const auto end_run = [&] {
    if (run.bytes != 0) matches->push_back(run);
    run = {};
  };
  while (i != 0 && j != 0) {
    if (a[i - 1] == b[j - 1]) {
      --i;
      --j;
      *common += a[i];
      if (run.bytes != 0 && (run.a != i + 1 || run.b != j + 1)) end_run();
      run = {i, j, run.bytes + 1};
      continue;
    }
    if (table.at(i - 1, j) > table.at(i, j - 1)) {
      --i;
    } else {
      --j;
    }
    end_run();
  }
  end_run();
  std::reverse(common->begin(), common->end());
}

struct LcsOptions {
  bool length = false;
  bool indexes = false;
  bool match_lengths = false;
  std::int64_t match_length_min = 0;
};

bool read_lcs_options(CommandContext& ctx, LcsOptions* options) {
  for (std::size_t i = 3; i < ctx.args.size(); ++i) {
    if (ctx.is(i, "idx")) {
      options->indexes = true;
    } else if (ctx.is(i, "len")) {
      options->length = true;
    } else if (ctx.is(i, "withmatchlen")) {
      options->match_lengths = true;
    } else if (ctx.is(i, "minmatchlen") && i + 1 < ctx.args.size()) {
      if (!ctx.integer(++i, &options->match_length_min)) return false;
    } else {
      ctx.syntax_error();
      return false;
    }
  }
  if (!options->length || !options->indexes) return true;
  ctx.reply.error("ERR If you want both the length and indexes, please just use IDX.");
  return false;
}

void reply_range(Reply& reply, std::size_t start, std::size_t bytes) {
  reply.array(2);
  reply.integer(static_cast<std::int64_t>(start));
  reply.integer(static_cast<std::int64_t>(start + bytes - 1));
}

void reply_lcs(Reply& reply, std::string_view a, std::string_view b, const LcsOptions& options) {
  const LcsTable table(a, b);
  const std::int64_t length = table.at(a.size(), b.size());
  if (options.length) return reply.integer(length);
  std::string common;
  std::vector<LcsMatch> matches;
  trace_lcs(table, a, b, &common, &matches);
  if (!options.indexes) return reply.bulk(common);
  std::erase_if(matches, [&](const LcsMatch& match) {
    return static_cast<std::int64_t>(match.bytes) < options.match_length_min;
  });
  reply.map(2);
  reply.bulk("matches");
  reply.array(matches.size());
  for (const LcsMatch& match : matches) {
    reply.array(options.match_lengths ? 3 : 2);
    reply_range(reply, match.a, match.bytes);
    reply_range(reply, match.b, match.bytes);
    if (options.match_lengths) reply.integer(static_cast<std::int64_t>(match.bytes));
  }
  reply.bulk("len");
  reply.integer(length);
}

class LongLcs final : public Deferred {
 public:
  LongLcs(std::string_view a, std::string_view b, const LcsOptions& options) : a_(a), b_(b), options_(options) {}
  bool work(Reply& reply) override {
    reply_lcs(reply, a_, b_, options_);
    return true;
  }

 private:
  const std::string a_;
  const std::string b_;
  const LcsOptions options_;
};

void lcs(CommandContext& ctx) {
  const Item* first = ctx.find(1);
  const Item* second = ctx.find(2);
  if ((first != nullptr && first->object()) || (second != nullptr && second->object())) {
    return ctx.reply.error("ERR The specified keys must contain string values");
  }
  const std::string_view a = first == nullptr ? std::string_view() : first->value();
  const std::string_view b = second == nullptr ? std::string_view() : second->value();
  LcsOptions options;
  if (!read_lcs_options(ctx, &options)) return;
  const std::uint64_t cells = LcsTable::cells(a, b);
  if (cells > static_cast<std::uint64_t>(ctx.settings.proto_max_bulk_len) / sizeof(std::uint32_t)) {
    return ctx.reply.error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  if (cells <= kCellsUnderLock) return reply_lcs(ctx.reply, a, b, options);
  ctx.state.deferred = std::make_unique<LongLcs>(a, b, options);
}

constexpr CommandSpec kRows[] = {
    {.name = "lcs", .handler = lcs, .arity = -3, .flags = kReadonly, .categories = kAclString,
     .keys = keys_from(1, 1, 1, kKeyRO | kKeyAccess), .group = Group::string, .since = "7.0.0",
     .complexity = "O(N*M) for strings of N and M bytes", .summary = "Finds the longest common subsequence"},
};

}  // namespace

std::span<const CommandSpec> lcs_commands() { return kRows; }

}  // namespace larder::redis
