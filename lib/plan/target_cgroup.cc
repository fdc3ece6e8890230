// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <nsx/cgroup.hh>

#include "kernel/capabilities.hh"
#include "kernel/cgroup.hh"
#include "kernel/files.hh"
#include "plan/facts.hh"
#include "try.hh"

namespace nsx {

namespace {

Result<std::string> read_unified_path(const Process& process) {
  auto text = TRY(process.read("cgroup"));
  std::string_view rest = text;
  while (const auto line = next_cgroup_line(rest)) {
    if (line->hierarchy == 0) return std::string(line->path);
  }
  return refuse("find the cgroup of", "PID " + std::to_string(process.pid()),
                "it is in no cgroup of cgroup v2");
}

/// Returns the directory of the cgroup `path` in a mount of its hierarchy.
Result<std::string> directory_in(const CgroupMount& mount, const std::string& path) {
  const std::string root = mount.root == "/" ? "" : mount.root;
  const bool is_below = path == root || path.starts_with(root + '/');
  if (is_below && !path.starts_with("/..")) return mount.point + path.substr(root.size());
  return refuse("find the cgroup", path,
                "it is outside of the part of the tree that is mounted here",
                "run this outside of the cgroup namespace");
}

Result<std::vector<CgroupMount>> own_mounts(const Kernel& kernel) {
  auto mountinfo = TRY(read_file_at(kernel.proc(), "self/mountinfo"));
  return cgroup_mounts(mountinfo);
}

/// Returns the directory of the cgroup `path` in a mount that contains it.
Result<std::string> directory_of(const Kernel& kernel, const std::string& path) {
  auto mounts = TRY(own_mounts(kernel));
  for (const CgroupMount& mount : mounts) {
    if (mount.is_v2) return directory_in(mount, path);
  }
  return refuse("find the cgroup", path, "cgroup v2 is not mounted here");
}

/// Returns whether the caller is in this cgroup. Joining it again needs a permission that the
/// caller may lack.
bool is_own(const Kernel& kernel, const CgroupLine& cgroup) {
  const auto text = read_file_at(kernel.proc(), "self/cgroup");
  if (!text) return false;
  std::string_view rest = *text;
  while (const auto line = next_cgroup_line(rest)) {
    if (line->hierarchy == cgroup.hierarchy) return line->path == cgroup.path;
  }
  return false;
}

/// A process that joins a frozen cgroup stops and, in v1, cannot be killed.
Status check_not_frozen(int cgroup, const std::string& directory) {
  const auto v2 = read_file_at(cgroup, "cgroup.events");
  const auto v1 = read_file_at(cgroup, "freezer.state");
  const bool is_frozen = v2 && v2->find("frozen 1") != std::string::npos;
  if (!is_frozen && (!v1 || v1->starts_with("THAWED"))) return {};
  std::string hint = "resume the container";
  if (is_frozen) hint += ", or: nsx-cg thaw " + directory;
  return refuse("join the cgroup", directory, "it is frozen, so the program would not run", hint);
}

Result<OwnedFd> open_procs(const std::string& directory, long file_system) {
  const OwnedFd fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail("open the cgroup", directory);
  struct statfs fs {};
  if (::fstatfs(fd.get(), &fs) != 0) return fail("inspect the cgroup", directory);
  if (fs.f_type != file_system) {
    return refuse("use {} as a cgroup", directory, "something else is mounted over it");
  }
  TRY(check_not_frozen(fd.get(), directory));
  auto procs = open_at(fd.get(), "cgroup.procs", O_WRONLY);
  if (procs) return procs;
  const int code = procs.error().code;
  return fail("open {} for writing", directory + "/cgroup.procs", code,
              code == EACCES ? hint_for_owner("the user to whom this cgroup is delegated") : "");
}

}  // namespace

Result<std::optional<TargetCgroup>> open_cgroup_of(const Kernel& kernel, const Process& process) {
  // Between two reads, the process can be moved, and its cgroup removed and recreated.
  constexpr int kTries = 100;
  for (int tries = 0; tries < kTries; ++tries) {
    auto path = TRY(read_unified_path(process));
    if (is_own(kernel, CgroupLine{0, {}, path})) return std::nullopt;
    auto directory = TRY(directory_of(kernel, path));
    auto procs = open_procs(directory, CGROUP2_SUPER_MAGIC);
    const auto again = read_unified_path(process);
    if (again && *again == path) {
      if (!procs) return error_of(procs);
      return std::optional(TargetCgroup{std::move(*procs), std::move(directory)});
    }
  }
  return refuse("find the cgroup of", "PID " + std::to_string(process.pid()),
                "it keeps moving between cgroups");
}

Result<std::vector<TargetCgroup>> open_v1_cgroups_of(const Kernel& kernel, const Process& process) {
  auto mounts = TRY(own_mounts(kernel));
  auto text = TRY(process.read("cgroup"));
  std::vector<TargetCgroup> cgroups;
  for (const CgroupLine& line : cgroup_lines(text)) {
    const auto mount = std::find_if(mounts.begin(), mounts.end(), [&](const CgroupMount& each) {
      return !each.is_v2 && each.shows(line);
    });
    if (line.hierarchy == 0 || mount == mounts.end() || is_own(kernel, line)) continue;
    auto directory = TRY(directory_in(*mount, std::string(line.path)));
    auto procs = TRY(open_procs(directory, CGROUP_SUPER_MAGIC));
    cgroups.push_back({std::move(procs), std::move(directory)});
  }
  const auto again = process.read("cgroup");
  if (again && *again == text) return cgroups;
  return refuse("find the cgroups of", "PID " + std::to_string(process.pid()),
                "it keeps moving between cgroups");
}

Result<std::optional<step::EnterCgroup>> read_cgroup_facts(const Kernel& kernel,
                                                           const CgroupRequest& request) {
  if (request.empty()) return std::nullopt;
  auto tree = TRY(CgroupTree::open(kernel));
  auto cgroup = TRY(tree.find(request.into.value_or(".")));
  step::EnterCgroup step;
  step.path = cgroup.path();
  if (request.limits.empty()) return step;
  step.make = true;
  step.leaf = request.leaf;
  step.path =
      (cgroup.is_top() ? "" : cgroup.path()) + '/' + unused_cgroup_name(tree, cgroup.path());
  step.settings = TRY(resolve_cgroup_limits(tree, step.path, request.limits));
  return step;
}

}  // namespace nsx
