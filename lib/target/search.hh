// SPDX-License-Identifier: MIT
#pragma once
// What the searches for a target share. Each looks for one name in one place; of several processes
// the oldest is meant, the one that a cgroup or a container began with.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nsx/process.hh>
#include <nsx/target.hh>

#include "target/container_record.hh"

namespace nsx {

/// Where is searched.
struct SearchPlace {
  const Kernel& kernel;
  std::string root;                    ///< before each absolute path; empty: this machine's own
  std::string runtime_directory = {};  ///< of the caller; empty: none
  std::string pin_directory = {};      ///< the only one for pins; empty: there is none
  /// What the caller's XDG_RUNTIME_DIR and XDG_DATA_HOME say, not looked at yet.
  std::string named_runtime_directory = {};
  std::string named_data_directory = {};
};

/// A thing of the wanted name.
struct Match {
  std::string label;  ///< the text that means only this: "container:web"
  Target target;
};

/// What a search came to.
struct Matches {
  std::vector<Match> found;
  std::vector<Error> unusable;  ///< why things of that name can be no target
  std::string reason;           ///< if nothing was found: files that could not be read
  std::string hint;             ///< if nothing was found: how to name what was not searched
};

Matches find_pin(const SearchPlace& place, const std::string& name);
Matches find_container(const SearchPlace& place, const std::string& name);
Matches find_unit(const SearchPlace& place, const std::string& name);
Matches find_cgroup(const SearchPlace& place, const std::string& path);

std::vector<TargetName> list_pins(const SearchPlace& place);
std::vector<TargetName> list_containers(const SearchPlace& place);
/// Units, then cgroups.
std::vector<TargetName> list_cgroups(const SearchPlace& place);

/// The target that is this process: "unit cron.service (PID 42)".
inline Target process_target(const std::string& what, Process process) {
  Target target;
  target.name = what + " (PID " + std::to_string(process.pid()) + ')';
  target.process = std::move(process);
  return target;
}

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

/// The oldest process of a cgroup and those below it, if there is one, but for those in the cgroup
/// `except` directly below.
std::optional<Process> oldest_in_cgroup(const Kernel& kernel, int directory,
                                        const char* except = nullptr);

}  // namespace nsx
