// SPDX-License-Identifier: MIT
#pragma once
// Changes of cgroups: limits as a person says them, "memory=512M"; what shall be, as steps that can
// be shown before they are done, all or none.
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

// What a person says of a cgroup's limits, and what the kernel wants to have written for it. A
// limit is KEY=VALUE:
//
//   memory=512M  memory=50%  memory=max   memory.max; a share is one of the memory that there is:
//                                         the machine's, or the lowest limit above the cgroup
//   memory.high= memory.low= memory.min=  the same values
//   swap=0                                memory.swap.max
//   cpu=1.5  cpu=150%  cpu=50ms/100ms     cpu.max: CPUs, or time in each period
//   cpu.weight=200                        1 to 10000, where others have 100
//   cpus=0-3,8  mems=0                    cpuset.cpus, cpuset.mems
//   pids=100                              pids.max: processes and threads
//   io=/dev/sda:w=10M/s,riops=500         io.max; r and w are bytes, riops and wiops operations a
//                                         second. A path stands for the disk that it is on.
//   io.weight=200  io.weight=/dev/sda:50  1 to 10000
//   io.latency=/dev/sda:10ms              io.latency
//   net.in=10M/s  net.out=1M/s            bytes a second, from and to the network: BPF programs on
//                                         the cgroup; 0 lets nothing pass
//   KEY=VALUE                             any other file of the kernel's, as it is
//
// Sizes end with K, M, G, T, P or E (1024 and so on; KiB is the same, KB is 1000), times with us,
// ms or s. The rate of a size may end with "/s".

/// A limit, as the text alone tells it.
struct CgroupLimit {
  std::string text;   ///< as it was given
  std::string file;   ///< the kernel's file: "memory.max"
  std::string value;  ///< what is to be written, but for what stands before or in place of it
  std::optional<double> share;  ///< 0 to 1: of the memory there is, in place of `value`
  std::string disk;             ///< a path, or MAJOR:MINOR, whose number goes before `value`

  bool operator==(const CgroupLimit&) const = default;
};

/// Reads one limit. Errors: no "=", an unknown key without a dot, a value that makes no sense.
NSX_API Result<CgroupLimit> parse_cgroup_limit(std::string_view text);

/// Reads limits with blanks between.
NSX_API Result<std::vector<CgroupLimit>> parse_cgroup_limits(std::string_view text);

/// The file that a key of a limit means: "memory.max" of "memory". Any other is its own.
NSX_API std::string cgroup_file_of(std::string_view key);

/// The short keys, and the files of the others that are read in human units: for completion.
NSX_API std::vector<std::string> cgroup_limit_keys();

/// A size in bytes: "512M", "1.5G", "4096".
NSX_API Result<std::uint64_t> parse_size(std::string_view text);

/// "512M" where that is exact, else the number of bytes.
NSX_API std::string format_size(std::uint64_t bytes);

/// A number to write to a file of a cgroup.
struct CgroupSetting {
  std::string file;
  std::string value;
  /// What was asked for, in bytes, where `value` is that rounded up to a whole page: the kernel
  /// would round it down, 5 bytes to none.
  std::optional<std::uint64_t> rounded_from = {};

  bool operator==(const CgroupSetting&) const = default;
};

/// What to write for limits of the cgroup at `path`, which may still have to be made: shares of
/// memory become bytes, sizes whole pages, paths become the numbers of disks. Errors: a path that
/// is on no disk, a file that has a command of its own (cgroup.procs).
NSX_API Result<std::vector<CgroupSetting>> resolve_cgroup_limits(
    const CgroupTree& tree, const std::string& path, std::span<const CgroupLimit> limits);

/// The disk, MAJOR:MINOR, that a file or a device is on: of a partition the whole one, as io.max
/// wants it. Errors: a file system without a disk of its own (tmpfs, btrfs, overlay).
NSX_API Result<std::string> disk_of(const std::string& path);

/// What the kernel calls the disk MAJOR:MINOR: "sda". Empty: there is none.
NSX_API std::string disk_name(const std::string& numbers);

/// Whom a cgroup is delegated to.
struct CgroupOwner {
  uid_t uid = 0;
  gid_t gid = 0;

  bool operator==(const CgroupOwner&) const = default;
};

/// The steps of a change: plain data, computed before the first of them is done. Paths are those of
/// cgroups below the top of the tree.
namespace cgroup_step {

/// mkdir(2).
struct Make {
  std::string path;

