// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include <nsx/id_map.hh>

namespace nsx {

/// Returns the first range of a user in the text of /etc/subuid or /etc/subgid (subuid(5)), whose
/// lines are "NAME-OR-UID:FIRST:COUNT". `inside` of the result is 0. An empty `name` matches no
/// line.
std::optional<IdMapLine> find_sub_ids(std::string_view text, std::string_view name, uid_t uid);

}  // namespace nsx
