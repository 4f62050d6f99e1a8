// The hash value, in one of three forms:
//
//   Pairs       a listpack of field, value, field, value, ... found by walking
//   Triples     a listpack of field, value, deadline, ...; deadline 0 = none. Those with a deadline
//               come first, the earliest in front, those without at the end (the form and order in
//               which Redis 7.4 writes such hashes)
//   Fields      a dense hash table, and an ordered set of the deadlines if there are any
//
// A hash leaves Pairs for Triples when a field gets a deadline, and either for Fields when it
// passes HashLimits. There is no way back.
//
// Deadlines: a field whose deadline has passed is dead. The owner calls expire() before it uses a
// hash whose next_deadline_ms() has come; that takes at most kExpiredAtOnce fields out of a table,
// so that no call is long, and what is left is passed over by readers that give the time.
//
// Locking: the stripe lock of the key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "engine/redis/types/dense_table.h"
#include "engine/redis/types/form_pointer.h"
#include "engine/redis/types/hash_field.h"
#include "engine/redis/types/listpack.h"
#include "engine/redis/types/value.h"

namespace larder::redis {

struct HashLimits {
  std::size_t listpack_entries = 512;
  std::size_t listpack_value = 64;  // bytes of a field or a value
};

class Hash final : public Value {
 public:
  static constexpr Type kType = Type::kHash;
  static constexpr std::int64_t kNever = INT64_MAX;
  static constexpr std::size_t kExpiredAtOnce = 256;

  struct Pair {
    PackedValue field;
    PackedValue value;
    std::int64_t deadline_ms = 0;  // 0: none

    bool dead(std::int64_t now_ms) const { return deadline_ms != 0 && deadline_ms <= now_ms; }
  };

  Hash();
  ~Hash() override;
  enum class Packing { kPairs, kTriples };
  /// A hash of listpack bytes from outside, null unless they are sound: whole pairs (or triples in
  /// their order), no field twice, not empty.
  static std::unique_ptr<Hash> from_pack(std::span<const std::uint8_t> bytes, Packing packing,
                                         const HashLimits& limits);

  Type type() const override { return kType; }
  Encoding encoding() const override;
  Hash* clone() const override;
  std::size_t free_effort() const override;
  void check_integrity() const override;
  std::size_t heap_bytes() const override;
  void charge(std::int64_t) override {}

  /// Fields, the dead ones that are still there included.
  std::size_t size() const;
  /// The value of a field that is alive; good until the hash changes.
  std::optional<PackedValue> find(std::string_view field, std::int64_t now_ms) const;
  /// True when the field is new. Its deadline goes, unless `keep_deadline`.
  bool set(std::string_view field, std::string_view value, const HashLimits& limits,
           bool keep_deadline = false);
  /// False when it was not there.
  bool erase(std::string_view field);
  /// Leaves the packed forms if a field or value of that length may not be in them.
  void make_room_for(std::size_t text_bytes, const HashLimits& limits);

  /// The deadline of a field: 0 when it has none, nothing when there is no such field.
  std::optional<std::int64_t> deadline_ms(std::string_view field) const;
  /// Requires: the field is there. 0 takes its deadline away.
  void set_deadline(std::string_view field, std::int64_t deadline_ms);
  /// The earliest deadline, kNever if there is none.
  std::int64_t next_deadline_ms() const;
  /// Takes fields out whose deadline has come, the earliest first; `gone(field)` is told of each.
  template <typename Gone>
  std::size_t expire(std::int64_t now_ms, Gone&& gone) {
    std::size_t count = 0;
    while (next_deadline_ms() <= now_ms && count < kExpiredAtOnce) {
      const Pair pair = earliest();
      IntegerText room;
      gone(pair.field.text(room));
      erase_earliest();
      ++count;
    }
    return count;
  }

  /// A field, each as likely as any other, dead ones included. Requires: not empty.
  template <typename Random>
  Pair random(Random&& random_below) const {
    if (is_table()) return pair_of(*fields().table.random(random_below));
    return at(random_below(size()));
  }
  /// Visits the pairs until `visit(const Pair&)` returns false.
  template <typename Visit>
  bool for_each_while(Visit&& visit) const {
    if (is_table()) {
      return fields().table.for_each_while(
          [&](const HashField& field) { return visit(pair_of(field)); });
    }
    const ListpackView pack = packed();
    for (auto at = pack.first(); at != Listpack::kNone;) {
      if (!visit(pair_at(&at))) return false;
    }
    return true;
  }
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for_each_while([&](const Pair& pair) {
      visit(pair);
      return true;
    });
  }
  /// One step of HSCAN; see DenseTable::scan(). The packed forms are visited whole.
  template <typename Visit>
  std::uint64_t scan(std::uint64_t cursor, Visit&& visit) const {
    if (is_table()) {
      return fields().table.scan(cursor, [&](const HashField& field) { visit(pair_of(field)); });
    }
    for_each(visit);
    return 0;
  }

  /// The listpack of a packed form, for writing it down; encoding() tells which. Nothing otherwise.
  std::optional<ListpackView> pack() const;

 private:
  enum Form : unsigned { kPairs, kTriples, kTable };
  struct FieldTraits {
    using Element = HashField;
    static std::string_view key(const HashField& field) { return field.name(); }
  };
  using Deadline = std::pair<std::int64_t, HashField*>;
  struct Fields {
    DenseTable<FieldTraits> table;
    std::set<Deadline, std::less<Deadline>, heap::Allocator<Deadline>> deadlines;
    std::size_t bytes = 0;  // with all that it holds; see heap::Tally

    ~Fields() { table.clear([](HashField* field) { heap::release(field); }); }
    void insert(std::string_view name, std::string_view value, std::int64_t deadline);
    /// Puts a new allocation with another value or deadline in the field's place.
    void remake(HashField* field, std::string_view value, std::int64_t deadline);
    bool erase(std::string_view name);
    static std::unique_ptr<Fields> make(std::size_t fields);
    static void* operator new(std::size_t size) { return heap::allocate(size); }
    static void operator delete(void* memory) { heap::release(memory); }
  };

  /// Takes over a sound listpack.
  Hash(Listpack&& pack, Packing packing)
      : form_(packing == Packing::kPairs ? kPairs : kTriples, pack.release()) {}
  static Pair pair_of(const HashField& field) {
    return Pair{{field.name(), 0, false}, {field.value(), 0, false}, field.deadline_ms()};
  }
  /// The pair at a field's position in a packed form; the position moves on to the next field.
  Pair pair_at(Listpack::Position* position) const;
  Pair at(std::size_t nth) const;
  Pair earliest() const;
  void erase_earliest();
  bool is_table() const { return form_.form() == kTable; }
  Fields& fields() const { return *form_.at<Fields>(); }
  ListpackView packed() const { return ListpackView(form_.at<std::uint8_t>()); }
  std::size_t width() const { return form_.form() == kTriples ? 3 : 2; }
  void release_form();
  void become(Form form, void* memory);
  Listpack::Position find_packed(std::string_view field) const;
  void set_triple_deadline(std::string_view field, std::int64_t deadline_ms);
  void make_triples();
  /// False, with nothing changed, when a field is there twice or a deadline out of order.
  bool make_table();

  FormPointer form_;
};
static_assert(sizeof(Hash) == 16);

}  // namespace larder::redis
