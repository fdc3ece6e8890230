#pragma once
// Where processes belong: containers, units, cgroups.

#include <optional>
#include <string>
#include <unordered_map>

#include <nsx/kernel.hh>
#include <nsx/process.hh>

namespace nsx::ls_tool {

/// Tells the container, unit and cgroup of processes. The names of containers are looked for once.
class Places {
 public:
  explicit Places(const Kernel& kernel) : kernel_(kernel) {}

  /// The name of its container: the one that its runtime knows, else the beginning of the ID in its
  /// cgroup. Empty: it is in none.
  std::string container(pid_t pid);

  /// Empty: it is in none, or gone.
  std::string unit(pid_t pid) const;
  std::string cgroup(pid_t pid) const;

 private:
  struct Names {
    std::unordered_map<pid_t, std::string> by_pid;  // of their first processes
    std::unordered_map<std::string, std::string> by_id;
  };
  const Names& names();

  const Kernel& kernel_;
  std::optional<Names> names_;
};

}  // namespace nsx::ls_tool
