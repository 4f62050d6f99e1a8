// What the handler of a command works with: its arguments, the keys they name, the client and the reply.
//
// The locks of all keys that the command declares are held while the handler runs (or everything stands
// still, for an exclusive command). Keys are named by the index of their argument; the hash has been made
// already.
//
// Values. read() and write() give a structured value or nullptr when there is no such key; they return
// false when the key holds another type, and then WRONGTYPE has been answered. create() and put() make
// entries. What a handler allocates is charged to the value it opened last with write(), create() or
// make(); nothing else is to be counted. A value or string obtained here is valid until the next call that
// changes an entry. A value that a command has emptied goes with its key: remove_if_empty().
//
// Every change is told by modified(), the one place where journal, WATCH, tracking, keyspace events and
// blocked clients learn of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "engine/redis/errors.h"
#include "engine/redis/numbers.h"
#include "engine/redis/redis_engine.h"

namespace larder::redis {

class CommandContext {
 public:
  CommandContext(RedisEngine& of, WorkerState& state_of, Client& of_client, const Command& of_command,
                 Arguments arguments, std::span<const HashedKey> keys, Reply& to)
      : engine(of),
        state(state_of),
        client(of_client),
        command(of_command),
        args(arguments),
        reply(to),
        settings(of.settings()),
        now_ms(state_of.now_ms),
        hashed_(keys) {}
  ~CommandContext() { close_meter(); }
  CommandContext(const CommandContext&) = delete;
  CommandContext& operator=(const CommandContext&) = delete;

  RedisEngine& engine;
  WorkerState& state;
  Client& client;
  const Command& command;
  const Arguments args;  // the command's name first
  Reply& reply;
  const Settings& settings;
  const std::int64_t now_ms;

  std::string_view argument(std::size_t i) const { return args[i]; }
  /// Whether argument `i` is this word, in any case; `lower` is in lower case.
  bool is(std::size_t i, std::string_view lower) const { return equals_nocase(args[i], lower); }
  /// Integer arguments; false: the error has been answered.
  bool integer(std::size_t i, std::int64_t* value, std::string_view error = errors::kNotInteger) {
    if (parse_i64(args[i], value)) return true;
    reply.error(error);
    return false;
  }
  void syntax_error() { reply.error(errors::kSyntax); }

  /// A key with its hash. Any key may be asked for; those of declared arguments cost nothing.
  Key key(std::size_t i) const {
    for (std::size_t tries = hashed_.size(); tries != 0; --tries) {
      if (next_ == hashed_.size()) next_ = 0;
      const HashedKey& each = hashed_[next_++];
      if (each.index == i) return each.key;
    }
    return engine.key(args[i]);
  }

  // --- entries ---

  /// The item of a live key, nullptr if there is none. find() is for reading: it counts hits and misses
  /// and marks the access; peek() leaves no trace.
  Item* find(const Key& key);
  Item* find(std::size_t i) { return find(key(i)); }
  Item* peek(const Key& key, unsigned database);
  Item* peek(const Key& key) { return peek(key, client.database); }
  Item* peek(std::size_t i) { return peek(key(i)); }
  bool exists(std::size_t i) { return peek(i) != nullptr; }
  static Type type_of(const Item& item) {
    const Value* const value = RedisEngine::object_of(item);
    return value == nullptr ? Type::kString : value->type();
  }

  /// When a key ends, in Unix milliseconds; 0 = never. `item` is its own.
  std::int64_t deadline_of(const Item& item) const { return engine.deadline_of(item); }
  /// Requires: the key exists.
  void set_deadline(const Key& key, std::int64_t deadline_ms);

  /// Removes a key; false: there is none. `lazily`: a large value is freed in the background.
  bool remove(const Key& key);
  bool remove(std::size_t i) { return remove(key(i)); }

  // --- structured values ---

