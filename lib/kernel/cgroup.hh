// SPDX-License-Identifier: MIT
#pragma once
// Where cgroups are, and which ones a process is in (cgroups(7)): v2, v1's hierarchy without
// controllers, in which systemd and container runtimes keep their names on hybrid machines, and the
// others of v1.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// One line of /proc/PID/cgroup. The views point into the parsed text.
struct CgroupLine {
  std::uint32_t hierarchy = 0;   ///< 0: v2
  std::string_view controllers;  ///< "cpu,cpuacct", "name=systemd"; empty: v2
  std::string_view path;         ///< as the reader's cgroup namespace counts; "/..": outside of it
};

/// Takes the next line off `text` and parses it; none at its end.
std::optional<CgroupLine> next_cgroup_line(std::string_view& text);

/// The path that tells most: v2's, or where that is the root, name=systemd's, or else that of the
/// first hierarchy in which it is not the root. Empty if there is no line.
std::string_view telling_cgroup(std::string_view text);

/// All lines of a text: v2's, name=systemd's, then the others as they are.
std::vector<CgroupLine> cgroup_lines(std::string_view text);

/// A mounted hierarchy.
struct CgroupMount {
  std::string point;
  std::string root;  ///< the cgroup that is mounted there: "/", or another in a container
  bool is_v2 = false;
  std::string options;  ///< of v1: "rw,cpu,cpuacct"

  /// Whether it is the hierarchy of a line.
  bool shows(const CgroupLine& line) const;

  bool operator==(const CgroupMount&) const = default;
};

/// The mounted hierarchies in a mountinfo text: v2, v1's name=systemd, then the others, and of each
/// the mount that shows most.
std::vector<CgroupMount> cgroup_mounts(std::string_view mountinfo);

/// The processes of the cgroup with this directory, or its threads where it is a threaded one.
/// What the caller's PID namespace does not hold is left out.
Result<std::vector<pid_t>> cgroup_pids(int directory);

/// Whether systemd has marked a cgroup as delegated: what is below is named by others.
bool is_marked_delegated(int directory);

}  // namespace nsx
