// SPDX-License-Identifier: MIT
#pragma once
// The processes of a cgroup and of its descendants.

#include <functional>
#include <sys/types.h>
#include <vector>

#include <nsx/cgroup.hh>

namespace nsx {

/// Moves all processes directly in the cgroup with this directory, including those that appear
/// during the move. `path` is the cgroup's path, for messages. Appends the PIDs of moved processes
/// to `moved`, even if it fails later.
Status move_all_processes(const std::string& path, int directory, const Cgroup& to,
                          std::vector<pid_t>& moved);

/// Visits a cgroup and its descendants, parents first. Cgroups that vanish in the meantime are
/// skipped. Stops at the first error that `visit` returns.
Status walk_subtree(int directory, const std::function<Status(int directory)>& visit);

/// Whether the calling process is in a cgroup or one of its descendants.
Result<bool> is_in(const CgroupTree& tree, const Cgroup& cgroup);

}  // namespace nsx
