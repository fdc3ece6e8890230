#pragma once
// --matrix: what is shared, and with whom.

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

/// Prints a row a process, container or unit and a column a kind; of one process, with -p, a row a
/// kind. Returns the exit status.
Result<int> show_matrix(const ViewRequest& request);

/// Whether this is what --matrix takes as its argument.
Status check_matrix_rows(const std::string& rows);

}  // namespace nsx::ls_tool
