// SPDX-License-Identifier: MIT
#pragma once
// The processes of a cgroup, its removal, and its owners.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/cgroup.hh>
#include <nsx/cgroup_change.hh>
#include <nsx/result.hh>

namespace nsx {

// The processes of a cgroup and of its descendants.

/// Moves all processes directly in the cgroup with this directory, including those that appear
/// during the move. `path` is the cgroup's path, for messages. Appends the PIDs of moved processes
/// to `moved`, even if it fails later.
Status move_all_processes(const std::string& path, int directory, const Cgroup& to,
                          std::vector<pid_t>& moved);

/// Visits a cgroup and its descendants, parents first. Cgroups that vanish in the meantime are
/// skipped. Stops at the first error that `visit` returns.
Status walk_subtree(int directory, const std::function<Status(int directory)>& visit);

/// Whether the calling process is in a cgroup or one of its descendants.
Result<bool> is_in(const CgroupTree& tree, const Cgroup& cgroup);

// Killing the processes of a cgroup and removing it, by handle.

/// Whether there is a process in a cgroup or its descendants.
bool is_populated(int directory);

/// Kills all processes in a cgroup and its descendants, and waits until they are gone.
Status kill_and_wait(int directory);

/// Removes the descendants of a cgroup, children first. `path` is its path, for messages.
Status remove_below(int directory, const std::string& path);

/// Removes the last of `made` with its descendants, and then the ones before it as far as they are
/// unused. Each is a path below `above`; the last one must still be the cgroup with the directory
/// `cgroup`.
Status remove_made(int above, int cgroup, const std::vector<std::string>& made);

// Delegation: the owners of a cgroup's directory, and of the files in it that a delegatee may
// write.

/// The kernel's list of files to delegate, one per line (Linux 4.15).
inline constexpr const char* kDelegatedFiles = "/sys/kernel/cgroup/delegate";

/// A file of a cgroup, or its directory ("."), and its owner.
struct FileOwner {
  std::string file;
  CgroupOwner owner;
};

/// Changes the owner of a cgroup. Appends the previous owners of its files to `before`, for
/// give_back(), even if it fails halfway.
Status give_cgroup(const Cgroup& cgroup, const CgroupOwner& owner, std::vector<FileOwner>& before);

/// Restores the previous owners.
void give_back(const Cgroup& cgroup, std::span<const FileOwner> before);

/// Who may change the tree at a path, by systemd's single-writer rule.
enum class CgroupWriter : std::uint8_t {
  anybody,        ///< systemd is not running
  systemd,        ///< the system's systemd only
  users_systemd,  ///< a user's systemd; everything there belongs to the user
  delegatee,      ///< a user other than root, or one to whom systemd has delegated it
};
CgroupWriter writer_of(const CgroupTree& tree, const std::string& path);

/// Explains why the caller must not change a part of the tree that belongs to systemd. `is_root`:
/// the caller is root.
Error explain_single_writer(const std::string& path, bool is_root);

/// Whether it is a scope that systemd has delegated, which contains only processes of the
/// delegatee.
bool is_delegated_scope(const Cgroup& cgroup);

}  // namespace nsx
