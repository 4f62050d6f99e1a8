// Reading values: see value_coding.h.
#include <algorithm>
#include <cmath>

#include "engine/redis/persist/legacy.h"
#include "engine/redis/persist/stream_coding.h"
#include "engine/redis/persist/value_coding.h"
#include "engine/redis/types/score_text.h"

namespace larder::redis::persist {

namespace {

constexpr std::uint64_t kPlainNode = 1;
constexpr std::uint64_t kPackedNode = 2;

std::span<const std::uint8_t> raw(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

/// A collection that came to nothing is not sound.
template <typename T>
std::unique_ptr<Value> unless_empty(std::unique_ptr<T> value) {
  if (value == nullptr || value->size() == 0) return nullptr;
  return value;
}

/// Reads a count and calls `each()` as often; false as soon as that is.
template <typename Each>
bool repeat(RdbReader& in, Each&& each) {
  std::uint64_t count = 0;
  if (!in.length(count)) return false;
  for (; count > 0; --count) {
    if (!each()) return false;
  }
  return true;
}

// --- lists ---

bool append_pack(List& list, const std::string& bytes) {
  if (!ListpackView::validate(raw(bytes), true)) return false;
  Listpack pack(raw(bytes));
  if (!pack.empty()) list.append_node(std::move(pack));
  return true;
}

bool append_ziplist(List& list, const std::string& bytes, const ListLimits& limits) {
  return walk_ziplist(bytes, [&](std::string_view entry) {
    list.push_back(entry, limits);
    return true;
  });
}

bool read_list_node(RdbReader& in, Form form, List& list, const ListLimits& limits) {
  std::uint64_t container = kPackedNode;
  if (form == Form::kListQuicklist && !in.length(container)) return false;
  std::string bytes;
  if (!in.string(bytes)) return false;
  if (form == Form::kListQuicklistZiplist) return append_ziplist(list, bytes, limits);
  if (container == kPackedNode) return append_pack(list, bytes);
  if (container != kPlainNode) return false;
  list.append_plain_node(bytes);
  return true;
}

std::unique_ptr<Value> read_list(RdbReader& in, Form form, const ListLimits& limits) {
  auto list = std::make_unique<List>();
  std::string bytes;
  bool sound = false;
  if (form == Form::kListZiplist) {
    sound = in.string(bytes) && append_ziplist(*list, bytes, limits);
  } else if (form == Form::kListPlain) {
    sound = repeat(in, [&] {
      if (!in.string(bytes)) return false;
      list->push_back(bytes, limits);
      return true;
    });
  } else {
    sound = repeat(in, [&] { return read_list_node(in, form, *list, limits); });
  }
  return sound ? unless_empty(std::move(list)) : nullptr;
}

// --- sets ---

std::unique_ptr<Value> read_set(RdbReader& in, Form form, const SetLimits& limits) {
  std::string bytes;
  if (form == Form::kSetIntset) {
    if (!in.string(bytes)) return nullptr;
    return unless_empty(Set::from_integers(raw(bytes), limits));
  }
  auto set = std::make_unique<Set>();
  if (form == Form::kSetPlain) {
    const bool sound = repeat(in, [&] { return in.string(bytes) && set->insert(bytes, limits); });
    return sound ? unless_empty(std::move(set)) : nullptr;
  }
  if (!in.string(bytes) || !ListpackView::validate(raw(bytes), true)) return nullptr;
  const ListpackView pack(raw(bytes).data());
  for (auto at = pack.first(); at != ListpackView::kNone; at = pack.next(at)) {
    IntegerText room;
    if (!set->insert(pack.at(at).text(room), limits)) return nullptr;
  }
  return unless_empty(std::move(set));
}

// --- sorted sets ---

bool add_scored(SortedSetBuilder& builder, std::string_view name, double score) {
  if (std::isnan(score) || builder.find(name) != nullptr) return false;
  builder.add(name, score);
  return true;
}

bool read_zset_ziplist(const std::string& bytes, SortedSetBuilder& builder) {
  std::optional<std::string> name;
  const bool sound = walk_ziplist(bytes, [&](std::string_view entry) {
    if (!name) {
      name = std::string(entry);
      return true;
    }
    const std::optional<double> score = parse_score_text(entry);
    const bool added = score && add_scored(builder, *name, *score);
    name.reset();
    return added;
  });
  return sound && !name;
}

std::unique_ptr<Value> read_zset(RdbReader& in, Form form, const SortedSet::Limits& limits) {
  std::string bytes;
  if (form == Form::kZsetListpack) {
    if (!in.string(bytes)) return nullptr;
    return unless_empty(SortedSet::from_packed(bytes, limits));
  }
  auto set = std::make_unique<SortedSet>();
  SortedSetBuilder builder;
  bool sound = false;
  if (form == Form::kZsetZiplist) {
    sound = in.string(bytes) && read_zset_ziplist(bytes, builder);
  } else {
    sound = repeat(in, [&] {
      double score = 0;
      if (!in.string(bytes)) return false;
      if (!(form == Form::kZset ? in.real(score) : in.text_real(score))) return false;
      return add_scored(builder, bytes, score);
    });
  }
  if (!sound) return nullptr;
  builder.finish(*set, limits);
  return unless_empty(std::move(set));
}

// --- hashes ---

/// Takes fields and values in turn; false when a field comes twice.
class PairTaker {
 public:
  PairTaker(Hash& hash, const HashLimits& limits) : hash_(hash), limits_(limits) {}
  bool operator()(std::string_view text) {
    if (!field_) {
      field_ = std::string(text);
      return true;
    }
    const bool added = hash_.set(*field_, text, limits_);
    field_.reset();
    return added;
  }
  bool complete() const { return !field_; }

 private:
  Hash& hash_;
  const HashLimits& limits_;
  std::optional<std::string> field_;
};

std::unique_ptr<Value> read_hash_blob(RdbReader& in, Form form, const HashLimits& limits) {
  std::string bytes;
  if (!in.string(bytes)) return nullptr;
  if (form == Form::kHashListpack) {
    return unless_empty(Hash::from_pack(raw(bytes), Hash::Packing::kPairs, limits));
  }
  if (form == Form::kHashListpackEx || form == Form::kHashListpackExEarly) {
    return unless_empty(Hash::from_pack(raw(bytes), Hash::Packing::kTriples, limits));
  }
  auto hash = std::make_unique<Hash>();
  PairTaker take(*hash, limits);
  const EntryVisitor visit = [&take](std::string_view text) { return take(text); };
  const bool sound = form == Form::kHashZipmap ? walk_zipmap(bytes, visit) : walk_ziplist(bytes, visit);
  if (!sound || !take.complete()) return nullptr;
  return unless_empty(std::move(hash));
}

/// Fields with deadlines; those of the final form count from the earliest, `first_ms`, plus one.
std::unique_ptr<Value> read_hash_with_deadlines(RdbReader& in, Form form, std::uint64_t first_ms,
                                                const HashLimits& limits) {
  constexpr std::uint64_t kDeadlineMax = (std::uint64_t{1} << 46) - 1;
  auto hash = std::make_unique<Hash>();
  const bool sound = repeat(in, [&] {
    std::uint64_t deadline_ms = 0;
    std::string field;
    std::string value;
    if (!in.length(deadline_ms) || !in.string(field) || !in.string(value)) return false;
    if (deadline_ms > kDeadlineMax) return false;
    if (form == Form::kHashFieldTtl && deadline_ms != 0) deadline_ms += first_ms - 1;
    if (deadline_ms > kDeadlineMax) return false;
    if (!hash->set(field, value, limits)) return false;
    if (deadline_ms != 0) hash->set_deadline(field, static_cast<std::int64_t>(deadline_ms));
    return true;
  });
  return sound ? unless_empty(std::move(hash)) : nullptr;
}

std::unique_ptr<Value> read_hash(RdbReader& in, Form form, const HashLimits& limits) {
  std::uint64_t first_ms = 0;
  switch (form) {
    case Form::kHashPlain: {
      auto hash = std::make_unique<Hash>();
      const bool sound = repeat(in, [&] {
        std::string field;
        std::string value;
        return in.string(field) && in.string(value) && hash->set(field, value, limits);
      });
      return sound ? unless_empty(std::move(hash)) : nullptr;
    }
    case Form::kHashFieldTtl:
      if (!in.u64(first_ms)) return nullptr;
      return read_hash_with_deadlines(in, form, first_ms, limits);
    case Form::kHashFieldTtlEarly:
      return read_hash_with_deadlines(in, form, 0, limits);
    case Form::kHashListpackEx:
      if (!in.u64(first_ms)) return nullptr;
      return read_hash_blob(in, form, limits);
    default:
      return read_hash_blob(in, form, limits);
  }
}

std::unique_ptr<Value> read_object(RdbReader& in, Form form, const ValueLimits& limits) {
  switch (form) {
    case Form::kListPlain:
    case Form::kListZiplist:
    case Form::kListQuicklistZiplist:
    case Form::kListQuicklist:
      return read_list(in, form, limits.list);
    case Form::kSetPlain:
    case Form::kSetIntset:
    case Form::kSetListpack:
      return read_set(in, form, limits.set);
    case Form::kZsetText:
    case Form::kZset:
    case Form::kZsetZiplist:
    case Form::kZsetListpack:
      return read_zset(in, form, limits.zset);
    case Form::kHashPlain:
    case Form::kHashZipmap:
    case Form::kHashZiplist:
    case Form::kHashListpack:
    case Form::kHashFieldTtlEarly:
    case Form::kHashListpackExEarly:
    case Form::kHashFieldTtl:
    case Form::kHashListpackEx:
      return read_hash(in, form, limits.hash);
    case Form::kStream1:
    case Form::kStream2:
    case Form::kStream3:
      return read_stream(in, form);
    case Form::kString:
      break;
  }
  return nullptr;
}

}  // namespace

std::optional<LoadedValue> read_value(RdbReader& in, Form form, const ValueLimits& limits) {
  LoadedValue loaded;
  if (form == Form::kString) {
    if (!in.string(loaded.string)) return std::nullopt;
    return loaded;
  }
  const heap::Meter meter;
  loaded.object = read_object(in, form, limits);
  if (loaded.object == nullptr) return std::nullopt;
  loaded.object->charge(meter.delta());
  return loaded;
}

}  // namespace larder::redis::persist
