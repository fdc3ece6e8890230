// SPDX-License-Identifier: MIT
#pragma once
// Resource limits and their names (getrlimit(2)).

#include <string>
#include <string_view>
#include <vector>

#include <nsx/plan.hh>

namespace nsx {

/// Parses a text in the format of /proc/PID/limits. Unknown limits are skipped.
std::vector<step::SetResourceLimits::Limit> parse_resource_limits(std::string_view text);

/// Returns the limits that differ from those of the calling process.
std::vector<step::SetResourceLimits::Limit> limits_that_differ(
    std::vector<step::SetResourceLimits::Limit> limits);

/// Formats a limit: "nofile 1024:4096".
std::string describe(const step::SetResourceLimits::Limit& limit);

}  // namespace nsx
