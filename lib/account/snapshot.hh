// SPDX-License-Identifier: MIT
#pragma once

// Saving and restoring the settings of a subtree: `nsx-cg export` and `apply`.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/cgroup_change.hh>

namespace nsx {

/// A cgroup in a snapshot.
struct CgroupRecord {
  std::string path;                      ///< relative to the first: ".", "a/b"
  std::vector<std::string> controllers;  ///< enabled for its children
  std::vector<CgroupSetting> settings;   ///< one for each line of a file

  bool operator==(const CgroupRecord&) const = default;
};

/// A cgroup and its descendants, parents first.
struct CgroupSnapshot {
  std::vector<CgroupRecord> cgroups;

  bool operator==(const CgroupSnapshot&) const = default;
};

/// Reads the settings of one cgroup, which gets the path `path` in the snapshot.
Result<CgroupRecord> read_cgroup_record(const Cgroup& cgroup, std::string path);

/// Reads the settings of a cgroup and its descendants: all files that can be both read and written,
/// except those that act when written or hold processes. Processes are not included.
Result<CgroupSnapshot> take_snapshot(const CgroupTree& tree, const Cgroup& first);

/// The member that identifies the JSON as a snapshot, and its value.
inline constexpr const char* kSnapshotVersionKey = "nsx_cgroups";
inline constexpr std::uint64_t kSnapshotVersion = 1;

/// Parses a snapshot from JSON: {"nsx_cgroups": 1, "cgroups": [{"path": ".", "controllers":
/// ["memory"], "settings": {"memory.max": "max", "io.max": ["8:0 rbps=1", "8:16 rbps=2"]}}]}. The
/// text may be untrusted. Errors: it is not a snapshot, contains paths that lead elsewhere, or
/// files that are not settings.
Result<CgroupSnapshot> parse_snapshot(std::string_view text);

/// Returns the steps that make the cgroup at `path` and its descendants match the snapshot. Cgroups
/// that are not in the snapshot are left alone.
Result<std::vector<CgroupStep>> plan_snapshot(const CgroupTree& tree, const std::string& path,
                                              const CgroupSnapshot& snapshot,
                                              CgroupChangeOptions options);

}  // namespace nsx
