// Cgroups by their paths, and systemd's units by the cgroups that have their names.

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <set>

#include "kernel/cgroup.hh"
#include "kernel/files.hh"
#include "target/oldest.hh"
#include "target/search.hh"

namespace nsx {

namespace {

/// A hierarchy, open at its top.
struct Tree {
  OwnedFd top;
  CgroupMount mount;
};

/// The hierarchies in which things have names, v2 first.
std::vector<Tree> open_trees(const SearchPlace& place) {
  std::vector<Tree> trees;
  const auto mountinfo = read_file_at(place.kernel.proc(), "self/mountinfo");
  if (!mountinfo) return trees;
  for (CgroupMount& mount : cgroup_mounts(*mountinfo)) {
    const std::string point = place.root + mount.point;
    if (auto top = open_at(AT_FDCWD, point.c_str(), O_RDONLY | O_DIRECTORY)) {
      trees.push_back({std::move(*top), std::move(mount)});
    }
  }
  return trees;
}

/// Whether a path goes up anywhere: "/../other", as of a process outside of our cgroup namespace.
bool goes_up(std::string_view path) {
  return path == ".." || path.starts_with("../") || path.ends_with("/..") ||
         path.find("/../") != std::string_view::npos;
}

void take_leading(std::string& path, const std::string& directory) {
  if (path == directory || path.starts_with(directory + '/')) path.erase(0, directory.size());
}

/// The path below the top of a hierarchy; "." is the top. It may be given as a directory below the
/// mount, and where only a part of the hierarchy is mounted, as /proc/PID/cgroup counts it.
std::string below_top(std::string path, const CgroupMount& mount) {
  if (mount.point.size() > 1) take_leading(path, mount.point);
  if (mount.root.size() > 1) take_leading(path, mount.root);
  path.erase(0, path.find_first_not_of('/'));
  while (path.ends_with('/'))
    path.pop_back();
  return path.empty() ? "." : path;
}

// --- Units ---------------------------------------------------------------------------------------

/// The kinds of unit that have a cgroup.
constexpr std::array<std::string_view, 6> kUnitSuffixes{".service", ".scope", ".slice",
                                                        ".socket",  ".mount", ".swap"};

bool has_unit_suffix(std::string_view name) {
  return std::any_of(kUnitSuffixes.begin(), kUnitSuffixes.end(), [&](std::string_view suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  });
}

/// The unit that a cgroup of this name is; empty if it is none.
std::string_view unit_of_directory(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  // systemd puts a "_" before a name that the kernel could take for a file of its own.
  if (name.starts_with('_')) name.remove_prefix(1);
  return has_unit_suffix(name) ? name : std::string_view();
}

/// The cgroups of a unit in one hierarchy. Those in containers belong to a systemd of their own:
/// they count where there are no others.
std::vector<std::string> cgroups_of_unit(const Tree& tree, const std::string& unit) {
  std::vector<std::string> here;
  std::vector<std::string> in_containers;
  walk_cgroups(tree.top.get(), [&](const std::string& path, int) {
    if (unit_of_directory(path) != unit) return;
    const std::string_view above = std::string_view(path).substr(0, path.rfind('/'));
    (container_in_cgroup(above) ? in_containers : here).push_back(path);
  });
  return here.empty() ? in_containers : here;
}

}  // namespace

Matches find_cgroup(const SearchPlace& place, const std::string& path) {
  Matches matches;
  if (path.empty() || goes_up(path)) {
    matches.unusable.push_back({"find", "cgroup:" + path, 0, "that is no path of a cgroup",
                                "it is like /system.slice/cron.service, without \"..\""});
    return matches;
  }
  for (const Tree& tree : open_trees(place)) {
    const std::string below = below_top(path, tree.mount);
    const auto directory =
        open_at(tree.top.get(), below.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory) {
      const int code = directory.error().code;
      if (code != ENOENT && code != ENOTDIR) {
        matches.unusable.push_back({"open", "cgroup:" + path, code, {}, {}});
      }
      continue;
    }
    const std::string shown = below == "." ? "/" : '/' + below;
    auto process = oldest_in_cgroup(place.kernel, directory->get());
    if (!process) {
      matches.unusable.push_back({"enter", "cgroup:" + shown, 0, "no process is in it", {}});
      continue;
    }
    matches.found.push_back(
        {"cgroup:" + shown, process_target("cgroup " + shown, std::move(*process))});
    break;  // of v2 and v1's name=systemd, the first that has it
  }
  return matches;
}

Matches find_unit(const SearchPlace& place, const std::string& name) {
  Matches matches;
  const std::string unit = has_unit_suffix(name) ? name : name + ".service";
  if (name.empty() || name.find('/') != std::string::npos) {
    matches.unusable.push_back({"find", "unit:" + name, 0, "that is no name of a unit", {}});
    return matches;
  }
  for (const Tree& tree : open_trees(place)) {
    const auto paths = cgroups_of_unit(tree, unit);
    for (const std::string& path : paths) {
      const auto directory =
          open_at(tree.top.get(), path.c_str() + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (!directory) continue;
      auto process = oldest_in_cgroup(place.kernel, directory->get());
      if (!process) {
        matches.unusable.push_back({"enter", "unit:" + unit, 0, "it has no running process", {}});
        continue;
      }
      matches.found.push_back({paths.size() == 1 ? "unit:" + unit : "cgroup:" + path,
                               process_target("unit " + unit, std::move(*process))});
    }
    if (!matches.found.empty()) break;
  }
  return matches;
}

std::vector<TargetName> list_cgroups(const SearchPlace& place) {
  std::set<std::string> units;
  std::set<std::string> cgroups;
  for (const Tree& tree : open_trees(place)) {
    walk_cgroups(tree.top.get(), [&](const std::string& path, int) {
      if (path.empty()) return;
      cgroups.insert(path);
      const std::string_view unit = unit_of_directory(path);
      if (!unit.empty()) units.emplace(unit);
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
