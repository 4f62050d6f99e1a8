// Geographic commands: sorted sets whose scores are 52-bit geohashes (types/geohash.h).
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "engine/redis/commands/groups.h"
#include "engine/redis/commands/zset_add.h"
#include "engine/redis/commands/zset_args.h"
#include "engine/redis/types/geohash.h"

namespace larder::redis {

namespace {

constexpr std::string_view kNoMember = "ERR could not decode requested zset member";

/// Longitude and latitude at two arguments; false: the error has been answered.
bool parse_point(CommandContext& ctx, std::size_t at, geo::Point* point) {
  if (!parse_double(ctx.argument(at), &point->longitude) ||
      !parse_double(ctx.argument(at + 1), &point->latitude)) {
    ctx.reply.error(errors::kNotFloat);
    return false;
  }
  if (geo::valid(*point)) return true;
  ctx.reply.error(fmt::format("ERR invalid longitude,latitude pair {:f},{:f}", point->longitude,
                              point->latitude));
  return false;
}

/// Metres of the unit at an argument; false: the error has been answered.
bool parse_unit(CommandContext& ctx, std::size_t at, double* metres) {
  if (ctx.is(at, "m")) *metres = 1;
  else if (ctx.is(at, "km")) *metres = 1000;
  else if (ctx.is(at, "ft")) *metres = 0.3048;
  else if (ctx.is(at, "mi")) *metres = 1609.34;
  else return ctx.reply.error("ERR unsupported unit provided. please use M, KM, FT, MI"), false;
  return true;
}

bool parse_number(CommandContext& ctx, std::size_t at, std::string_view error, double* value) {
  if (parse_double(ctx.argument(at), value)) return true;
  ctx.reply.error(error);
  return false;
}

/// A radius and its unit.
bool parse_circle(CommandContext& ctx, std::size_t at, geo::Shape* shape) {
  shape->kind = geo::Shape::Kind::circle;
  if (!parse_number(ctx, at, "ERR need numeric radius", &shape->radius)) return false;
  if (shape->radius < 0) return ctx.reply.error("ERR radius cannot be negative"), false;
  return parse_unit(ctx, at + 1, &shape->unit);
}

/// Width, height and their unit.
bool parse_box(CommandContext& ctx, std::size_t at, geo::Shape* shape) {
  shape->kind = geo::Shape::Kind::box;
  if (!parse_number(ctx, at, "ERR need numeric width", &shape->width)) return false;
  if (!parse_number(ctx, at + 1, "ERR need numeric height", &shape->height)) return false;
  if (shape->width < 0 || shape->height < 0) {
    return ctx.reply.error("ERR height or width cannot be negative"), false;
  }
  return parse_unit(ctx, at + 2, &shape->unit);
}

/// Four digits behind the point.
void reply_distance(Reply& reply, double distance) {
  const long long scaled = std::llrint(distance * 10000.0);
  const auto magnitude = static_cast<unsigned long long>(scaled < 0 ? -scaled : scaled);
  reply.bulk(fmt::format("{}{}.{:04}", scaled < 0 ? "-" : "", magnitude / 10000, magnitude % 10000));
}

void reply_point(Reply& reply, geo::Point point) {
  reply.array(2);
  reply.number_text(human_text(point.longitude));
  reply.number_text(human_text(point.latitude));
}

void geoadd(CommandContext& ctx) {
  AddOptions options;
  std::size_t first = 2;
  for (; first < ctx.args.size(); ++first) {
    if (ctx.is(first, "nx")) options.only_new = true;
    else if (ctx.is(first, "xx")) options.only_existing = true;
    else if (ctx.is(first, "ch")) options.count_changed = true;
    else break;
  }
  const std::size_t left = ctx.args.size() - first;
  if (left % 3 != 0 || (options.only_new && options.only_existing)) return ctx.syntax_error();
  std::vector<ScoredName> elements(left / 3);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    geo::Point point;
    if (!parse_point(ctx, first + 3 * i, &point)) return;
    elements[i] = {geo::score_of(point), ctx.argument(first + 3 * i + 2)};
  }
  if (elements.empty()) return ctx.syntax_error();
  add_to_zset(ctx, 1, elements, options);
}

void geodist(CommandContext& ctx) {
  double unit = 1;
  if (ctx.args.size() > 5) return ctx.syntax_error();
  if (ctx.args.size() == 5 && !parse_unit(ctx, 4, &unit)) return;
  SortedSet* set = nullptr;
  if (!ctx.read(1, &set)) return;
  if (set == nullptr) return ctx.reply.null();
  const std::optional<double> a = set->score(ctx.argument(2));
  const std::optional<double> b = set->score(ctx.argument(3));
  if (!a || !b) return ctx.reply.null();
  reply_distance(ctx.reply, geo::distance(geo::point_of(*a), geo::point_of(*b)) / unit);
}

void geohash(CommandContext& ctx) {
  SortedSet* set = nullptr;
  if (!ctx.read(1, &set)) return;
  ctx.reply.array(ctx.args.size() - 2);
  for (std::size_t i = 2; i < ctx.args.size(); ++i) {
    const std::optional<double> score = set == nullptr ? std::nullopt : set->score(ctx.argument(i));
    if (!score) {
      ctx.reply.null();
      continue;
    }
    const auto text = geo::text_of(geo::point_of(*score));
    ctx.reply.bulk({text.data(), text.size()});
  }
}

void geopos(CommandContext& ctx) {
  SortedSet* set = nullptr;
  if (!ctx.read(1, &set)) return;
  ctx.reply.array(ctx.args.size() - 2);
  for (std::size_t i = 2; i < ctx.args.size(); ++i) {
    const std::optional<double> score = set == nullptr ? std::nullopt : set->score(ctx.argument(i));
    score ? reply_point(ctx.reply, geo::point_of(*score)) : ctx.reply.null_array();
  }
}

// --- searching ---

enum class Command { radius, radius_by_member, search, search_store };
enum class Order { none, ascending, descending };

struct Search {
  Command command;
  bool may_store;                  // not the _RO forms
  std::size_t source = 1;          // arguments of the keys
  std::size_t destination = 0;     // 0: none
  geo::Shape shape;
  bool has_centre = false;
  bool has_shape = false;
  bool by_member = false;
  bool with_distance = false;
  bool with_hash = false;
  bool with_point = false;
  bool store_distance = false;
  bool any = false;
  Order order = Order::none;
  std::int64_t count = 0;          // 0: all

