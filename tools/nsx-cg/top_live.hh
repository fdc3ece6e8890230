// SPDX-License-Identifier: MIT
#pragma once
// The live view: samples, draws and handles keys until it ends.

#include <cstdint>
#include <optional>
#include <string>

#include "nsx-cg/top_source.hh"

namespace nsx::cg_tool {

/// Runs the live view for `count` samples, without `count` until it is quit. Returns the signal
/// that ended it, SIGTERM or SIGHUP, or 0.
Result<int> run_live(const CgroupTree& tree, TopSource& source, TopModel& model,
                     const std::string& note, std::optional<std::uint64_t> count, bool colors);

}  // namespace nsx::cg_tool
