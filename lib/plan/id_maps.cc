// SPDX-License-Identifier: MIT
#include <algorithm>

#include "plan/planning.hh"
#include "try.hh"

namespace nsx {

namespace {

using Source = IdMapRequest::Block::Source;
using Side = std::uint32_t IdMapLine::*;

// The limits in user_namespaces(7): the number of lines since Linux 4.15, and a single write(2) of
// less than a page.
constexpr std::size_t kMaxLines = 340;
constexpr std::size_t kMaxBytes = 4095;

/// The end of the range of ids: (uid_t) -1 is not an id.
constexpr std::uint64_t kEnd = 0xffffffff;

std::uint64_t end_of(const IdMapLine& line, Side side) {
  return std::uint64_t{line.*side} + line.count;
}

bool holds(const IdMapLine& line, Side side, std::uint32_t id) {
  return id >= line.*side && id < end_of(line, side);
}

std::string show(const IdMapLine& line) {
  return std::to_string(line.inside) + ':' + std::to_string(line.outside) + ':' +
         std::to_string(line.count);
}

/// Removes the pair with this id on one side from the lines.
IdMap without(const IdMap& lines, Side side, std::uint32_t id) {
  IdMap rest;
  for (const IdMapLine& line : lines) {
    if (!holds(line, side, id)) {
      rest.push_back(line);
      continue;
    }
    const std::uint32_t before = id - line.*side;
    const std::uint32_t after = line.count - before - 1;
    if (before > 0) rest.push_back({line.inside, line.outside, before});
    if (after > 0) rest.push_back({line.inside + before + 1, line.outside + before + 1, after});
  }
  return rest;
}

/// Returns the first two lines that share an id on one side.
std::optional<std::pair<IdMapLine, IdMapLine>> find_overlap(IdMap map, Side side) {
  std::stable_sort(map.begin(), map.end(),
                   [&](const IdMapLine& a, const IdMapLine& b) { return a.*side < b.*side; });
  for (std::size_t i = 1; i < map.size(); ++i) {
    if (map[i].*side < end_of(map[i - 1], side)) return std::pair{map[i - 1], map[i]};
  }
  return std::nullopt;
}

/// The lines of a block on its own, and how it makes way for the caller's own id.
struct Lines {
  IdMap lines;
  MakeWay how = MakeWay::cut;
};

Result<Lines> lines_of(const char* what, const IdMapRequest::Block& block,
                       const CreateFacts::Ids& facts) {
  switch (block.source) {
    case Source::range:
      return Lines{{block.ids}, MakeWay::apart};
    case Source::all: {
      Lines lines;
      for (const IdMapLine& line : facts.available)
        lines.lines.push_back({line.inside, line.inside, line.count});
      return lines;
    }
    case Source::auto_:
    case Source::subids:
      break;
  }
  if (!facts.subordinate) {
    const std::string kind = what[0] == 'U' ? "uid" : "gid";
    return refuse(std::string("map ") + what + "s", "", "this user has no ids in /etc/sub" + kind,
                  "add them as root: usermod --add-sub" + kind + "s FIRST-LAST USER");
  }
  IdMapLine line = *facts.subordinate;
  if (block.source == Source::auto_) return Lines{{line}, MakeWay::apart_and_grow};
  line.inside = line.outside;
  return Lines{{line}, MakeWay::cut};
}

}  // namespace

IdMap beside_own(const IdMapLine& block, const IdMapLine& own, MakeWay how) {
  if (how == MakeWay::cut || holds(block, &IdMapLine::outside, own.outside)) {
    return without(without({block}, &IdMapLine::inside, own.inside), &IdMapLine::outside,
                   own.outside);
  }
  if (!holds(block, &IdMapLine::inside, own.inside)) return {block};

  const std::uint32_t before = own.inside - block.inside;
  const std::uint32_t after = block.count - before - (how == MakeWay::apart ? 1 : 0);
  IdMap lines;
  if (before > 0) lines.push_back({block.inside, block.outside, before});
  if (after > 0) lines.push_back({own.inside + 1, block.outside + before, after});
  return lines;
}

Status check_id_map(const char* what, const IdMap& map) {
  const std::string operation = std::string("map ") + what + "s";
  for (const IdMapLine& line : map) {
    if (line.count == 0) return refuse(operation, show(line), "the range is empty");
    if (end_of(line, &IdMapLine::inside) > kEnd || end_of(line, &IdMapLine::outside) > kEnd) {
      return refuse(operation, show(line), "the range exceeds 4294967294, the last id");
    }
  }
  for (const Side side : {&IdMapLine::inside, &IdMapLine::outside}) {
    if (const auto overlap = find_overlap(map, side)) {
      return refuse(operation, show(overlap->first),
                    "it overlaps " + show(overlap->second) +
                        (side == &IdMapLine::inside ? " inside" : " outside"));
    }
  }
  if (map.size() > kMaxLines || format_id_map(map).size() > kMaxBytes) {
    return refuse(operation, "",
                  std::to_string(map.size()) +
                      " ranges exceed the kernel's limit of 340 lines and 4095 bytes");
  }
  return {};
}

Result<IdMap> make_id_map(const char* what, const IdMapRequest& request, std::uint32_t own_id,
                          const CreateFacts::Ids& facts) {
  IdMap map;
  if (request.own) map.push_back({request.own->inside.value_or(own_id), own_id, 1});
  for (const IdMapRequest::Block& block : request.blocks) {
    auto of_block = TRY(lines_of(what, block, facts));
    // Before any arithmetic with these lines.
    TRY(check_id_map(what, of_block.lines));
    for (const IdMapLine& line : of_block.lines) {
      const IdMap lines = request.own ? beside_own(line, map.front(), of_block.how) : IdMap{line};
      map.insert(map.end(), lines.begin(), lines.end());
    }
  }
  TRY(check_id_map(what, map));
  return map;
}

}  // namespace nsx
