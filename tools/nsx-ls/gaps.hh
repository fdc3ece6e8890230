#pragma once

#include <nsx/census.hh>

namespace nsx::ls_tool {

/// Says on stderr, in one line, what the census could not look at, and why. Nothing missing:
/// nothing.
void report_gaps(const Census& census);

}  // namespace nsx::ls_tool
