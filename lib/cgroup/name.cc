#include "cgroup/name.hh"

#include <nsx/target.hh>

#include "kernel/text.hh"

namespace nsx {

namespace {

/// The shortest beginning of a path, up to one of its slashes, that has all of what it is asked
/// for.
template <class Has>
std::string_view shortest_with(std::string_view path, Has has) {
  for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    if (has(path.substr(0, slash))) return path.substr(0, slash);
  }
  return path;
}

}  // namespace

Result<std::string> normal_cgroup_path(std::string path, const std::string& mount_point) {
  constexpr const char* kUse = "use as a cgroup";
  const std::string given = '\'' + path + '\'';
  if (path.empty()) return refuse(kUse, given, "the top of the tree is /");
  if (!mount_point.empty() && (path == mount_point || path.starts_with(mount_point + '/'))) {
    path.erase(0, mount_point.size());
  }
  if (path.find('\n') != std::string::npos || path.find('\0') != std::string::npos) {
    return refuse(kUse, given, "no name of a cgroup holds a line feed");
  }
  std::string normal;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view name = next_field(rest, '/');
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      return refuse(kUse, given, "it goes up", "give a path below the top, without \"..\"");
    }
    normal += '/';
    normal += name;
  }
  return normal.empty() ? "/" : normal;
}

std::string_view unit_part(std::string_view path) {
  const auto unit = unit_in_cgroup(path);
  if (!unit) return path;
  return shortest_with(path, [&](std::string_view part) { return unit_in_cgroup(part) == unit; });
}

std::string_view container_part(std::string_view path) {
  const auto container = container_in_cgroup(path);
  if (!container) return path;
  return shortest_with(
      path, [&](std::string_view part) { return container_in_cgroup(part) == container; });
}

std::string_view last_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view path_above(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

}  // namespace nsx
