// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nsx/cgroup.hh>

#include "nsx-cg/cells.hh"
#include "nsx-cg/top_model.hh"

namespace nsx::cg_tool {

// Reads the snapshots of nsx-cg top and performs its actions.

/// Reads a cgroup and its descendants repeatedly.
class TopSource {
 public:
  TopSource(const CgroupTree& tree, Cgroup first) : places_(tree), first_(std::move(first)) {}

  /// Takes a snapshot, with the events since the last call. Errors: the cgroup has been removed.
  Result<TopSnapshot> next(CgroupFileSet files);

 private:
  Places places_;
  Cgroup first_;
  CgroupReading before_;
};

/// Freezes, thaws or kills the cgroup of an action. Errors: it was replaced, or systemd manages it.
Status carry_out(const CgroupTree& tree, const TopAction& action);

/// Returns the lines of the page that an action requests: the limits of a cgroup, as printed by
/// nsx-cg explain, or the processes in it and its descendants.
Result<std::vector<std::string>> page_of(const CgroupTree& tree, const TopAction& action);

/// Runs the live view for `count` samples, without `count` until it is quit. Returns the signal
/// that ended it, SIGTERM or SIGHUP, or 0.
Result<int> run_live(const CgroupTree& tree, TopSource& source, TopModel& model,
                     const std::string& note, std::optional<std::uint64_t> count, bool colors);

// nsx-cg top without a terminal: a table or a line of JSON for each sample.

enum class TopFormat { table, json };

/// Prints all rows of the model and flushes standard output.
Status print_batch(const TopModel& model, TopFormat format, bool headings);

/// Returns the line of JSON without a line feed: {"time": seconds since 1970, "cgroups": [...]}.
std::string json_line(const TopModel& model, double time);

}  // namespace nsx::cg_tool
