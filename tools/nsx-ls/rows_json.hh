#pragma once
// Rows as JSON.

#include <span>
#include <string>

#include "nsx-ls/cells.hh"
#include "nsx-ls/rows.hh"

namespace nsx::ls_tool {

/// An object with the member "namespaces": the rows, each with a member a column and those below it
/// as "children". A list is an array, and what there is not is null, as with lsns(8).
std::string json_of(std::span<const Row> rows, std::span<const Column> columns, Cells& cells);

}  // namespace nsx::ls_tool
