// SPDX-License-Identifier: MIT
#pragma once

// The settings of a subtree, to be kept and put back: `nsx-cg export` and `apply`.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/cgroup_change.hh>

namespace nsx {

/// A cgroup of a snapshot.
struct CgroupRecord {
  std::string path;                      ///< below the first: ".", "a/b"
  std::vector<std::string> controllers;  ///< that it hands down
  std::vector<CgroupSetting> settings;   ///< a line of a file each

  bool operator==(const CgroupRecord&) const = default;
};

/// A cgroup and all below it, each before those in it.
struct CgroupSnapshot {
  std::vector<CgroupRecord> cgroups;

  bool operator==(const CgroupSnapshot&) const = default;
};

/// Reads the settings of one cgroup, to be called `path` in a snapshot.
Result<CgroupRecord> read_cgroup_record(const Cgroup& cgroup, std::string path);

/// Reads the settings of a cgroup and all below it: what can be both read and written, but for what
/// acts and what holds processes. Processes are no part of it.
Result<CgroupSnapshot> take_snapshot(const CgroupTree& tree, const Cgroup& first);

/// The member that tells a snapshot's JSON from others, and its value.
inline constexpr const char* kSnapshotVersionKey = "nsx_cgroups";
inline constexpr std::uint64_t kSnapshotVersion = 1;

/// Reads a snapshot from JSON: {"nsx_cgroups": 1, "cgroups": [{"path": ".", "controllers":
/// ["memory"], "settings": {"memory.max": "max", "io.max": ["8:0 rbps=1", "8:16 rbps=2"]}}]}. Any
/// text is taken, from anywhere. Errors: it is no snapshot, or holds paths that lead elsewhere or
/// files that are no settings.
Result<CgroupSnapshot> parse_snapshot(std::string_view text);

/// What to do so that the cgroup at `path`, and those below it, are as in the snapshot. Those that
/// it does not know of are left alone.
Result<std::vector<CgroupStep>> plan_snapshot(const CgroupTree& tree, const std::string& path,
                                              const CgroupSnapshot& snapshot,
                                              CgroupChangeOptions options);

}  // namespace nsx
