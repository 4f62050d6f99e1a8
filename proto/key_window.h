// A window of keys taken from a retrieval line, hashed and prefetched together.
#pragma once

#include <new>
#include <span>
#include <string_view>

#include "engine/engine.h"
#include "proto/meta_flags.h"
#include "proto/tokens.h"

namespace larder::proto {

/// Requests, or keys of a retrieval line, that are prefetched together.
inline constexpr std::size_t kWindow = 32;

/// Room for up to kWindow keys that costs nothing to make: a window is set up for each read, and
/// most reads bring one key.
class Keys {
 public:
  Keys() {}
  void add(const engine::Engine& engine, std::string_view bytes) {
    new (&keys_[count_++]) engine::Key(engine.key(bytes));
  }
  std::size_t count() const { return count_; }
  const engine::Key& operator[](std::size_t index) const { return keys_[index]; }
  /// A lone key is looked up at once, so a hint would come too late.
  void prefetch(engine::Engine& engine) const {
    if (count_ > 1) engine.prefetch({keys_, count_});
  }

 private:
  std::size_t count_ = 0;
  union {
    engine::Key keys_[kWindow];  // constructed up to count_; trivially destructible
  };
};

/// Why a window has no more keys.
enum class WindowEnd : std::uint8_t {
  full,      // it holds kWindow keys
  line,      // the line ended; at() is behind its '\n'
  input,     // the input ended within a word or between two; at() is where to go on
  long_key,  // the key at at() is over-long
};

class KeyWindow {
 public:
  /// Takes keys from [at, end) and prefetches them.
  WindowEnd fill(const char* at, const char* end, engine::Engine& engine) {
    const WindowEnd result = take(at, end, engine);
    keys_.prefetch(engine);
    return result;
  }

  std::size_t count() const { return keys_.count(); }
  const engine::Key& key(std::size_t index) const { return keys_[index]; }
  /// Behind key `index`, where the line goes on.
  const char* behind(std::size_t index) const {
    return keys_[index].bytes.data() + keys_[index].bytes.size();
  }
  const char* at() const { return at_; }

 private:
  WindowEnd take(const char* at, const char* end, engine::Engine& engine) {
    while (keys_.count() < kWindow) {
      at_ = skip_spaces(at, end);
      at = find_word_end(at_, end);
      // A '\r' before the '\n' is no part of the key, and before the end of the input it may be
      // one.
      const bool last = at == end || *at == '\n';
      const bool carriage_return = last && at != at_ && at[-1] == '\r';
      const auto bytes = static_cast<std::size_t>(at - at_) - carriage_return;
      if (bytes > kKeyBytesMax) return WindowEnd::long_key;
      if (at == end) return WindowEnd::input;
      if (bytes != 0) keys_.add(engine, {at_, bytes});
      if (last) {
        at_ = at + 1;
        return WindowEnd::line;
      }
    }
    at_ = at;
    return WindowEnd::full;
  }

  Keys keys_;
  const char* at_ = nullptr;
};

}  // namespace larder::proto
