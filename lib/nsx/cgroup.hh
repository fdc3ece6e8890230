#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <nsx/fd.hh>
#include <nsx/kernel.hh>
#include <nsx/process.hh>

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
  /// "net.stat" are read as if they were files, too (see cgroup_net.hh), and empty where nothing
  /// counts.
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
  /// Finds the mount in /proc/self/mountinfo. Errors: cgroup v2 is not mounted, or something else
  /// is mounted over it.
  static Result<CgroupTree> open(const Kernel& kernel);

  const std::string& mount_point() const { return mount_point_; }

  /// Opens a cgroup by its path below the top, with or without a slash in front; the whole path of
  /// its directory will do as well. Errors: there is none; a path with "..".
  Result<Cgroup> open_cgroup(const std::string& path) const;

  /// The cgroup that a process is in. Errors: it is in none that is mounted here, as for one
  /// outside of the caller's cgroup namespace.
  Result<Cgroup> of(const Process& process) const;

  /// The caller's own.
  Result<Cgroup> own() const;

  /// What somebody means by a cgroup:
  ///
  ///   /a/b, a/b         a path below the top
  ///   ., ./a            the caller's own, and below that
  ///   pid:42            the one that this process is in
  ///   unit:NAME         that of a systemd unit which runs
  ///   container:NAME    that of a container, with all that is in it
  Result<Cgroup> find(const std::string& name) const;

  /// The same as a path, of one that need not be there: for making it.
  Result<std::string> locate(const std::string& name) const;

  /// The one above; none above the top.
  Result<std::optional<Cgroup>> parent(const Cgroup& cgroup) const;

  /// Why a controller that is not in the top's cgroup.controllers is not: "it is bound to cgroup
  /// v1, at /sys/fs/cgroup/memory", "this kernel does not have it".
  std::string why_without(std::string_view controller) const;

  const Kernel& kernel() const { return *kernel_; }

 private:
  CgroupTree() = default;
  Result<Cgroup> open_normal(std::string path) const;
  Result<std::string> below_top(std::string path) const;
  Result<std::string> path_of(const Process& process) const;

  const Kernel* kernel_ = nullptr;
  std::string mount_point_;
  std::string mount_root_;  // the cgroup that is mounted there; empty: the machine's root
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
