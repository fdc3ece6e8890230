// SPDX-License-Identifier: MIT
#pragma once
// Delegation: whose the directory of a cgroup is, and those of its files that a delegatee may
// write.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <nsx/cgroup_change.hh>

namespace nsx {

/// The kernel's list of the files that are a delegatee's (Linux 4.15), a line each.
inline constexpr const char* kDelegatedFiles = "/sys/kernel/cgroup/delegate";

/// A file of a cgroup, or its directory ("."), and whose it is.
struct FileOwner {
  std::string file;
  CgroupOwner owner;
};

/// Makes it another's. Adds to `before` whose its files were, also of those changed before it
/// fails: for give_back().
Status give_cgroup(const Cgroup& cgroup, const CgroupOwner& owner, std::vector<FileOwner>& before);

/// Takes that back.
void give_back(const Cgroup& cgroup, std::span<const FileOwner> before);

/// Who changes the tree at a path, by systemd's rule of the single writer.
enum class CgroupWriter : std::uint8_t {
  anybody,        ///< systemd does not run
  systemd,        ///< the system's: nobody else
  users_systemd,  ///< that of a user, to whom everything there belongs
  delegatee,      ///< another user than root, or whom systemd has delegated it to
};
CgroupWriter writer_of(const CgroupTree& tree, const std::string& path);

/// Why the caller must not change a part of the tree that is systemd's. `is_root`: the caller is.
Error explain_single_writer(const std::string& path, bool is_root);

/// Whether it is a scope that systemd has delegated: nobody but who asked for it is in there.
bool is_delegated_scope(const Cgroup& cgroup);

}  // namespace nsx
