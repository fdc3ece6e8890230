// SPDX-License-Identifier: MIT
#pragma once
// --list-targets.

namespace nsx::enter_tool {

/// Prints what -t can name now, one a line: "PREFIX:NAME", then a tab and words about it if there
/// are any. Returns the exit status.
int print_targets();

}  // namespace nsx::enter_tool
