// SPDX-License-Identifier: MIT
#pragma once
// Formats a snapshot as the JSON that parse_snapshot() reads.

#include "account/snapshot.hh"

namespace nsx::cg_tool {

/// Returns the JSON. Errors: the name of a cgroup is not UTF-8.
Result<std::string> format_snapshot(const CgroupSnapshot& snapshot);

}  // namespace nsx::cg_tool
