// SPDX-License-Identifier: MIT
#pragma once
// One sample of nsx-cg top: a reading, and the rates and events since the previous one.

#include <cstdint>
#include <string>
#include <vector>

#include "account/sample.hh"

namespace nsx::cg_tool {

/// The events of a cgroup and its descendants between two readings.
struct TopEvents {
  double throttled = 0;            ///< share of the periods of cpu.max, 0 to 1
  std::uint64_t reclaims = 0;      ///< number of times above memory.high
  std::uint64_t at_limit = 0;      ///< number of times at memory.max
  std::uint64_t kills = 0;         ///< processes killed by the OOM killer
  std::uint64_t failed_forks = 0;  ///< due to pids.max
  bool frozen = false;             ///< at the second reading

  bool operator==(const TopEvents&) const = default;
};

/// Returns the events as words, the worst first: "killed 2", "throttled 40%".
std::vector<std::string> in_words(const TopEvents& events);

struct TopSnapshot {
  CgroupReading reading;
  std::vector<CgroupRates> rates;  ///< one per cgroup, like `events`
  std::vector<TopEvents> events;
};

/// Combines two readings. Cgroups that are new in the second one have no events.
TopSnapshot make_snapshot(const CgroupReading& before, CgroupReading after);

/// Returns the cgroup at `path` and its descendants; empty if it is not in the snapshot.
TopSnapshot subtree(const TopSnapshot& whole, const std::string& path);

}  // namespace nsx::cg_tool
