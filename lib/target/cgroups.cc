// SPDX-License-Identifier: MIT
// Finds cgroups by path, and systemd units by the names of their cgroups.

#include <fcntl.h>
#include <set>

#include "discovery/cgroup_names.hh"
#include "kernel/files.hh"
#include "target/search.hh"

namespace nsx {

namespace {

/// Whether a path contains "..", as in "/../other", the path of a process outside of the caller's
/// cgroup namespace.
bool goes_up(std::string_view path) {
  return path == ".." || path.starts_with("../") || path.ends_with("/..") ||
         path.find("/../") != std::string_view::npos;
}

void take_leading(std::string& path, const std::string& directory) {
  if (path == directory || path.starts_with(directory + '/')) path.erase(0, directory.size());
}

/// Returns a path below the top of a hierarchy, "." for the top itself. The given path may start
/// with the mount point or, if only part of the hierarchy is mounted, may be one from
/// /proc/PID/cgroup.
std::string below_top(std::string path, const CgroupMount& mount) {
  if (mount.point.size() > 1) take_leading(path, mount.point);
  if (mount.root.size() > 1) take_leading(path, mount.root);
  path.erase(0, path.find_first_not_of('/'));
  while (path.ends_with('/'))
    path.pop_back();
  return path.empty() ? "." : path;
}

}  // namespace

Matches find_cgroup(const SearchPlace& place, const std::string& path) {
  Matches matches;
  if (path.empty() || goes_up(path)) {
    matches.unusable.push_back({"invalid cgroup path '{}'",
                                path,
                                0,
                                "expected a path like /system.slice/cron.service, without '..'",
                                {}});
    return matches;
  }
  for (const CgroupHierarchy& tree : open_hierarchies(place.kernel, place.root)) {
    const std::string below = below_top(path, tree.mount);
    const auto directory =
        open_at(tree.top.get(), below.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory) {
      const int code = directory.error().code;
      if (code != ENOENT && code != ENOTDIR) {
        matches.unusable.push_back({"cannot open", "cgroup:" + path, code, {}, {}});
      }
      continue;
    }
    const std::string shown = below == "." ? "/" : '/' + below;
    auto process = oldest_in_cgroup(place.kernel, directory->get());
    if (!process) {
      matches.unusable.push_back({"cannot enter", "cgroup:" + shown, 0, "it has no processes", {}});
      continue;
    }
    Target target = process_target("cgroup " + shown, std::move(*process));
    if (tree.mount.is_v2) target.cgroup = path_in_proc(tree.mount, below == "." ? "" : shown);
    matches.found.push_back({"cgroup:" + shown, std::move(target)});
    break;  // the first hierarchy in which it exists
  }
  return matches;
}

Matches find_unit(const SearchPlace& place, const std::string& name) {
  Matches matches;
  const std::string unit = has_unit_suffix(name) ? name : name + ".service";
  if (name.empty() || name.find('/') != std::string::npos) {
    matches.unusable.push_back({"invalid unit name '{}'",
                                name,
                                0,
                                name.empty() ? "it is empty" : "it contains a slash",
                                {}});
    return matches;
  }
  return find_by_name(place, {"unit", unit, [&](const NamedCgroup& cgroup) {
                                std::optional<PlaceName> found;
                                if (cgroup.unit == unit) {
                                  found = PlaceName{unit, cgroup.path, cgroup.is_trusted_unit};
                                }
                                return found;
                              }});
}

std::vector<TargetName> list_cgroups(const SearchPlace& place) {
  std::set<std::string> units;
  std::set<std::string> cgroups;
  const NameJudge judge(place.kernel);
  for (const CgroupHierarchy& tree : open_hierarchies(place.kernel, place.root)) {
    walk_named(judge, tree, [&](const NamedCgroup& cgroup, VisitedDirectory&) {
      cgroups.insert(cgroup.path);
      if (cgroup.is_trusted_unit) units.insert(cgroup.unit);
    });
  }
  std::vector<TargetName> names;
  names.reserve(units.size() + cgroups.size());
  for (const std::string& unit : units)
    names.push_back({"unit", unit, "", 0});
  for (const std::string& path : cgroups)
    names.push_back({"cgroup", path, "", 0});
  return names;
}

}  // namespace nsx
