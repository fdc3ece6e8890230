// SPDX-License-Identifier: MIT
#pragma once
// From the text of limits to what is written for them: what this depends on is read first.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <nsx/cgroup_change.hh>

namespace nsx {

/// What the values of limits depend on besides their text; read only where one asks for it.
struct LimitFacts {
  std::uint64_t page_size = 4096;  ///< in bytes
  /// In bytes: the machine's, or the lowest limit above the cgroup.
  Result<std::uint64_t> memory = 0;
  Result<std::uint64_t> swap = 0;
  std::map<std::string, Result<std::string>> disks = {};  ///< disk_of() a path
};

/// `path`: of the cgroup that is to be limited, which may still have to be made.
LimitFacts read_limit_facts(const CgroupTree& tree, const std::string& path,
                            std::span<const CgroupLimit> limits);

/// What to write, without asking the kernel.
Result<std::vector<CgroupSetting>> resolve_limits(std::span<const CgroupLimit> limits,
                                                  const LimitFacts& facts);

}  // namespace nsx
