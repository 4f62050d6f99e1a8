#include "engine/redis/types/hash.h"

#include <string>

#include "engine/redis/types/check.h"

namespace larder::redis {

Hash::Hash() : form_(kPairs, Listpack().release()) {}

Hash::~Hash() { release_form(); }

void Hash::release_form() {
  if (is_table()) {
    delete &fields();
  } else {
    heap::release(form_.at<void>());
  }
}

void Hash::become(Form form, void* memory) {
  release_form();
  form_.set(form, memory);
}

Encoding Hash::encoding() const {
  if (is_table()) return Encoding::kHashtable;
  return form_.form() == kPairs ? Encoding::kListpack : Encoding::kListpackEx;
}

Hash* Hash::clone() const {
  if (!is_table()) {
    const Packing packing = form_.form() == kPairs ? Packing::kPairs : Packing::kTriples;
    return new Hash(Listpack(packed().bytes()), packing);
  }
  std::unique_ptr<Fields> copy = Fields::make(size());
  fields().table.for_each([&](const HashField& field) {
    copy->insert(field.name(), field.value(), field.deadline_ms());
  });
  auto* hash = new Hash;
  hash->become(kTable, copy.release());
  return hash;
}

std::size_t Hash::free_effort() const { return is_table() ? size() : 1; }

std::size_t Hash::heap_bytes() const {
  const std::size_t content = is_table() ? fields().bytes : heap::usable_bytes(form_.at<void>());
  return heap::usable_bytes(this) + content;
}

std::size_t Hash::size() const {
  return is_table() ? fields().table.size() : packed().size() / width();
}

std::optional<ListpackView> Hash::pack() const {
  return is_table() ? std::nullopt : std::optional<ListpackView>(packed());
}

Hash::Pair Hash::pair_at(Listpack::Position* position) const {
  const ListpackView pack = packed();
  Pair pair;
  pair.field = pack.at(*position);
  *position = pack.next(*position);
  pair.value = pack.at(*position);
  *position = pack.next(*position);
  if (width() == 3) {
    pair.deadline_ms = pack.at(*position).integer;
    *position = pack.next(*position);
  }
  return pair;
}

Hash::Pair Hash::at(std::size_t nth) const {
  auto position = packed().seek(static_cast<std::int64_t>(nth * width()));
  return pair_at(&position);
}

Listpack::Position Hash::find_packed(std::string_view field) const {
  const ListpackView pack = packed();
  return pack.find(pack.first(), field, width() - 1);
}

std::optional<PackedValue> Hash::find(std::string_view field, std::int64_t now_ms) const {
  if (is_table()) {
    const HashField* found = fields().table.find(field);
    if (found == nullptr) return std::nullopt;
    if (found->has_deadline() && found->deadline_ms() <= now_ms) return std::nullopt;
    return PackedValue{found->value(), 0, false};
  }
  auto position = find_packed(field);
  if (position == Listpack::kNone) return std::nullopt;
  const Pair pair = pair_at(&position);
  if (pair.dead(now_ms)) return std::nullopt;
  return pair.value;
}

void Hash::make_room_for(std::size_t text_bytes, const HashLimits& limits) {
  if (!is_table() && text_bytes > limits.listpack_value) make_table();
}

bool Hash::set(std::string_view field, std::string_view value, const HashLimits& limits,
               bool keep_deadline) {
  make_room_for(field.size(), limits);
  make_room_for(value.size(), limits);
  if (!is_table() && !packed().fits(field.size() + value.size() + 32)) make_table();
  if (is_table()) {
    HashField* found = fields().table.find(field);
    if (found == nullptr) {
      fields().insert(field, value, 0);
      return true;
    }
    const std::int64_t deadline = keep_deadline ? found->deadline_ms() : 0;
    if (found->deadline_ms() != deadline || !found->set_value(value)) {
      fields().remake(found, value, deadline);
    }
    return false;
  }
  const auto position = find_packed(field);
  if (position != Listpack::kNone) {
    const auto value_at = packed().next(position);
    Borrowed<Listpack>(form_)->replace(value_at, value);
    if (width() == 3 && !keep_deadline) set_deadline(field, 0);
    return false;
  }
  {
    Borrowed<Listpack> pack(form_);
    pack->push_back(field);
    pack->push_back(value);
    if (width() == 3) pack->push_back(std::int64_t{0});
  }
  if (size() > limits.listpack_entries) make_table();
  return true;
}

bool Hash::erase(std::string_view field) {
  if (is_table()) return fields().erase(field);
  const auto position = find_packed(field);
  if (position == Listpack::kNone) return false;
  Borrowed<Listpack>(form_)->erase(position, width());
  return true;
}

std::optional<std::int64_t> Hash::deadline_ms(std::string_view field) const {
  if (is_table()) {
    const HashField* found = fields().table.find(field);
    if (found == nullptr) return std::nullopt;
    return found->deadline_ms();
  }
  auto position = find_packed(field);
  if (position == Listpack::kNone) return std::nullopt;
  return pair_at(&position).deadline_ms;
}

void Hash::set_deadline(std::string_view field, std::int64_t deadline_ms) {
  if (is_table()) {
    HashField* found = fields().table.find(field);
    if (found->deadline_ms() == deadline_ms) return;
    fields().remake(found, found->value(), deadline_ms);
    return;
  }
  if (form_.form() == kPairs) {
    if (deadline_ms == 0) return;
    make_triples();
  }
  set_triple_deadline(field, deadline_ms);
}

// Moves the triple to its place among the others, behind those of the same deadline.
void Hash::set_triple_deadline(std::string_view field, std::int64_t deadline_ms) {
  const auto position = find_packed(field);
  auto end = position;
  const Pair pair = pair_at(&end);
  if (pair.deadline_ms == deadline_ms) return;
  IntegerText room;
  const std::string name(field);
  const std::string value(pair.value.text(room));
  Borrowed<Listpack>(form_)->erase(position, 3);
  Listpack::Position before = Listpack::kNone;
  if (deadline_ms != 0) {
    before = packed().first();
    while (before != Listpack::kNone) {
      auto after = before;
      const Pair other = pair_at(&after);
      if (other.deadline_ms == 0 || other.deadline_ms > deadline_ms) break;
      before = after;
    }
  }
  // Each goes in front of the one that followed, the last first.
  Borrowed<Listpack> pack(form_);
  before = pack->insert(before, deadline_ms);
  before = pack->insert(before, value);
  pack->insert(before, name);
}

std::int64_t Hash::next_deadline_ms() const {
  if (form_.form() == kPairs) return kNever;
  if (is_table()) {
    const auto& deadlines = fields().deadlines;
    return deadlines.empty() ? kNever : deadlines.begin()->first;
  }
  if (packed().empty()) return kNever;
  const std::int64_t deadline = at(0).deadline_ms;
  return deadline == 0 ? kNever : deadline;
}

Hash::Pair Hash::earliest() const {
  if (is_table()) {
    return pair_of(*fields().deadlines.begin()->second);
  }
  return at(0);
}

void Hash::erase_earliest() {
  if (is_table()) {
    fields().erase(fields().deadlines.begin()->second->name());
  } else {
    Borrowed<Listpack>(form_)->erase(Listpack::kHeaderBytes, 3);
  }
}

std::unique_ptr<Hash::Fields> Hash::Fields::make(std::size_t fields) {
  const heap::Meter meter;
  std::unique_ptr<Fields> made(new Fields);
  made->table.reserve(fields);
  made->bytes = static_cast<std::size_t>(meter.delta());
  return made;
}

void Hash::Fields::insert(std::string_view name, std::string_view value, std::int64_t deadline) {
  const heap::Tally tally(&bytes);
  HashField* field = HashField::make(name, value, deadline);
  table.insert(field);
  if (deadline != 0) deadlines.emplace(deadline, field);
}

void Hash::Fields::remake(HashField* field, std::string_view value, std::int64_t deadline) {
  const heap::Tally tally(&bytes);
  HashField* made = HashField::make(field->name(), value, deadline);
  if (field->has_deadline()) deadlines.erase({field->deadline_ms(), field});
  if (deadline != 0) deadlines.emplace(deadline, made);
  table.replace(field, made);
  heap::release(field);
}

bool Hash::Fields::erase(std::string_view name) {
  const heap::Tally tally(&bytes);
  HashField* field = table.erase(name);
  if (field == nullptr) return false;
  if (field->has_deadline()) deadlines.erase({field->deadline_ms(), field});
  heap::release(field);
  return true;
}

void Hash::make_triples() {
  const ListpackView pairs = packed();
  Listpack triples;
  bool is_value = false;
  for (auto at = pairs.first(); at != Listpack::kNone; at = pairs.next(at)) {
    const PackedValue value = pairs.at(at);
    value.is_integer ? triples.push_back(value.integer) : triples.push_back(value.bytes);
    if (is_value) triples.push_back(std::int64_t{0});
    is_value = !is_value;
  }
  become(kTriples, triples.release());
}

bool Hash::make_table() {
  std::unique_ptr<Fields> made = Fields::make(size() + 1);
  std::int64_t before = 1;
  const bool sound = for_each_while([&](const Pair& pair) {
    IntegerText name_room;
    IntegerText value_room;
    const std::string_view name = pair.field.text(name_room);
    if (made->table.contains(name)) return false;
    const std::int64_t order = pair.deadline_ms == 0 ? kNever : pair.deadline_ms;
    if (order < before) return false;
    before = order;
    made->insert(name, pair.value.text(value_room), pair.deadline_ms);
    return true;
  });
  if (sound) become(kTable, made.release());
  return sound;
}

std::unique_ptr<Hash> Hash::from_pack(std::span<const std::uint8_t> bytes, Packing packing,
                                      const HashLimits& limits) {
  if (!ListpackView::validate(bytes, true)) return nullptr;
  std::unique_ptr<Hash> hash(new Hash(Listpack(bytes), packing));
  const ListpackView pack = hash->packed();
  if (pack.empty() || pack.size() % hash->width() != 0) return nullptr;
  if (packing == Packing::kTriples) {
    std::size_t nth = 0;
    for (auto at = pack.first(); at != Listpack::kNone; at = pack.next(at)) {
      if (nth++ % 3 == 2 && !pack.at(at).is_integer) return nullptr;
    }
  }
  // Making the table tells whether the fields are distinct.
  const std::size_t size = hash->size();
  if (!hash->make_table()) return nullptr;
  if (size <= limits.listpack_entries) hash.reset(new Hash(Listpack(bytes), packing));
  return hash;
}

void Hash::check_integrity() const {
  if (is_table()) {
    fields().table.check_integrity();
    std::size_t with_deadline = 0;
    fields().table.for_each([&](const HashField& field) {
      if (!field.has_deadline()) return;
      ++with_deadline;
      require(fields().deadlines.count({field.deadline_ms(), const_cast<HashField*>(&field)}) == 1,
              "hash", "a deadline is not in the order");
    });
    require(with_deadline == fields().deadlines.size(), "hash", "deadlines are miscounted");
    return;
  }
  const ListpackView pack = packed();
  require(ListpackView::validate(pack.bytes(), true), "hash", "the packed form is no listpack");
  require(pack.size() % width() == 0, "hash", "a pair is not whole");
  std::int64_t before = 1;
  bool ended = false;
  for (auto position = pack.first(); position != Listpack::kNone;) {
    const auto field_at = position;
    const Pair pair = pair_at(&position);
    IntegerText room;
    require(find_packed(pair.field.text(room)) == field_at, "hash", "a field is there twice");
    if (width() == 2) continue;
    if (pair.deadline_ms == 0) {
      ended = true;
    } else {
      require(!ended && pair.deadline_ms >= before, "hash", "deadlines are not in order");
      before = pair.deadline_ms;
    }
  }
}

}  // namespace larder::redis
