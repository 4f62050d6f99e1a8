// The forms of a value that has several, in eight bytes: which form, and where it lies.
//
//   | form 16 | address 48 |        (addresses of user space fit, see dense_table.h)
//
// A form is a class whose objects are one pointer (Listpack, Intset: adopt() and release()), borrowed
// for reading or changing, or a structure on the heap. FormPointer owns nothing: its value does.
#pragma once

#include <cstdint>
#include <utility>

namespace larder::redis {

class FormPointer {
 public:
  FormPointer(unsigned form, void* address) { set(form, address); }

  unsigned form() const { return static_cast<unsigned>(word_ >> 48); }
  void set(unsigned form, void* address) {
    word_ = std::uint64_t{form} << 48 | reinterpret_cast<std::uint64_t>(address);
  }
  template <typename T>
  T* at() const {
    return reinterpret_cast<T*>(word_ & ((std::uint64_t{1} << 48) - 1));
  }

 private:
  std::uint64_t word_;
};

/// Lends the Pack (Listpack, Intset) that a FormPointer points to; whatever memory it has afterwards is
/// put back.
template <typename Pack>
class Borrowed {
 public:
  explicit Borrowed(FormPointer& from) : from_(from), pack_(Pack::adopt(from.at<std::uint8_t>())) {}
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() { from_.set(from_.form(), pack_.release()); }
  Pack* operator->() { return &pack_; }

 private:
  FormPointer& from_;
  Pack pack_;
};

}  // namespace larder::redis
