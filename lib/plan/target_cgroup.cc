#include "plan/target_cgroup.hh"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "kernel/cgroup.hh"
#include "kernel/files.hh"

namespace nsx {

namespace {

Result<std::string> read_unified_path(const Process& process) {
  auto text = process.read("cgroup");
  if (!text) return error_of(text);
  std::string_view rest = *text;
  while (const auto line = next_cgroup_line(rest)) {
    if (line->hierarchy == 0) return std::string(line->path);
  }
  return refuse("find the cgroup of", "PID " + std::to_string(process.pid()),
                "it is in none of cgroup v2");
}

/// The directory of the cgroup `path`, in a mount that shows it.
Result<std::string> directory_of(const Kernel& kernel, const std::string& path) {
  auto mountinfo = read_file_at(kernel.proc(), "self/mountinfo");
  if (!mountinfo) return error_of(mountinfo);
  for (const CgroupMount& mount : cgroup_mounts(*mountinfo)) {
    if (!mount.is_v2) continue;
    const std::string root = mount.root == "/" ? "" : mount.root;
    const bool is_below = path == root || path.starts_with(root + '/');
    if (is_below && !path.starts_with("/..")) return mount.point + path.substr(root.size());
    return refuse("find the cgroup", path, "it is not below the one that is mounted here",
                  "run this outside of a cgroup namespace");
  }
  return refuse("find the cgroup", path, "no cgroup v2 is mounted here");
}

Result<OwnedFd> open_procs(const std::string& directory) {
  const OwnedFd fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail("open the cgroup", directory);
  struct statfs fs {};
  if (::fstatfs(fd.get(), &fs) != 0) return fail("look at the cgroup", directory);
  if (fs.f_type != CGROUP2_SUPER_MAGIC) {
    return refuse("use as a cgroup", directory, "something else is mounted over it");
  }
  auto procs = open_at(fd.get(), "cgroup.procs", O_WRONLY);
  if (procs) return procs;
  const int code = procs.error().code;
  return fail("open for writing", directory + "/cgroup.procs", code,
              code == EACCES ? "be root, or the user to whom this cgroup is delegated" : "");
}

}  // namespace

Result<TargetCgroup> open_cgroup_of(const Kernel& kernel, const Process& process) {
  // The process can be moved, and its cgroup removed and made again, between a look and the next.
  constexpr int kTries = 100;
  for (int tries = 0; tries < kTries; ++tries) {
    auto path = read_unified_path(process);
    if (!path) return error_of(path);
    auto directory = directory_of(kernel, *path);
    if (!directory) return error_of(directory);
    auto procs = open_procs(*directory);
    const auto again = read_unified_path(process);
    if (again && *again == *path) {
      if (!procs) return error_of(procs);
      return TargetCgroup{std::move(*procs), std::move(*directory)};
    }
  }
  return refuse("find the cgroup of", "PID " + std::to_string(process.pid()), "it keeps moving");
}

}  // namespace nsx
