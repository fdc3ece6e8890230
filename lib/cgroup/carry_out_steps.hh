// SPDX-License-Identifier: MIT
#pragma once
// Reverting changes of the tree.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nsx/cgroup_change.hh>

namespace nsx {

/// Returns the writes that restore `old` as the content of `file` after `written` was written to
/// it. A file with a line for each disk takes one line per write and keeps the others.
std::vector<std::string> writes_to_restore(std::string_view file, std::string_view written,
                                           std::string_view old);

/// Whether these steps create the cgroup at a path.
bool makes(std::span<const CgroupStep> steps, const std::string& path);

/// Undoes one of these steps, which has enabled controllers in this cgroup. A plan only enables
/// controllers that are not enabled yet. Best-effort: controllers stay enabled if others have
/// created child cgroups in the meantime.
void disable_again(const Cgroup& cgroup, const cgroup_step::EnableControllers& enabled,
                   std::span<const CgroupStep> steps);

/// Disables the controllers that these steps enabled in ancestors, and moves processes back from a
/// leaf that they created. For use after the cgroup that the steps were for has been removed.
/// Best-effort: whatever others have come to depend on stays.
void take_back_outside(const CgroupTree& tree, std::span<const CgroupStep> steps);

}  // namespace nsx
