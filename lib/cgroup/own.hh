#pragma once
// Delegation: whose the directory of a cgroup is, and those of its files that a delegatee may
// write.

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

/// Makes it another's, all or nothing. Returns whose all of it was.
Result<std::vector<FileOwner>> give_cgroup(const Cgroup& cgroup, const CgroupOwner& owner);

/// Takes that back.
void give_back(const Cgroup& cgroup, std::span<const FileOwner> before);

}  // namespace nsx
