// SPDX-License-Identifier: MIT
#pragma once

namespace nsx::cg_tool {

/// Whether standard input and output are a terminal on which a screen can be drawn: not "dumb".
bool has_screen();

}  // namespace nsx::cg_tool
