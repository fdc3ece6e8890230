#pragma once
// Which controller a file belongs to, and where controllers are enabled.

#include <string>
#include <string_view>
#include <vector>

namespace nsx {

/// The controller that gives a cgroup this file: "memory" of "memory.max". Empty for what each
/// cgroup has.
std::string_view controller_of(std::string_view file);

/// Whether a list like cgroup.subtree_control has this name.
bool lists_controller(std::string_view list, std::string_view controller);

}  // namespace nsx
