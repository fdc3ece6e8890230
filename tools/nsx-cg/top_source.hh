#pragma once
// Where the snapshots of nsx-cg top come from, and where its deeds go.

#include <string>
#include <vector>

#include <nsx/cgroup.hh>

#include "nsx-cg/top_model.hh"

namespace nsx::cg_tool {

/// Reads one cgroup and all below it again and again.
class TopSource {
 public:
  explicit TopSource(Cgroup first) : first_(std::move(first)) {}

  /// What is now, with what happened since the last call. Errors: the cgroup has been removed.
  Result<TopSnapshot> next(CgroupFileSet files);

 private:
  Cgroup first_;
  CgroupReading before_;
};

/// Freezes, thaws or kills what the deed names, if that is still the same cgroup.
Status carry_out(const CgroupTree& tree, const TopDeed& deed);

/// Why some of these columns stay empty in the whole tree: "no memory: it is bound to cgroup v1,
/// at /sys/fs/cgroup/memory". Empty, if none does.
std::string why_empty(const CgroupTree& tree, const std::vector<std::size_t>& columns);

}  // namespace nsx::cg_tool
