// SPDX-License-Identifier: MIT
#pragma once
// Taking back changes of the tree.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/cgroup_change.hh>

namespace nsx {

/// The writes that make `file` say `old` again, after `written` was written to it. Files with a
/// line for each disk take one line a write, and keep the others.
std::vector<std::string> writes_to_restore(std::string_view file, std::string_view written,
                                           std::string_view old);

/// Whether these steps make the cgroup at a path.
bool makes(std::span<const CgroupStep> steps, const std::string& path);

/// Undoes one of these steps, which has enabled controllers in this cgroup; a plan enables only
/// what is not enabled yet. Best-effort: for cgroups that others have made meanwhile, they stay
/// enabled.
void disable_again(const Cgroup& cgroup, const cgroup_step::EnableControllers& enabled,
                   std::span<const CgroupStep> steps);

/// After the cgroup that these steps were for has been removed: disables the controllers that they
/// enabled in those above, and moves processes back from a leaf that they made. Best-effort: what
/// somebody else has come to rely on stays.
void take_back_outside(const CgroupTree& tree, std::span<const CgroupStep> steps);

}  // namespace nsx
