#pragma once
// Where cgroups are, and which one a process is in (cgroups(7)): v2, and v1's hierarchy without
// controllers, in which systemd and container runtimes keep their names on hybrid machines.

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

/// A mounted hierarchy.
struct CgroupMount {
  std::string point;
  std::string root;  ///< the cgroup that is mounted there: "/", or another in a container
  bool is_v2 = false;

  bool operator==(const CgroupMount&) const = default;
};

/// The mounts of cgroup2 and of v1's name=systemd in a mountinfo text, v2 first, and of each the
/// one that shows most.
std::vector<CgroupMount> cgroup_mounts(std::string_view mountinfo);

/// The processes of the cgroup with this directory, or its threads where it is a threaded one.
/// What the caller's PID namespace does not hold is left out.
Result<std::vector<pid_t>> cgroup_pids(int directory);

}  // namespace nsx
