// SPDX-License-Identifier: MIT
#pragma once
// Changes to cgroups: limits in human units ("memory=512M"), and a desired state as a list of steps
// that can be shown before they are carried out, all or none.
//
//   const auto limits = nsx::parse_cgroup_limits("memory=512M pids=100");
//   if (!limits) std::puts(limits.error().message().c_str());

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <variant>
#include <vector>

#include <nsx/cgroup.hh>

namespace nsx {

// The notation for limits, and the files that they are written to. A limit is KEY=VALUE:
//
//   memory=512M  memory=50%  memory=max   memory.max; a percentage is relative to the memory of the
//                                         machine, or to the lowest limit of an ancestor
//   memory.high= memory.low= memory.min=  the same values
//   swap=0                                memory.swap.max
//   cpu=1.5  cpu=150%  cpu=50ms/100ms     cpu.max: CPUs, or time per period
//   cpu.weight=200                        1 to 10000, default 100
//   cpus=0-3,8  mems=0                    cpuset.cpus, cpuset.mems
//   pids=100                              pids.max: processes and threads
//   io=/dev/sda:w=10M/s,riops=500         io.max: r and w are bytes, riops and wiops operations per
//                                         second. A path stands for the disk that it is on.
//   io.weight=200  io.weight=/dev/sda:50  1 to 10000
//   io.latency=/dev/sda:10ms              io.latency
//   net.in=10M/s  net.out=1M/s            bytes per second from and to the network, enforced by BPF
//                                         programs on the cgroup; 0 blocks all traffic
//   KEY=VALUE                             any other file of the kernel, with the value unchanged
//
// Sizes end with K, M, G, T, P or E (powers of 1024; KiB is the same, KB is 1000), times with us,
// ms or s. The rate of a size may end with "/s".

/// A parsed limit, before it is resolved on a machine.
struct CgroupLimit {
  std::string text;   ///< as given by the user
  std::string file;   ///< the file of the kernel: "memory.max"
  std::string value;  ///< the value to write, without the part that `share` or `disk` provides
  std::optional<double> share;  ///< 0 to 1: share of the available memory, instead of `value`
  std::string disk;             ///< a path or MAJOR:MINOR; its number is written before `value`

  bool operator==(const CgroupLimit&) const = default;
};

/// Parses one limit. Errors: no "=", an unknown key without a dot, an invalid value.
NSX_API Result<CgroupLimit> parse_cgroup_limit(std::string_view text);

/// Parses space-separated limits.
NSX_API Result<std::vector<CgroupLimit>> parse_cgroup_limits(std::string_view text);

/// Returns the file that a key stands for: "memory.max" for "memory". Other keys are files
/// themselves.
NSX_API std::string cgroup_file_of(std::string_view key);

/// Returns the short keys, and the files of other keys that accept human units; for completion.
NSX_API std::vector<std::string> cgroup_limit_keys();

/// Parses a size in bytes: "512M", "1.5G", "4096".
NSX_API Result<std::uint64_t> parse_size(std::string_view text);

/// Formats a size as "512M" if that is exact, otherwise as a number of bytes.
NSX_API std::string format_size(std::uint64_t bytes);

/// A value to write to a file of a cgroup.
struct CgroupSetting {
  std::string file;
  std::string value;
  /// The requested number of bytes, if `value` was rounded up from it to whole pages: the kernel
  /// would round down, and turn 5 bytes into 0.
  std::optional<std::uint64_t> rounded_from = {};

  bool operator==(const CgroupSetting&) const = default;
};

/// Resolves limits for the cgroup at `path`, which need not exist yet: percentages of memory to
/// bytes, sizes to whole pages, paths to disk numbers. Errors: a path that is on no disk; a file
/// that has a dedicated command (cgroup.procs).
NSX_API Result<std::vector<CgroupSetting>> resolve_cgroup_limits(
    const CgroupTree& tree, const std::string& path, std::span<const CgroupLimit> limits);

/// Returns the disk, as MAJOR:MINOR, that contains a file or that a device belongs to. For a
/// partition it is the whole disk, as io.max requires. Errors: a file system without a disk of its
/// own (tmpfs, btrfs, overlay).
NSX_API Result<std::string> disk_of(const std::string& path);

/// Returns the kernel's name of the disk MAJOR:MINOR, such as "sda", or an empty string.
NSX_API std::string disk_name(const std::string& numbers);

/// The user and group that a cgroup is delegated to.
struct CgroupOwner {
  uid_t uid = 0;
  gid_t gid = 0;

