// SPDX-License-Identifier: MIT
#pragma once
// The processes and mounts that still use a namespace after its pin was removed.

#include <string>
#include <vector>

#include <nsx/namespace.hh>

namespace nsx::pin_tool {

struct Users {
  Kind kind = Kind::cgroup;
  std::vector<pid_t> processes;  ///< with a thread in it
  /// Processes that hold it by a descriptor or socket, or for their children.
  std::vector<pid_t> descriptors;
  std::vector<std::string> mounts;

  bool empty() const { return processes.empty() && descriptors.empty() && mounts.empty(); }
};

/// Returns the users of each of these namespaces, without this process. Unused namespaces are left
/// out.
Result<std::vector<Users>> find_users(const Kernel& kernel,
                                      const std::vector<Namespace>& namespaces);

/// Returns the processes in the PID namespace of the process `init` and in its descendants, without
/// `init` itself and zombies.
Result<std::vector<pid_t>> processes_beside(const Kernel& kernel, pid_t init);

/// Returns names and PIDs of the first processes: "sleep 12, sh 13, cat 14 and 4 more".
std::string some_processes(const Kernel& kernel, const std::vector<pid_t>& pids);

/// Returns the users as a clause: "its net namespace is still used by 2 processes (sleep 12, sh
/// 13), 1 process holding it open (dockerd 7)".
std::string in_words(const Kernel& kernel, const Users& users);

}  // namespace nsx::pin_tool
