#include "engine/redis/types/set.h"

#include "engine/redis/types/check.h"

namespace larder::redis {

Set::MemberTable* Set::MemberTable::make(std::size_t members) {
  const heap::Meter meter;
  auto* table = new MemberTable;
  table->reserve(members);
  table->bytes = static_cast<std::size_t>(meter.delta());
  return table;
}

Set::Set() : form_(kIntegers, Intset().release()) {}

Set::~Set() { release_form(); }

void Set::release_form() {
  if (is_table()) {
    delete &table();
  } else {
    heap::release(form_.at<void>());
  }
}

void Set::become(Form form, void* memory) {
  release_form();
  form_.set(form, memory);
}

std::unique_ptr<Set> Set::from_integers(std::span<const std::uint8_t> bytes,
                                        const SetLimits& limits) {
  if (!IntsetView::validate(bytes, true)) return nullptr;
  std::unique_ptr<Set> set(new Set);
  set->become(kIntegers, Intset(bytes).release());
  if (set->size() > limits.intset_entries) set->leave_integers({});
  return set;
}

Encoding Set::encoding() const { return is_integers() ? Encoding::kIntset : Encoding::kHashtable; }

Set* Set::clone() const {
  auto* copy = new Set;
  if (is_integers()) {
    copy->become(kIntegers, Intset(intset().bytes()).release());
  } else if (!is_table()) {
    copy->become(kPacked, Listpack(listpack().bytes()).release());
  } else {
    MemberTable* members = MemberTable::make(size());
    copy->become(kTable, members);
    const heap::Tally tally(&members->bytes);
    table().for_each(
        [&](const PackedString& member) { members->insert(PackedString::make(member.text())); });
  }
  return copy;
}

std::size_t Set::free_effort() const { return is_table() ? size() : 1; }

std::size_t Set::heap_bytes() const {
  const std::size_t content = is_table() ? table().bytes : heap::usable_bytes(form_.at<void>());
  return heap::usable_bytes(this) + content;
}

std::size_t Set::size() const {
  if (is_table()) return table().size();
  return is_integers() ? intset().size() : listpack().size();
}

std::span<const std::uint8_t> Set::integers() const {
  return is_integers() ? intset().bytes() : std::span<const std::uint8_t>();
}

bool Set::contains(std::string_view member) const {
  if (is_table()) return table().contains(member);
  if (is_integers()) {
    std::int64_t value;
    return parse_integer(member, &value) && intset().contains(value);
  }
  const ListpackView pack = listpack();
  return pack.find(pack.first(), member) != Listpack::kNone;
}

bool Set::contains(const PackedValue& member) const {
  if (member.is_integer && is_integers()) return intset().contains(member.integer);
  IntegerText room;
  return contains(member.text(room));
}

bool Set::insert(std::string_view member, const SetLimits& limits) {
  if (is_integers()) {
    std::int64_t value;
    if (parse_integer(member, &value)) {
      if (!Borrowed<Intset>(form_)->insert(value)) return false;
      if (size() > limits.intset_entries) leave_integers({});
      return true;
    }
    leave_integers(member);
  }
  if (!is_table()) {
    if (contains(member)) return false;
    if (listpack().size() < kPackedEntriesMax && member.size() <= kPackedTextMax) {
      Borrowed<Listpack>(form_)->push_back(member);
      return true;
    }
    make_table();
  }
  const std::uint64_t hash = hash_bytes(member);
  if (table().find(member, hash) != nullptr) return false;
  const heap::Tally tally(&table().bytes);
  table().insert(PackedString::make(member), hash);
  return true;
}

bool Set::erase(std::string_view member) {
  if (is_table()) {
    const heap::Tally tally(&table().bytes);
    PackedString* erased = table().erase(member);
    heap::release(erased);
    return erased != nullptr;
  }
  if (is_integers()) {
    std::int64_t value;
    return parse_integer(member, &value) && Borrowed<Intset>(form_)->erase(value);
  }
  const ListpackView pack = listpack();
  const auto at = pack.find(pack.first(), member);
  if (at == Listpack::kNone) return false;
  Borrowed<Listpack>(form_)->erase(at);
  return true;
}

PackedValue Set::at(std::size_t nth) const {
  if (is_integers()) return PackedValue{{}, intset().at(nth), true};
  const ListpackView pack = listpack();
  return pack.at(pack.seek(static_cast<std::int64_t>(nth)));
}

void Set::leave_integers(std::string_view member) {
  const IntsetView integers = intset();
  if (integers.size() >= kPackedEntriesMax || member.size() > kPackedTextMax) return make_table();
  Listpack pack;
  for (std::size_t i = 0; i < integers.size(); ++i) pack.push_back(integers.at(i));
  become(kPacked, pack.release());
}

void Set::make_table() {
  MemberTable* members = MemberTable::make(size() + 1);
  {
    const heap::Tally tally(&members->bytes);
    for_each([&](const PackedValue& member) {
      IntegerText room;
      members->insert(PackedString::make(member.text(room)));
    });
  }
  become(kTable, members);
}

void Set::check_integrity() const {
  if (is_table()) return table().check_integrity();
  if (is_integers()) {
    require(intset().size() == 0 || IntsetView::validate(intset().bytes(), true), "set",
            "the integers are no intset");
    return;
  }
  const ListpackView pack = listpack();
  require(ListpackView::validate(pack.bytes(), true), "set", "the packed form is no listpack");
  require(pack.size() <= kPackedEntriesMax, "set", "the packed form is too long");
  for (auto at = pack.first(); at != Listpack::kNone; at = pack.next(at)) {
    IntegerText room;
    const auto after = pack.next(at);
    if (after == Listpack::kNone) break;
    require(pack.find(after, pack.at(at).text(room)) == Listpack::kNone, "set",
            "a member is there twice");
  }
}

}  // namespace larder::redis
