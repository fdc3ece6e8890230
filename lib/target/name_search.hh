// SPDX-License-Identifier: MIT
#pragma once
// Searches cgroups by the names of the containers and units in them.

#include <functional>
#include <optional>
#include <string>

#include "target/cgroup_trust.hh"
#include "target/search.hh"

namespace nsx {

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
