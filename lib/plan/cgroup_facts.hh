#pragma once

#include <optional>

#include <nsx/cgroup_run.hh>
#include <nsx/plan.hh>

namespace nsx {

/// The step that a request for a cgroup comes to; none, if it asks for nothing. Errors: a cgroup
/// that is not there, a limit that cannot be had here.
Result<std::optional<step::EnterCgroup>> read_cgroup_facts(const Kernel& kernel,
                                                           const CgroupRequest& request);

}  // namespace nsx
