// SPDX-License-Identifier: MIT
#pragma once
// The cgroup hierarchies, and the cgroups of a process (cgroups(7)): v2; the v1 hierarchy without
// controllers, in which systemd and container runtimes keep their names on hybrid machines; and
// other v1 hierarchies.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// One line of /proc/PID/cgroup. The views refer to the parsed text.
struct CgroupLine {
  std::uint32_t hierarchy = 0;   ///< 0: v2
  std::string_view controllers;  ///< "cpu,cpuacct", "name=systemd"; empty: v2
  std::string_view path;  ///< relative to the root of the reader's cgroup namespace; "/..": outside
                          ///< of it
};

/// Removes the next line from `text` and parses it; none at the end.
std::optional<CgroupLine> next_cgroup_line(std::string_view& text);

/// Returns the most informative path: that of v2 unless it is the root, then that of
/// name=systemd, otherwise the first path that is not the root. Empty if there is no line.
std::string_view telling_cgroup(std::string_view text);

/// Returns all lines: v2, name=systemd, then the others in their order.
std::vector<CgroupLine> cgroup_lines(std::string_view text);

/// A mounted hierarchy.
struct CgroupMount {
  std::string point;
  std::string root;  ///< the cgroup mounted there: "/", or another one in a container
  bool is_v2 = false;
  std::string options;  ///< of v1: "rw,cpu,cpuacct"

  /// Returns whether a line belongs to this hierarchy.
  bool shows(const CgroupLine& line) const;

  bool operator==(const CgroupMount&) const = default;
};

/// Returns the hierarchies mounted in a mountinfo: v2, name=systemd of v1, then the others. For
/// each, the mount that shows the largest part.
std::vector<CgroupMount> cgroup_mounts(std::string_view mountinfo);

/// Returns the PIDs of a cgroup, given its directory, or the thread ids of a threaded cgroup. Omits
/// those outside of the caller's pid namespace.
Result<std::vector<pid_t>> cgroup_pids(int directory);

/// Returns whether the cgroup `name` in a directory may contain others, by its link count; none if
/// it does not exist. Listing a cgroup without others is the dearest part of a walk, as the kernel
/// passes over all its files.
std::optional<bool> may_have_children(int directory, const char* name);

/// Returns whether systemd has marked a cgroup as delegated: the names below it were chosen by
/// others.
bool is_marked_delegated(int directory);

}  // namespace nsx
