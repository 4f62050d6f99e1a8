// The typed answer of a Redis command: engine::Reply and what RESP3 adds. In RESP2 each of the
// additions has an older form, which the writer of that protocol knows; a command says what it means
// and never asks which protocol is spoken, but where Redis itself answers in another shape.
//
// A container whose size is known only when its elements have been given is opened with begin() and
// closed with one of the end_...(): its header is put in place then.
//
// Threads: one worker at a time. Calls are made under stripe locks: they write to memory only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/engine.h"
#include "engine/reply.h"

namespace larder::redis {

class Reply : public engine::Reply {
 public:
  virtual void null_array() = 0;              // RESP3: null
  virtual void set(std::size_t count) = 0;    // RESP2: an array
  virtual void push(std::size_t count) = 0;   // RESP2: an array
  virtual void number(double value) = 0;      // RESP2: its text
  /// A number whose text is made already, as coordinates are.
  virtual void number_text(std::string_view digits) = 0;
  virtual void boolean(bool value) = 0;       // RESP2: 1 or 0
  virtual void big_number(std::string_view digits) = 0;
  /// `format` is three letters (txt, mkd); RESP2: the bytes alone.
  virtual void verbatim(std::string_view format, std::string_view bytes) = 0;
  /// A large string that stays in its item until it is sent.
  virtual void bulk_pinned(engine::ItemPin pin, std::string_view bytes) = 0;

  /// Where the elements of a container of unknown size begin.
  using Mark = std::size_t;
  virtual Mark begin() = 0;
  virtual void end_array(Mark mark, std::size_t count) = 0;
  virtual void end_set(Mark mark, std::size_t count) = 0;
  /// `count` pairs.
  virtual void end_map(Mark mark, std::size_t count) = 0;
  /// The answer of a SCAN: the next cursor, and the `count` elements since `mark`.
  virtual void end_scan(Mark mark, std::string_view cursor, std::size_t count) = 0;
  /// Takes back everything since `mark`.
  virtual void rewind(Mark mark) = 0;

  virtual bool resp3() const = 0;

  void ok() { status("OK"); }
  void empty_array() { array(0); }

 protected:
  ~Reply() = default;
};

}  // namespace larder::redis
