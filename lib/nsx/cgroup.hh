// SPDX-License-Identifier: MIT
#pragma once
// The cgroup v2 tree, and handles of its cgroups: reads and writes always go to the cgroup that was
// opened.
//
//   const auto tree = nsx::CgroupTree::open(kernel);
//   if (!tree) return;
//   const auto own = tree->own();
//   if (own) std::puts(own->path().c_str());

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/kernel.hh>
#include <nsx/process.hh>
#include <nsx/target.hh>

namespace nsx {

/// A cgroup v2 (cgroups(7)), held by its directory. Reads and writes go to the cgroup that was
/// opened, even if it has been removed and another was created at the same path.
class NSX_API Cgroup {
 public:
  /// Returns its path from the top of the tree: "/", "/system.slice/cron.service". It may contain
  /// any byte except NUL and line feed, which the kernel rejects.
  const std::string& path() const { return path_; }
  bool is_top() const { return path_ == "/"; }

  /// Returns its directory: "/sys/fs/cgroup/system.slice".
  const std::string& directory_path() const { return directory_path_; }
  int directory() const { return directory_.get(); }

  /// Reads a whole file of the cgroup, such as "cgroup.procs" or "memory.max". "net.in", "net.out"
  /// and "net.stat" can be read like files, and are empty where nothing is counted. Errors: ENOENT,
  /// the kernel or an ancestor does not provide this file; ENODEV, the cgroup was removed.
  Result<std::string> read(const char* file) const;

  /// Writes to a file of the cgroup with one write(2).
  Status write(const char* file, const std::string& text) const;

  /// Returns a second handle of the same cgroup.
  Result<Cgroup> duplicate() const;

 private:
  friend class CgroupTree;
  Cgroup() = default;

  std::string path_;
  std::string directory_path_;
  OwnedFd directory_;
};

/// The cgroup v2 tree as it is mounted here: on /sys/fs/cgroup or, on hybrid machines, elsewhere
/// beside v1 hierarchies, which may have controllers bound to them. In a container, often only a
/// part of the tree is mounted. All paths are relative to the top of that part.
class NSX_API CgroupTree {
 public:
  /// Finds the mount in /proc/self/mountinfo. `targets` says where find() searches for containers
  /// and units. Errors: cgroup v2 is not mounted, or covered by another mount.
  static Result<CgroupTree> open(const Kernel& kernel, TargetOptions targets = {});

  const std::string& mount_point() const { return mount_point_; }

  /// Opens a cgroup by its path from the top, with or without a leading slash, or by the full path
  /// of its directory. Errors: no such cgroup; a path with ".."; a path below a cgroup v1 mount.
  Result<Cgroup> open_cgroup(const std::string& path) const;

  /// Opens the cgroup of a process. Errors: it is not in the mounted part of the tree, for example
  /// outside of the caller's cgroup namespace.
  Result<Cgroup> of(const Process& process) const;

  /// Opens the caller's own cgroup.
  Result<Cgroup> own() const;

  /// Finds a cgroup by one of these names:
  ///
  ///   /a/b              a path from the top
  ///   ., ./a            the caller's own cgroup, and paths below it
  ///   pid:42            the cgroup of this process
  ///   cgroup:PATH       a path from the top
  ///   unit:NAME         the cgroup of an active systemd unit
  ///   container:NAME    the cgroup that contains the whole container; also docker:NAME etc.
  ///   NAME, a/b         a path from the top if it exists, otherwise a container, a Kubernetes pod
  ///                     (NAMESPACE/POD) or a unit
  ///
  /// As in resolve_target(), names that other users can choose are never trusted. Errors: nothing
  /// has that name; the name is both a path and a container in another cgroup; the container or
  /// unit has no cgroup of its own in cgroup v2, as on hybrid machines.
  Result<Cgroup> find(const std::string& name) const;

  /// Converts a name to the path of a cgroup, which need not exist yet. Like find(), except that a
  /// word without a prefix is always a path.
  Result<std::string> locate(const std::string& name) const;

  /// Returns the path of a cgroup as /proc/PID/cgroup shows it, which differs if only a part of the
  /// tree is mounted.
  std::string path_in_proc(const std::string& path) const;

  /// Opens the parent of a cgroup; the top has none.
  Result<std::optional<Cgroup>> parent(const Cgroup& cgroup) const;

  /// Explains why a controller is missing in the cgroup.controllers of the top: "it is bound to
  /// cgroup v1, at /sys/fs/cgroup/memory", "this kernel does not have it".
  std::string why_without(std::string_view controller) const;

  /// Returns whether a controller is bound to a cgroup v1 hierarchy, and therefore missing in this
  /// tree.
  bool is_bound_to_v1(std::string_view controller) const;

  const Kernel& kernel() const { return *kernel_; }

 private:
  CgroupTree() = default;
  Result<Cgroup> open_normal(std::string path) const;
  Result<std::string> normal_path(const std::string& path) const;
  Result<std::string> below_top(std::string path) const;
  Result<std::string> path_of(const Process& process) const;
  Result<std::string> path_of_target(const std::string& name) const;
  Result<Cgroup> find_word(const std::string& name, Result<Cgroup> by_path) const;

  const Kernel* kernel_ = nullptr;
  TargetOptions targets_;
  std::string mount_point_;
  std::string mount_root_;  // the cgroup mounted there; empty: the machine's root
  std::vector<std::string> v1_mount_points_;
  OwnedFd top_;
};

/// One line of /proc/PID/cgroup: the cgroup of a process in one hierarchy.
struct CgroupMembership {
  std::uint32_t hierarchy = 0;  ///< 0: v2
  std::string controllers;      ///< of v1: "cpu,cpuacct", "name=systemd"
  std::string path;             ///< relative to the root of the caller's cgroup namespace
};

NSX_API Result<std::vector<CgroupMembership>> memberships_of(const Process& process);

/// Splits a space-separated list of the kernel, such as cgroup.controllers: "cpu io memory".
NSX_API std::vector<std::string> split_controllers(std::string_view text);

}  // namespace nsx
