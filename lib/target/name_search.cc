// SPDX-License-Identifier: MIT
#include <algorithm>

#include "target/search.hh"

namespace nsx {

namespace {

/// A cgroup with the wanted name.
struct Hit {
  PlaceName name;
  std::optional<Process> process;
};

/// Returns "cgroup:/a/b, cgroup:/c".
std::string list_paths(const std::vector<std::string>& paths) {
  constexpr std::size_t kShown = 3;
  std::string list;
  for (std::size_t i = 0; i < paths.size() && i < kShown; ++i)
    list += (i == 0 ? "cgroup:" : ", cgroup:") + paths[i];
  return paths.size() > kShown ? list + " ..." : list;
}

void add_hits(const NameSearch& search, const CgroupMount& mount, std::vector<Hit> hits,
              Matches& matches) {
  for (Hit& hit : hits) {
    const std::string& name = hit.name.name;
    const std::string label = search.prefix + ':' + name;
    if (!hit.process) {
      matches.unusable.push_back({"cannot enter", label, 0, "it has no running process", {}});
      continue;
    }
    const bool is_only = std::count_if(hits.begin(), hits.end(), [&](const Hit& other) {
                           return other.name.name == name;
                         }) == 1;
    Target target = process_target(search.prefix + ' ' + name, std::move(*hit.process));
    if (mount.is_v2) target.cgroup = path_in_proc(mount, hit.name.cgroup);
    matches.found.push_back({is_only ? label : "cgroup:" + hit.name.cgroup, std::move(target)});
  }
}

}  // namespace

Matches find_by_name(const SearchPlace& place, const NameSearch& search) {
  Matches matches;
  const NameJudge judge(place.kernel);
  std::vector<std::string> untrusted;
  for (const CgroupHierarchy& hierarchy : open_hierarchies(place.kernel, place.root)) {
    std::vector<Hit> hits;
    walk_named(judge, hierarchy, [&](const NamedCgroup& cgroup, VisitedDirectory& directory) {
      auto name = search.name_of(cgroup);
      if (!name) return;
      if (name->is_trusted) {
        hits.push_back({std::move(*name), oldest_in(place.kernel, cgroup, directory.fd())});
      } else if (std::find(untrusted.begin(), untrusted.end(), cgroup.path) == untrusted.end()) {
        untrusted.push_back(cgroup.path);
      }
    });
    add_hits(search, hierarchy.mount, std::move(hits), matches);
    if (!matches.found.empty()) return matches;
  }
  if (matches.unusable.empty() && !untrusted.empty()) {
    matches.unusable.push_back({"cannot find", search.prefix + ':' + search.wanted, 0,
                                "only untrusted cgroups have this name",
                                "to enter one anyway, give its path: " + list_paths(untrusted)});
  }
  return matches;
}

std::optional<Process> oldest_in(const Kernel& kernel, const NamedCgroup& cgroup, int directory) {
  const bool is_machine = cgroup.container && cgroup.container->runtime == kNspawn;
  return oldest_in_cgroup(kernel, directory, is_machine ? kSupervisor : nullptr);
}

std::string path_in_proc(const CgroupMount& mount, const std::string& path) {
  const std::string whole = (mount.root.size() > 1 ? mount.root : "") + path;
  return whole.empty() ? "/" : whole;
}

}  // namespace nsx
