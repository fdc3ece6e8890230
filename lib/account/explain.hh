// SPDX-License-Identifier: MIT
#pragma once

// Explains why a cgroup is limited: for each limit, the cgroup in the hierarchy that sets it and
// what effect it had, and where controllers are missing.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nsx/cgroup.hh>

namespace nsx {

/// A limit of a cgroup and its ancestors.
struct ExplainedLimit {
  std::string file;  ///< "memory.max", for one disk "io.max 8:0 wbps", "cpuset.cpus.effective"
  struct Level {
    std::string path;
    std::string value;  ///< in the kernel's format
  };
  std::vector<Level> levels;  ///< from the cgroup upwards, if the file exists there. For a cpuset
                              ///< only the level that sets the list
  std::optional<std::size_t> effective;  ///< the level that counts; none if there is no limit
  std::optional<std::uint64_t> usage;    ///< at that level, in the unit of the limit
};

/// An effect that a limit has or had on the cgroup.
struct Hindrance {
  std::string path;         ///< the cgroup with the limit
  std::string file;         ///< the limit: "cpu.max"
  std::string what;         ///< a predicate: "was throttled until the next period"
  bool is_now = false;      ///< it happened during the reading
  std::uint64_t count = 0;  ///< how often so far
};

struct ExplainedController {
  std::string name;
  bool is_here = false;
  std::string missing_at;  ///< the ancestor that does not enable it; empty if none has it
  std::string reason;      ///< why it is missing, as text for people
};

struct CgroupExplanation {
  std::string path;
  std::vector<ExplainedLimit> limits;
  std::vector<Hindrance> hindrances;
  std::vector<ExplainedController> controllers;
  /// The top is not the machine's root: limits outside of the cgroup namespace are not visible.
  bool has_outside = false;
};

/// Reads a cgroup and its ancestors twice, 200 ms apart.
Result<CgroupExplanation> explain_cgroup(const CgroupTree& tree, const Cgroup& cgroup);

/// Reads a file of a cgroup like Cgroup::read(). The error explains why a file is missing.
Result<std::string> read_or_explain(const CgroupTree& tree, const Cgroup& cgroup,
                                    const std::string& file);

/// Returns the level that counts: the one with the lowest value, and among equal ones the highest
/// in the hierarchy, as it is shared with most others. None if no level has a limit.
std::optional<std::size_t> effective_level(const ExplainedLimit& limit);

}  // namespace nsx
