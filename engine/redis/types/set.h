// The set value, in one of three forms:
//
//   Intset       all members are integers, and not more than SetLimits::intset_entries
//   Listpack     a few short members of any kind, found by walking
//   MemberTable  a dense hash table
//
// A set moves from a form to one below it and never back. OBJECT ENCODING knows the last two as
// "hashtable" (Redis 7.0 has no packed sets).
//
// Locking: the stripe lock of the key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/redis/types/dense_table.h"
#include "engine/redis/types/form_pointer.h"
#include "engine/redis/types/intset.h"
#include "engine/redis/types/listpack.h"
#include "engine/redis/types/packed_string.h"
#include "engine/redis/types/value.h"

namespace larder::redis {

struct SetLimits {
  std::size_t intset_entries = 512;
};

class Set final : public Value {
 public:
  static constexpr Type kType = Type::kSet;
  /// What the packed form holds at most.
  static constexpr std::size_t kPackedEntriesMax = 64;
  static constexpr std::size_t kPackedTextMax = 64;

  Set();
  ~Set() override;
  /// A set of intset bytes from outside, null unless they are sound and not empty.
  static std::unique_ptr<Set> from_integers(std::span<const std::uint8_t> bytes,
                                            const SetLimits& limits);

  Type type() const override { return kType; }
  Encoding encoding() const override;
  Set* clone() const override;
  std::size_t free_effort() const override;
  void check_integrity() const override;
  std::size_t heap_bytes() const override;
  void charge(std::int64_t) override {}

  std::size_t size() const;
  bool contains(std::string_view member) const;
  bool contains(const PackedValue& member) const;
  /// False when it was there already.
  bool insert(std::string_view member, const SetLimits& limits);
  /// False when it was not there.
  bool erase(std::string_view member);

  /// A member, each as likely as any other. `random_below(n)` gives a number below n; the value is
  /// good until the set changes. Requires: not empty.
  template <typename Random>
  PackedValue random(Random&& random_below) const {
    if (!is_table()) return at(random_below(size()));
    return PackedValue{table().random(random_below)->text(), 0, false};
  }
  /// Visits each member until `visit(const PackedValue&)` returns false.
  template <typename Visit>
  bool for_each_while(Visit&& visit) const {
    if (is_table()) {
      return table().for_each_while(
          [&](const PackedString& member) { return visit(PackedValue{member.text(), 0, false}); });
    }
    if (is_integers()) {
      const IntsetView integers = intset();
      for (std::size_t i = 0; i < integers.size(); ++i) {
        if (!visit(PackedValue{{}, integers.at(i), true})) return false;
      }
      return true;
    }
    const ListpackView pack = listpack();
    for (auto at = pack.first(); at != Listpack::kNone; at = pack.next(at)) {
      if (!visit(pack.at(at))) return false;
    }
    return true;
  }
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for_each_while([&](const PackedValue& member) {
      visit(member);
      return true;
    });
  }
  /// One step of SSCAN; see DenseTable::scan(). The other forms are visited whole.
  template <typename Visit>
  std::uint64_t scan(std::uint64_t cursor, Visit&& visit) const {
    if (is_table()) {
      return table().scan(cursor, [&](const PackedString& member) {
        visit(PackedValue{member.text(), 0, false});
      });
    }
    for_each(visit);
    return 0;
  }

  /// The bytes of the intset, when that is the form: for writing them down. Empty otherwise.
  std::span<const std::uint8_t> integers() const;

 private:
  enum Form : unsigned { kIntegers, kPacked, kTable };
  struct MemberTraits {
    using Element = PackedString;
    static std::string_view key(const PackedString& member) { return member.text(); }
  };
  struct MemberTable : DenseTable<MemberTraits> {
    std::size_t bytes = 0;  // with all that the table holds; see heap::Tally

    ~MemberTable() { clear([](PackedString* member) { heap::release(member); }); }
    static MemberTable* make(std::size_t members);
    static void* operator new(std::size_t size) { return heap::allocate(size); }
    static void operator delete(void* memory) { heap::release(memory); }
  };

  bool is_integers() const { return form_.form() == kIntegers; }
  bool is_table() const { return form_.form() == kTable; }
  MemberTable& table() const { return *form_.at<MemberTable>(); }
  IntsetView intset() const { return IntsetView(form_.at<std::uint8_t>()); }
  ListpackView listpack() const { return ListpackView(form_.at<std::uint8_t>()); }
  void release_form();
  void become(Form form, void* memory);
  /// The nth member of the forms that count them. Requires: not the table.
  PackedValue at(std::size_t nth) const;
  /// Gives up the intset for a form that takes `member`, besides those it has.
  void leave_integers(std::string_view member);
  void make_table();

  FormPointer form_;
};
static_assert(sizeof(Set) == 16);

}  // namespace larder::redis
