// SPDX-License-Identifier: MIT
#pragma once
// Delegation: the owners of a cgroup's directory, and of the files in it that a delegatee may
// write.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <nsx/cgroup_change.hh>

namespace nsx {

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
