// The small form of a sorted set: one listpack of name, score, name, score..., ascending by score and
// then name. Scores are integers where they are whole, else text of 17 digits; so Redis has it, and so
// DUMP payloads carry it.
//
// Invariants: an even number of entries; every second one a number, not NaN; the order is strict; no
// name is there twice.
//
// Locking: the owner's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/redis/types/listpack.h"

namespace larder::redis {

class ZsetListpack {
 public:
  ZsetListpack() = default;
  ZsetListpack copy() const { return ZsetListpack(Listpack(pack_.bytes())); }
  /// Takes over what another gave away.
  static ZsetListpack adopt(std::uint8_t* bytes) { return ZsetListpack(Listpack::adopt(bytes)); }
  /// Gives the bytes away: to be adopted, or released with heap::release.
  std::uint8_t* release() { return pack_.release(); }
  /// Takes untrusted bytes; nothing if they break an invariant or hold no element.
  static std::optional<ZsetListpack> from_bytes(std::string_view bytes);

  std::size_t size() const { return pack_.size() / 2; }
  /// Whether a name of that length may be put in as far as the format goes.
  bool has_room_for(std::size_t name_bytes) const { return pack_.fits(name_bytes + kEntryOverhead); }
  std::optional<double> score(std::string_view name) const;
  std::optional<std::size_t> rank(std::string_view name) const;
  /// Requires: the name is not in it.
  void insert(std::string_view name, double score);
  /// Requires: it comes after all others.
  void push_back(std::string_view name, double score) { put(kNone, name, score); }
  bool erase(std::string_view name);
  /// Erases ranks [first, last).
  void erase_ranks(std::size_t first, std::size_t last);
  void clear() { pack_ = Listpack(); }

  /// visit(name, score) over ranks [first, last), from the last down if `descending`, until it says false.
  template <typename Visit>
  void visit(std::size_t first, std::size_t last, bool descending, Visit&& visit) const {
    Position name_at = pack_.seek(2 * static_cast<std::int64_t>(descending ? last - 1 : first));
    for (std::size_t left = last - first; left > 0; --left) {
      IntegerText room;
      const Position score_at = pack_.next(name_at);
      if (!visit(pack_.at(name_at).text(room), score_of(pack_.at(score_at)))) return;
      if (left > 1) name_at = descending ? pack_.previous(pack_.previous(name_at)) : pack_.next(score_at);
    }
  }

  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(pack_.bytes().data()), pack_.byte_count()};
  }
  void check_integrity() const;

 private:
  using Position = ListpackView::Position;
  static constexpr Position kNone = ListpackView::kNone;
  static constexpr std::size_t kEntryOverhead = 64;  // heads and back lengths, and the score
  explicit ZsetListpack(Listpack pack) : pack_(std::move(pack)) {}
  static double score_of(const PackedValue& value);
  void put(Position before, std::string_view name, double score);

  Listpack pack_;
};

}  // namespace larder::redis
