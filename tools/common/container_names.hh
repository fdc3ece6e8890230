// SPDX-License-Identifier: MIT
#pragma once
// Containers by the names that their runtimes know.

#include <string>
#include <sys/types.h>
#include <unordered_map>

#include <nsx/target.hh>

namespace nsx::cli {

/// An ID of a container, 64 hexadecimal digits, as `docker ps` shows it: the first 12. Any other
/// name stays as it is.
std::string short_container_id(const std::string& name);

/// The containers that are running, listed when this is made.
class ContainerNames {
 public:
  ContainerNames(const Kernel& kernel, const TargetOptions& options);

  /// By their first processes.
  const std::unordered_map<pid_t, std::string>& first_processes() const { return by_pid_; }

  /// The name of the container whose cgroup this is, or is below: the outermost, as what is in a
  /// container is named by it. The path is that of /proc/PID/cgroup. Null: there is none.
  const std::string* of_cgroup(const std::string& path) const;

 private:
  std::unordered_map<pid_t, std::string> by_pid_;
  std::unordered_map<std::string, std::string> by_cgroup_;
};

}  // namespace nsx::cli
