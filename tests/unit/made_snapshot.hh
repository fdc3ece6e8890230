// SPDX-License-Identifier: MIT
#pragma once
// Snapshots of cgroups, made by hand.

#include <functional>
#include <string>

#include "nsx-cg/top_live.hh"

namespace nsx::cg_tool {

/// The values that a test sets for a cgroup; the others are missing.
struct Made {
  std::uint64_t id = 0;  ///< 0: one that belongs to the path
  std::optional<double> cpu = {};
  std::optional<std::uint64_t> memory = {};
  TopEvents events = {};
  std::function<void(CgroupSample&)> change = nullptr;
};

inline std::uint64_t id_of(const std::string& path) {
  return std::hash<std::string>{}(path);
}

/// Cgroups in the order of a reading: each precedes its descendants.
class MadeSnapshot {
 public:
  MadeSnapshot& add(const std::string& path, const Made& made) {
    auto& cgroups = snapshot_.reading.cgroups;
    CgroupSample sample;
    sample.path = path;
    sample.id = made.id != 0 ? made.id : id_of(path);
    sample.memory = made.memory;
    sample.frozen = made.events.frozen;
    const std::size_t slash = path.rfind('/');
    const std::string above = slash == 0 ? "/" : path.substr(0, slash);
    for (std::size_t i = 0; i < cgroups.size(); ++i) {
      if (cgroups[i].path == above && path != "/") sample.parent = i;
    }
    if (made.change) made.change(sample);
    cgroups.push_back(std::move(sample));
    snapshot_.rates.push_back({.cpu = made.cpu});
    snapshot_.events.push_back(made.events);
    return *this;
  }
  TopSnapshot done() const { return snapshot_; }

 private:
  TopSnapshot snapshot_;
};

}  // namespace nsx::cg_tool
