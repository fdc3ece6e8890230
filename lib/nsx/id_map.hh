// SPDX-License-Identifier: MIT
#pragma once
// Id maps of user namespaces (/proc/PID/uid_map and gid_map): parsing, formatting, translation.
//
//   const auto map = nsx::parse_id_map("0 100000 65536\n");
//   if (map) std::printf("%u\n", nsx::to_outside(*map, 0).value_or(0));

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// One line of /proc/PID/uid_map or gid_map (user_namespaces(7)): maps the `count` ids from
/// `inside` to those from `outside`, which are in the reader's user namespace.
struct IdMapLine {
  std::uint32_t inside = 0;
  std::uint32_t outside = 0;
  std::uint32_t count = 0;

  bool operator==(const IdMapLine&) const = default;
};

using IdMap = std::vector<IdMapLine>;

/// Parses an id map file. An empty text is an empty map, which has not been written yet.
NSX_API Result<IdMap> parse_id_map(std::string_view text);

/// Translates an id from inside to outside; none if it is not mapped.
NSX_API std::optional<std::uint32_t> to_outside(const IdMap& map, std::uint32_t inside);

/// Translates an id from outside to inside; none if it is not mapped.
NSX_API std::optional<std::uint32_t> to_inside(const IdMap& map, std::uint32_t outside);

/// Formats a map for writing to an id map file.
NSX_API std::string format_id_map(const IdMap& map);

}  // namespace nsx
