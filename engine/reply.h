// The typed answer of Engine::execute, before any wire format. RESP writers, the memcached admin
// writer and test recorders implement it; commands never see a protocol.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder::engine {

class Reply {
 public:
  virtual void status(std::string_view line) = 0;  // OK, RESET, ...
  virtual void error(std::string_view line) = 0;   // complete text, without line end
  virtual void integer(std::int64_t value) = 0;
  virtual void bulk(std::string_view bytes) = 0;
  virtual void null() = 0;
  virtual void array(std::size_t count) = 0;  // `count` replies follow
  virtual void map(std::size_t count) = 0;    // `count` pairs of replies follow

 protected:
  ~Reply() = default;
};

/// Receives statistics one at a time, in the order a client should see them.
class StatSink {
 public:
  virtual void stat(std::string_view name, std::string_view value) = 0;
  void stat(std::string_view name, std::uint64_t value);
  void stat(std::string_view name, std::int64_t value);
  /// Literals are text: without this overload they would convert to bool.
  void stat(std::string_view name, const char* value) { stat(name, std::string_view(value)); }
  void stat(std::string_view name, bool value) { stat(name, value ? std::string_view("yes") : "no"); }

 protected:
  ~StatSink() = default;
};

}  // namespace larder::engine
