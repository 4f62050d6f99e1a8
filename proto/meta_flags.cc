#include "proto/meta_flags.h"

#include <limits>

#include "proto/base64.h"
#include "proto/errors.h"
#include "proto/numbers.h"

namespace larder::proto {

namespace {

/// More seconds than any TTL has; engine times stay below 2^32 when it is added to them.
constexpr std::uint32_t kAllSeconds = std::numeric_limits<std::int32_t>::max();

/// The state of reading one line.
struct Reader {
  const engine::Clock& clock;
  KeyBuffer& key_buffer;
  MetaFlags& flags;
  bool failed = false;
  // The last error is the one that is answered; F sets none of its own.
  std::string_view error = text::kBadFormat;

  void fail(std::string_view line) {
    failed = true;
    error = line;
  }
  bool read_deadline(std::string_view token, std::optional<engine::Deadline>* to);
  void read(std::string_view word);

  // Flags that are more than a bit, a number or a deadline. `word`: the flag with its letter.
  void key_encoding(std::string_view word);
  void opaque(std::string_view word) { flags.opaque = word; }
  void client_flags(std::string_view word);
  void mode(std::string_view word) { flags.mode = word.size() > 1 ? word[1] : ' '; }
  void recache(std::string_view word);
  void touch_order(std::string_view) { flags.touch_after_vivify = flags.vivify.has_value(); }
};

/// What a flag sets; the members it has no use for stay null.
struct Row {
  char letter;
  bool returned = false;  // has a place in the reply
  bool MetaFlags::*bit = nullptr;
  std::uint64_t MetaFlags::*number = nullptr;
  std::string_view number_error = {};
  std::optional<engine::Deadline> MetaFlags::*deadline = nullptr;
  void (Reader::*action)(std::string_view word) = nullptr;
};

using F = MetaFlags;
constexpr bool kReturned = true;

constexpr Row kRows[] = {
    {.letter = 'C', .bit = &F::compare, .number = &F::compare_cas, .number_error = text::kBadToken},
    {.letter = 'D', .number = &F::delta, .number_error = text::kInvalidMetaDelta},
    {.letter = 'E', .number = &F::explicit_cas, .number_error = text::kBadToken},
    {.letter = 'F', .action = &Reader::client_flags},
    {.letter = 'I', .bit = &F::invalidate},
    {.letter = 'J', .number = &F::initial, .number_error = text::kInvalidInitial},
    {.letter = 'L'},  // for proxies
    {.letter = 'M', .action = &Reader::mode},
    {.letter = 'N', .returned = kReturned, .deadline = &F::vivify},
    {.letter = 'O', .returned = kReturned, .action = &Reader::opaque},
    {.letter = 'P'},  // for proxies
    {.letter = 'R', .action = &Reader::recache},
    {.letter = 'T', .returned = kReturned, .deadline = &F::touch, .action = &Reader::touch_order},
    {.letter = 'b', .bit = &F::base64_key, .action = &Reader::key_encoding},
    {.letter = 'c', .returned = kReturned, .bit = &F::want_cas},
    {.letter = 'f', .returned = kReturned},
    {.letter = 'h', .returned = kReturned},
    {.letter = 'k', .returned = kReturned},
    {.letter = 'l', .returned = kReturned},
    {.letter = 'q', .bit = &F::quiet},
    {.letter = 's', .returned = kReturned},
    {.letter = 't', .returned = kReturned},
    {.letter = 'u', .bit = &F::no_bump},
    {.letter = 'v', .bit = &F::value},
    {.letter = 'x', .bit = &F::remove_value},
};

/// Letters are counted from 'A'; the few bytes between 'Z' and 'a' are letters without a row.
constexpr std::size_t kLetters = 'z' - 'A' + 1;
constexpr std::uint8_t kNoRow = 0xff;

constexpr std::array<std::uint8_t, kLetters> make_row_of_letter() {
  std::array<std::uint8_t, kLetters> row_of{};
  row_of.fill(kNoRow);
  for (std::size_t row = 0; row < std::size(kRows); ++row) {
    row_of[static_cast<std::size_t>(kRows[row].letter - 'A')] = static_cast<std::uint8_t>(row);
  }
  return row_of;
}
constexpr std::array<std::uint8_t, kLetters> kRowOfLetter = make_row_of_letter();

/// Reads one flag that has a row.
void Reader::read(std::string_view word) {
  const Row& row = kRows[kRowOfLetter[static_cast<std::size_t>(word.front() - 'A')]];
  const std::string_view token = word.substr(1);
  if (row.returned) flags.returned[flags.returned_count++] = row.letter;
  if (row.bit != nullptr) flags.*row.bit = true;
  if (row.number != nullptr && !parse_u64(token, &(flags.*row.number))) fail(row.number_error);
  if (row.deadline != nullptr) read_deadline(token, &(flags.*row.deadline));
  if (row.action != nullptr) (this->*row.action)(word);
}

bool Reader::read_deadline(std::string_view token, std::optional<engine::Deadline>* to) {
  std::int32_t exptime;
  if (!parse_i32(token, &exptime)) {
    fail(text::kBadToken);
    return false;
  }
  *to = clock.deadline(exptime);
  return true;
}

void Reader::key_encoding(std::string_view) {
  const std::size_t bytes = base64_decode(flags.key, key_buffer.data());
  if (bytes == 0) fail(text::kKeyDecoding);
  flags.key = {key_buffer.data(), bytes};
}

void Reader::client_flags(std::string_view word) {
  if (!parse_u32(word.substr(1), &flags.client_flags)) failed = true;
}

/// The engine judges R on the deadline it finds. Where T was sent before R, memcached has put the
/// new deadline in place by then: the answer is known here, all or nothing.
void Reader::recache(std::string_view word) {
  std::optional<engine::Deadline> limit;
  if (!read_deadline(word.substr(1), &limit)) return;
  if (!flags.touch) {
    flags.recache_s = limit->seconds() > clock.now() ? limit->seconds() - clock.now() : 0;
  } else if (*flags.touch != engine::Deadline::never() && flags.touch->quarters < limit->quarters) {
    flags.recache_s = kAllSeconds;
  }
}

}  // namespace

bool meta_flags_well_formed(const Words& words, std::size_t first) {
  for (std::size_t i = first; i < words.count(); ++i) {
    const char c = words[i].front();
    const bool letter = c >= 'A' && c <= 'z';
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !digit) return false;
  }
  return true;
}

std::string_view parse_meta_flags(const Words& words, std::size_t first, const engine::Clock& clock,
                                  KeyBuffer* key_buffer, MetaFlags* flags) {
  flags->key = words[1];
  if (flags->key.size() > kKeyBytesMax) return text::kBadFormat;
  if (words.count() > kMetaWordsMax) return text::kFlagsTooLong;

  std::uint64_t seen = 0;
  static_assert(kLetters <= 64);
  Reader reader{clock, *key_buffer, *flags};
  for (std::size_t i = first; i < words.count(); ++i) {
    const std::string_view word = words[i];
    if (word.front() < 'A') return text::kInvalidFlag;  // a digit
    const auto letter = static_cast<std::size_t>(word.front() - 'A');
    const std::uint64_t bit = std::uint64_t{1} << letter;
    if ((seen & bit) != 0) return text::kDuplicateFlag;
    if (kRowOfLetter[letter] == kNoRow) return text::kInvalidFlag;
    seen |= bit;
    reader.read(word);
  }
  return reader.failed ? reader.error : std::string_view();
}

std::string_view check_opaque(const MetaFlags& flags) {
  return flags.opaque.size() > kOpaqueBytesMax ? text::kOpaqueTooLong : std::string_view();
}

}  // namespace larder::proto
