// A field of a large hash: name, value and perhaps a deadline in one allocation.
//
//   | layout u8 | name length | value length | deadline i64, if any | name | value |
//
//   layout: bits 0-1 width of the name's length, bits 2-3 that of the value's (0, 1, 2: one, two,
//   four bytes), bit 4 whether there is a deadline
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/redis/types/heap.h"

namespace larder::redis {

class HashField {
 public:
  /// To be released with heap::release. A deadline of 0 is none. Requires: both below 4 GiB.
  static HashField* make(std::string_view name, std::string_view value, std::int64_t deadline_ms) {
    const Layout layout = layout_of(name.size(), value.size(), deadline_ms != 0);
    auto* bytes = static_cast<std::uint8_t*>(heap::allocate(layout.whole()));
    auto* field = reinterpret_cast<HashField*>(bytes);
    bytes[0] = layout.code;
    std::memcpy(bytes + 1, &layout.name_bytes, layout.name_width());
    if (deadline_ms != 0) std::memcpy(bytes + layout.deadline_at(), &deadline_ms, 8);
    if (!name.empty()) std::memcpy(bytes + layout.name_at(), name.data(), name.size());
    field->write_value(layout, value);
    return field;
  }

  std::string_view name() const {
    const Layout layout = this->layout();
    return {text() + layout.name_at(), layout.name_bytes};
  }
  std::string_view value() const {
    const Layout layout = this->layout();
    return {text() + layout.name_at() + layout.name_bytes, layout.value_bytes};
  }
  /// 0 when there is none.
  std::int64_t deadline_ms() const {
    if (!has_deadline()) return 0;
    std::int64_t deadline;
    std::memcpy(&deadline, text() + layout().deadline_at(), sizeof deadline);
    return deadline;
  }
  bool has_deadline() const { return (code_ & kDeadline) != 0; }

  /// Changes the value where it is, if it has the room and would not waste it. The deadline stays.
  bool set_value(std::string_view value) {
    const Layout before = layout();
    const Layout after = layout_of(before.name_bytes, value.size(), has_deadline());
    const std::size_t room = heap::usable_bytes(this);
    if (after.code != before.code || after.whole() > room || after.whole() < room / 2) return false;
    write_value(after, value);
    return true;
  }
  /// Changes the deadline where it is. Requires: there is one, and the new one is not 0.
  void set_deadline(std::int64_t deadline_ms) {
    auto* bytes = reinterpret_cast<std::uint8_t*>(this);
    std::memcpy(bytes + layout().deadline_at(), &deadline_ms, sizeof deadline_ms);
  }

 private:
  static constexpr std::uint8_t kDeadline = 16;

  struct Layout {
    std::uint8_t code;
    std::uint32_t name_bytes;
    std::uint32_t value_bytes;

    std::size_t name_width() const { return std::size_t{1} << (code & 3); }
    std::size_t value_width() const { return std::size_t{1} << (code >> 2 & 3); }
    std::size_t deadline_at() const { return 1 + name_width() + value_width(); }
    std::size_t name_at() const { return deadline_at() + ((code & kDeadline) != 0 ? 8 : 0); }
    std::size_t whole() const { return name_at() + name_bytes + value_bytes; }
  };

  static std::uint8_t width_code(std::size_t length) {
    return length < 256 ? 0 : length < 65536 ? 1 : 2;
  }
  static Layout layout_of(std::size_t name, std::size_t value, bool deadline) {
    const int code = width_code(name) | width_code(value) << 2 | (deadline ? kDeadline : 0);
    return {static_cast<std::uint8_t>(code), static_cast<std::uint32_t>(name),
            static_cast<std::uint32_t>(value)};
  }
  Layout layout() const {
    Layout layout{code_, 0, 0};
    std::memcpy(&layout.name_bytes, text() + 1, layout.name_width());
    std::memcpy(&layout.value_bytes, text() + 1 + layout.name_width(), layout.value_width());
    return layout;
  }
  void write_value(const Layout& layout, std::string_view value) {
    auto* bytes = reinterpret_cast<std::uint8_t*>(this);
    std::memcpy(bytes + 1 + layout.name_width(), &layout.value_bytes, layout.value_width());
    if (value.empty()) return;
    std::memmove(bytes + layout.name_at() + layout.name_bytes, value.data(), value.size());
  }
  const char* text() const { return reinterpret_cast<const char*>(this); }

  std::uint8_t code_;
};

}  // namespace larder::redis
