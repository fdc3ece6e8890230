// SPDX-License-Identifier: MIT
#pragma once
// The processes in a cgroup's list, and in those below it.

#include <functional>
#include <sys/types.h>
#include <vector>

#include <nsx/cgroup.hh>

namespace nsx {

/// Moves all that are directly in the cgroup with this directory, and those that come while others
/// are moved. `path` is what it is called. Adds the PIDs of those moved to `moved`, also before it
/// fails.
Status move_all_processes(const std::string& path, int directory, const Cgroup& to,
                          std::vector<pid_t>& moved);

/// Calls for a cgroup and for all below it, each before those in it. Those that vanish are left
/// out. The first error that `visit` returns ends it.
Status walk_subtree(int directory, const std::function<Status(int directory)>& visit);

/// Whether the calling process is in a cgroup or below it.
Result<bool> is_in(const CgroupTree& tree, const Cgroup& cgroup);

}  // namespace nsx
