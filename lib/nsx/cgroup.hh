// SPDX-License-Identifier: MIT
#pragma once
// The tree of cgroup v2, and cgroups in it as handles: what is read and written is of the cgroup
// that was opened.
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

/// A cgroup of cgroup v2 (cgroups(7)), held by its directory: what is read and written is of the
/// cgroup that was opened, also if it is removed and another made in its place.
class NSX_API Cgroup {
 public:
  /// Where it is below the top of its tree: "/", "/system.slice/cron.service". May hold any byte
  /// but NUL and a line feed, which the kernel refuses.
  const std::string& path() const { return path_; }
  bool is_top() const { return path_ == "/"; }

  /// Its directory: "/sys/fs/cgroup/system.slice".
  const std::string& directory_path() const { return directory_path_; }
  int directory() const { return directory_.get(); }

  /// The whole of one of its files: "cgroup.procs", "memory.max". ENOENT: the kernel or the
  /// cgroups above do not give it this file; ENODEV: it has been removed. "net.in", "net.out" and
  /// "net.stat" are read as if they were files, too, and empty where nothing counts.
  Result<std::string> read(const char* file) const;

  /// Writes to one of its files, in one write(2).
  Status write(const char* file, const std::string& text) const;

  /// A second handle of it.
  Result<Cgroup> duplicate() const;

 private:
  friend class CgroupTree;
  Cgroup() = default;

  std::string path_;
  std::string directory_path_;
  OwnedFd directory_;
};

/// The tree of cgroup v2, as it is mounted here: at /sys/fs/cgroup, or on hybrid machines at
/// another place, beside the hierarchies of v1, to which controllers may be bound. In a container,
/// what is mounted is often only a part: all paths here begin at its top.
class NSX_API CgroupTree {
 public:
  /// Finds the mount in /proc/self/mountinfo. `targets`: where find() looks for containers and
  /// units. Errors: cgroup v2 is not mounted, or something else is mounted over it.
  static Result<CgroupTree> open(const Kernel& kernel, TargetOptions targets = {});

  const std::string& mount_point() const { return mount_point_; }

  /// Opens a cgroup by its path below the top, with or without a slash in front; the whole path of
  /// its directory will do as well. Errors: there is none; a path with ".."; one below a mount of
  /// cgroup v1.
  Result<Cgroup> open_cgroup(const std::string& path) const;

  /// The cgroup that a process is in. Errors: it is in none that is mounted here, as for one
  /// outside of the caller's cgroup namespace.
  Result<Cgroup> of(const Process& process) const;

  /// The caller's own.
  Result<Cgroup> own() const;

  /// Finds the cgroup that somebody names:
  ///
  ///   /a/b              a path below the top
  ///   ., ./a            the caller's own, and below that
  ///   pid:42            the one that this process is in
  ///   cgroup:PATH       a path below the top
  ///   unit:NAME         that of a systemd unit that is running
  ///   container:NAME    that of a container, with everything in it; also docker:NAME and the like
  ///   NAME, a/b         a path below the top if it exists, otherwise a container, a Kubernetes pod
  ///                     (NAMESPACE/POD) or a unit
  ///
  /// As for resolve_target(), names that others can choose are never believed. Errors: nothing of
  /// that name; a name that is both a path and another cgroup's container; a container or unit
  /// without a cgroup of its own in cgroup v2, as on hybrid machines.
  Result<Cgroup> find(const std::string& name) const;

  /// Turns a name into a path, for a cgroup that may still have to be made: as find(), but a word
  /// without a prefix is always a path.
  Result<std::string> locate(const std::string& name) const;

  /// Returns the path of a cgroup as /proc/PID/cgroup counts it: they differ where only a part of
  /// the tree is mounted.
  std::string path_in_proc(const std::string& path) const;

  /// The one above; none above the top.
  Result<std::optional<Cgroup>> parent(const Cgroup& cgroup) const;

  /// Why a controller that is not in the top's cgroup.controllers is not: "it is bound to cgroup
  /// v1, at /sys/fs/cgroup/memory", "this kernel does not have it".
  std::string why_without(std::string_view controller) const;

  /// Whether a controller is bound to a hierarchy of cgroup v1, so that this tree lacks it.
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
  std::string mount_root_;  // the cgroup that is mounted there; empty: the machine's root
  std::vector<std::string> v1_mount_points_;
  OwnedFd top_;
};

/// The line of /proc/PID/cgroup for each hierarchy that a process is in.
struct CgroupMembership {
  std::uint32_t hierarchy = 0;  ///< 0: v2
  std::string controllers;      ///< of v1: "cpu,cpuacct", "name=systemd"
  std::string path;             ///< as the caller's cgroup namespace counts
};

NSX_API Result<std::vector<CgroupMembership>> memberships_of(const Process& process);

/// The names in a list of the kernel's, like cgroup.controllers: "cpu io memory".
NSX_API std::vector<std::string> split_controllers(std::string_view text);

}  // namespace nsx
