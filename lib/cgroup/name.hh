// SPDX-License-Identifier: MIT
#pragma once
// Paths of cgroups as text.

#include <string>
#include <string_view>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// A path below the top as the rest of the library has it: "/a/b", without double or final slashes.
/// One that begins with the mount point is taken for a directory. Errors: it is empty, goes up
/// ("..") or holds what no cgroup's name can.
Result<std::string> normal_cgroup_path(std::string path, const std::string& mount_point);

/// The most names on the path of a cgroup that is made: what removes and reads subtrees goes down
/// no further, as each level holds a descriptor.
inline constexpr int kMaxCgroupDepth = 200;

/// The last name on a path, and the path of the cgroup that this is in.
std::string_view last_name(std::string_view path);
std::string_view path_above(std::string_view path);

/// The paths of all cgroups above the one at a path, from the top down.
std::vector<std::string> paths_above(std::string_view path);

}  // namespace nsx
