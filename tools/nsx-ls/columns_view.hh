#pragma once
// --list-columns: the columns that the list can show.

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

/// Prints a row a column. Returns the exit status.
Result<int> show_columns(const ViewRequest& request);

}  // namespace nsx::ls_tool