  bool is_search() const { return command == Command::search || command == Command::search_store; }
};

struct Match {
  std::string name;
  double score;
  double distance;
  geo::Point point;
};

/// Takes the place of a member as the centre; false: the error has been answered.
bool centre_on(CommandContext& ctx, std::size_t at, const SortedSet& set, Search& search) {
  const std::optional<double> score = set.score(ctx.argument(at));
  if (!score) return ctx.reply.error(kNoMember), false;
  search.shape.centre = geo::point_of(*score);
  return true;
}

/// What stands before the options of GEORADIUS and GEORADIUSBYMEMBER; gives where they begin, 0 when
/// the error has been answered.
std::size_t parse_positional(CommandContext& ctx, const SortedSet* set, Search& search) {
  if (search.command == Command::radius) {
    return parse_point(ctx, 2, &search.shape.centre) && parse_circle(ctx, 4, &search.shape) ? 6 : 0;
  }
  if (search.command == Command::radius_by_member) {
    if (set == nullptr) return 5;
    return centre_on(ctx, 2, *set, search) && parse_circle(ctx, 3, &search.shape) ? 5 : 0;
  }
  return search.command == Command::search ? 2 : 3;
}

/// FROMMEMBER, FROMLONLAT, BYRADIUS, BYBOX at argument `i`: how many arguments they took; 0: it is none
/// of them; nothing: the error has been answered.
std::optional<std::size_t> parse_shape_option(CommandContext& ctx, std::size_t i, const SortedSet* set,
                                              Search& search) {
  const std::size_t behind = ctx.args.size() - i - 1;
  if (!search.is_search()) return 0;
  if (ctx.is(i, "frommember") && behind >= 1 && (!search.has_centre || search.by_member)) {
    if (set != nullptr && !centre_on(ctx, i + 1, *set, search)) return std::nullopt;
    search.has_centre = search.by_member = true;
    return 2;
  }
  if (ctx.is(i, "fromlonlat") && behind >= 2 && !search.by_member) {
    if (!parse_point(ctx, i + 1, &search.shape.centre)) return std::nullopt;
    search.has_centre = true;
    return 3;
  }
  const bool has_box = search.has_shape && search.shape.kind == geo::Shape::Kind::box;
  const bool has_circle = search.has_shape && !has_box;
  if (ctx.is(i, "byradius") && behind >= 2 && !has_box) {
    if (!parse_circle(ctx, i + 1, &search.shape)) return std::nullopt;
    search.has_shape = true;
    return 3;
  }
  if (ctx.is(i, "bybox") && behind >= 3 && !has_circle) {
    if (!parse_box(ctx, i + 1, &search.shape)) return std::nullopt;
    search.has_shape = true;
    return 4;
  }
  return 0;
}

bool parse_flag(CommandContext& ctx, std::size_t i, Search& search) {
  if (ctx.is(i, "withdist")) search.with_distance = true;
  else if (ctx.is(i, "withhash")) search.with_hash = true;
  else if (ctx.is(i, "withcoord")) search.with_point = true;
  else if (ctx.is(i, "any")) search.any = true;
  else if (ctx.is(i, "asc")) search.order = Order::ascending;
  else if (ctx.is(i, "desc")) search.order = Order::descending;
  else if (ctx.is(i, "storedist") && search.command == Command::search_store) search.store_distance = true;
  else return false;
  return true;
}

/// Reads the options from argument `i` on; false: the error has been answered.
bool parse_options(CommandContext& ctx, std::size_t i, const SortedSet* set, Search& search) {
  while (i < ctx.args.size()) {
    const bool has_value = i + 1 < ctx.args.size();
    if (parse_flag(ctx, i, search)) {
      ++i;
      continue;
    }
    if (has_value && ctx.is(i, "count")) {
      if (!ctx.integer(i + 1, &search.count)) return false;
      if (search.count <= 0) return ctx.reply.error("ERR COUNT must be > 0"), false;
      i += 2;
      continue;
    }
    if (has_value && search.may_store && !search.is_search() &&
        (ctx.is(i, "store") || ctx.is(i, "storedist"))) {
      search.store_distance = ctx.is(i, "storedist");
      search.destination = i + 1;
      i += 2;
      continue;
    }
    const std::optional<std::size_t> taken = parse_shape_option(ctx, i, set, search);
    if (!taken) return false;
    if (*taken == 0) return ctx.syntax_error(), false;
    i += *taken;
  }
  return true;
}

/// What must or must not stand together; false: the error has been answered.
bool check_options(CommandContext& ctx, const Search& search) {
  if (search.destination != 0 && (search.with_distance || search.with_hash || search.with_point)) {
    ctx.reply.error(fmt::format("ERR {} is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
                                search.is_search() ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS"));
    return false;
  }
  if (search.is_search() && !search.has_centre) {
    ctx.reply.error(fmt::format("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {}",
                                ctx.argument(0)));
    return false;
  }
  if (search.is_search() && !search.has_shape) {
    ctx.reply.error(
        fmt::format("ERR exactly one of BYRADIUS and BYBOX can be specified for {}", ctx.argument(0)));
    return false;
  }
  if (search.any && search.count == 0) {
    ctx.reply.error("ERR the ANY argument requires COUNT argument");
    return false;
  }
  return true;
}

std::vector<Match> find_matches(const SortedSet& set, const Search& search) {
  std::vector<Match> matches;
  const auto enough = [&] {
    return search.any && matches.size() >= static_cast<std::size_t>(search.count);
  };
  const geo::Cover cover = geo::cover(search.shape);
  for (std::size_t i = 0; i < cover.count && !enough(); ++i) {
    const RankRange ranks =
        set.ranks(ScoreRange{{cover.ranges[i].min, false}, {cover.ranges[i].max, true}});
    set.visit(ranks, false, [&](std::string_view name, double score) {
      const geo::Point point = geo::point_of(score);
      if (const std::optional<double> distance = search.shape.distance_inside(point)) {
        matches.push_back({std::string(name), score, *distance, point});
      }
      return !enough();
    });
  }
  return matches;
}

/// Sorts as asked and drops what is more than COUNT. COUNT without an order means the nearest.
void select_matches(const Search& search, std::vector<Match>& matches) {
  Order order = search.order;
  if (search.count != 0 && order == Order::none && !search.any) order = Order::ascending;
  if (order == Order::ascending) {
    std::stable_sort(matches.begin(), matches.end(),
                     [](const Match& a, const Match& b) { return a.distance < b.distance; });
  } else if (order == Order::descending) {
    std::stable_sort(matches.begin(), matches.end(),
                     [](const Match& a, const Match& b) { return a.distance > b.distance; });
  }
  const auto count = static_cast<std::size_t>(search.count);
  if (count != 0 && matches.size() > count) matches.resize(count);
}

void reply_matches(Reply& reply, const Search& search, const std::vector<Match>& matches) {
  const std::size_t extras =
      (search.with_distance ? 1u : 0u) + (search.with_hash ? 1u : 0u) + (search.with_point ? 1u : 0u);
  reply.array(matches.size());
  for (const Match& match : matches) {
    if (extras > 0) reply.array(extras + 1);
    reply.bulk(match.name);
    if (search.with_distance) reply_distance(reply, match.distance / search.shape.unit);
    if (search.with_hash) reply.integer(static_cast<std::int64_t>(match.score));
    if (search.with_point) reply_point(reply, match.point);
  }
}

void store_matches(CommandContext& ctx, const Search& search, const std::vector<Match>& matches) {
  const std::size_t to = search.destination;
  if (matches.empty()) {
    if (ctx.remove(to)) ctx.modified(to, "del");
    return ctx.reply.integer(0);
  }
  auto result = ctx.make<SortedSet>();
  for (const Match& match : matches) {
    result->put(match.name, search.store_distance ? match.distance / search.shape.unit : match.score,
                zset_limits(ctx));
  }
  ctx.put(to, std::move(result));
  ctx.modified(to, search.is_search() ? "geosearchstore" : "georadiusstore");
  ctx.reply.integer(static_cast<std::int64_t>(matches.size()));
}

void run(CommandContext& ctx, Search search) {
  if (search.command == Command::search_store) {
    search.source = 2;
    search.destination = 1;
  }
  SortedSet* set = nullptr;
  if (!ctx.read(search.source, &set)) return;
  const std::size_t options = parse_positional(ctx, set, search);
  if (options == 0) return;
  if (!parse_options(ctx, options, set, search)) return;
  if (!check_options(ctx, search)) return;
  std::vector<Match> matches;
  if (set != nullptr) matches = find_matches(*set, search);
  select_matches(search, matches);
  search.destination != 0 ? store_matches(ctx, search, matches)
                          : reply_matches(ctx.reply, search, matches);
}

void georadius(CommandContext& ctx) { run(ctx, {.command = Command::radius, .may_store = true}); }
void georadius_ro(CommandContext& ctx) { run(ctx, {.command = Command::radius, .may_store = false}); }
void georadiusbymember(CommandContext& ctx) {
  run(ctx, {.command = Command::radius_by_member, .may_store = true});
}
void georadiusbymember_ro(CommandContext& ctx) {
  run(ctx, {.command = Command::radius_by_member, .may_store = false});
}
void geosearch(CommandContext& ctx) { run(ctx, {.command = Command::search, .may_store = false}); }
void geosearchstore(CommandContext& ctx) { run(ctx, {.command = Command::search_store, .may_store = true}); }

constexpr std::string_view kSearchCost = "O(N+log(M)) for N elements in the cells searched, M in all";
constexpr KeySpecs kRead = key_at(1, kKeyRO | kKeyAccess);
constexpr KeySpecs with_stores(std::int16_t from) {
  return kRead + keys_after("STORE", from, 0, 1, 0, kKeyOW | kKeyUpdate) +
         keys_after("STOREDIST", from, 0, 1, 0, kKeyOW | kKeyUpdate);
}

/// The last STORE or STOREDIST names the destination: options may be given twice.
bool find_store_keys(Arguments args, KeyList* keys, std::size_t first_option) {
  keys->add(1, kKeyRO | kKeyAccess);
  for (std::size_t i = first_option; i + 1 < args.size(); ++i) {
    if (!equals_nocase(args[i], "store") && !equals_nocase(args[i], "storedist")) continue;
    keys->add(i + 1, kKeyOW | kKeyUpdate);
    ++i;
  }
  return true;
}
bool find_radius_keys(Arguments args, KeyList* keys) { return find_store_keys(args, keys, 6); }
bool find_member_keys(Arguments args, KeyList* keys) { return find_store_keys(args, keys, 5); }

constexpr CommandSpec kRows[] = {
    {.name = "geoadd", .handler = geoadd, .arity = -5, .flags = kWrite | kDenyOom, .categories = kAclGeo,
     .keys = key_at(1, kKeyRW | kKeyUpdate), .group = Group::geo, .since = "3.2.0",
     .complexity = "O(log(N)) an element", .summary = "Adds places to an index"},
    {.name = "geodist", .handler = geodist, .arity = -4, .flags = kReadonly, .categories = kAclGeo,
     .keys = kRead, .group = Group::geo, .since = "3.2.0", .complexity = "O(log(N))",
     .summary = "Tells the distance of two places"},
    {.name = "geohash", .handler = geohash, .arity = -2, .flags = kReadonly, .categories = kAclGeo,
     .keys = kRead, .group = Group::geo, .since = "3.2.0", .complexity = "O(log(N)) a place",
     .summary = "Gives places as geohash texts"},
    {.name = "geopos", .handler = geopos, .arity = -2, .flags = kReadonly, .categories = kAclGeo,
     .keys = kRead, .group = Group::geo, .since = "3.2.0", .complexity = "O(N) for N places",
     .summary = "Gives longitudes and latitudes of places"},
    {.name = "georadius", .handler = georadius, .arity = -6, .flags = kWrite | kDenyOom | kDeprecated,
     .categories = kAclGeo, .keys = with_stores(6), .find_keys = find_radius_keys, .group = Group::geo,
     .since = "3.2.0", .complexity = kSearchCost, .summary = "Finds or stores the places around a point",
     .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
     .deprecated_since = "6.2.0"},
    {.name = "georadius_ro", .handler = georadius_ro, .arity = -6, .flags = kReadonly | kDeprecated,
     .categories = kAclGeo, .keys = kRead, .group = Group::geo, .since = "3.2.10", .complexity = kSearchCost,
     .summary = "Finds the places around a point",
     .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument", .deprecated_since = "6.2.0"},
    {.name = "georadiusbymember", .handler = georadiusbymember, .arity = -5,
     .flags = kWrite | kDenyOom | kDeprecated, .categories = kAclGeo, .keys = with_stores(5),
     .find_keys = find_member_keys, .group = Group::geo, .since = "3.2.0", .complexity = kSearchCost,
     .summary = "Finds or stores the places around another",
     .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
     .deprecated_since = "6.2.0"},
    {.name = "georadiusbymember_ro", .handler = georadiusbymember_ro, .arity = -5,
     .flags = kReadonly | kDeprecated, .categories = kAclGeo, .keys = kRead, .group = Group::geo,
     .since = "3.2.10", .complexity = kSearchCost, .summary = "Finds the places around another",
     .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
     .deprecated_since = "6.2.0"},
    {.name = "geosearch", .handler = geosearch, .arity = -7, .flags = kReadonly, .categories = kAclGeo,
     .keys = kRead, .group = Group::geo, .since = "6.2.0", .complexity = kSearchCost,
     .summary = "Finds the places in a circle or a box"},
    {.name = "geosearchstore", .handler = geosearchstore, .arity = -8, .flags = kWrite | kDenyOom,
     .categories = kAclGeo, .keys = key_at(1, kKeyOW | kKeyUpdate) + key_at(2, kKeyRO | kKeyAccess),
     .group = Group::geo, .since = "6.2.0", .complexity = kSearchCost,
     .summary = "Stores the places in a circle or a box"},
};

}  // namespace

std::span<const CommandSpec> geo_commands() { return kRows; }

}  // namespace larder::redis
