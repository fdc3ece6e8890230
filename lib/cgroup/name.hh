#pragma once
// Paths of cgroups as text.

#include <string>
#include <string_view>

#include <nsx/result.hh>

namespace nsx {

/// A path below the top as the rest of the library has it: "/a/b", without double or final slashes.
/// One that begins with the mount point is taken for a directory. Errors: it is empty, goes up
/// ("..") or holds what no cgroup's name can.
Result<std::string> normal_cgroup_path(std::string path, const std::string& mount_point);

/// The part of a path that ends with its innermost unit; all of it, if there is none.
std::string_view unit_part(std::string_view path);

/// The same with its innermost container.
std::string_view container_part(std::string_view path);

/// The last name on a path, and the path of the cgroup that this is in.
std::string_view last_name(std::string_view path);
std::string_view path_above(std::string_view path);

}  // namespace nsx
