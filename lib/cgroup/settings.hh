#pragma once
// Which files of a cgroup are its settings.

#include <string_view>

namespace nsx {

/// What acts when it is written and has a command of its own ("kill"), or holds processes.
/// Null: it is a setting, or at least no harm.
const char* command_for(std::string_view file);

/// Whether a file that can be read and written is a setting that is worth to be kept.
bool is_setting(std::string_view file);

}  // namespace nsx
