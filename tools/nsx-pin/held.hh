// SPDX-License-Identifier: MIT
#pragma once
// Who still uses a namespace whose name is gone.

#include <string>
#include <vector>

#include <nsx/namespace.hh>

namespace nsx::pin_tool {

struct Users {
  Kind kind = Kind::cgroup;
  std::vector<pid_t> processes;  ///< that are in it, or have a thread in it
  std::vector<pid_t>
      descriptors;  ///< that hold it by a descriptor or socket, or for their children
  std::vector<std::string> mounts;

  bool empty() const { return processes.empty() && descriptors.empty() && mounts.empty(); }
};

/// Those of each of these namespaces, but for this process. Namespaces that nobody uses are left
/// out.
Result<std::vector<Users>> find_users(const Kernel& kernel,
                                      const std::vector<Namespace>& namespaces);

/// The processes in the pid namespace of a process, and in those below it, but for that process and
/// those that have ended.
Result<std::vector<pid_t>> processes_beside(const Kernel& kernel, pid_t init);

/// "sleep 12, sh 13 and 4 more"
std::string some_processes(const Kernel& kernel, const std::vector<pid_t>& pids);

/// "its net namespace lives on: 2 processes (sleep 12, sh 13), 1 descriptor (dockerd 7)"
std::string in_words(const Kernel& kernel, const Users& users);

}  // namespace nsx::pin_tool
