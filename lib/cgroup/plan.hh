// SPDX-License-Identifier: MIT
#pragma once
// Planning a change in two parts: all facts are read first (change_facts.cc), and the steps follow
// from these and the request only (plan.cc).

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <nsx/cgroup_change.hh>

namespace nsx {

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

}  // namespace nsx
