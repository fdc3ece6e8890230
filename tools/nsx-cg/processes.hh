// SPDX-License-Identifier: MIT
#pragma once
// The command lines of the processes of cgroups.

#include <span>
#include <string>
#include <sys/types.h>
#include <unordered_map>

#include <nsx/cgroup.hh>

#include "account/sample.hh"

namespace nsx::cg_tool {

/// Returns the command lines of the processes of some cgroups of a reading, given by their indexes.
/// The reading was taken with CgroupSampleRequest::pids. A command line is empty if the process has
/// exited or left its cgroup since then, even if its PID has been reused.
std::unordered_map<pid_t, std::string> read_commands(const CgroupTree& tree,
                                                     const CgroupReading& reading,
                                                     std::span<const std::size_t> cgroups);

}  // namespace nsx::cg_tool
