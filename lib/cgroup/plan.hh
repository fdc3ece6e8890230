// SPDX-License-Identifier: MIT
#pragma once
// Planning a change in two parts: what has to be known is read first (change_facts.cc), and the
// steps follow from it and from the request alone (plan.cc).

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <nsx/cgroup_change.hh>

namespace nsx {

/// A cgroup that exists, as far as a plan depends on it.
struct CgroupFacts {
  bool is_real_root = false;  ///< the machine's, to which the rule of inner nodes does not apply
  bool is_threaded = false;   ///< part of a threaded subtree, as above
  bool can_enable = false;    ///< the caller may write its cgroup.subtree_control
  std::vector<std::string> enabled = {};   ///< controllers, for the cgroups right below
  std::vector<std::string> children = {};  ///< the names of these
  /// Of its own, where the rule of inner nodes applies; an error: their list is unreadable.
  Result<bool> has_processes = false;
  std::optional<std::size_t> process_count = {};  ///< of those that the caller can see
  /// By file: only for settings that are wanted, with CgroupChangeOptions::only_changes.
  std::map<std::string, std::string> values = {};
};

/// All that a plan depends on besides the request.
struct CgroupChangeFacts {
  std::string mount_point;
  bool is_root = false;  ///< the caller's effective UID is 0
  /// By path: the cgroups that are wanted, those above them, and leaves. Those that do not exist
  /// are left out; an error: it cannot be opened or read.
  std::map<std::string, Result<CgroupFacts>> cgroups;
  std::vector<std::string> controllers;  ///< that the top of the tree has
  /// By name: why it lacks others that are needed.
  std::map<std::string, std::string> missing_controllers;
  /// The paths, of those wanted, that only systemd may change. Not read with
  /// CgroupChangeOptions::force.
  std::set<std::string> systemds;
};

CgroupChangeFacts read_change_facts(const CgroupTree& tree, std::span<const CgroupWanted> wanted,
                                    const CgroupChangeOptions& options);

/// Plans without asking the kernel.
Result<std::vector<CgroupStep>> plan_cgroups(std::span<const CgroupWanted> wanted,
                                             const CgroupChangeFacts& facts,
                                             const CgroupChangeOptions& options);

/// The controllers without which a cgroup cannot be as it is wanted, each once.
std::vector<std::string> needed_controllers(const CgroupWanted& wanted);

/// Refuses to make what could not be removed again by its path, with all that is above it.
Status check_depth(const std::string& mount_point, const std::string& path);

/// The path of CgroupChangeOptions::leaf in the cgroup at `path`. Errors: it is no name.
Result<std::string> leaf_path(const std::string& path, const std::string& leaf);

}  // namespace nsx
