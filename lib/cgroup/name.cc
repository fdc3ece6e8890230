// SPDX-License-Identifier: MIT
#include "cgroup/name.hh"

#include <algorithm>

#include "kernel/text.hh"

namespace nsx {

Result<std::string> normal_cgroup_path(std::string path, const std::string& mount_point) {
  constexpr const char* kInvalid = "invalid cgroup path '{}'";
  const std::string given = path;
  if (path.empty()) return problem(kInvalid, given, "it is empty; the top of the tree is /");
  if (!mount_point.empty() && (path == mount_point || path.starts_with(mount_point + '/'))) {
    path.erase(0, mount_point.size());
  }
  if (path.find('\n') != std::string::npos || path.find('\0') != std::string::npos) {
    return problem(kInvalid, given, "it contains a line feed or a NUL");
  }
  std::string normal;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view name = next_field(rest, '/');
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      return problem(kInvalid, given, "'..' is not allowed");
    }
    normal += '/';
    normal += name;
  }
  return normal.empty() ? "/" : normal;
}

std::string_view last_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view path_above(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

std::vector<std::string> paths_above(std::string_view path) {
  std::vector<std::string> paths;
  while (path != "/") {
    path = path_above(path);
    paths.emplace_back(path);
  }
  std::ranges::reverse(paths);
  return paths;
}

}  // namespace nsx
