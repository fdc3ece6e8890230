// SPDX-License-Identifier: MIT
#pragma once
// Where the snapshots of nsx-cg top come from, and where its actions go.

#include <string>
#include <vector>

#include <nsx/cgroup.hh>

#include "nsx-cg/places.hh"
#include "nsx-cg/top_model.hh"

namespace nsx::cg_tool {

/// Reads one cgroup and all below it again and again.
class TopSource {
 public:
  TopSource(const CgroupTree& tree, Cgroup first) : places_(tree), first_(std::move(first)) {}

  /// What is now, with what happened since the last call. Errors: the cgroup has been removed.
  Result<TopSnapshot> next(CgroupFileSet files);

 private:
  Places places_;
  Cgroup first_;
  CgroupReading before_;
};

/// Freezes, thaws or kills what the action names, if that is still the same cgroup, and none of
/// systemd's.
Status carry_out(const CgroupTree& tree, const TopAction& action);

/// The lines of the page that a action asks for: the limits of a cgroup, as nsx-cg explain prints
/// them, or the processes in it and below.
Result<std::vector<std::string>> page_of(const CgroupTree& tree, const TopAction& action);

}  // namespace nsx::cg_tool
