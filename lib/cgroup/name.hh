// SPDX-License-Identifier: MIT
#pragma once
// Paths of cgroups as text.

#include <string>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// Normalizes a path below the top: "/a/b", without repeated or trailing slashes. A path that
/// starts with the mount point is taken for a directory. Errors: it is empty, contains ".." or a
/// character that is not allowed in cgroup names.
Result<std::string> normal_cgroup_path(std::string path, const std::string& mount_point);

/// The maximum depth of a new cgroup. Reading and removing subtrees descends no further, as each
/// level holds a descriptor.
inline constexpr int kMaxCgroupDepth = 200;

/// The last component of a path, and the path of the parent.
std::string_view last_name(std::string_view path);
std::string_view path_above(std::string_view path);

/// Returns the paths of all ancestors, from the top down.
std::vector<std::string> paths_above(std::string_view path);

}  // namespace nsx
