// SPDX-License-Identifier: MIT
#pragma once
// The live view: reads, draws and listens to keys, until it is told to end.

#include <cstdint>
#include <optional>
#include <string>

#include "nsx-cg/top_source.hh"

namespace nsx::cg_tool {

/// Returns the signal that ended it: SIGTERM or SIGHUP; 0: it came to its end.
Result<int> run_live(const CgroupTree& tree, TopSource& source, TopModel& model,
                     const std::string& note, std::optional<std::uint64_t> count, bool colors);

}  // namespace nsx::cg_tool
