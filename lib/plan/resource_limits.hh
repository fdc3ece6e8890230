// SPDX-License-Identifier: MIT
#pragma once
// Resource limits and their names, getrlimit(2).

#include <string>
#include <string_view>
#include <vector>

#include <nsx/plan.hh>

namespace nsx {

/// The limits in a text as /proc/PID/limits has it, in its order. Lines of limits that are not
/// known are left out.
std::vector<step::SetResourceLimits::Limit> parse_resource_limits(std::string_view text);

/// Those of them that the calling process does not have.
std::vector<step::SetResourceLimits::Limit> limits_that_differ(
    std::vector<step::SetResourceLimits::Limit> limits);

/// "nofile 1024:4096"
std::string describe(const step::SetResourceLimits::Limit& limit);

}  // namespace nsx
