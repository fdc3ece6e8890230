// SPDX-License-Identifier: MIT
#pragma once
// The option --list-targets.

namespace nsx::enter_tool {

/// Prints the targets that -t can name now, one per line: "PREFIX:NAME", followed by a tab and a
/// description if there is one. Returns the exit status.
int print_targets();

}  // namespace nsx::enter_tool