  template <typename T>
  bool read(std::size_t i, T** value) {
    return as(find(i), value);
  }
  template <typename T>
  bool read(const Key& key, T** value) {
    return as(find(key), value);
  }
  /// For changing it.
  template <typename T>
  bool write(std::size_t i, T** value) {
    return write(key(i), value);
  }
  template <typename T>
  bool write(const Key& key, T** value) {
    Item* const item = find_to_write(key);
    if (!as(item, value)) return false;
    if (*value != nullptr) open_meter(*value);
    return true;
  }
  /// Frees a value that was made and never put: nothing is charged to it any more.
  struct Drop {
    CommandContext* context;
    void operator()(Value* value) const {
      if (context->metered_ == value) context->metered_ = nullptr;
      delete value;
    }
  };
  template <typename T>
  using Made = std::unique_ptr<T, Drop>;
  /// A new value that belongs to the caller until put(); what is allocated from now on is charged to it.
  template <typename T, typename... Arguments_>
  Made<T> make(Arguments_&&... arguments) {
    open_meter(nullptr);
    Made<T> value(new T(std::forward<Arguments_>(arguments)...), Drop{this});
    metered_ = value.get();
    return value;
  }
  /// A new entry for a key that does not exist.
  template <typename T, typename... Arguments_>
  T* create(std::size_t i, Arguments_&&... arguments) {
    return create<T>(key(i), std::forward<Arguments_>(arguments)...);
  }
  template <typename T, typename... Arguments_>
  T* create(const Key& key, Arguments_&&... arguments) {
    open_meter(nullptr);
    T* const value = new T(std::forward<Arguments_>(arguments)...);
    metered_ = value;
    put_object(key, value);
    return value;
  }
  /// Stores a value under a key, in the place of whatever is there; it never expires.
  void put(const Key& key, std::unique_ptr<Value> value) { put_object(key, value.release()); }
  void put(std::size_t i, std::unique_ptr<Value> value) { put(key(i), std::move(value)); }
  template <typename T>
  void put(const Key& key, Made<T> value) {
    put_object(key, value.release());
  }
  template <typename T>
  void put(std::size_t i, Made<T> value) {
    put_object(key(i), value.release());
  }
  /// What follows is charged to this value.
  void charge_to(Value* value) { open_meter(value); }
  /// Deletes the key of an emptied value; true if it was.
  template <typename T>
  bool remove_if_empty(std::size_t i, const T* value) {
    return value->size() == 0 && remove(i);
  }

  // --- strings ---

  /// False: another type, which has been answered. An empty optional: no such key.
  bool read_string(const Key& key, std::optional<std::string_view>* value);
  bool read_string(std::size_t i, std::optional<std::string_view>* value) {
    return read_string(key(i), value);
  }
  /// As read_string(), without a trace in statistics.
  bool string_of(Item* item, std::optional<std::string_view>* value);

  struct StringOptions {
    std::int64_t deadline_ms = 0;   // 0 = never
    bool keep_fields = false;       // deadline and client flags of the entry that is there
    std::uint32_t marks = 0;        // of slab::kStringMarks: what OBJECT ENCODING says
  };
  /// Stores a string in the place of whatever is there.
  void put_string(const Key& key, std::string_view value, const StringOptions& options);
  void put_string(const Key& key, std::string_view value) { put_string(key, value, StringOptions{}); }
  void put_string(std::size_t i, std::string_view value) { put_string(key(i), value); }
  /// The bytes of a string for changing them, at least `bytes` of them (added ones are zero); a missing key
  /// is made. Requires: no other type (read_string() said so).
  std::span<char> edit_string(const Key& key, std::size_t bytes);
  /// From now on OBJECT ENCODING says raw. Requires: the key holds a string.
  void mark_raw(const Key& key) { peek(key)->mark_value(slab::kRawString); }

  /// The one place where changes are told: what happened to the key, by the name of its keyspace event.
  void modified(const Key& key, std::string_view event);
  void modified(std::size_t i, std::string_view event) { modified(key(i), event); }

  // --- moving entries, for RENAME, COPY and their like ---

  /// Takes the entry of a key out, whole.
  struct Detached {
    Value* value = nullptr;   // nullptr: a string
    std::string bytes;        // of a string
    std::int64_t deadline_ms = 0;
    std::uint32_t client_flags = 0;
    std::uint32_t marks = 0;
  };
  Detached detach(const Key& key, unsigned database);
  Detached copy_of(const Key& key, unsigned database);
  void attach(const Key& key, unsigned database, Detached entry);

 private:
  template <typename T>
  bool as(Item* item, T** value) {
    *value = nullptr;
    if (item == nullptr) return true;
    Value* const found = RedisEngine::object_of(*item);
    if (found == nullptr || found->type() != T::kType) {
      reply.error(errors::kWrongType);
      return false;
    }
    *value = static_cast<T*>(found);
    return true;
  }
  Stripe& stripe(const Key& key) { return engine.stripe(client.database, key); }
  Item* find_to_write(const Key& key);
  void put_object(const Key& key, Value* value);
  void open_meter(Value* value) {
    close_meter();
    metered_ = value;
    mark_ = heap::thread_bytes();
  }
  void close_meter() {
    if (metered_ != nullptr) std::exchange(metered_, nullptr)->charge(heap::thread_bytes() - mark_);
  }

  const std::span<const HashedKey> hashed_;
  mutable std::size_t next_ = 0;  // of hashed_, where the next key is likely
  Value* metered_ = nullptr;
  std::int64_t mark_ = 0;
};

}  // namespace larder::redis
