#pragma once
// The processes in a cgroup's list.

#include <functional>
#include <sys/types.h>
#include <vector>

#include <nsx/cgroup.hh>

namespace nsx {

/// What a move of several came to. The numbers are those that were moved before a failure.
struct Moved {
  std::vector<pid_t> pids;
  Status status;
};

/// Moves all that are directly in the cgroup with this directory, and those that come while others
/// are moved. `path` is what it is called.
Moved move_all_processes(const std::string& path, int directory, const Cgroup& to);

/// Calls for a cgroup and for all below it, each before those in it. Those that vanish are left
/// out. The first error that `visit` returns ends it.
Status walk_subtree(int directory, const std::function<Status(int directory)>& visit);

/// Whether the calling process is in a cgroup or below it.
Result<bool> is_in(const CgroupTree& tree, const Cgroup& cgroup);

}  // namespace nsx
