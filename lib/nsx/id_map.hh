// SPDX-License-Identifier: MIT
#pragma once
// Id maps of user namespaces, /proc/PID/uid_map and gid_map: text, lines, and the arithmetic.
//
//   const auto map = nsx::parse_id_map("0 100000 65536\n");
//   if (map) std::printf("%u\n", nsx::to_outside(*map, 0).value_or(0));

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// One line of /proc/PID/uid_map or gid_map (user_namespaces(7)): `count` ids from `inside` on are
/// those from `outside` on, as the reader's user namespace counts them.
struct IdMapLine {
  std::uint32_t inside = 0;
  std::uint32_t outside = 0;
  std::uint32_t count = 0;

  bool operator==(const IdMapLine&) const = default;
};

using IdMap = std::vector<IdMapLine>;

/// Parses such a file. An empty text is an empty map: nothing was written to it yet.
NSX_API Result<IdMap> parse_id_map(std::string_view text);

/// What the id `inside` is outside, or none where the map has no line for it.
NSX_API std::optional<std::uint32_t> to_outside(const IdMap& map, std::uint32_t inside);

/// What the id `outside` is inside, or none.
NSX_API std::optional<std::uint32_t> to_inside(const IdMap& map, std::uint32_t outside);

/// The text that a map file takes.
NSX_API std::string format_id_map(const IdMap& map);

}  // namespace nsx
