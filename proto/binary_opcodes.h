// The opcodes of the binary protocol as data: what each does and which shape its request has.
// Parsing, checking and dispatch read this table; nothing else knows a number.
//
// Opcodes that are missing here (1b verbosity, 30..3c range operations and whatever a client makes
// up) are answered "Unknown command", as memcached does.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/engine.h"

namespace larder::proto::binary {

/// The handler of an opcode.
enum class Verb : std::uint8_t {
  unknown,
  get,    // get, getk, touch, gat, gatk
  store,  // set, add, replace, append, prepend
  remove,
  arithmetic,
  noop,
  version,
  flush,
  quit,
  stat,
  sasl,
  config_get,  // Auto Discovery (binary_config.cc)
  config_set,
  config_delete,
  config_list,
};

/// Request shapes: how many bytes of extras, whether key and value belong to it.
enum class Extras : std::uint8_t { none, exactly, none_or };
enum class Part : std::uint8_t { forbidden, required, optional };

struct Opcode {
  Verb verb = Verb::unknown;
  bool quiet = false;  // no reply for the ordinary outcome
  Extras extras = Extras::none;
  std::uint8_t extras_bytes = 0;
  Part key = Part::optional;
  bool value = true;                                // may have a value
  engine::StoreMode mode = engine::StoreMode::set;  // store
  bool decrement = false;                           // arithmetic
  bool touch = false;                               // get: sets a new deadline
  bool reply_key = false;                           // get
  bool reply_value = false;                         // get

