// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nsx/process.hh>
#include <nsx/target.hh>

#include "discovery/cgroup_names.hh"
#include "target/container_record.hh"

namespace nsx {

/// Where to search.
struct SearchPlace {
  const Kernel& kernel;
  std::string root;                    ///< prepended to each absolute path; empty for this machine
  std::string runtime_directory = {};  ///< of the caller; empty if none
  std::string pin_directory = {};      ///< the only directory for pins; empty for the default ones
  /// The values of the caller's XDG_RUNTIME_DIR and XDG_DATA_HOME, not checked yet.
  std::string named_runtime_directory = {};
  std::string named_data_directory = {};
};

/// A thing with the wanted name.
struct Match {
  std::string label;  ///< an unambiguous name: "container:web"
  Target target;
};

/// The result of a search.
struct Matches {
  std::vector<Match> found;
  std::vector<Error> unusable;  ///< why things of that name cannot be targets
  std::string reason;           ///< if nothing was found: files that could not be read
  std::string hint;             ///< if nothing was found: how to name what was not searched
};

Matches find_pin(const SearchPlace& place, const std::string& name);
Matches find_container(const SearchPlace& place, const std::string& name);
Matches find_unit(const SearchPlace& place, const std::string& name);
Matches find_cgroup(const SearchPlace& place, const std::string& path);

std::vector<TargetName> list_pins(const SearchPlace& place);
std::vector<TargetName> list_containers(const SearchPlace& place);
/// Lists units first, then cgroups.
std::vector<TargetName> list_cgroups(const SearchPlace& place);

/// Returns a target for a process: "unit cron.service (PID 42)".
inline Target process_target(const std::string& what, Process process) {
  Target target;
  target.name = what + " (PID " + std::to_string(process.pid()) + ')';
  target.process = std::move(process);
  return target;
}

/// An open process and its age.
struct AgedProcess {
  Process process;
  ProcessStat stat;  ///< without its command
};

/// Opens a process and reads its age. Returns nothing if it is gone or a zombie, which has no
/// namespaces left to enter.
std::optional<AgedProcess> open_aged(const Kernel& kernel, pid_t pid);

/// Whether a process is still alive.
bool is_there(const Process& process);

/// Whether `a` started before `b`. The clock ticks of the kernel are coarse: within a tick, a
/// parent comes before its child, and otherwise the lower PID comes first.
bool is_older(const ProcessStat& a, const ProcessStat& b);

/// Called for a cgroup's directory with its path relative to the start of the walk: "", "/a".
using VisitCgroup = std::function<void(const std::string& path, int directory)>;

/// Visits a cgroup and its descendants, parents first.
void walk_cgroups(int directory, const VisitCgroup& visit);

/// Returns the oldest process in a cgroup and its descendants, ignoring the direct child `except`.
std::optional<Process> oldest_in_cgroup(const Kernel& kernel, int directory,
                                        const char* except = nullptr);

// Searches cgroups by the names of the containers and units in them.

/// What to search for.
struct NameSearch {
  std::string prefix;  ///< "unit"
  std::string wanted;  ///< "cron.service"
  /// Returns the name of a cgroup if it matches.
  std::function<std::optional<PlaceName>(const NamedCgroup& cgroup)> name_of;
};

/// Returns the oldest process of each cgroup with the name, in the first hierarchy that has one. If
/// the name is ambiguous, each match is labelled with the path of its cgroup. Untrusted cgroups are
/// only mentioned if no other has the name.
Matches find_by_name(const SearchPlace& place, const NameSearch& search);

/// Returns the oldest process in a cgroup and its descendants. For a machine of systemd-nspawn(1),
/// the supervisor, a process of the host in the machine's cgroup, is left out.
std::optional<Process> oldest_in(const Kernel& kernel, const NamedCgroup& cgroup, int directory);

/// Converts the path of a cgroup below the top of a mount to the form of /proc/PID/cgroup.
std::string path_in_proc(const CgroupMount& mount, const std::string& path);

}  // namespace nsx
