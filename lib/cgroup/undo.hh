#pragma once
// What has to be written to put back what a file of a cgroup said.

#include <string>
#include <string_view>
#include <vector>

namespace nsx {

/// The writes that make `file` say `old` again, after `written` was written to it. Files with a
/// line for each disk take one line a write, and keep the others.
std::vector<std::string> writes_to_restore(std::string_view file, std::string_view written,
                                           std::string_view old);

}  // namespace nsx
