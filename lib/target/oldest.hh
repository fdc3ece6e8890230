#pragma once
// The oldest of several processes: the one that a cgroup or a container began with.

#include <functional>
#include <optional>

#include <nsx/process.hh>

namespace nsx {

/// A process, held, and what tells its age.
struct AgedProcess {
  Process process;
  ProcessStat stat;  ///< without its command
};

/// Takes hold of a process and reads its age. None if it is gone or a zombie, which has nothing
/// left to enter.
std::optional<AgedProcess> open_aged(const Kernel& kernel, pid_t pid);

/// Whether a process is still there.
bool is_there(const Process& process);

/// Whether `a` started before `b`. The kernel's clock ticks are coarse: in the same tick a parent
/// comes before its child, else the lower PID.
bool is_older(const ProcessStat& a, const ProcessStat& b);

/// Called for a cgroup's directory, with its path below the one where the walk began: "", "/a".
using VisitCgroup = std::function<void(const std::string& path, int directory)>;

/// Visits a cgroup and all below it, each before those in it.
void walk_cgroups(int directory, const VisitCgroup& visit);

/// The oldest process of a cgroup and those below it, if there is one.
std::optional<Process> oldest_in_cgroup(const Kernel& kernel, int directory);

}  // namespace nsx
