// The command table of the text protocol: a new verb is one row here, one handler, one test.
//
// Rows are sorted by their first letter, the most used first within a letter. Verbs are looked up
// in the few rows of their letter; the order is checked at compile time.
#include <array>

#include "proto/text_protocol.h"
#include "proto/text_verbs.h"

namespace larder::proto {

namespace {

using Mode = engine::StoreMode;
constexpr std::uint8_t mode(Mode mode) { return static_cast<std::uint8_t>(mode); }
constexpr bool kNoreply = true;
constexpr bool kSpaced = true;

}  // namespace

struct CommandTable {
  using P = TextProtocol;
  using Command = TextProtocol::Command;

  // clang-format off
  static constexpr auto kRows = std::to_array<Command>({
      // verb             handler              words  variant                 noreply   spaced   flags
      {"add",             &P::store,           5,     mode(Mode::add),        kNoreply},
      {"append",          &P::store,           5,     mode(Mode::append),     kNoreply},
      {"cas",             &P::store,           5,     Command::kCas,          kNoreply},
      {"config",          &P::config,          1,     0,                      kNoreply},
      {"cache_memlimit",  &P::engine_command,  1,     0,                      kNoreply, kSpaced},
      {"delete",          &P::remove,          2,     0,                      kNoreply},
      {"decr",            &P::arithmetic,      3,     Command::kDecrement,    kNoreply},
      {"debugtime",       &P::engine_command,  1,     0,                      kNoreply, kSpaced},
      {"debugitem",       &P::engine_command,  1,     0,                      kNoreply, kSpaced},
      {"extstore",        &P::engine_command,  1,     0,                      kNoreply, kSpaced},
      {"flush_all",       &P::flush_all,       1,     0,                      kNoreply, kSpaced},
      {"get",             &P::retrieve,        2},
      {"gets",            &P::retrieve,        2,     Command::kWithCas},
      {"gat",             &P::retrieve,        3,     Command::kTouch},
      {"gats",            &P::retrieve,        3,     Command::kTouch | Command::kWithCas},
      {"incr",            &P::arithmetic,      3,     0,                      kNoreply},
      {"lru_crawler",     &P::lru_crawler,     1,     0,                      kNoreply, kSpaced},
      {"lru",             &P::engine_command,  1,     0,                      kNoreply, kSpaced},
      {"mg",              &P::meta_get,        2,     0,                      false,    false,   2},
      {"ms",              &P::meta_set,        3,     0,                      false,    false,   3},
      {"md",              &P::meta_delete,     2,     0,                      false,    false,   2},
      {"ma",              &P::meta_arithmetic, 2,     0,                      false,    false,   2},
      {"mn",              &P::meta_noop,       1},
      {"me",              &P::meta_debug,      2,     0,                      false,    false,   2},
      {"misbehave",       &P::misbehave,       1,     0,                      kNoreply, kSpaced},
      {"prepend",         &P::store,           5,     mode(Mode::prepend),    kNoreply},
      {"quit",            &P::quit,            1},
      {"replace",         &P::store,           5,     mode(Mode::replace),    kNoreply},
      {"refresh_certs",   &P::refresh_certs,   1,     0,                      kNoreply, kSpaced},
      {"set",             &P::store,           5,     mode(Mode::set),        kNoreply},
      {"stats",           &P::stats,           1},
      {"slabs",           &P::engine_command,  1,     0,                      kNoreply, kSpaced},
      {"shutdown",        &P::shutdown,        1,     0,                      kNoreply, kSpaced},
      {"touch",           &P::touch,           3,     0,                      kNoreply},
      {"version",         &P::version,         1},
      {"verbosity",       &P::verbosity,       1,     0,                      kNoreply, kSpaced},
      {"watch",           &P::watch,           1},
  });
  // clang-format on
};

namespace {

constexpr const auto& kRows = CommandTable::kRows;

/// Index of the first row of each letter; the one behind is where the next letter begins.
constexpr std::array<std::uint8_t, 27> make_first_rows() {
  std::array<std::uint8_t, 27> first{};
  std::size_t row = 0;
  for (std::size_t letter = 0; letter < first.size(); ++letter) {
    first[letter] = static_cast<std::uint8_t>(row);
    while (row < kRows.size() && kRows[row].verb[0] == static_cast<char>('a' + letter)) ++row;
  }
  return first;
}
constexpr std::array<std::uint8_t, 27> kFirstRows = make_first_rows();
static_assert(kFirstRows.back() == kRows.size(), "rows are not sorted by their first letter");

}  // namespace

const TextProtocol::Command* TextProtocol::Command::find(std::string_view verb) {
  if (verb.empty() || verb[0] < 'a' || verb[0] > 'z') return nullptr;
  const auto letter = static_cast<std::size_t>(verb[0] - 'a');
  for (std::size_t row = kFirstRows[letter]; row < kFirstRows[letter + 1]; ++row) {
    if (kRows[row].verb == verb) return &kRows[row];
  }
  return nullptr;
}

std::vector<std::string_view> text_verbs() {
  std::vector<std::string_view> verbs;
  for (const auto& row : CommandTable::kRows) verbs.push_back(row.verb);
  return verbs;
}

}  // namespace larder::proto
