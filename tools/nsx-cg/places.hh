// SPDX-License-Identifier: MIT
#pragma once
// To which containers and units cgroups belong, containers by the names that their runtimes know.

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

  /// Fills in the place of each cgroup of a reading. Containers are listed anew when a cgroup has
  /// come since the last reading.
  void name(CgroupReading& reading);

  /// The place of a process.
  CgroupPlace of(const Process& process);

 private:
  void list_if_new(const CgroupReading& reading);

  const CgroupTree& tree_;
  std::optional<cli::ContainerNames> names_;
  std::unordered_set<std::uint64_t> known_;  // the ids of cgroups at the last reading
  int times_to_list_ = 0;
};

}  // namespace nsx::cg_tool
