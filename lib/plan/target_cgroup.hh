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

/// A cgroup, found by a process in it.
struct TargetCgroup {
  OwnedFd procs;     ///< its cgroup.procs, open for writing: with the rights of now, whoever writes
  std::string path;  ///< of its directory
};

/// Opens the cgroup v2 that a process is in; none if the caller is in it, too. Errors: it is not
/// below a mount of cgroup2 that the caller sees, or the caller may not write to it, or it is
/// frozen.
Result<std::optional<TargetCgroup>> open_cgroup_of(const Kernel& kernel, const Process& process);

/// Opens its cgroups in the hierarchies of v1 that are mounted here, but those that the caller is
/// in, too.
Result<std::vector<TargetCgroup>> open_v1_cgroups_of(const Kernel& kernel, const Process& process);

/// The step that a request for a cgroup comes to; none, if it asks for nothing. Errors: a cgroup
/// that is not there, a limit that cannot be had here.
Result<std::optional<step::EnterCgroup>> read_cgroup_facts(const Kernel& kernel,
                                                           const CgroupRequest& request);

}  // namespace nsx
