// SPDX-License-Identifier: MIT
#pragma once
// Reads the snapshots of nsx-cg top and performs its actions.

#include <string>
#include <vector>

#include <nsx/cgroup.hh>

#include "nsx-cg/places.hh"
#include "nsx-cg/top_model.hh"

namespace nsx::cg_tool {

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

}  // namespace nsx::cg_tool
