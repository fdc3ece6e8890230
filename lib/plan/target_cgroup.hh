// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nsx/cgroup_run.hh>
#include <nsx/kernel.hh>
#include <nsx/plan.hh>
#include <nsx/process.hh>

namespace nsx {

/// The cgroup of a process.
struct TargetCgroup {
  OwnedFd procs;     ///< its cgroup.procs, open for writing: the rights are checked at open, not at
                     ///< write
  std::string path;  ///< the path of its directory
};

/// Opens the cgroup v2 of a process. None: the caller is also in it. Errors: it is not below a
/// cgroup2 mount of the caller; no write permission; it is frozen.
Result<std::optional<TargetCgroup>> open_cgroup_of(const Kernel& kernel, const Process& process);

/// Opens the cgroups of a process in the v1 hierarchies that are mounted here, except those of the
/// caller.
Result<std::vector<TargetCgroup>> open_v1_cgroups_of(const Kernel& kernel, const Process& process);

/// Returns the step for a cgroup request. None: nothing is requested. Errors: a missing cgroup, an
/// unavailable limit.
Result<std::optional<step::EnterCgroup>> read_cgroup_facts(const Kernel& kernel,
                                                           const CgroupRequest& request);

}  // namespace nsx
