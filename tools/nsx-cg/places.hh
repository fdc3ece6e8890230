// SPDX-License-Identifier: MIT
#pragma once
// The containers and units of cgroups, with the names of containers known to their runtimes.

#include <cstdint>
#include <optional>
#include <unordered_set>

#include <nsx/cgroup.hh>
#include <nsx/target.hh>

#include "account/sample.hh"
#include "common/container_names.hh"

namespace nsx::cg_tool {

class Places {
 public:
  explicit Places(const CgroupTree& tree) : tree_(tree) {}

  /// Sets the place of each cgroup of a reading. Containers are listed again if there are new
  /// cgroups since the last reading.
  void name(CgroupReading& reading);

  /// Returns the place of a process.
  CgroupPlace of(const Process& process);

 private:
  void list_if_new(const CgroupReading& reading);

  const CgroupTree& tree_;
  std::optional<cli::ContainerNames> names_;
  std::unordered_set<std::uint64_t> known_;  // the IDs of the cgroups at the last reading
  int times_to_list_ = 0;
};

}  // namespace nsx::cg_tool
