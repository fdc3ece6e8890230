#pragma once

// Changes of the tree: first a plan, as plain data that can be shown, then its deeds, all or none.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/cgroup.hh>
#include <nsx/cgroup_limits.hh>

namespace nsx {

/// Whom a cgroup is delegated to.
struct CgroupOwner {
  uid_t uid = 0;
  gid_t gid = 0;

  bool operator==(const CgroupOwner&) const = default;
};

/// One deed.
struct CgroupStep {
  enum class Action : std::uint8_t {
    make,   ///< mkdir(2) of the cgroup at `path`
    move,   ///< all processes that are directly in the cgroup at `path` move to the one at `value`
    write,  ///< one write(2) of `value` to `file` of the cgroup at `path`
    delegate,  ///< the cgroup at `path` becomes that of `owner`
  } action = Action::write;
  std::string path;
  std::string file = {};
  std::string value = {};
  CgroupOwner owner = {};

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

/// Carries it out. If a step fails, what the earlier ones did is taken back: values, controllers
/// that were enabled, cgroups that were made, processes that were moved. The error says which of
/// the kernel's rules was in the way.
NSX_API Status carry_out_cgroup_steps(const CgroupTree& tree, std::span<const CgroupStep> steps);

/// What a step does, as a line for a shell: "echo +memory > /sys/fs/cgroup/cgroup.subtree_control".
NSX_API std::string describe(const CgroupTree& tree, const CgroupStep& step);

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
