#pragma once

// Changes of the tree: first a plan, as plain data that can be shown, then its deeds, all or none.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nsx/cgroup.hh>
#include <nsx/cgroup_limits.hh>

namespace nsx {

/// One deed.
struct CgroupStep {
  enum class Action : std::uint8_t {
    make,   ///< mkdir(2) of the cgroup at `path`
    move,   ///< all processes that are directly in the cgroup at `path` move to the one at `value`
    write,  ///< one write(2) of `value` to `file` of the cgroup at `path`
  } action = Action::write;
  std::string path;
  std::string file;
  std::string value;

  bool operator==(const CgroupStep&) const = default;
};

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
};

/// Plans to make cgroups that are not there, with those above them that are missing, and to write
/// their settings. Controllers that these need are enabled in each cgroup above; none is ever
/// disabled. Errors: a controller that cannot be had, and why; what check_single_writer() says.
NSX_API Result<std::vector<CgroupStep>> plan_cgroups(const CgroupTree& tree,
                                                     std::span<const CgroupWanted> wanted,
                                                     const CgroupChangeOptions& options);

/// Carries it out. If a step fails, what the earlier ones did is taken back: values, controllers
/// that were enabled, cgroups that were made, processes that were moved. The error says which of
/// the kernel's rules was in the way.
NSX_API Status carry_out_cgroup_steps(const CgroupTree& tree, std::span<const CgroupStep> steps);

/// What a step does, as a line for a shell: "echo +memory > /sys/fs/cgroup/cgroup.subtree_control".
NSX_API std::string describe(const CgroupTree& tree, const CgroupStep& step);

/// Makes the subtree at `path` its user's: changes the owner of the directory and of the files in
/// it that a delegatee may write (/sys/kernel/cgroup/delegate), as cgroups(7) has it.
NSX_API Status delegate_cgroup(const Cgroup& cgroup, uid_t uid, gid_t gid);

/// Removes a cgroup; with `recursive` those below it first. Errors: a process is in it.
NSX_API Status remove_cgroup(const CgroupTree& tree, const Cgroup& cgroup, bool recursive);

/// Whether another may change the tree at `path`. Where systemd runs, it alone does, but for what
/// it has delegated ("Delegate=yes", the attribute user.delegate of the cgroup).
NSX_API Status check_single_writer(const CgroupTree& tree, const std::string& path);

}  // namespace nsx
