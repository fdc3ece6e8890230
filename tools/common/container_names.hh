// SPDX-License-Identifier: MIT
#pragma once
// The names that container runtimes give to their containers.

#include <string>
#include <sys/types.h>
#include <unordered_map>

#include <nsx/target.hh>

namespace nsx::cli {

/// Shortens a container ID of 64 hexadecimal digits to the first 12, as `docker ps` does. Any other
/// name is returned unchanged.
std::string short_container_id(const std::string& name);

/// The containers that were running when this object was created.
class ContainerNames {
 public:
  ContainerNames(const Kernel& kernel, const TargetOptions& options);

  /// The names of the containers, by the PID of their first process.
  const std::unordered_map<pid_t, std::string>& first_processes() const { return by_pid_; }

  /// Returns the name of the outermost container whose cgroup is `path` or an ancestor of it, or
  /// null if no container has one. Nested containers are reported as the outer one. `path` is as in
  /// /proc/PID/cgroup.
  const std::string* of_cgroup(const std::string& path) const;

 private:
  std::unordered_map<pid_t, std::string> by_pid_;
  std::unordered_map<std::string, std::string> by_cgroup_;
};

}  // namespace nsx::cli
