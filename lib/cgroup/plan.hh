// SPDX-License-Identifier: MIT
#pragma once
// A change of the tree, in the order of its parts: limits become values, values and facts become
// steps, and steps can be reverted.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/cgroup_change.hh>

namespace nsx {

// Converts limits to the values to write, in two parts: the facts are read first.

/// What the values of limits depend on besides their text. Only read if a limit needs it.
struct LimitFacts {
  std::uint64_t page_size = 4096;  ///< in bytes
  /// In bytes: the machine's, or the lowest limit of an ancestor.
  Result<std::uint64_t> memory = 0;
  Result<std::uint64_t> swap = 0;
  std::map<std::string, Result<std::string>> disks = {};  ///< disk_of() by path
};

/// Reads the facts. `path` is the cgroup to be limited, which need not exist yet.
LimitFacts read_limit_facts(const CgroupTree& tree, const std::string& path,
                            std::span<const CgroupLimit> limits);

/// Returns the values to write, without accessing the kernel.
Result<std::vector<CgroupSetting>> resolve_limits(std::span<const CgroupLimit> limits,
                                                  const LimitFacts& facts);

// Planning a change in two parts: all facts are read first (change_facts.cc), and the steps follow
// from these and the request only (plan.cc).

/// The facts about an existing cgroup that a plan depends on.
struct CgroupFacts {
  bool is_real_root =
      false;                 ///< the machine's root, which is exempt from the no-inner-process rule
  bool is_threaded = false;  ///< part of a threaded subtree, which is exempt as well
  bool can_enable = false;   ///< the caller may write its cgroup.subtree_control
  std::vector<std::string> enabled = {};   ///< controllers enabled for its children
  std::vector<std::string> children = {};  ///< names of its children
  /// Whether it contains processes, if the no-inner-process rule applies; an error if their list is
  /// unreadable.
  Result<bool> has_processes = false;
  std::optional<std::size_t> process_count = {};  ///< those visible to the caller
  /// By file: only for requested settings, with CgroupChangeOptions::only_changes.
  std::map<std::string, std::string> values = {};
};

/// Everything that a plan depends on besides the request.
struct CgroupChangeFacts {
  std::string mount_point;
  bool is_root = false;  ///< the caller's effective UID is 0
  /// By path: the requested cgroups, their ancestors, and leaves. Cgroups that do not exist are
  /// left out. An error means that the cgroup cannot be opened or read.
  std::map<std::string, Result<CgroupFacts>> cgroups;
  std::vector<std::string> controllers;  ///< available at the top of the tree
  /// By name: why other needed controllers are missing.
  std::map<std::string, std::string> missing_controllers;
  /// The requested paths that only systemd may change. Not read with CgroupChangeOptions::force.
  std::set<std::string> systemds;
};

CgroupChangeFacts read_change_facts(const CgroupTree& tree, std::span<const CgroupWanted> wanted,
                                    const CgroupChangeOptions& options);

/// Plans without accessing the kernel.
Result<std::vector<CgroupStep>> plan_cgroups(std::span<const CgroupWanted> wanted,
                                             const CgroupChangeFacts& facts,
                                             const CgroupChangeOptions& options);

/// Returns the controllers that a requested cgroup needs, each once.
std::vector<std::string> needed_controllers(const CgroupWanted& wanted);

/// Refuses a cgroup that could not be removed again by its path together with its ancestors.
Status check_depth(const std::string& mount_point, const std::string& path);

/// Returns the path of CgroupChangeOptions::leaf in the cgroup at `path`. Errors: it is not a valid
/// name.
Result<std::string> leaf_path(const std::string& path, const std::string& leaf);

// Reverting changes of the tree.

/// Returns the writes that restore `old` as the content of `file` after `written` was written to
/// it. A file with a line for each disk takes one line per write and keeps the others.
std::vector<std::string> writes_to_restore(std::string_view file, std::string_view written,
                                           std::string_view old);

/// Whether these steps create the cgroup at a path.
bool makes(std::span<const CgroupStep> steps, const std::string& path);

/// Undoes one of these steps, which has enabled controllers in this cgroup. A plan only enables
/// controllers that are not enabled yet. Best-effort: controllers stay enabled if others have
/// created child cgroups in the meantime.
void disable_again(const Cgroup& cgroup, const cgroup_step::EnableControllers& enabled,
                   std::span<const CgroupStep> steps);

/// Disables the controllers that these steps enabled in ancestors, and moves processes back from a
/// leaf that they created. For use after the cgroup that the steps were for has been removed.
/// Best-effort: whatever others have come to depend on stays.
void take_back_outside(const CgroupTree& tree, std::span<const CgroupStep> steps);

}  // namespace nsx