  /// Is it about the cluster's list of nodes?
  bool is_config() const { return verb >= Verb::config_get && verb <= Verb::config_list; }
  /// Is it about one key of the engine's?
  bool has_key() const { return verb >= Verb::get && verb <= Verb::arithmetic; }
  /// Is a request of these lengths well-formed? Requires: extras and key fit into the body.
  bool accepts(std::size_t extras_size, std::size_t key_size, std::size_t value_size) const {
    const bool extras_fit = extras_size == (extras == Extras::none ? 0 : extras_bytes) ||
                            (extras == Extras::none_or && extras_size == 0);
    const bool key_fits = key == Part::optional || (key_size != 0) == (key == Part::required);
    return extras_fit && key_fits && (value || value_size == 0);
  }
};

namespace detail {

inline constexpr std::uint8_t kStoreExtras = 8;        // client flags, exptime
inline constexpr std::uint8_t kArithmeticExtras = 20;  // delta, initial value, exptime
inline constexpr std::uint8_t kExptimeExtras = 4;
inline constexpr std::uint8_t kConfigExtras = 4;       // client flags

constexpr Opcode get(bool quiet, bool touch, bool reply_key, bool reply_value) {
  Opcode row{.verb = Verb::get, .quiet = quiet, .key = Part::required, .value = false};
  row.extras = touch ? Extras::exactly : Extras::none;
  row.extras_bytes = touch ? kExptimeExtras : 0;
  row.touch = touch;
  row.reply_key = reply_key;
  row.reply_value = reply_value;
  return row;
}
constexpr Opcode store(bool quiet, engine::StoreMode mode) {
  const bool joins = mode == engine::StoreMode::append || mode == engine::StoreMode::prepend;
  Opcode row{.verb = Verb::store, .quiet = quiet, .key = Part::required, .mode = mode};
  row.extras = joins ? Extras::none : Extras::exactly;
  row.extras_bytes = joins ? 0 : kStoreExtras;
  return row;
}
constexpr Opcode arithmetic(bool quiet, bool decrement) {
  return {.verb = Verb::arithmetic,
          .quiet = quiet,
          .extras = Extras::exactly,
          .extras_bytes = kArithmeticExtras,
          .key = Part::required,
          .value = false,
          .decrement = decrement};
}
constexpr Opcode remove(bool quiet) {
  return {.verb = Verb::remove, .quiet = quiet, .key = Part::required, .value = false};
}
constexpr Opcode flush(bool quiet) {
  return {.verb = Verb::flush,
          .quiet = quiet,
          .extras = Extras::none_or,
          .extras_bytes = kExptimeExtras,
          .key = Part::forbidden,
          .value = false};
}
constexpr Opcode config_get(bool quiet, bool reply_key) {
  return {.verb = Verb::config_get,
          .quiet = quiet,
          .key = Part::required,
          .value = false,
          .reply_key = reply_key};
}
constexpr Opcode config_set(bool quiet) {
  return {.verb = Verb::config_set,
          .quiet = quiet,
          .extras = Extras::exactly,
          .extras_bytes = kConfigExtras,
          .key = Part::required};
}
constexpr Opcode config_delete(bool quiet) {
  return {.verb = Verb::config_delete, .quiet = quiet, .key = Part::required, .value = false};
}
constexpr Opcode bare(bool quiet, Verb verb) {
  return {.verb = verb, .quiet = quiet, .key = Part::forbidden, .value = false};
}

// clang-format off
constexpr std::array<Opcode, 256> make_opcodes() {
  using engine::StoreMode;
  constexpr bool loud = false;
  constexpr bool quiet = true;
  std::array<Opcode, 256> table{};
  //                      quiet  touch  key    value
  table[0x00] = get(      loud,  false, false, true);   // get
  table[0x01] = store(    loud,  StoreMode::set);
  table[0x02] = store(    loud,  StoreMode::add);
  table[0x03] = store(    loud,  StoreMode::replace);
  table[0x04] = remove(   loud);
  table[0x05] = arithmetic(loud, false);                // incr
  table[0x06] = arithmetic(loud, true);                 // decr
  table[0x07] = bare(     loud,  Verb::quit);
  table[0x08] = flush(    loud);
  table[0x09] = get(      quiet, false, false, true);   // getq
  table[0x0a] = bare(     loud,  Verb::noop);
  table[0x0b] = bare(     loud,  Verb::version);
  table[0x0c] = get(      loud,  false, true,  true);   // getk
  table[0x0d] = get(      quiet, false, true,  true);   // getkq
  table[0x0e] = store(    loud,  StoreMode::append);
  table[0x0f] = store(    loud,  StoreMode::prepend);
  table[0x10] = {.verb = Verb::stat, .key = Part::optional, .value = false};
  table[0x11] = store(    quiet, StoreMode::set);
  table[0x12] = store(    quiet, StoreMode::add);
  table[0x13] = store(    quiet, StoreMode::replace);
  table[0x14] = remove(   quiet);
  table[0x15] = arithmetic(quiet, false);
  table[0x16] = arithmetic(quiet, true);
  table[0x17] = bare(     quiet, Verb::quit);
  table[0x18] = flush(    quiet);
  table[0x19] = store(    quiet, StoreMode::append);
  table[0x1a] = store(    quiet, StoreMode::prepend);
  table[0x1c] = get(      loud,  true,  false, false);  // touch
  table[0x1d] = get(      loud,  true,  false, true);   // gat
  table[0x1e] = get(      quiet, true,  false, true);   // gatq
  table[0x20] = bare(     loud,  Verb::sasl);           // list mechanisms
  table[0x21] = {.verb = Verb::sasl, .key = Part::required};  // auth
  table[0x22] = {.verb = Verb::sasl, .key = Part::required};  // step
  table[0x23] = get(      loud,  true,  true,  true);   // gatk
  table[0x24] = get(      quiet, true,  true,  true);   // gatkq
  // Not memcached's: what the managed services' clients ask for the list of nodes with.
  table[0x60] = config_get(loud,  false);
  table[0x61] = config_get(quiet, false);
  table[0x62] = config_get(loud,  true);
  table[0x63] = config_get(quiet, true);
  table[0x64] = config_set(loud);
  table[0x65] = config_set(quiet);
  table[0x66] = config_delete(loud);
  table[0x67] = config_delete(quiet);
  table[0x68] = bare(     loud,  Verb::config_list);
  return table;
}
// clang-format on

}  // namespace detail

inline constexpr std::array<Opcode, 256> kOpcodes = detail::make_opcodes();

}  // namespace larder::proto::binary
