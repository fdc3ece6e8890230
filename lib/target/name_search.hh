// SPDX-License-Identifier: MIT
#pragma once
// The search for cgroups by the names that are given to what is in them.

#include <functional>
#include <optional>
#include <string>

#include "target/cgroup_trust.hh"
#include "target/search.hh"

namespace nsx {

/// What is looked for.
struct NameSearch {
  std::string prefix;  ///< "unit"
  std::string wanted;  ///< "cron.service"
  /// The name of a cgroup, if it is one that is looked for.
  std::function<std::optional<PlaceName>(const NamedCgroup& cgroup)> name_of;
};

/// The oldest process of each cgroup that has the name, of the first hierarchy in which there is
/// one. Each match has the path of its cgroup where the name alone is that of several. What has the
/// name and is not trusted is only mentioned, if nothing else has it.
Matches find_by_name(const SearchPlace& place, const NameSearch& search);

/// The oldest process of a cgroup and those below it. The host's own process in the cgroup of a
/// machine of systemd-nspawn(1), its supervisor, is left out.
std::optional<Process> oldest_in(const Kernel& kernel, const NamedCgroup& cgroup, int directory);

/// As /proc/PID/cgroup has the path of a cgroup below the top of a mount.
std::string path_in_proc(const CgroupMount& mount, const std::string& path);

}  // namespace nsx