  bool operator==(const Make&) const = default;
};

/// Enables controllers for the cgroups right below, by one write(2) to cgroup.subtree_control.
struct EnableControllers {
  std::string path;
  std::vector<std::string> controllers;
  /// The names of the cgroups right below when this was planned. If there are others when it is
  /// undone, they may have limits, and the controllers stay enabled.
  std::vector<std::string> children = {};

  bool operator==(const EnableControllers&) const = default;
};

/// Moves all processes that are directly in one cgroup to another.
struct MoveProcesses {
  std::string from;
  std::string to;

  bool operator==(const MoveProcesses&) const = default;
};

/// One write(2) to a file other than those above.
struct WriteSetting {
  std::string path;
  std::string file;
  std::string value;

  bool operator==(const WriteSetting&) const = default;
};

/// chown(2) of a cgroup and of those of its files that a delegatee may write.
struct Delegate {
  std::string path;
  CgroupOwner owner;

  bool operator==(const Delegate&) const = default;
};

}  // namespace cgroup_step

using CgroupStep =
    std::variant<cgroup_step::Make, cgroup_step::EnableControllers, cgroup_step::MoveProcesses,
                 cgroup_step::WriteSetting, cgroup_step::Delegate>;

/// What a change may do besides what it was asked for.
struct CgroupChangeOptions {
  /// Where a cgroup on the way has processes of its own, so that it cannot hand controllers down,
  /// move them to a new cgroup of this name in it. Empty: that is an error.
  std::string leaf;
  /// Also where systemd owns the tree (see check_single_writer()).
  bool force = false;
  /// Leave out what a file says already.
  bool only_changes = false;
};

/// A cgroup as it shall be.
struct CgroupWanted {
  std::string path;
  std::vector<std::string> controllers = {};  ///< that it hands down to those below
  std::vector<std::string> needs =
      {};  ///< controllers that it has itself, besides those of `settings`
  std::vector<std::string> wishes = {};      ///< the same, but as far as they can be had
  std::vector<CgroupSetting> settings = {};  ///< what to write to its files, in this order
  bool must_be_new = false;                  ///< it is an error if it is there
  /// Who may then make cgroups below it, limit them, and move processes between them: the directory
  /// and those of its files that a delegatee may write (/sys/kernel/cgroup/delegate) become this
  /// user's, as cgroups(7) has it.
  std::optional<CgroupOwner> delegate_to = {};
};

/// Plans to make cgroups that are not there, with those above them that are missing, and to write
/// their settings. Controllers that these need are enabled in each cgroup above; none is ever
/// disabled. Errors: a controller that cannot be had, and why; what check_single_writer() says.
NSX_API Result<std::vector<CgroupStep>> plan_cgroups(const CgroupTree& tree,
                                                     std::span<const CgroupWanted> wanted,
                                                     const CgroupChangeOptions& options);

/// A cgroup that was made, and the one that it is in, both held open.
struct MadeCgroup {
  std::shared_ptr<const Cgroup> above;
  std::shared_ptr<const Cgroup> cgroup;
};

/// Carries out steps, all or none, and returns the cgroups that were made, in the order of their
/// steps. If a step fails, the earlier ones are undone: values, controllers that were enabled,
/// cgroups that were made, processes that were moved. The error says which of the kernel's rules
/// was in the way.
NSX_API Result<std::vector<MadeCgroup>> carry_out_cgroup_steps(const CgroupTree& tree,
                                                               std::span<const CgroupStep> steps);

/// What a step does, as a line for a shell: "echo +memory > /sys/fs/cgroup/cgroup.subtree_control".
/// `mount_point`: as CgroupTree has it.
NSX_API std::string describe(const std::string& mount_point, const CgroupStep& step);

/// How a cgroup is removed.
struct CgroupRemoval {
  bool recursive = false;  ///< those below it first
  bool kill = false;       ///< and all processes in it and below before that
};

/// Removes a cgroup. Errors: a process is in it, or a cgroup below, that the removal does not
/// include; then none was killed.
NSX_API Status remove_cgroup(const CgroupTree& tree, const Cgroup& cgroup,
                             const CgroupRemoval& removal);

/// Whether another may change the tree at `path`. Where systemd runs, it alone does, but for what
/// it has delegated ("Delegate=yes", the attribute user.delegate of the cgroup), and for what
/// belongs to another user than root.
NSX_API Status check_single_writer(const CgroupTree& tree, const std::string& path);

}  // namespace nsx
