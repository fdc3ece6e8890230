// SPDX-License-Identifier: MIT
#include "target/search.hh"

#include <algorithm>
#include <fcntl.h>

#include "kernel/cgroup.hh"
#include "kernel/files.hh"

namespace nsx {

namespace {

/// Deeper nesting only occurs in hostile trees. Each level holds a descriptor.
constexpr int kMaxDepth = 100;

/// How often the search is repeated because the oldest process moved or exited in the meantime.
constexpr int kAttempts = 8;

void walk(int directory, const std::string& path, const VisitCgroup& visit, int depth) {
  visit(path, directory);
  if (depth == kMaxDepth || !may_have_children(directory, ".").value_or(false)) return;
  const auto names = list_directories_at(directory, ".");
  if (!names) return;
  const std::string above = path + '/';
  for (const std::string& name : *names) {
    // It may have been removed in the meantime.
    if (const auto below = open_at(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) {
      walk(below->get(), above + name, visit, depth + 1);
    }
  }
}

/// A process, and the cgroup that listed it.
struct Listed {
  AgedProcess aged;
  OwnedFd cgroup;
};

std::optional<Listed> oldest_listed(const Kernel& kernel, int directory, const char* except) {
  const std::string left_out = except != nullptr ? std::string("/") + except : std::string();
  std::optional<Listed> oldest;
  walk_cgroups(directory, [&](const std::string& path, int cgroup) {
    if (except != nullptr && (path == left_out || path.starts_with(left_out + '/'))) return;
    const auto pids = cgroup_pids(cgroup);
    if (!pids) return;
    for (const pid_t pid : *pids) {
      auto aged = open_aged(kernel, pid);
      if (!aged || (oldest && !is_older(aged->stat, oldest->aged.stat))) continue;
      OwnedFd kept(::fcntl(cgroup, F_DUPFD_CLOEXEC, 0));
      if (kept) oldest = Listed{std::move(*aged), std::move(kept)};
    }
  });
  return oldest;
}

}  // namespace

std::optional<AgedProcess> open_aged(const Kernel& kernel, pid_t pid) {
  auto process = Process::open(kernel, pid);
  if (!process) return std::nullopt;
  const auto text = process->read("stat");
  if (!text) return std::nullopt;
  auto stat = parse_process_stat(*text);
  if (!stat || !is_alive(*stat)) return std::nullopt;
  stat->command = {};
  return AgedProcess{std::move(*process), *stat};
}

bool is_there(const Process& process) {
  const auto text = process.read("stat");
  return text && is_alive(*text);
}

bool is_older(const ProcessStat& a, const ProcessStat& b) {
  if (a.start_time != b.start_time) return a.start_time < b.start_time;
  if (b.parent == a.pid) return true;
  return a.parent != b.pid && a.pid < b.pid;
}

void walk_cgroups(int directory, const VisitCgroup& visit) {
  walk(directory, "", visit, 0);
}

std::optional<Process> oldest_in_cgroup(const Kernel& kernel, int directory, const char* except) {
  for (int i = 0; i < kAttempts; ++i) {
    auto oldest = oldest_listed(kernel, directory, except);
    if (!oldest) return std::nullopt;
    // The PID was read before the process was opened and could have been reused in between. If the
    // cgroup still lists it while it is open, it is the right process.
    const Process& process = oldest->aged.process;
    const auto pids = cgroup_pids(oldest->cgroup.get());
    const bool is_listed =
        pids && std::find(pids->begin(), pids->end(), process.pid()) != pids->end();
    if (is_listed && is_there(process)) return std::move(oldest->aged.process);
  }
  return std::nullopt;
}

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
