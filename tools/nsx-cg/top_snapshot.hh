// SPDX-License-Identifier: MIT
#pragma once
// What nsx-cg top knows at one moment: a reading, the rates since the one before, and what happened
// in between.

#include <cstdint>
#include <string>
#include <vector>

#include "account/sample.hh"

namespace nsx::cg_tool {

/// What happened to a cgroup, or below it, between two readings.
struct TopEvents {
  double throttled = 0;            ///< share of the periods of cpu.max, 0 to 1
  std::uint64_t reclaims = 0;      ///< how often it went over memory.high
  std::uint64_t at_limit = 0;      ///< and hit memory.max
  std::uint64_t kills = 0;         ///< processes killed for lack of memory
  std::uint64_t failed_forks = 0;  ///< for pids.max
  bool frozen = false;             ///< it is, at the end

  bool operator==(const TopEvents&) const = default;
};

/// The same as words, the worst first: "killed 2", "throttled 40%".
std::vector<std::string> in_words(const TopEvents& events);

struct TopSnapshot {
  CgroupReading reading;
  std::vector<CgroupRates> rates;  ///< one a cgroup, as the next
  std::vector<TopEvents> events;
};

/// Puts two readings together. What is new in the second has had no events.
TopSnapshot make_snapshot(const CgroupReading& before, CgroupReading after);

/// The cgroup at `path` and those below it; nothing, if it is not there.
TopSnapshot subtree(const TopSnapshot& whole, const std::string& path);

}  // namespace nsx::cg_tool