  bool operator==(const CgroupOwner&) const = default;
};

/// The steps of a change: plain data, computed before the first step is carried out. Paths are
/// those of cgroups, from the top of the tree.
namespace cgroup_step {

/// Creates a cgroup with mkdir(2).
struct Make {
  std::string path;

  bool operator==(const Make&) const = default;
};

/// Enables controllers for the children of a cgroup, with one write(2) to cgroup.subtree_control.
struct EnableControllers {
  std::string path;
  std::vector<std::string> controllers;
  /// The children at planning time. If there are others when the step is undone, these may have
  /// limits, so the controllers stay enabled.
  std::vector<std::string> children = {};

  bool operator==(const EnableControllers&) const = default;
};

/// Moves all processes that are directly in a cgroup to another cgroup.
struct MoveProcesses {
  std::string from;
  std::string to;

  bool operator==(const MoveProcesses&) const = default;
};

/// Writes to any other file with one write(2).
struct WriteSetting {
  std::string path;
  std::string file;
  std::string value;

  bool operator==(const WriteSetting&) const = default;
};

/// Changes the owner, with chown(2), of a cgroup and of those of its files that a delegatee may
/// write.
struct Delegate {
  std::string path;
  CgroupOwner owner;

  bool operator==(const Delegate&) const = default;
};

}  // namespace cgroup_step

using CgroupStep =
    std::variant<cgroup_step::Make, cgroup_step::EnableControllers, cgroup_step::MoveProcesses,
                 cgroup_step::WriteSetting, cgroup_step::Delegate>;

/// Options of a change.
struct CgroupChangeOptions {
  /// A cgroup with processes of its own cannot hand controllers down. Move the processes of such an
  /// ancestor into a new child with this name. Empty: report an error instead.
  std::string leaf;
  /// Proceed even if systemd owns the tree; see check_single_writer().
  bool force = false;
  /// Skip values that a file already has.
  bool only_changes = false;
};

/// Desired state of a cgroup.
struct CgroupWanted {
  std::string path;
  std::vector<std::string> controllers = {};  ///< to hand down to its children
  std::vector<std::string> needs =
      {};  ///< controllers that it needs itself, besides those of `settings`
  std::vector<std::string> wishes = {};      ///< the same, but only if available
  std::vector<CgroupSetting> settings = {};  ///< values to write to its files, in this order
  bool must_be_new = false;                  ///< fail if it exists
  /// Delegate it to this user, who may then create, limit and populate cgroups below it. The
  /// directory and the files in /sys/kernel/cgroup/delegate get this owner (cgroups(7)).
  std::optional<CgroupOwner> delegate_to = {};
};

/// Plans the creation of missing cgroups, including missing ancestors, and the writes of their
/// settings. Enables the required controllers in each ancestor; never disables any. Errors: a
/// controller is not available, with the reason; the errors of check_single_writer().
NSX_API Result<std::vector<CgroupStep>> plan_cgroups(const CgroupTree& tree,
                                                     std::span<const CgroupWanted> wanted,
                                                     const CgroupChangeOptions& options);

/// A cgroup that was created, and its parent, both held open.
struct MadeCgroup {
  std::shared_ptr<const Cgroup> above;
  std::shared_ptr<const Cgroup> cgroup;
};

/// Carries out steps, all or none, and returns the created cgroups in the order of their steps. If
/// a step fails, the earlier ones are undone: values, enabled controllers, created cgroups and
/// moved processes. The error names the kernel's rule that was violated.
NSX_API Result<std::vector<MadeCgroup>> carry_out_cgroup_steps(const CgroupTree& tree,
                                                               std::span<const CgroupStep> steps);

/// Returns a step as a shell command: "echo +memory > /sys/fs/cgroup/cgroup.subtree_control".
/// `mount_point` is CgroupTree::mount_point().
NSX_API std::string describe(const std::string& mount_point, const CgroupStep& step);

/// Options for the removal of a cgroup.
struct CgroupRemoval {
  bool recursive = false;  ///< remove its descendants first
  bool kill = false;       ///< kill all processes in it and in its descendants before that
};

/// Removes a cgroup. Errors: it has processes or children that `removal` does not cover; in that
/// case nothing is killed.
NSX_API Status remove_cgroup(const CgroupTree& tree, const Cgroup& cgroup,
                             const CgroupRemoval& removal);

/// Checks whether a program other than systemd may change the tree at `path`. Where systemd runs,
/// it is the only writer, except in cgroups that it has delegated ("Delegate=yes", the attribute
/// user.delegate) or that another user than root owns.
NSX_API Status check_single_writer(const CgroupTree& tree, const std::string& path);

}  // namespace nsx
