// SPDX-License-Identifier: MIT
#pragma once
// Converts limits to the values to write, in two parts: the facts are read first.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <nsx/cgroup_change.hh>

namespace nsx {

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

}  // namespace nsx
